"""Whoever governs a trust names its auditors; when an organisation governs it no longer, those that it named go with it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from kernel.actor import Actor, system
from trusts.membership.endings import follows
from trusts.membership.models import Membership, Trust
from trusts.rights import services as rights


@follows
def on_membership(membership: Membership, action: str, actor: Actor) -> None:
    """Suspended, left or expelled. With the trust itself nobody is left to govern, and its history stays to be audited."""
    if action in ("suspend", "leave", "expel"):
        _end(membership.trust, {membership.organisation_id}, actor)


def on_role(membership: Membership, actor: Actor) -> None:
    """Its role is another: what it named stays only where that role governs, too."""
    if membership.role not in membership.trust.governance()["governed_by"]:
        _end(membership.trust, {membership.organisation_id}, actor)


def on_charter(trust: Trust, actor: Actor) -> None:
    """Other roles may govern from here on. Asks nothing more where nobody was named."""
    named = set(rights.grantors_on(trust.pk))
    if gone := named - set(trust.trustees()):
        _end(trust, gone, actor)


def _end(trust: Any, organisations: Collection[UUID], actor: Actor) -> None:
    rights.end_of(
        trust.pk, organisations, actor=system("membership watch", door=actor.door),
        reason=f"Who named the auditor no longer governs {trust}. Whoever does can name one anew.",
    )  # fmt: skip
