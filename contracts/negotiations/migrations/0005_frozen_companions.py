"""What comes with a dataset is chosen once."""

from django.db import migrations

from kernel.frozen import freeze


class Migration(migrations.Migration):
    dependencies = [("negotiations", "0004_companion")]
    operations = [freeze("negotiations_companion", ["negotiation_id", "dataset_id", "version_of_data_id", "alias"])]
