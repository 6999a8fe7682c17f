"""A further kind of job: trace a leaked file."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("runs", "0007_look_kind")]
    operations = [
        migrations.AlterField(
            model_name="job",
            name="kind",
            field=models.CharField(
                choices=[("intake", "Read and profile"), ("export", "Clean and export"), ("trial", "Try on a sample"), ("check", "Check rules"), ("look", "Look at the source"), ("trace", "Trace a leaked file")],
                max_length=10,
            ),
        ),
    ]
