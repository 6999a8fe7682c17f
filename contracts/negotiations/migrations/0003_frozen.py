"""What was signed, and every turn, never changes."""

from django.db import migrations

from kernel.frozen import freeze


class Migration(migrations.Migration):
    dependencies = [("negotiations", "0002_initial")]
    operations = [
        freeze(
            "negotiations_agreement",
            ["negotiation_id", "dataset_id", "version_of_data_id", "provider_id", "consumer_id", "terms", "odrl",
             "policy_hash", "payload", "jws", "starts", "ends", "sealed_key"],
        ),
        freeze("negotiations_proposal", ["negotiation_id", "number", "side", "terms", "odrl", "policy_hash", "note"]),
    ]
