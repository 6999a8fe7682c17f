"""A version is the bytes it was registered with."""

from django.db import migrations

from kernel.frozen import freeze


class Migration(migrations.Migration):
    dependencies = [("datasets", "0002_initial")]
    operations = [
        freeze(
            "datasets_datasetversion",
            ["dataset_id", "number", "original_name", "original_sha256", "original_bytes"],
            once=["parquet_sha256"],
        ),
    ]
