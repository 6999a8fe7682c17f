"""When a contract is replaced, the requests that are still open go along to the new one."""

from __future__ import annotations

from uuid import UUID

from contracts.negotiations.models import Agreement
from contracts.negotiations.succession import carries
from contracts.sharing.machines import REQUEST
from contracts.sharing.models import Request
from kernel.actor import Actor
from kernel.registry import performs
from kernel.transition import transition

OPEN = ("draft", "submitted", "returned")


@performs(REQUEST, "carry_over")
def carry_over(
    request_id: UUID, *, actor: Actor, to: Agreement | None = None, seen: int | None = None
) -> Request:  # fmt: skip
    """Put an open request under the contract that replaces its own.

    What was in review goes back to the asker: it was written and read under other terms.
    """
    with transition(REQUEST, "carry_over", request_id, actor=actor) as change:
        request: Request = change.subject
        if to is not None:
            old = request.agreement
            request.agreement, request.version_of_data = to, to.version_of_data
            request.stated = {}  # it was said for the conditions of the other contract
            change.reason = (
                f"Contract {old.ref} was replaced by {to.ref}. Look at your answers and submit again."
            )
            change.detail = {"from": old.ref, "to": to.ref}
            if request.state == "submitted":
                request.previous = request.answers()
                change.to = "returned"
                change.publish("request.returned", id=str(request.pk), machine=REQUEST.name)
    return request


@carries
def _requests(old: Agreement, new: Agreement, actor: Actor) -> None:
    for pk in Request.objects.filter(agreement=old, state__in=OPEN).values_list("pk", flat=True):
        carry_over(pk, actor=actor, to=new)
