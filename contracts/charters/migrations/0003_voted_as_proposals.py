"""Exceptions that take the members are voted on as proposals; votes from before stay to be read, and never change."""

import django.db.models.deletion
from django.db import migrations, models

from kernel.frozen import freeze, keeping


class Migration(migrations.Migration):
    dependencies = [
        ("charters", "0002_frozen"),
        ("organisations", "0006_directory"),
        ("proposals", "0003_voted_as_proposals"),
    ]
    operations = [
        *keeping(
            "charters_exemption",
            migrations.AddField("exemption", "members_agreed", models.BooleanField(default=False)),
            migrations.AddField(
                "exemption", "partners", models.ManyToManyField(related_name="+", to="organisations.organisation")
            ),
            migrations.AddField(
                "exemption",
                "proposal",
                models.ForeignKey(
                    null=True,
                    on_delete=django.db.models.deletion.PROTECT,
                    related_name="exemptions",
                    to="proposals.proposal",
                ),
            ),
        ),
        freeze("charters_vote", ["exemption_id", "organisation_id", "agrees", "created"]),
    ]
