"""A further kind of job: look whether a source in place has changed."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("runs", "0006_check_kind")]
    operations = [
        migrations.AlterField(
            model_name="job",
            name="kind",
            field=models.CharField(
                choices=[("intake", "Read and profile"), ("export", "Clean and export"), ("trial", "Try on a sample"), ("check", "Check rules"), ("look", "Look at the source")],
                max_length=10,
            ),
        ),
    ]
