"""What a change to contracts means for running work and for exports, said before it is made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jobs.deliveries.machines import DELIVERY
from jobs.deliveries.models import Delivery
from jobs.runs.machines import JOB
from jobs.runs.models import Job
from kernel import registry
from kernel.actor import Actor
from kernel.audit.models import Event
from kernel.machine import Machine
from kernel.rehearsal import SHOWN, Effect, also_foretells, plural

UNDER_WAY = ("queued", "running", "checking")


@also_foretells
def work(events: list[Event], actor: Actor) -> Iterator[Effect]:
    """Jobs that stop and exports that are cut off, or flow again, with the contracts that these events are about."""
    moved = {event.subject_id: event.to_state for event in events if event.machine == "agreement"}
    stopped = [pk for pk, state in moved.items() if state in ("suspended", "terminated", "ended")]
    back = [pk for pk, state in moved.items() if state == "in_force"]
    running = Job.objects.filter(request__agreement_id__in=stopped, state__in=UNDER_WAY)
    yield _effect(JOB, running, "stops", "stop", actor)
    open_ = Delivery.objects.filter(agreement_id__in=stopped, state="available")
    yield _effect(DELIVERY, open_, "can no longer be fetched", "can no longer be fetched", actor)
    again = Delivery.objects.filter(agreement_id__in=back, state="available")
    yield _effect(DELIVERY, again, "can be fetched again", "can be fetched again", actor)


def _effect(machine: Machine, found: Any, one: str, many: str, actor: Actor) -> Effect:
    count, visible = found.count(), registry.entry(machine.name).visible
    seen = visible(actor).filter(pk__in=found.values("pk"))[:SHOWN] if count and visible is not None else []
    text = f"{count} {plural(machine.label, count)} {one if count == 1 else many}"
    return Effect(text, count, tuple((row.title(), row.get_absolute_url()) for row in seen))
