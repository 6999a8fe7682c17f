"""A source in place may be looked at on a schedule."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("datasets", "0007_sources")]
    operations = [
        migrations.AddField(
            model_name="source",
            name="every",
            field=models.CharField(
                "looked at",
                blank=True,
                choices=[("", "Only when asked"), ("day", "Every day"), ("week", "Every week")],
                default="",
                max_length=5,
            ),
        ),
        migrations.AddField(
            model_name="source",
            name="looked",
            field=models.DateTimeField(help_text="When a worker was last told to look whether it changed", null=True),
        ),
    ]
