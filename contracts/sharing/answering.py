"""A reviewer's answer: the last one that the stages need decides; any other is noted and the review goes on."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from contracts.negotiations import ledger
from contracts.sharing import planning, reviewing, stages, warnings
from contracts.sharing.advice import Advice, advice_on, advice_record, kept
from contracts.sharing.machines import REQUEST
from contracts.sharing.models import Request, Review
from kernel.actor import Actor, system
from kernel.audit.models import Event
from kernel.change import Change
from kernel.decision import Outcome, Refused
from kernel.registry import performs
from kernel.transition import transition

AGAINST_LEAST, WARNED_LEAST = 60, 20
ACTION = {stages.APPROVE: "approve", stages.RETURN: "send_back", stages.REFUSE: "refuse"}
VERDICT = {action: verdict for verdict, action in ACTION.items()} | {"approve_by_robot": stages.APPROVE}


@performs(REQUEST, "approve")
def approve(
    request_id: UUID, *, actor: Actor, reason: str = "", checklist: list[str] | None = None, seen: int | None = None
) -> Request:  # fmt: skip
    """Answer that it may go. As the last answer needed: reserve what it can use up and tell the worker."""
    return _answer("approve", request_id, actor, reason, checklist, seen)


@performs(REQUEST, "approve_by_robot")
def approve_by_robot(request_id: UUID, *, actor: Actor, reason: str = "", seen: int | None = None) -> Request:
    """The same in the name of the provider's robot, where it may. Raises Refused, and people decide."""
    return _answer("approve_by_robot", request_id, actor, reason, None, seen)


@performs(REQUEST, "send_back")
def send_back(
    request_id: UUID, *, actor: Actor, reason: str, checklist: list[str] | None = None, seen: int | None = None
) -> Request:  # fmt: skip
    """Answer with questions. As the last answer needed: return it; the answers as reviewed are kept, so that
    changes show."""
    return _answer("send_back", request_id, actor, reason, checklist, seen)


@performs(REQUEST, "refuse")
def refuse(
    request_id: UUID, *, actor: Actor, reason: str, checklist: list[str] | None = None, seen: int | None = None
) -> Request:  # fmt: skip
    """Answer no. Against the engine's advice it takes a longer reason and a second person. Raises Refused."""
    return _answer("refuse", request_id, actor, reason, checklist, seen)


@performs(REQUEST, "answer")
def answer(
    request_id: UUID, *, actor: Actor, verdict: str, reason: str = "", checklist: list[str] | None = None,
    seen: int | None = None,
) -> Request:  # fmt: skip
    """The same by its verdict: approve, return or refuse."""
    return _answer(ACTION[verdict], request_id, actor, reason, checklist, seen)


@performs(REQUEST, "ask_second")
def ask_second(request_id: UUID, *, actor: Actor, reason: str, seen: int | None = None) -> Request:
    """Let one more person answer in the open stage."""
    with transition(REQUEST, "ask_second", request_id, actor=actor, seen=seen, reason=reason) as change:
        where = reviewing.standing(change.subject)
        _one_more(change.subject, where.open)
        change.detail = {"stage": reviewing.open_stage(change.subject)["name"], "needed": where.needed + 1}
        change.publish("request.stage", id=str(request_id), machine=REQUEST.name)
    return change.subject


def _one_more(request: Request, index: int, **more: Any) -> None:
    found = [dict(stage) for stage in reviewing.stages_of(request)]
    found[index] |= {"extra": int(found[index].get("extra", 0)) + 1, **more}
    request.workflow = {**request.workflow, "stages": found}


