"""What a version says it was made from, told to the station that publishes terms: under which contracts that was received."""

from __future__ import annotations

from collections.abc import Iterable

from contracts.negotiations.models import Agreement
from contracts.negotiations.onward import origins
from jobs.provenance.models import Origin
from trusts.datasets.models import DatasetVersion


@origins
def received_under(version: DatasetVersion) -> Iterable[Agreement]:
    """The contracts of the exports that its holder named. One query."""
    named = Origin.objects.filter(version=version).values("delivery__agreement")
    return Agreement.objects.filter(pk__in=named).select_related("provider")
