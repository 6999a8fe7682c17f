"""The demo's trust governs itself: its charter, its reviews, its votes, and rights on single objects."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from contracts.negotiations import automatic
from contracts.negotiations.models import Agreement
from portal.demo.people import Stage
from trusts.datasets.models import Dataset
from trusts.membership import services as membership
from trusts.membership.governance import over
from trusts.membership.models import Trust
from trusts.proposals import services as proposals
from trusts.rights import services as rights


def govern(stage: Stage, trust: Trust, planes: Dataset) -> None:
    """The trust limits what its members agree on; the aircraft register answers by rule what is not wider."""
    rules = {
        "limits": {"place": {"any_of": ["EEA"]}, "no_reidentification": {}, "exports": {"at_most": 24}},
        "longest_days": 730, "pseudonyms": True,
        "needs": {"place": "trustee", "exports": "second_person", "period": "second_person", "no_reidentification": "never"},
        "clauses": [{"code": "quarterly-call", "mood": "must", "en": "join the trust's call once a quarter",
                     "de": "einmal im Quartal am Gespräch des Trusts teilnehmen"}],
    }  # fmt: skip
    governance = {
        "beneficiaries": "those who fly from and to New York",
        "members": {"notice_days": 30, "hearing_days": 14},
        "votes": {"kinds": {"expel": {"majority": "three_quarters"}}},
        "dissolution": {"contracts": "run_out", "data": "Each side deletes what it received, and says so."},
    }
    membership.change_charter(trust.pk, actor=stage.actor("ada"), rules=rules, governance=governance)
    offer = planes.offers.get(state="published")
    automatic.lay_down(actor=stage.actor("dana"), offer=offer, name="Accept what is not wider")


def review_in_stages(stage: Stage, trust: Trust) -> None:
    """For data that may identify someone: two reviewers who do not confer, then a steward."""
    governance = trust.charters.latest("number").governance
    stages = [
        {"name": "Two who do not confer", "who": "reviewer", "count": 2, "blind": True, "organisations": "any", "days": 7,
         "late": "owner", "disagree": "return"},
        {"name": "The last word", "who": "steward", "count": 1, "blind": False, "organisations": "any", "days": 5,
         "late": "owner", "disagree": "refuse"},
    ]  # fmt: skip
    reviews = {"personal": {"stages": stages}}
    membership.change_charter(
        trust.pk, actor=stage.actor("ada"), governance={**governance, "reviews": reviews}
    )


def vote(stage: Stage, trust: Trust) -> None:
    """From now on all members vote on the charter and on who is expelled: one vote is over, one waits for two of them."""
    before = trust.charters.order_by("-number").values_list("governance", flat=True)[0]
    kinds = {"charter": {"by": "vote"}, "expel": {"by": "vote"}}
    governance = over(before, {
        "beneficiaries": "those who fly from and to New York",
        "members": {"notice_days": 30, "hearing_days": 14},
        "votes": {"voters": ["trustee", "provider", "consumer"], "kinds": kinds},
    })  # fmt: skip
    membership.change_charter(trust.pk, actor=stage.actor("ada"), governance=governance)
    for days, why in ((60, "Thirty days are too short to end our studies in good order."), (45, "Sixty days turned out to be longer than anybody needs.")):  # fmt: skip
        trust = Trust.objects.get(pk=trust.pk)
        given = {"governance": over(governance, {"members": {"notice_days": days}})}
        asked = proposals.propose(
            actor=stage.actor("piotr"), trust=trust, kind="charter", given=given, why=why
        )
        proposals.comment(asked.pk, actor=stage.actor("dana"), text=f"We could live with {days} days.")
        proposals.vote(asked.pk, actor=stage.actor("piotr"), choice="for", reason="We asked for it.")
        if days == 60:
            proposals.vote(
                asked.pk, actor=stage.actor("dana"), choice="for", reason="Studies end with the term."
            )


def grant(stage: Stage, planes: Dataset, contract: Agreement) -> None:
    """Rui keeps the planes as their delegated steward; Ada, of another organisation, audits one contract."""
    dana = stage.actor("dana")
    rights.grant(
        actor=dana, machine="dataset", object_id=planes.pk, kind="steward", person=stage.users["rui"],
        until=timezone.now() + timedelta(days=60), reason="Keeps the register of aircraft up to date while Dana is on the wind project.",
    )  # fmt: skip
    rights.grant(
        actor=dana, machine="agreement", object_id=contract.pk, kind="auditor", person=stage.users["ada"],
        until=timezone.now() + timedelta(days=30), reason="The trust's yearly look at one contract of each member.",
    )  # fmt: skip
