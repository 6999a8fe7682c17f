"""Roles hold from here on: a member keeps what it has done so far, as a further role."""

from django.db import migrations


def as_used(apps, schema_editor):
    """Who offers data in a trust is also a provider there; who has negotiated for some or has a contract is also a consumer."""
    Membership = apps.get_model("membership", "Membership")
    Dataset = apps.get_model("datasets", "Dataset")
    Negotiation, Agreement = (
        apps.get_model("negotiations", name) for name in ("Negotiation", "Agreement")
    )
    for row in Membership.objects.filter(state__in=["active", "suspended"]).exclude(role="trustee").iterator():
        mine, found = {"trust_id": row.trust_id}, []
        listed = Dataset.objects.filter(organisation_id=row.organisation_id, state="listed", **mine)
        if row.role != "provider" and listed.exists():
            found.append("provider")
        asked = {"consumer_id": row.organisation_id, **mine}
        if row.role != "consumer" and any(m.objects.filter(**asked).exists() for m in (Negotiation, Agreement)):
            found.append("consumer")
        if found:
            Membership.objects.filter(pk=row.pk).update(also=sorted(found))


class Migration(migrations.Migration):
    dependencies = [
        ("negotiations", "0008_duties"),
        ("membership", "0007_roles"),
        ("datasets", "0001_initial"),
    ]
    operations = [migrations.RunPython(as_used, migrations.RunPython.noop)]
