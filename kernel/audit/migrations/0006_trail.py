"""What the trail is filtered by, beside each reader; an index for each filter. Old rows are filled from their events.

A new column with a default has SQLite make the table anew, without its triggers; so they go first and come back last.
"""

import uuid

import django.utils.timezone
from django.db import migrations, models

SAYS = "the audit log is append-only"
TABLE = "audit_eventparty"
COPIED = {"created": "created", "actor_id": "actor_id", "acting_id": "organisation_id", "subject_id": "subject_id",
          "machine": "machine", "action": "action", "door": "door"}  # fmt: skip
INDEXES = {"order": [], "who": ["actor_id"], "acting": ["acting_id"], "about": ["subject_id"], "machine": ["machine"],
           "what": ["machine", "action"], "door": ["door"]}  # fmt: skip
NOWHERE = uuid.UUID(int=0)


def open_up(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        for verb in ("update", "delete"):
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {TABLE}_no_{verb}")
    else:
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {TABLE}_append_only ON {TABLE}")
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {TABLE}_no_truncate ON {TABLE}")


def fill(apps, schema_editor):
    postgresql = schema_editor.connection.vendor == "postgresql"
    refused = "jsonb_exists(e.detail, 'refused')" if postgresql else "json_type(e.detail, '$.refused') IS NOT NULL"
    columns = ", ".join(f"{mine} = e.{theirs}" for mine, theirs in COPIED.items())
    schema_editor.execute(
        f"UPDATE {TABLE} SET {columns}, refused = {refused} FROM audit_event e WHERE e.id = {TABLE}.event_id"
    )


def close(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            schema_editor.execute(
                f"CREATE TRIGGER {TABLE}_no_{verb.lower()} BEFORE {verb} ON {TABLE} BEGIN SELECT RAISE(ABORT, '{SAYS}'); END"
            )
    else:
        schema_editor.execute(
            f"CREATE TRIGGER {TABLE}_append_only BEFORE UPDATE OR DELETE ON {TABLE} FOR EACH ROW EXECUTE FUNCTION audit_append_only()"
        )
        schema_editor.execute(
            f"CREATE TRIGGER {TABLE}_no_truncate BEFORE TRUNCATE ON {TABLE} FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only()"
        )


def column(name, field, given):
    return migrations.AddField("eventparty", name, field(default=given), preserve_default=False)


class Migration(migrations.Migration):
    dependencies = [("audit", "0005_leaf_by_hash")]
    operations = [
        migrations.RunPython(open_up, migrations.RunPython.noop),
        column("created", models.DateTimeField, django.utils.timezone.now),
        migrations.AddField("eventparty", "actor_id", models.UUIDField(null=True)),
        migrations.AddField("eventparty", "acting_id", models.UUIDField(null=True)),
        column("subject_id", models.UUIDField, NOWHERE),
        migrations.AddField("eventparty", "machine", models.CharField(default="", max_length=40), preserve_default=False),
        migrations.AddField("eventparty", "action", models.CharField(default="", max_length=40), preserve_default=False),
        migrations.AddField("eventparty", "door", models.CharField(default="", max_length=12), preserve_default=False),
        migrations.AddField("eventparty", "refused", models.BooleanField(default=False)),
        migrations.RunPython(fill, migrations.RunPython.noop),
        *(
            migrations.AddIndex("eventparty", models.Index(fields=["organisation_id", *columns, "created", "event"], name=f"party_{name}"))
            for name, columns in INDEXES.items()
        ),
        migrations.AddIndex("eventparty", models.Index(fields=["organisation_id", "created", "event"], name="party_refused", condition=models.Q(refused=True))),
        migrations.RunPython(close, migrations.RunPython.noop),
    ]  # fmt: skip
