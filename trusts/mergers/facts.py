"""Loads what the rules on mergers read. A later station says what two organisations have with each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from uuid import UUID

from kernel.actor import Actor
from kernel.registry import loads_facts
from trusts.membership.models import Membership
from trusts.mergers.machines import MERGER
from trusts.mergers.models import Merger
from trusts.mergers.rules import MergerFacts

Between = Callable[[UUID, UUID], Iterable[str]]
_between: list[Between] = []


def ties(tells: Between) -> Between:
    """Decorator: names what two organisations have with each other that must end before they are one."""
    if tells not in _between:
        _between.append(tells)
    return tells


@loads_facts(MERGER)
def merger_facts(merger: Merger, actor: Actor) -> MergerFacts:
    both = (merger.leaving, merger.into)
    others = Merger.objects.filter(leaving=merger.leaving, state__in=["proposed", "done"]).exclude(
        pk=merger.pk
    )
    return MergerFacts(
        same=merger.leaving_id == merger.into_id, gone=tuple(o.name for o in both if o.merged_into_id), alone=_alone(merger),
        between=tuple(text for tells in _between for text in tells(merger.leaving_id, merger.into_id)),
        open=others.exists(), author=merger.author_id, person=actor.user_id,
    )  # fmt: skip


def _alone(merger: Merger) -> tuple[str, ...]:
    rows = Membership.objects.filter(organisation=merger.leaving, state="active").select_related("trust")
    return tuple(row.trust.name for row in rows if set(row.trust.trustees()) == {merger.leaving_id})
