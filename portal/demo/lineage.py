"""What became of an export: averages come back as a dataset of their own, and one aircraft's owner takes its rows back."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from contracts.negotiations import offers
from jobs.deliveries.models import Delivery
from jobs.provenance import services as provenance
from kernel import store
from portal.demo.people import Stage
from trusts.datasets import services as datasets
from trusts.datasets.models import Dataset
from trusts.membership import parting
from trusts.membership import services as membership
from trusts.membership.models import Trust

FEWEST = 30


def averages(lines: Any) -> bytes:
    """Mean delays by carrier and month, of groups of at least 30 flights; from the export's CSV to a new one."""
    sums: dict[tuple[str, int], list[float]] = {}
    for row in csv.DictReader(lines):
        found = sums.setdefault((row["carrier"], int(row["month"])), [0, 0, 0])
        for at, value in enumerate((1, float(row["dep_delay"]), float(row["arr_delay"]))):
            found[at] += value
    out = io.StringIO()
    written = csv.writer(out)
    written.writerow(["carrier", "month", "flights", "mean_dep_delay", "mean_arr_delay"])
    for (carrier, month), (count, left, came) in sorted(sums.items()):
        if count >= FEWEST:
            written.writerow([carrier, month, int(count), round(left / count, 1), round(came / count, 1)])
    return out.getvalue().encode()


def came_back(
    stage: Stage, trust: Trust, delivery: Delivery, terms: dict[str, Any], settled: Callable[[], None]
) -> Dataset:
    """The consumer registers its averages, says what they were made from, and offers them to the trust."""
    piotr = stage.actor("piotr")
    with store.local(delivery.data_sha256).open(encoding="utf-8", newline="") as lines:
        file = SimpleUploadedFile("delays_by_carrier.csv", averages(lines))
    dataset = datasets.register_with_file(
        actor=piotr, title="Delays by carrier and month", summary="Mean delays of New York departures, by airline and month of 2013.",
        keywords=["delays", "averages"], file=file,
        provenance=f"Averages of at least {FEWEST} flights each, made from an export of Hudson Carriers' flights. Results, no single flights.",
    )  # fmt: skip
    settled()
    provenance.made_from(dataset.versions.get().pk, actor=piotr, deliveries=[delivery.pk])
    # A consumer that wants to offer asks for that role too, and the trustees give it.
    place = trust.memberships.get(organisation_id=piotr.organisation_id, state="active")
    parting.ask_role(
        place.pk, actor=piotr, role="provider", reason="We would like to offer our averages to everybody."
    )
    membership.change_role(place.pk, actor=stage.actor("ada"), role=place.role, also=["provider"])
    offers.publish(dataset.pk, actor=piotr, terms=terms, trust=trust)
    return dataset


def taken_back(stage: Stage, flights: Dataset) -> None:
    """One aircraft's flights are withdrawn."""
    provenance.withdraw_rows(
        flights.pk, actor=stage.actor("dana"), column="tailnum", values=["N14228"], reason="Its owner no longer takes part in the programme."
    )  # fmt: skip
