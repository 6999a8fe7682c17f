"""Which of the possible actions the page shows where."""

from __future__ import annotations

from typing import Any

from contracts.negotiations.models import Negotiation
from contracts.negotiations.round_machines import NOTE
from kernel.actor import Actor
from kernel.doors import Choice
from kernel.transition import may_create

ACCEPTS, COUNTERS, TIMES = ("accept", "accept_request"), ("counter", "make_offer"), (
    "ask_time", "request_time", "give_time", "grant_time",
)  # fmt: skip


def split(found: list[Choice]) -> dict[str, Any]:
    """Accepting and countering have places of their own, so have time and remarks; the rest is a row of buttons."""
    apart = {*ACCEPTS, *COUNTERS, *TIMES, "comment"}
    return {
        "accept": next((c for c in found if c.name in ACCEPTS), None),
        "counter": next((c for c in found if c.name in COUNTERS), None),
        "times": [c for c in found if c.name in TIMES],
        "comment": next((c for c in found if c.name == "comment"), None),
        "choices": [c for c in found if c.name not in apart],
    }


def may_note(actor: Actor, negotiation: Negotiation) -> bool:
    return may_create(
        NOTE, "keep", actor, negotiation_id=negotiation.pk, organisation_id=actor.organisation_id
    )
