"""What an organisation brings and what the trust looks at: evidence, check list, conditions, probation."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from kernel import store
from kernel.actor import Actor
from kernel.attachments import kind_of
from kernel.decision import Refused
from kernel.registry import performs
from kernel.transition import transition
from trusts.membership.machines import MEMBERSHIP
from trusts.membership.models import Membership
from trusts.organisations import robots


def _by(actor: Actor) -> dict[str, str]:
    return {"by": actor.name, "on": timezone.now().isoformat(timespec="seconds")}


@performs(MEMBERSHIP, "hand_in")
def hand_in(
    membership_id: UUID, *, actor: Actor, code: str, text: str = "", file: Any = None, seen: int | None = None
) -> Membership:
    """One piece of evidence that the charter asks for: words, a file, or both. What was handed in before stays beside it."""
    with transition(MEMBERSHIP, "hand_in", membership_id, actor=actor, seen=seen) as change:
        found: Membership = change.subject
        asked = {one["code"]: one for one in found.trust.governance()["members"]["evidence"]}
        if code not in asked:
            raise Refused.because("membership.evidence_code", "The charter does not ask for this", remedy="Choose one of the list", field="code")  # fmt: skip
        if not text and file is None:
            raise Refused.because("membership.evidence_empty", "There is neither text nor a file", remedy="Give one of them", field="text")  # fmt: skip
        piece: dict[str, Any] = {"code": code, "label": asked[code]["label"], "text": text, **_by(actor)}
        if file is not None:
            content = file.read()
            kept = store.put_stream([content])
            piece |= {
                "sha256": kept.sha256,
                "size": kept.size,
                "name": file.name[-200:],
                "kind": kind_of(file.name, content),
            }
        found.evidence = [*found.evidence, piece]
        change.detail = {k: piece[k] for k in ("code", "sha256", "size") if k in piece}
    return found


@performs(MEMBERSHIP, "check")
def check(
    membership_id: UUID, *, actor: Actor, code: str, ok: bool, note: str, seen: int | None = None
) -> Membership:
    """The answer to one point of the trust's check list; answering again replaces it, and the event keeps both."""
    with transition(MEMBERSHIP, "check", membership_id, actor=actor, seen=seen, reason=note) as change:
        found: Membership = change.subject
        found.checks = {**found.checks, code: {"ok": ok, "note": note, **_by(actor)}}
        change.detail = {"code": code, "ok": ok}
    return found


@performs(MEMBERSHIP, "set_condition")
def set_condition(
    membership_id: UUID, *, actor: Actor, text: str, due: date, seen: int | None = None
) -> Membership:
    """Something that the member has to do by a day."""
    with transition(
        MEMBERSHIP, "set_condition", membership_id, actor=actor, seen=seen, reason=text
    ) as change:
        change.subject.conditions = [*change.subject.conditions, condition(text, due)]
        change.detail = {"due": due.isoformat()}
    return change.subject


def condition(text: str, due: date) -> dict[str, Any]:
    return {"text": text, "due": due.isoformat(), "outcome": ""}


@performs(MEMBERSHIP, "close_condition")
def close_condition(
    membership_id: UUID, *, actor: Actor, number: int, outcome: str, note: str, seen: int | None = None
) -> Membership:
    """A condition was met, or is waived. Raises Refused for one that is not open."""
    with transition(
        MEMBERSHIP, "close_condition", membership_id, actor=actor, seen=seen, reason=note
    ) as change:
        found: Membership = change.subject
        if number not in [one["number"] for one in found.open_conditions()]:
            raise Refused.because("membership.condition", "This condition is not open", remedy="Choose an open one", field="number")  # fmt: skip
        rows = list(found.conditions)
        rows[number] = {**rows[number], "outcome": outcome, "note": note, **_by(actor)}
        found.conditions = rows
        change.detail = {"condition": rows[number]["text"], "outcome": outcome}
    return found


def _until(action: str) -> Any:
    def verb(
        membership_id: UUID, *, actor: Actor, until: date, reason: str, seen: int | None = None
    ) -> Membership:
        with transition(MEMBERSHIP, action, membership_id, actor=actor, seen=seen, reason=reason) as change:
            found: Membership = change.subject
            if found.probation_until is not None and until <= found.probation_until:
                raise Refused.because("membership.probation_shorter", f"The probation runs until {found.probation_until:%d %B %Y}",
                                      remedy="Name a later day, or end the probation", field="until")  # fmt: skip
            found.probation_until = until
        return found

    verb.__doc__ = f"{MEMBERSHIP.action(action).label}, with a reason. It ends by itself. Raises Refused for an earlier day."
    return performs(MEMBERSHIP, action)(verb)


set_probation, extend_probation = _until("set_probation"), _until("extend_probation")


def _over(action: str) -> Any:
    def verb(membership_id: UUID, *, actor: Actor, seen: int | None = None) -> Membership:
        with transition(MEMBERSHIP, action, membership_id, actor=actor, seen=seen) as change:
            change.subject.probation_until = None
        return change.subject

    verb.__doc__ = "The member is a full one. Raises Refused if it is not on probation."
    return performs(MEMBERSHIP, action)(verb)


end_probation, pass_probation = _over("end_probation"), _over("pass_probation")


def probations_due(now: datetime) -> int:
    """End the probations whose last day is over; returns how many."""
    moved = 0
    over = Membership.objects.filter(
        state__in=["active", "suspended"], probation_until__lt=timezone.localdate(now)
    )
    for pk in over.values_list("pk", flat=True)[:200]:
        try:
            pass_probation(pk, actor=robots.actor("end_probations"))
        except Refused:
            continue
        moved += 1
    return moved
