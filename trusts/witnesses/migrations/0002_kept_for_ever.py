"""Co-signatures stay as they came; of two checkpoints that disagree only the answer comes later; a witness keeps name and key."""

from django.db import migrations

from kernel.frozen import freeze

REFUSED = {"witnesses_cosignature": ("UPDATE", "DELETE"), "witnesses_splitview": ("DELETE",), "witnesses_witness": ("DELETE",)}


def add(apps, schema_editor):
    for table, verbs in REFUSED.items():
        if schema_editor.connection.vendor == "sqlite":
            for verb in verbs:
                schema_editor.execute(
                    f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, 'what witnesses signed and handed in is kept'); END"
                )
        else:
            schema_editor.execute(
                f"CREATE TRIGGER {table}_append_only BEFORE {' OR '.join(verbs)} ON {table} "
                f"FOR EACH ROW EXECUTE FUNCTION audit_append_only()"
            )
            schema_editor.execute(
                f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
                f"FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only()"
            )


def remove(apps, schema_editor):
    for table, verbs in REFUSED.items():
        if schema_editor.connection.vendor == "sqlite":
            for verb in verbs:
                schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_no_{verb.lower()}")
        else:
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_append_only ON {table}")
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_no_truncate ON {table}")


class Migration(migrations.Migration):
    dependencies = [("witnesses", "0001_witnesses"), ("audit", "0002_triggers")]
    operations = [
        freeze("witnesses_witness", ["organisation_id", "name", "public_hex"]),
        freeze(
            "witnesses_splitview",
            ["kind", "size", "theirs", "ours", "our_root", "fingerprint", "handed_in_by", "created"],
            once=["answer"],
        ),
        migrations.RunPython(add, remove),
    ]