def _answer(
    action: str, request_id: UUID, actor: Actor, reason: str, checklist: list[str] | None, seen: int | None
) -> Request:
    with transaction.atomic():
        agreement_id = Request.objects.values_list("agreement_id", flat=True).get(pk=request_id)
        # Locks in one order everywhere: agreement before request.
        ledger.locked(agreement_id)
        with transition(
            REQUEST, action, request_id, actor=actor, seen=seen, reason=reason, harmless=_only_answers_since
        ) as change:
            request: Request = change.subject
            advice = advice_on(request, request.named.count())
            where = reviewing.standing(request)
            if action == "refuse":
                _against(request, where, reason, advice)
            warned = warnings.warnings_on(request)
            if VERDICT[action] == stages.APPROVE:
                _in_spite_of(warned, reason)
            request.advice = advice_record(advice) | {"warnings": warnings.record(warned)}
            Review.objects.create(
                request=request, reviewer_id=actor.user_id, organisation_id=actor.organisation_id, stage=where.open,
                robot=actor.name if actor.is_system else "",
                verdict=VERDICT[action], reason=reason, checklist=checklist or [], advice=request.advice,
            )  # fmt: skip
            after = reviewing.standing(request)
            if after.result:
                _decide(request, change, ACTION[after.result], advice)
            else:
                _go_on(request, change, where, after)
    return request


def _only_answers_since(request: Request, seen: int) -> bool:
    """Whether all that came since is other answers of the stage that is still open: reviewers do not have to wait for each
    other. Not where these differ now and one more person is asked to decide between them: that is another question."""
    events = Event.objects.filter(subject_id=request.pk, subject_version__gt=seen).values_list(
        "action", "detail"
    )
    since = [action == "answer" and detail.get("complete") is False for action, detail in events]
    if not all(since) or len(since) != request.version - seen:
        return False
    stage, given = reviewing.open_stage(request), reviewing.standing(request).given
    asked = int(stage["count"]) + int(stage.get("extra", 0))
    return given < asked or given - len(since) >= asked


def _in_spite_of(warned: list[warnings.Warned], reason: str) -> None:
    """A yes in spite of a warning says why. The contract permits it, so no second person is needed but the charter's own."""
    if warned and len(reason.strip()) < WARNED_LEAST:
        raise Refused.because(
            "request.warned", f"{warned[0].masked} To approve it all the same needs a reason of at least {WARNED_LEAST} characters",
            remedy="Say why the risk is acceptable here", field="reason",
        )  # fmt: skip


def _against(request: Request, where: stages.Standing, reason: str, advice: Advice) -> None:
    """A no to what the contract permits: a reason worth reading, and somebody else who thinks so too."""
    if advice.decision.outcome is not Outcome.ALLOW:
        return
    if len(reason.strip()) < AGAINST_LEAST:
        raise Refused.because(
            "request.against_advice", f"The engine advises that the contract permits this. A refusal against it needs a reason of at "
            f"least {AGAINST_LEAST} characters", remedy="Say which risk or fact the engine does not know", field="reason",
        )  # fmt: skip
    if where.needed < 2:
        _one_more(request, where.open, against=True)


def _go_on(request: Request, change: Change, where: stages.Standing, after: stages.Standing) -> None:
    """The event says that an answer is in, never which: a blind stage is blind in the audit trail as well."""
    stage = reviewing.stages_of(request)[where.open]
    change.action, change.to, change.reason = REQUEST.action("answer"), None, ""
    change.detail = {"stage": stage["name"], "complete": after.open > where.open}
    # What the page says instead of what a deciding answer would have done.
    request.told = "Your answer is in. The review goes on."  # type: ignore[attr-defined]
    if after.open > where.open:
        request.workflow = {**request.workflow, "since": timezone.now().isoformat()}
    # Whoever is asked only now hears of it; the others of the stage know already.
    if after.open > where.open or after.needed > where.needed:
        change.publish("request.stage", id=str(request.pk), machine=REQUEST.name)


def _decide(request: Request, change: Change, action: str, advice: Advice) -> None:
    if VERDICT[action] != VERDICT[change.action.name]:
        change.reason = "The reviewers disagree; the charter says what follows."
        request.told = "Your answer is in. The answers differ, and the charter says what follows."  # type: ignore[attr-defined]
        change.action = REQUEST.action(action)
    change.to = change.action.to
    kept(action, request, advice)
    if action == "send_back":
        request.previous = {**request.answers(), "plan_hash": request.plan_hash}
        return
    request.decided, request.due = timezone.now(), None
    if action == "approve":
        planning.must_still_follow(request)
        planning.reserve_for(request, system(planning.COUNTER, door=change.actor.door))
