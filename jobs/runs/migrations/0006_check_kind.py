"""A further kind of job: check changed rules on a version that was read before."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("runs", "0005_trial")]
    operations = [
        migrations.AlterField(
            model_name="job",
            name="kind",
            field=models.CharField(
                choices=[("intake", "Read and profile"), ("export", "Clean and export"), ("trial", "Try on a sample"), ("check", "Check rules")], max_length=10
            ),
        ),
    ]
