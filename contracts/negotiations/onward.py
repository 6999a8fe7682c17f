"""What a dataset was made from may be bound by a contract that lets nobody else have it.

Where data came from is known by a later station; it says under which contracts (`origins`). What they allow is asked here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from django.utils import timezone

from contracts.negotiations.models import Agreement
from contracts.negotiations.rules import Bound
from contracts.negotiations.selectors import agreements
from contracts.negotiations.succession import in_effect
from kernel.actor import Actor
from trusts.datasets.models import Dataset, DatasetVersion

# Clauses that let nobody else have the data, the plain one first; the other names who may receive it, "and nobody else".
KEEPING = ("no_onward_transfer", "onward_to")
Behind = Callable[[DatasetVersion], Iterable[Agreement]]
_behind: list[Behind] = []


def origins(tells: Behind) -> Behind:
    """Decorator: names the contracts under which was received what a version was made from."""
    if tells not in _behind:
        _behind.append(tells)
    return tells


def bounds(dataset: Dataset, actor: Actor) -> tuple[Bound, ...]:
    """What binds the version that would be handed out now, as far as this actor may know the contracts by name.

    Two queries if nothing is said to be behind it; else two more, and one for each time that a contract was replaced.
    """
    version = dataset.versions.filter(state="profiled").order_by("-number").only("pk").first()
    if version is None:
        return ()
    found = {one.pk: one for tells in _behind for one in tells(version)}
    # What the parties agreed last holds also for what was received before. One's own word to oneself binds nobody.
    speaking = [one for one in in_effect(found.values(), timezone.now()) if one.provider_id != dataset.organisation_id]  # fmt: skip
    if not speaking:
        return ()
    known = set(agreements(actor).filter(pk__in=[one.pk for one in speaking]).values_list("pk", flat=True))
    return tuple(_bound(one, one.pk in known) for one in sorted(speaking, key=lambda one: one.created))


def _bound(one: Agreement, known: bool) -> Bound:
    clause = next((code for code in KEEPING if code in one.terms), "")
    return Bound(clause, one.ref if known else "", one.provider.name if known else "")
