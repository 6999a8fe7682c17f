from django.db import migrations

from kernel.frozen import freeze


class Migration(migrations.Migration):
    """What is voted on, and by which rules, is fixed from the moment the vote opens."""

    dependencies = [("proposals", "0001_initial")]
    operations = [
        freeze(
            "proposals_proposal",
            ["trust_id", "kind", "given", "member_id", "why", "charter", "quorum", "majority", "secret", "due"],
            open_while={"closed": "OLD.closed IS NULL", "result": "OLD.closed IS NULL"},
        ),
        freeze("proposals_votingseat", ["proposal_id", "organisation_id", "weight"]),
    ]
