"""The log becomes a tree (RFC 9162). Places and leaf hashes stay; seals of the chain go, the first new seal covers all."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import kernel.audit.models

CLOSED = ["audit_eventparty", "audit_leaf", "audit_checkpoint", "audit_subtree", "audit_portalkey"]
# What an erasure leaves as it is; the values it may touch are bound by their commitments.
FIXED = ["id", "created", "machine", "action", "subject_id", "subject_version", "from_state", "to_state", "actor_id", "organisation_id", "door"]
SAYS = "the audit log is append-only"


def _drop(schema_editor, tables):
    vendor = schema_editor.connection.vendor
    for table in tables:
        if vendor == "sqlite":
            for verb in ("update", "delete"):
                schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_no_{verb}")
        else:
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_append_only ON {table}")
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_no_truncate ON {table}")


def open_up(apps, schema_editor):
    _drop(schema_editor, ["audit_event", "audit_eventparty", "audit_leaf", "audit_checkpoint"])


def without_seals_of_the_chain(apps, schema_editor):
    apps.get_model("audit", "Checkpoint").objects.all().delete()


def waiting(apps, schema_editor):
    schema_editor.execute(
        "INSERT INTO audit_waiting (event_id) SELECT e.id FROM audit_event e "
        "LEFT JOIN audit_leaf l ON l.event_id = e.id WHERE l.event_id IS NULL ORDER BY e.created, e.id"
    )


def close(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        _close_sqlite(schema_editor)
    else:
        _close_postgresql(schema_editor)


def _close_sqlite(schema_editor):
    for table in CLOSED:
        for verb in ("UPDATE", "DELETE"):
            schema_editor.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} BEGIN SELECT RAISE(ABORT, '{SAYS}'); END"
            )
    same = " AND ".join(f"NEW.{c} IS OLD.{c}" for c in FIXED)
    schema_editor.execute(
        f"CREATE TRIGGER audit_event_no_update BEFORE UPDATE ON audit_event "
        f"WHEN NOT ({same} AND NEW.secret = '' AND length(NEW.erased) > length(OLD.erased)) "
        f"BEGIN SELECT RAISE(ABORT, '{SAYS}'); END"
    )
    schema_editor.execute(
        f"CREATE TRIGGER audit_event_no_delete BEFORE DELETE ON audit_event BEGIN SELECT RAISE(ABORT, '{SAYS}'); END"
    )
    schema_editor.execute(
        "CREATE TRIGGER audit_event_waits AFTER INSERT ON audit_event "
        "BEGIN INSERT INTO audit_waiting (event_id) VALUES (NEW.id); END"
    )


def _close_postgresql(schema_editor):
    for table in [*CLOSED, "audit_event"]:
        verbs = "DELETE" if table == "audit_event" else "UPDATE OR DELETE"
        schema_editor.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE {verbs} ON {table} FOR EACH ROW EXECUTE FUNCTION audit_append_only()"
        )
        schema_editor.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only()"
        )
    same = " AND ".join(f"NEW.{c} IS NOT DISTINCT FROM OLD.{c}" for c in FIXED)
    schema_editor.execute(
        f"CREATE TRIGGER audit_event_no_update BEFORE UPDATE ON audit_event FOR EACH ROW "
        f"WHEN (NOT ({same} AND NEW.secret = '' AND length(NEW.erased::text) > length(OLD.erased::text))) "
        f"EXECUTE FUNCTION audit_append_only()"
    )
    schema_editor.execute(
        "CREATE FUNCTION audit_event_waits() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN INSERT INTO audit_waiting (event_id) VALUES (NEW.id); RETURN NULL; END $$"
    )
    schema_editor.execute(
        "CREATE TRIGGER audit_event_waits AFTER INSERT ON audit_event FOR EACH ROW EXECUTE FUNCTION audit_event_waits()"
    )


class Migration(migrations.Migration):
    # PostgreSQL refuses to alter a table with pending trigger events, so rows and columns change apart.
    dependencies = [("audit", "0003_newest_of_a_party")]
    operations = [
        migrations.RunPython(open_up, migrations.RunPython.noop),
        migrations.RunPython(without_seals_of_the_chain, migrations.RunPython.noop),
        migrations.RemoveField("checkpoint", "link_hash"),
        migrations.AddField("checkpoint", "root_hash", models.CharField(default="", max_length=64), preserve_default=False),
        migrations.RemoveField("leaf", "link_hash"),
        migrations.AddField("event", "secret", models.CharField(blank=True, default="", max_length=32)),
        migrations.AlterField("event", "secret", models.CharField(blank=True, default=kernel.audit.models.new_secret, max_length=32)),
        migrations.AddField("event", "salts", models.JSONField(default=dict)),
        migrations.AddField("event", "erased", models.JSONField(default=dict)),
        migrations.CreateModel(
            name="Waiting",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("event", models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name="waiting", to="audit.event")),
            ],
            options={"ordering": ["id"]},
        ),
        migrations.CreateModel(
            name="Subtree",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("level", models.PositiveSmallIntegerField()),
                ("index", models.PositiveBigIntegerField()),
                ("root_hash", models.CharField(max_length=64)),
            ],
            options={"constraints": [models.UniqueConstraint(fields=("level", "index"), name="subtree_once")]},
        ),
        migrations.CreateModel(
            name="PortalKey",
            fields=[
                ("number", models.PositiveIntegerField(primary_key=True, serialize=False)),
                ("public_key", models.CharField(max_length=64, unique=True)),
                ("from_size", models.PositiveBigIntegerField()),
                ("created", models.DateTimeField(default=django.utils.timezone.now)),
                ("handover", models.JSONField(default=dict)),
            ],
            options={"ordering": ["number"]},
        ),
        migrations.RunPython(waiting, migrations.RunPython.noop),
        migrations.RunPython(close, migrations.RunPython.noop),
    ]  # fmt: skip
