"""Review in stages: as the charter says, blind until all are in, and against the advice only with a second person."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.sharing import reviewing, stages
from contracts.sharing import services as sharing
from contracts.sharing.models import Request
from contracts.sharing.stages import APPROVE, REFUSE, RETURN, Answer
from kernel.actor import system
from kernel.audit.models import Event
from kernel.decision import Refused
from portal import notify
from portal.notices.reminders import stages_late
from tests import worlds
from tests.cast import Cast
from tests.scenes import later, why
from tests.test_offers import browser
from trusts.membership import services as membership
from trusts.organisations import services as organisations
from trusts.organisations.selectors import actor_for, places_of

LONG = worlds.AGAINST
STAGE = {"name": "Look", "who": "reviewer", "count": 1, "blind": False, "organisations": "any", "days": 5, "late": "owner",
         "disagree": "refuse"}  # fmt: skip
verdicts = st.sampled_from([APPROVE, RETURN, REFUSE])
a_stage = st.builds(
    lambda count, extra, disagree, against: {**STAGE, "count": count, "extra": extra, "disagree": disagree, "against": against},
    st.integers(1, 3), st.integers(0, 2), st.sampled_from(["refuse", "return", "third"]), st.booleans(),
)  # fmt: skip


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(a_stage, min_size=1, max_size=3), st.lists(verdicts, max_size=14))
def test_nothing_is_approved_unless_every_stage_had_all_its_answers(steps: Any, said: list[str]) -> None:
    """Answers are given one by one to whatever stage is open, until there is a result."""
    answers: list[Answer] = []
    for verdict in said:
        where = stages.standing(steps, answers)
        if where.result:
            break
        assert where.given < where.needed
        answers.append(Answer(where.open, verdict))
    where = stages.standing(steps, answers)
    for index, stage in enumerate(steps[: where.open]):
        mine = [a.verdict for a in answers if a.stage == index]
        assert len(mine) >= stage["count"] + stage["extra"] and mine[-1] == APPROVE
        assert stage["disagree"] == "third" or stage["against"] or set(mine) == {APPROVE}
    assert (where.result == APPROVE) == (where.open == len(steps))


def governed(cast: Cast, *steps: dict[str, Any], **more: Any) -> None:
    review = {
        "stages": [{**STAGE, **step} for step in steps],
        "checklist": [],
        "precleared": {"purposes": [], "people": False},
    }
    membership.change_charter(
        cast.trust.pk, actor=cast.actor("ada"), governance={"reviews": {"ordinary": {**review, **more}, "personal": {**review, **more}}},
    )  # fmt: skip


def page(cast: Cast, name: str, request: Request) -> str:
    return browser(cast, name).get(f"/requests/{request.pk}/").content.decode()


def answer(cast: Cast, name: str, action: str, request: Request, reason: str = LONG) -> str:
    getattr(sharing, action)(request.pk, actor=cast.actor(name), reason=reason)
    request.refresh_from_db()
    return request.state


@pytest.mark.django_db
def test_a_blind_stage_then_the_trust(cast: Cast) -> None:
    blind = {"count": 2, "blind": True, "disagree": "return"}
    governed(
        cast,
        blind,
        {"name": "Trust", "who": "trustee"},
        checklist=[{"code": "dpia", "text": "A risk study is there"}],
    )
    request = worlds.submitted(cast)
    assert "A risk study is there" in page(cast, "rui", request)
    assert why(lambda: answer(cast, "ada", "approve", request)) == {"request.stage"}
    assert answer(cast, "rui", "refuse", request, "SECRET " + LONG) == "submitted"
    # Nobody else learns what was said: not on the page, not in the audit trail, not over the API.
    for name in ("dana", "ines", "ada", "piotr"):
        seen = page(cast, name, request)
        assert "SECRET" not in seen and "Rui Costa</b> refuse" not in seen and "1 of 2 answered" in seen
        assert "SECRET" not in browser(cast, name).get(f"/api/v1/requests/{request.pk}/").content.decode()
    assert "SECRET" in page(cast, "rui", request)
    event = Event.objects.filter(subject_id=request.pk).latest("created")
    assert event.action == "answer" and "SECRET" not in str(event.detail) + str(event.reason)
    assert why(lambda: answer(cast, "rui", "approve", request)) == {"request.answered"}

    # They disagree: the charter returns it, and now both are read.
    assert answer(cast, "dana", "approve", request) == "returned"
    assert "SECRET" in page(cast, "dana", request) and "SECRET" in page(cast, "piotr", request)

    # Submitted anew with other answers: earlier reviews are history.
    piotr, people = cast.actor("piotr"), [cast.users["piotr"].pk]
    sharing.edit(
        request.pk,
        actor=piotr,
        people=people,
        **{**worlds.ANSWERS, "columns": ["carrier", "dest", "arr_delay"]},
    )
    sharing.submit(request.pk, actor=piotr)
    request.refresh_from_db()
    assert reviewing.answers(request) == [] and request.reviews.count() == 2
    assert "it does not count" in page(cast, "dana", request)
    assert [answer(cast, who, "approve", request) for who in ("rui", "dana", "ada")] == [
        "submitted",
        "submitted",
        "approved",
    ]
    assert Event.objects.filter(subject_id=request.pk, action="approve").count() == 1


@pytest.mark.django_db
def test_a_refusal_against_the_advice_takes_a_reason_and_a_second_person(cast: Cast) -> None:
    request = worlds.submitted(cast)
    sent = browser(cast, "rui").post(f"/do/request/{request.pk}/refuse/", {"reason": "I do not like it."})
    assert sent.status_code == 409 and "I do not like it." in sent.content.decode()
    assert answer(cast, "rui", "refuse", request) == "submitted"
    assert "goes against the engine" in page(cast, "dana", request)
    # The second thinks otherwise, so a third decides.
    assert answer(cast, "dana", "approve", request) == "submitted"
    organisations.join(cast.organisations["hudson"], cast.users["olga"], ["reviewer"], actor=system())
    olga = next(p for p in places_of(cast.users["olga"]) if p.organisation == cast.organisations["hudson"])
    sharing.approve(request.pk, actor=actor_for(cast.users["olga"], olga), reason="")
    request.refresh_from_db()
    assert request.state == "approved"
    second = worlds.submitted(cast, request.agreement)
    assert [answer(cast, who, "refuse", second) for who in ("rui", "dana")] == ["submitted", "refused"]


@pytest.mark.django_db
def test_shorter_for_what_is_cleared_longer_for_who_wants_four_eyes(cast: Cast) -> None:
    governed(
        cast, {}, {"name": "Owner", "who": "owner"}, precleared={"purposes": ["research"], "people": False}
    )
    agreement = worlds.agreed(cast)
    short = worlds.submitted(cast, agreement)
    assert "Only the first stage is needed" in page(cast, "rui", short)
    long = worlds.submitted(cast, agreement, purpose="statistics")
    assert len(long.workflow["stages"]) == 2
    # What is in review stays as it was when it was submitted.
    governed(cast, {})
    sharing.ask_second(long.pk, actor=cast.actor("rui"), reason="I know one of them.")
    assert answer(cast, "rui", "approve", short) == "approved"
    assert answer(cast, "rui", "approve", long) == "submitted"
    assert "Review the request" not in browser(cast, "rui").get("/inbox/").content.decode()
    assert "Review the request" in browser(cast, "dana").get("/inbox/").content.decode()
    with pytest.raises(Refused, match=r"given your answer|asks an owner"):
        sharing.approve(long.pk, actor=cast.actor("rui"))


@pytest.mark.django_db
def test_a_late_stage_is_told_to_the_owners(cast: Cast) -> None:
    governed(cast, {"count": 2})
    request = worlds.submitted(cast)
    answer(cast, "rui", "approve", request)
    with later(days=4) as now:
        assert not list(stages_late(now))
    with later(days=6) as now:
        assert [topic for topic, _, _ in stages_late(now)] == ["request.stage_late"]
    assert [u.name for u in notify._asked_late(request)] == ["Dana Ruiz"]
