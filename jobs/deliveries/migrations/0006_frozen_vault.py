"""Which vault belongs to an export never changes."""

from django.db import migrations

from kernel.frozen import freeze


class Migration(migrations.Migration):
    dependencies = [("deliveries", "0005_vault")]
    operations = [freeze("deliveries_vault", ["delivery_id", "sha256", "entries"])]
