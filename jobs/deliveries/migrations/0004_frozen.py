"""What left, and its receipt, never change."""

from django.db import migrations

from kernel.frozen import freeze


class Migration(migrations.Migration):
    dependencies = [("deliveries", "0003_initial")]
    operations = [
        freeze(
            "deliveries_delivery",
            ["job_id", "request_id", "agreement_id", "package_sha256", "data_sha256", "rows", "receipt"],
        ),
    ]
