"""A decision that was kept never changes, nor the policy it was made on."""

from django.db import migrations

from kernel.frozen import freeze


class Migration(migrations.Migration):
    dependencies = [("decisions", "0001_initial")]
    operations = [
        freeze("decisions_decidedpolicy", ["sha256", "document"]),
        freeze(
            "decisions_storeddecision",
            [
                "moment", "kind", "subject", "provider_id", "consumer_id", "policy_id", "request", "world", "as_of", "engine",
                "output", "verdict", "request_sha256", "world_sha256", "output_sha256", "created",
            ],
        ),
    ]
