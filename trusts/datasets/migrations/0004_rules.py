"""Quality rules of a dataset, kept with it and checked at each version."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("datasets", "0003_frozen")]
    operations = [
        migrations.AddField(
            model_name="dataset",
            name="rules",
            field=models.JSONField(default=list, help_text="Quality rules, checked at each version; see expectations.py"),
        ),
    ]
