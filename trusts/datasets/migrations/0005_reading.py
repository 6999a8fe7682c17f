"""What did not fit and the first rows are kept; a version that is read anew gives up the Parquet made of it."""

from django.db import migrations, models

from kernel.frozen import freeze

TABLE, ALWAYS = "datasets_datasetversion", ["dataset_id", "number", "original_name", "original_sha256", "original_bytes"]
before = freeze(TABLE, ALWAYS, once=["parquet_sha256"])


class Migration(migrations.Migration):
    dependencies = [("datasets", "0004_rules")]
    operations = [
        migrations.RunPython(before.reverse_code, before.code),
        migrations.AddField(
            model_name="datasetversion",
            name="preview",
            field=models.JSONField(default=dict, help_text="The first rows as read; only for the holder"),
        ),
        migrations.AddField(
            model_name="datasetversion",
            name="misfits",
            field=models.JSONField(default=dict, help_text="Column → reason → how many cells did not fit"),
        ),
        migrations.AddField(
            model_name="datasetversion",
            name="misfits_sha256",
            field=models.CharField(blank=True, default="", max_length=64),
        ),
        migrations.AlterField(
            model_name="datasetversion",
            name="reading",
            field=models.JSONField(default=dict, help_text="How the file is read: guessed, and corrected by a person"),
        ),
        freeze(TABLE, ALWAYS, once=["parquet_sha256"], emptied="NEW.state = 'registered'"),
    ]
