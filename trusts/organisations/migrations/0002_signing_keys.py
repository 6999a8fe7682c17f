"""Keys with validity, custody and revocation; which key it is never changes."""

import django.utils.timezone
from django.db import migrations, models
from django.db.models import F

from kernel.frozen import freeze


def keep_times(apps, schema_editor):
    """A key was valid since it was made, and until it was retired."""
    apps.get_model("organisations", "SigningKey").objects.update(valid_from=F("created"), valid_until=F("retired"))


class Migration(migrations.Migration):
    dependencies = [("organisations", "0001_initial")]
    operations = [
        migrations.AlterModelOptions("signingkey", {"ordering": ["-valid_from", "-id"]}),
        migrations.AddField(
            "signingkey", "held_by",
            models.CharField(max_length=10, default="portal", choices=[("portal", "held by the portal"), ("own", "held by the organisation itself")]),
        ),
        migrations.AddField("signingkey", "valid_from", models.DateTimeField(default=django.utils.timezone.now)),
        migrations.AddField("signingkey", "valid_until", models.DateTimeField(null=True, blank=True)),
        migrations.AddField("signingkey", "revoked", models.DateTimeField(null=True, blank=True)),
        migrations.AddField("signingkey", "revoked_because", models.TextField(blank=True, default="")),
        migrations.AlterField("signingkey", "sealed_private", models.TextField(blank=True, default="")),
        migrations.AlterField("signingkey", "public_hex", models.CharField(max_length=64, unique=True)),
        migrations.RunPython(keep_times, migrations.RunPython.noop),
        migrations.RemoveField("signingkey", "retired"),
        freeze("organisations_signingkey", ["organisation_id", "public_hex", "held_by", "valid_from"]),
    ]
