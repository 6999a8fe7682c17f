"""Data that stays where it is: its source, and what a version was read from."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

from kernel.frozen import freeze

TABLE, ALWAYS = "datasets_datasetversion", ["dataset_id", "number", "original_name", "original_sha256", "original_bytes"]
AGAIN = "NEW.state = 'registered'"
before = freeze(TABLE, ALWAYS, once=["parquet_sha256"], emptied=AGAIN)


class Migration(migrations.Migration):
    dependencies = [("datasets", "0006_uploads")]
    operations = [
        migrations.RunPython(before.reverse_code, before.code),
        migrations.AddField(
            model_name="datasetversion",
            name="place",
            field=models.JSONField(default=dict, help_text="Where it was read in place; empty for a file"),
        ),
        migrations.AddField(
            model_name="datasetversion",
            name="source",
            field=models.JSONField(default=dict, help_text="What was read there: files, query, moment"),
        ),
        migrations.AddField(
            model_name="datasetversion",
            name="source_fingerprint",
            field=models.CharField(blank=True, default="", max_length=64),
        ),
        migrations.CreateModel(
            name="Source",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("state", models.CharField(db_index=True, max_length=20)),
                ("version", models.PositiveIntegerField(default=0)),
                ("created", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("changed", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "address",
                    models.JSONField(default=dict, help_text="`kind` and the parts that are no secret"),
                ),
                (
                    "sealed",
                    models.TextField(blank=True, default="", help_text="The secret parts as JSON, encrypted"),
                ),
                (
                    "dataset",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="source",
                        to="datasets.dataset",
                    ),
                ),
            ],
            options={"abstract": False},
        ),
        freeze(TABLE, ALWAYS, once=["parquet_sha256", "source_fingerprint"], emptied=AGAIN),
    ]
