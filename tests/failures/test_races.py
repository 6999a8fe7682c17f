"""Two people, one row, the same second: one wins, the other is told, nothing happens twice."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from contracts.negotiations import services as negotiations
from contracts.negotiations.models import Agreement
from contracts.sharing import services as sharing
from contracts.sharing.machines import REQUEST
from jobs.deliveries.models import Delivery
from jobs.runs import fair, runner
from jobs.runs import services as runs
from jobs.runs.models import Job
from kernel import doors
from kernel.audit.models import Event
from kernel.audit.seal import seal_all
from kernel.audit.verify import verify
from kernel.decision import Refused
from kernel.transition import Stale
from tests import worlds
from tests.cast import Cast, assemble
from tests.test_stages import governed
from trusts.datasets import services as datasets
from trusts.datasets.models import Dataset

pytestmark = pytest.mark.django_db(transaction=True)


def together(*works: Callable[[], Any]) -> list[Any]:
    """Run at the same moment, each on its own connection; results or exceptions, in order."""
    gate, found = threading.Barrier(len(works)), [None] * len(works)

    def one(index: int, work: Callable[[], Any]) -> None:
        gate.wait()
        try:
            found[index] = work()
        except Exception as problem:
            found[index] = problem
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(i, w)) for i, w in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return found


def split(found: list[Any]) -> tuple[list[Any], list[Any]]:
    """What was done, and what was refused; anything else is an error of ours."""
    odd = [f for f in found if isinstance(f, Exception) and not isinstance(f, Refused)]
    assert not odd, odd
    return [f for f in found if not isinstance(f, Exception)], [f for f in found if isinstance(f, Refused)]


def test_one_contract_comes_of_many_acceptances(transactional_db: None) -> None:
    cast = assemble()
    asked = worlds.asked(cast)
    shown = asked.proposals.get().policy_hash
    actors = [cast.actor("dana") for _ in range(6)]
    done, refused = split(
        together(
            *[lambda a=a: negotiations.accept_request(asked.pk, actor=a, policy_hash=shown) for a in actors]
        )
    )
    assert len(done) == 1
    assert len(refused) == 5
    assert all("is in force" in str(r) for r in refused)
    assert Agreement.objects.count() == 1
    seal_all()
    assert verify().holds


def test_accepting_what_moved_meanwhile_is_refused(transactional_db: None) -> None:
    """One accepts the hash seen while the partner's colleague counters: never a contract on unseen terms."""
    cast = assemble()
    asked = worlds.asked(cast)
    offered = negotiations.make_offer(
        asked.pk, actor=cast.actor("dana"), terms=worlds.terms(delete_within={"days": 9})
    )
    shown = offered.proposals.order_by("-number")[0].policy_hash
    accept = lambda: negotiations.accept(asked.pk, actor=cast.actor("piotr"), policy_hash=shown)  # noqa: E731
    counter = lambda: negotiations.counter(  # noqa: E731
        asked.pk, actor=cast.actor("piotr"), terms=worlds.terms(exports={"at_most": 9})
    )
    done, refused = split(together(accept, counter))
    assert len(done) == 1
    assert len(refused) == 1
    for agreement in Agreement.objects.all():
        assert agreement.payload["proposal"]["policy_hash"] == shown
    with pytest.raises(Refused):
        negotiations.accept(asked.pk, actor=cast.actor("piotr"), policy_hash="0" * 64)


def test_two_reviewers_approve_once_and_one_job_follows(transactional_db: None) -> None:
    cast = assemble()
    request = worlds.submitted(cast)
    rui, dana = cast.actor("rui"), cast.actor("dana")
    done, refused = split(
        together(
            lambda: sharing.approve(request.pk, actor=rui, reason=worlds.IN_ORDER),
            lambda: sharing.approve(request.pk, actor=dana, reason=worlds.IN_ORDER),
        )
    )
    assert (len(done), len(refused)) == (1, 1)
    worlds.drain()
    assert Job.objects.filter(kind="export").count() == Delivery.objects.count() == 1
    assert Agreement.objects.get().exports_used == 1


def answered(cast: Cast, name: str, request: Any, action: str, seen: int) -> Any:
    """As from a page that was loaded when the request stood at this version."""
    return doors.perform(
        REQUEST, action, request, actor=cast.actor(name), data={"reason": worlds.AGAINST}, seen=seen
    )


def test_two_reviewers_of_one_stage_need_not_wait_for_each_other(transactional_db: None) -> None:
    """Both looked at the same version and answer in the same moment: both count, and one job follows."""
    cast = assemble()
    governed(cast, {"count": 2})
    request = worlds.submitted(cast)
    seen = request.version
    found = together(*[lambda n=n: answered(cast, n, request, "approve", seen) for n in ("rui", "dana")])
    assert split(found)[1] == []
    request.refresh_from_db()
    assert (request.state, request.version, request.reviews.count()) == ("approved", seen + 2, 2)
    worlds.drain()
    assert Job.objects.filter(kind="export").count() == 1
    seal_all()
    assert verify().holds


def test_what_else_came_since_still_has_to_be_read(transactional_db: None) -> None:
    cast = assemble()
    governed(cast, {"count": 2, "disagree": "third"}, {"name": "Again"})

    def late(name: str, request: Any, seen: int) -> None:
        with pytest.raises(Stale):
            answered(cast, name, request, "approve", seen)

    # A comment; an answer that ends the stage; the same person twice is refused for that.
    first = worlds.submitted(cast)
    sharing.comment(first.pk, actor=cast.actor("piotr"), text="We have looked again.")
    late("rui", first, first.version)
    second = worlds.submitted(cast)
    answered(cast, "rui", second, "approve", second.version)
    with pytest.raises(Refused, match="You have given your answer"):
        answered(cast, "rui", second, "approve", second.version)
    answered(cast, "dana", second, "approve", second.version)
    worlds.granted(cast, "reviewer", "ines", second.agreement)
    late("ines", second, second.version)
    # Two answers that differ: the third person decides between them, and has to know that.
    third = worlds.submitted(cast, second.agreement)
    answered(cast, "rui", third, "approve", third.version)
    answered(cast, "dana", third, "refuse", third.version)
    late("ines", third, third.version)
    answered(cast, "ines", third, "approve", third.version + 2)
    late("dana", third, third.version + 9)


