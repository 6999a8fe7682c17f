"""What the members' vote on an exception does: the kind of proposals that this station adds."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from contracts.charters import services
from contracts.charters.models import Exemption
from kernel.actor import Actor
from kernel.decision import Refused
from trusts.membership.models import Trust
from trusts.proposals.effects import Effect, registers
from trusts.proposals.models import Proposal


def _of(proposal: Proposal) -> Exemption:
    return Exemption.objects.select_related("dataset", "provider").get(pk=proposal.given["exemption"])


def _grant(proposal: Proposal, actor: Actor, reason: str) -> Exemption:
    return services.members_agree(_of(proposal).pk, actor=actor, reason=reason)


def _refuse(proposal: Proposal, actor: Actor, reason: str) -> Exemption:
    return services.fail(_of(proposal).pk, actor=actor, reason=reason)


def _check(trust: Trust, given: dict[str, Any]) -> dict[str, Any]:
    """Only one that is asked for and takes a vote, and only once. Raises Refused."""
    asked = Exemption.objects.filter(trust=trust, state="asked", takes_vote=True, proposal=None)
    try:
        found = asked.select_related("dataset").filter(pk=UUID(str(given.get("exemption", "")))).first()
    except ValueError:
        found = None
    if found is None:
        raise Refused.because(
            "proposal.exception", "An exception is put to the vote where it is asked for",
            remedy="Write the terms and ask for an exception there", field="kind",
        )  # fmt: skip
    return {"exemption": str(found.pk), "about": found.dataset.title_text}


def _gone(proposal: Proposal) -> bool:
    return _of(proposal).state != "asked"


def _about(proposal: Proposal) -> tuple[str, str]:
    found = _of(proposal)
    return f"What goes beyond the charter, and the whole terms of {found.provider}", found.get_absolute_url()


registers(services.KIND, Effect(
    _grant, "The provider may agree on exactly these terms although the charter is narrower, once everybody else whom it takes has agreed. "
    "If the members are against it, or too few take part, the exception is refused.",
    against=_refuse, lapsed=_refuse, check=_check, gone=_gone, about=_about, own_page=True,
))  # fmt: skip
