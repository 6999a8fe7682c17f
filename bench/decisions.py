"""Decisions a second on one core for a contract of twenty clauses, and the catalogue's line on fifty datasets.

`python -m bench.decisions --write` puts the figures into the pages of the benchmark; `make bench` does so too.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from bench import portals
from contracts.policies.deciding.asking import planned, request_for
from contracts.policies.deciding.documents import prepared_from
from contracts.policies.deciding.facts import World
from contracts.policies.odrl import to_odrl
from contracts.policies.terms import Terms

NOON = datetime(2027, 6, 1, 12, tzinfo=UTC)
AIM, CATALOGUE_AIM = 10_000, 20.0
TWENTY: dict[str, Any] = {
    "purpose": {"any_of": ["research", "statistics", "public_interest"]}, "recipient": {"who": "named_people"},
    "place": {"any_of": ["EEA", "CH"]}, "period": {"from": "2027-01-01", "until": "2027-12-31", "zone": "Europe/Berlin"},
    "columns": {"only": [f"column_{n}" for n in range(20)]}, "exports": {"at_most": 100}, "rows_total": {"at_most": 10**9},
    "formats": {"any_of": ["csv", "parquet"]}, "download_within": {"days": 14}, "access_mode": {"any_of": ["export", "clean_room"]},
    "security_level": {"at_least": 3}, "min_group_size": {"k": 5, "by": ["column_1"]}, "pseudonymise": {"columns": ["column_2"]},
    "watermark": {}, "no_reidentification": {}, "no_ai_training": {}, "delete_within": {"days": 30},
    "report_use": {"every_days": 90}, "inform_breach": {"hours": 24}, "attribution": {"text": "Hudson Carriers"},
}  # fmt: skip


def policy(terms: dict[str, Any] | None = None, number: int = 0) -> dict[str, Any]:
    return to_odrl(
        Terms.from_dict(terms or TWENTY), uid=f"urn:contract-{number}", target="urn:data", assigner="urn:giver",
        assignee="urn:asker", kind="Agreement",
    )  # fmt: skip


def _rate(act: Callable[[int], Any], seconds: float) -> float:
    """How often a second of the processor's time, best of three: other work on the machine does not count."""
    best = 0.0
    for _ in range(3):
        done, start = 0, time.process_time()
        while (spent := time.process_time() - start) < seconds:
            for _ in range(100):
                act(done)
                done += 1
        best = max(best, done / spent)
    return best


def decisions(seconds: float = 1.0) -> dict[str, float]:
    """`per_second` with every premise, `bytes_per_second` with reasons in words, JSON and hashes, `catalogue_ms` for 50."""
    prepared = prepared_from(policy())
    duties, facts = planned(prepared)
    known = World.from_json({
        "counters": {"count": 3, "rows": 1000}, "duties": duties, "facts": {**facts, "securityLevel": 4, "elapsedTime": "PT0S"},
    })  # fmt: skip
    asked = [
        request_for(assignee="urn:asker", target="urn:data", purpose=purpose, place=place, format="csv", people=2, sums_up=False,
                    columns=[f"column_{n}" for n in range(many)])
        for purpose in ("research", "statistics", "pricing") for place in ("DE", "FR", "US", "CH") for many in (3, 10, 20)
    ]  # fmt: skip
    verdicts = {prepared.decide(one, known, as_of=NOON).verdict for one in asked}
    assert verdicts == {"permit", "deny"}, verdicts
    fifty = [prepared_from(policy(number=n)) for n in range(50)]

    def catalogue(_: int) -> None:
        for one in fifty:
            world = World.from_json({"counters": {"count": 0, "rows": 0}, "duties": planned(one)[0]})
            one.decide(request_for(assignee="urn:asker", target="urn:data"), world, as_of=NOON)

    spent = []
    for _ in range(5):
        start = time.process_time()
        catalogue(0)
        spent.append(1000 * (time.process_time() - start))
    return {
        "per_second": _rate(lambda n: prepared.decide(asked[n % len(asked)], known, as_of=NOON), seconds),
        "bytes_per_second": _rate(lambda n: prepared.decide(asked[n % len(asked)], known, as_of=NOON).canonical, seconds),
        "catalogue_ms": min(spent),
    }  # fmt: skip


def section(found: dict[str, float]) -> str:
    """The figures as a part of the benchmark's page."""
    met = "met" if found["per_second"] >= AIM else "not met"
    quick = "met" if found["catalogue_ms"] <= CATALOGUE_AIM else "not met"
    return "\n".join([
        "## Decisions", "", "One core, processor's time; a contract of twenty clauses, 36 different requests, half of them a yes.", "",
        "| what | figure |", "| --- | --- |", f"| decisions with every premise, a second | {found['per_second']:,.0f} |",
        f"| the same with reasons in words, JSON and hashes | {found['bytes_per_second']:,.0f} |",
        f"| the catalogue's line on 50 datasets, without the database | {found['catalogue_ms']:.1f} ms |", "",
        f"Aim: at least {AIM:,} decisions a second; {met}. The catalogue: at most {CATALOGUE_AIM:.0f} ms; {quick}.", "",
    ])  # fmt: skip


def keep(found: dict[str, float]) -> None:
    portals.keep("decisions", "Decisions", section(found), found)


if __name__ == "__main__":
    portals.command(__doc__, decisions, section, keep)