def test_the_last_export_of_a_contract_goes_to_one_request(transactional_db: None) -> None:
    cast = assemble()
    agreement = worlds.agreed(cast, exports={"at_most": 1})
    first, second = worlds.submitted(cast, agreement), worlds.submitted(cast, agreement)
    rui, dana = cast.actor("rui"), cast.actor("dana")
    done, refused = split(
        together(
            lambda: sharing.approve(first.pk, actor=rui, reason=worlds.IN_ORDER),
            lambda: sharing.approve(second.pk, actor=dana, reason=worlds.IN_ORDER),
        )
    )
    assert (len(done), len(refused)) == (1, 1)
    assert "export" in str(refused[0])
    assert Agreement.objects.get().exports_used == 1


def test_a_job_told_to_many_workers_is_done_by_one(transactional_db: None) -> None:
    cast = assemble()
    worlds.approved(cast)
    from kernel import outbox

    outbox.dispatch()
    job = Job.objects.get(kind="export")
    states = together(*[lambda n=n: runner.run(job.pk, worker=f"worker-{n}") for n in range(4)])
    assert sorted(states) == ["done", "refused", "refused", "refused"]
    assert Delivery.objects.count() == 1
    assert Event.objects.filter(subject_id=job.pk, action="claim").count() == 1


def test_the_same_form_at_the_same_moment_makes_one_thing(transactional_db: None) -> None:
    import uuid

    cast = assemble()
    dana, id = cast.actor("dana"), uuid.uuid4()
    made = together(
        *[
            lambda: datasets.register_with_file(actor=dana, file=worlds.upload(), title="Twice", id=id)
            for _ in range(4)
        ]
    )
    assert {getattr(m, "pk", m) for m in made} == {id}
    assert Dataset.objects.get().versions.count() == 1
    dataset = worlds.offered(cast)
    piotr, id = cast.actor("piotr"), uuid.uuid4()
    made = together(
        *[
            lambda: negotiations.ask(actor=piotr, dataset=dataset, terms=worlds.terms(), id=id)
            for _ in range(4)
        ]
    )
    assert {getattr(m, "pk", m) for m in made} == {id}
    assert dataset.negotiations.count() == 1


def test_a_giant_of_one_holds_up_nobody_and_no_one_goes_above_the_limit(
    transactional_db: None, settings: Any
) -> None:
    """Two workers, three organisations; the first has a queue of giants, and each job says when it starts."""
    from jobs.runs.work import Work
    from kernel.actor import system
    from trusts.organisations.models import Organisation

    settings.JOB_PER_ORGANISATION = 2
    cast = assemble()
    version = worlds.registered(cast)
    Job.objects.all().delete()
    others = list(Organisation.objects.exclude(pk=cast.organisations["hudson"].pk)[:2])
    owners = [cast.organisations["hudson"]] * 4 + others * 3
    jobs = [Job(kind="intake", holder=o, version_of_data=version, weight=(5000 if n < 4 else 1) << 20) for n, o in enumerate(owners)]  # fmt: skip
    for job in jobs:
        runs.enqueue(job, actor=system())
    started: list[Any] = []
    most: list[int] = []
    guard = threading.Lock()

    def pretend(work: Work) -> None:
        with guard:
            started.append(work.job.holder_id)
            busy = Counter(Job.objects.filter(state="running").values_list("holder", flat=True))
            most.append(max(busy.values()))
        time.sleep(0.6 if work.job.weight > 1 << 20 else 0.05)
        runs.finish(work.job.pk, actor=work.actor, attempt=work.attempt, result={})

    def worker(number: int) -> list[str]:
        found = []
        for _ in range(200):
            found.append(runner.run_next(f"host:{number}"))
            if not Job.objects.exclude(state="done").exists():
                return found
            if found[-1] == "idle":
                time.sleep(0.02)
        return found

    before = runner.HANDLERS["intake"]
    runner.HANDLERS["intake"] = pretend
    try:
        answers = together(*[lambda n=n: worker(n) for n in range(2)])
    finally:
        runner.HANDLERS["intake"] = before
    assert Counter(a for found in answers for a in found if a != "idle") == {"done": len(jobs)}
    assert max(most) <= 2
    giant = cast.organisations["hudson"].pk
    assert started[:7].count(giant) <= 1, started
    assert Event.objects.filter(action="claim", subject_id__in=[j.pk for j in jobs]).count() == len(jobs)


def test_the_last_place_of_an_organisation_is_given_once(transactional_db: None, settings: Any) -> None:
    from kernel.actor import system

    settings.JOB_PER_ORGANISATION = 1
    cast = assemble()
    version = worlds.registered(cast)
    Job.objects.all().delete()
    for _ in range(4):
        runs.enqueue(
            Job(kind="intake", holder=cast.organisations["hudson"], version_of_data=version), actor=system()
        )
    taken = together(*[lambda n=n: fair.claim_next(f"host-{n}:1", actor=system()) for n in range(4)])
    done, refused = split(taken)
    assert not refused
    assert len([job for job in done if job]) == 1
    waits = fair.place_of(Job.objects.filter(state="queued").order_by("-created").first())
    assert (waits["running"], waits["full"], waits["before"]) == (1, True, 2)
