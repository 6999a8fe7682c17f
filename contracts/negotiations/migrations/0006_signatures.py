"""Signatures are added while a contract waits for them; after that nothing of it changes."""

from django.db import migrations, models

from kernel.frozen import freeze

FROZEN = ["negotiation_id", "dataset_id", "version_of_data_id", "provider_id", "consumer_id", "terms", "odrl", "policy_hash",
          "payload", "starts", "ends", "sealed_key"]


def thaw(apps, schema_editor):
    """Take the trigger of 0003 away; a stricter or equal one follows."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP TRIGGER IF EXISTS negotiations_agreement_frozen ON negotiations_agreement")
        schema_editor.execute("DROP FUNCTION IF EXISTS negotiations_agreement_frozen()")
    else:
        schema_editor.execute("DROP TRIGGER IF EXISTS negotiations_agreement_frozen")


class Migration(migrations.Migration):
    dependencies = [("negotiations", "0005_frozen_companions")]
    operations = [
        migrations.RunPython(thaw, migrations.RunPython.noop),
        migrations.AlterField("agreement", "payload", models.JSONField(help_text="What all signatures cover")),
        migrations.AlterField("agreement", "jws", models.JSONField(help_text="JWS general JSON serialisation, one signature for each party")),
        freeze("negotiations_agreement", FROZEN, open_while={"jws": "OLD.state = 'signing'"}),
    ]
