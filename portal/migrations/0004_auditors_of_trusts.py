"""Events that happened within a trust before auditors of trusts were known: they are let read them too."""

from django.db import migrations

CHUNK = 500


def subjects(apps, trust):
    """The objects whose events happen within a trust: as their `frames()` say now."""
    get = apps.get_model
    contracts = list(get("negotiations", "Agreement").objects.filter(trust_id=trust).values_list("pk", flat=True))
    requests = get("sharing", "Request").objects.filter(agreement_id__in=contracts).exclude(plan_hash="")
    requests = list(requests.exclude(state="draft").values_list("pk", flat=True))
    found = [trust, *contracts, *requests]
    of_trust = [("membership", "Membership"), ("proposals", "Proposal"), ("charters", "Exemption")]
    of_contract = [("negotiations", "Duty"), ("deliveries", "Delivery")]
    for app, model in of_trust:
        found += get(app, model).objects.filter(trust_id=trust).values_list("pk", flat=True)
    for app, model in of_contract:
        found += get(app, model).objects.filter(agreement_id__in=contracts).values_list("pk", flat=True)
    return found + list(get("runs", "Job").objects.filter(request_id__in=requests).values_list("pk", flat=True))


def let_them_read(apps, schema_editor):
    Event, EventParty = apps.get_model("audit", "Event"), apps.get_model("audit", "EventParty")
    for trust in apps.get_model("membership", "Trust").objects.values_list("pk", flat=True):
        ids = subjects(apps, trust)
        for at in range(0, len(ids), CHUNK):
            # A refusal is the affair of the organisation that was refused, a draft that of its author's.
            rows = Event.objects.filter(subject_id__in=ids[at : at + CHUNK]).exclude(detail__has_key="refused")
            rows = rows.exclude(machine="request", to_state="draft")
            EventParty.objects.bulk_create(
                (
                    EventParty(
                        event_id=e.pk, organisation_id=trust, created=e.created, actor_id=e.actor_id, acting_id=e.organisation_id,
                        subject_id=e.subject_id, machine=e.machine, action=e.action, door=e.door,
                    )
                    for e in rows.iterator(chunk_size=1_000)
                ),
                batch_size=1_000,
                ignore_conflicts=True,
            )  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [
        ("portal", "0003_trail"),
        ("audit", "0006_trail"),
        ("membership", "0006_joining_and_parting"),
        ("proposals", "0002_frozen"),
        ("charters", "0002_frozen"),
        ("negotiations", "0008_duties"),
        ("sharing", "0004_robots"),
        ("runs", "0009_withdraw_kind"),
        ("deliveries", "0007_erased"),
    ]
    operations = [migrations.RunPython(let_them_read, migrations.RunPython.noop)]
