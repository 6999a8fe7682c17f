"""Reads: traces an actor may know of."""

from __future__ import annotations

from django.db.models import QuerySet

from jobs.tracing.machines import TRACE
from jobs.tracing.models import Trace
from kernel.actor import Actor
from kernel.registry import sees
from kernel.roles import AUDITOR, OWNER, STEWARD


@sees(TRACE)
def traces(actor: Actor) -> QuerySet[Trace]:
    """Those of one's own organisation, for those who answer for its data."""
    found = Trace.objects.select_related("dataset", "job", "asked_by")
    if actor.is_system:
        return found
    if actor.organisation_id is None or not {OWNER, STEWARD, AUDITOR} & actor.roles:
        return found.none()
    return found.filter(organisation_id=actor.organisation_id)
