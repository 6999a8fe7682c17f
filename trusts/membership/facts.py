"""Loads what the rules on trusts and memberships read."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from kernel.actor import Actor
from kernel.registry import loads_facts
from trusts.membership.endings import running
from trusts.membership.machines import MEMBERSHIP
from trusts.membership.models import Membership, Trust
from trusts.membership.rules import MembershipFacts, TrustFacts
from trusts.membership.trust_machine import TRUST


@loads_facts(TRUST)
def trust_facts(trust: Trust, actor: Actor) -> TrustFacts:
    ending = running(trust) if trust.state == "winding_up" else 0
    return TrustFacts(trust.governance().voted(), actor.is_system, ending)


NOT_A_MEMBER = ("invited", "applied", "")


@loads_facts(MEMBERSHIP)
def membership_facts(membership: Membership, actor: Actor) -> MembershipFacts:
    trust = membership.trust
    asked = trust.governance()["members"]
    governing = trust.trustees()
    others = [pk for pk in governing if pk != membership.organisation_id]
    joins = membership.state in NOT_A_MEMBER
    hearing = {} if membership.hearing.get("closed") else membership.hearing
    handed = {one["code"] for one in membership.evidence}
    return MembershipFacts(
        is_trustee=membership.state == "active" and membership.organisation_id in governing, other_trustees=len(others),
        by_vote=trust.governance().voted(), trust_open=trust.state == "active",
        as_of=timezone.now(), is_system=actor.is_system, misfits=_misfits(membership) if joins else (),
        evidence=tuple(one["label"] for one in asked["evidence"] if one["code"] not in handed) if joins else (),
        checks=tuple(one["text"] for one in asked["checklist"] if one["code"] not in membership.checks) if joins else (),
        hearing_days=asked["hearing_days"],
        heard_until=datetime.fromisoformat(hearing["until"]) if hearing.get("until") else None,
        replied=bool(hearing.get("replied")), notice_days=asked["notice_days"], leaves_on=membership.leaves_on,
        on_probation=membership.probation_until is not None, conditions=len(membership.open_conditions()),
        asks_role=bool(membership.role_asked), asks_evidence=bool(asked["evidence"]), asks_checks=bool(asked["checklist"]),
    )  # fmt: skip


def _misfits(membership: Membership) -> tuple[str, ...]:
    """Where the organisation does not fit what the charter says of members."""
    organisation, asked = membership.organisation, membership.trust.governance()["members"]
    found = []
    if organisation.merged_into_id:
        found.append(f"{organisation} has merged into {organisation.merged_into}")
    if asked["countries"] and organisation.country not in asked["countries"]:
        found.append(
            f"The charter takes members from {', '.join(asked['countries'])}; {organisation} is in {organisation.country}"
        )
    if asked["kinds"] and organisation.kind not in asked["kinds"]:
        found.append(
            f"The charter takes {', '.join(asked['kinds'])}; {organisation} is a {organisation.kind}"
        )
    standing = sum(len(one) for one in membership.trust.standing().values())
    if asked["most"] is not None and standing >= asked["most"]:
        found.append(f"The charter takes at most {asked['most']} members, and there are {standing}")
    return tuple(found)
