"""What an exception was granted for never changes."""

from django.db import migrations

from kernel.frozen import freeze


class Migration(migrations.Migration):
    dependencies = [("charters", "0001_initial")]
    operations = [
        freeze("charters_exemption", ["dataset_id", "trust_id", "terms", "terms_hash", "charter", "excesses"])
    ]
