"""What no portal can know: a reviewer says what is so, and how they know it; every decision then names them."""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone

from contracts.sharing.advice import advice_on, advice_record, facts_wanted, kept
from contracts.sharing.machines import REQUEST
from contracts.sharing.models import Request
from kernel.actor import Actor
from kernel.decision import Refused
from kernel.registry import performs
from kernel.transition import transition


@performs(REQUEST, "state_fact")
def state_fact(
    request_id: UUID, *, actor: Actor, operand: str, value: str, reason: str, seen: int | None = None
) -> Request:
    """State the value of a left operand that the contract asks for and the portal cannot know. Saying it again corrects it.

    Raises Refused for an operand that nobody has to state: what the portal knows, nobody can say otherwise.
    """
    with transition(REQUEST, "state_fact", request_id, actor=actor, seen=seen, reason=reason) as change:
        request: Request = change.subject
        people = request.named.count()
        if operand not in {*facts_wanted(advice_on(request, people)), *request.stated}:
            raise Refused.because(
                "request.not_asked", "The contract asks nothing like this that only a person can know",
                remedy="Choose one of those that are listed", field="operand",
            )  # fmt: skip
        stated = {"value": value, "by": actor.name, "why": reason, "on": timezone.now().isoformat()}
        request.stated = {**request.stated, operand: stated}
        told = advice_on(request, people)
        request.advice = advice_record(told) | {"warnings": request.advice.get("warnings", [])}
        kept("state_fact", request, told)
        change.detail = {"operand": operand, "value": value}
    return request
