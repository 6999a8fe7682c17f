"""A whole trust in random order: members come, vote, share and go, time passes; what must hold is checked after every step.

The steps are the real verbs, tried by people who may and by people who may not; what is refused must leave nothing.
"""

from __future__ import annotations

import contextlib
import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from contracts.negotiations import agreements, offers
from contracts.negotiations import services as negotiations
from contracts.negotiations.models import Agreement, Negotiation
from contracts.sharing import services as sharing
from contracts.sharing.models import Request
from jobs.deliveries import services as deliveries
from jobs.deliveries.models import Delivery
from jobs.runs import runner
from jobs.runs import services as runs
from jobs.runs.models import Job
from kernel import outbox
from kernel.actor import Actor
from kernel.decision import Refused
from portal.tasks import sweep
from tests.books import Books
from tests.society import NAMES, Society, governance, terms
from trusts.datasets.models import Dataset
from trusts.membership import parting
from trusts.membership import services as membership
from trusts.membership.models import Membership
from trusts.proposals import services as proposals
from trusts.proposals.models import Proposal
from trusts.rights import services as rights
from trusts.rights.models import Grant

pytestmark = [pytest.mark.django_db, pytest.mark.rules, pytest.mark.timeout(900)]
WHY = "It is said why, and at such a length that it is a reason even where the engine advises otherwise."
CHOICES = ["for", "for", "against", "abstain"]
SOME = range(1000)
LIVES = 8
# Coins, and no numbers: hypothesis would try those that it finds in whatever modules are loaded, and no run would be the same.
coins = st.tuples(*[st.booleans()] * 6)
_now = timezone.now
# Everything that somebody may try: how often, what there has to be for it (a machine and states), and what is drawn for it.
MOVES: list[tuple[str, int, tuple[str, ...], dict[str, Any]]] = []


def move(weight: int, needs: tuple[str, ...] = (), **drawn: Any) -> Callable[[Any], Any]:
    def remember(does: Any) -> Any:
        MOVES.append((does.__name__, weight, needs, drawn))
        return does

    return remember


class WholeTrust(RuleBasedStateMachine):
    """One life of the trust, in a savepoint that is taken back. `reached` counts what happened in all lives."""

    society: Society
    number = 0
    reached: Counter[str] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.moved = timedelta()
        self.clock = patch("django.utils.timezone.now", lambda: _now() + self.moved)
        self.clock.start()
        self.life = transaction.atomic()
        self.life.__enter__()
        self.refused = self.begun = False
        self.steps = 0

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.life.__exit__(None, None, None)
        self.clock.stop()

    @initialize(drawn=coins)
    def begin(self, drawn: tuple[bool, ...]) -> None:
        """From here on its charter says how members are expelled, and how ballots are cast."""
        self.seed = f"{self.number} {drawn}"
        expel, ballot = ("vote", "trustee")[self.number % 2], ("open", "secret")[self.number // 2 % 2]
        self.society.govern(governance(expel, ballot))
        self.books, self.begun = Books(self.society), True

    @rule(drawn=coins)
    def step(self, drawn: tuple[bool, ...]) -> None:
        """One of the moves for which there is something; the weights let a life get as far as a delivery."""
        self.steps += 1
        chance = random.Random(f"{self.seed} {self.steps} {drawn}")
        possible = [one for one in MOVES if not one[2] or self.has(*one[2])]
        name, _, _, choices = chance.choices(possible, [weight for _, weight, _, _ in possible])[0]
        chosen = {key: chance.choice(one) for key, one in choices.items()}
        note(f"{name}: {chosen}")
        getattr(self, name)(**chosen)

    @invariant()
    def everything_holds(self) -> None:
        if not self.begun:
            return
        self.books.close(self.refused)
        self.refused = False
        for event in self.books.new:
            self.reached[f"{event['machine']}.{event['action']}"] += 1
            if event["from_state"] != event["to_state"]:
                self.reached[f"{event['machine']}: {event['to_state']}"] += 1

    # — ways to act

    def actor(self, name: str, part: str = "owner") -> Actor:
        return self.society.actor(name, part)

    def attempt(self, does: Callable[[], Any]) -> Any:
        """Do it, or nothing; what it returns, None if it was refused."""
        try:
            with transaction.atomic():
                return does()
        except Refused as refused:
            self.refused = True
            self.reached[f"refused {refused.decision.reasons[0].code}"] += 1
            return None

    def one(self, model: Any, machine: str, states: tuple[str, ...], pick: int) -> Any:
        found = self.books.in_state(machine, *states)
        return model.objects.get(pk=found[pick % len(found)])

    def has(self, machine: str, *states: str) -> bool:
        return bool(self.books.in_state(machine, *states))

    def someone_of(self, organisations: list[Any], pick: int) -> Actor:
        """One of the people of these organisations, acting for it."""
        found = self.society.parts({self.society.name_of(pk) for pk in organisations})
        return self.actor(*found[pick % len(found)])

    # — members

    @staticmethod
    def heard() -> Membership | None:
        """A member in whose hearing something has been said."""
        return (
            Membership.objects.filter(state__in=["active", "suspended"])
            .exclude(hearing={})
            .order_by("changed")
            .first()
        )

    @move(2, (), who=NAMES, role=["provider", "consumer"])
    def apply(self, who: str, role: str) -> None:
        if self.society.organisations[who].pk in self.books.active:
            return
        apply = lambda: membership.apply(self.society.trust.pk, actor=self.actor(who), role=role, message=WHY)  # noqa: E731
        if self.attempt(apply):
            outbox.dispatch()

    @move(1, ("membership", "applied"), pick=SOME)
    def trustee_admits_alone(self, pick: int) -> None:
        found = self.one(Membership, "membership", ("applied",), pick)
        self.attempt(lambda: membership.admit(found.pk, actor=self.actor("weather")))

    @move(2, (), pick=SOME, by=NAMES, kind=["expel", "expel", "trustee", "charter"])
    def propose(self, pick: int, by: str, kind: str) -> None:
        about = (
            self.one(Membership, "membership", ("active", "suspended"), pick) if kind != "charter" else None
        )
        given = {"text": f"As it was said {pick}."} if kind == "charter" else None
        self.attempt(lambda: proposals.propose(
            actor=self.actor(by), trust=self.society.trust, kind=kind, why=WHY, member=about, given=given))  # fmt: skip

    def _vote(self, pick: int, by: str, part: str, does: Callable[[Proposal, Actor], Any], said: Any) -> None:
        found = self.one(Proposal, "proposal", ("open",), pick)
        if pick % 5 and part == "owner":  # mostly by one that has a vote
            inside = sorted(self.society.name_of(pk) for pk in self.books.active)
            by = inside[pick % len(inside)]
        actor = self.actor(by, part)
        # Heard before: the last vote closes it at once.
        said_before = dict(self.books.said[found.pk])
        self.books.said[found.pk][actor.organisation_id] = said
        if self.attempt(lambda: does(found, actor)) is None:
            self.books.said[found.pk] = said_before

    @move(7, ("proposal", "open"), pick=SOME, by=NAMES, choice=CHOICES)
    def vote(self, pick: int, by: str, choice: str) -> None:
        self._vote(
            pick, by, "owner", lambda p, a: proposals.vote(p.pk, actor=a, choice=choice, reason=WHY), choice
        )

    @move(
        2,
        ("proposal", "open"),
        pick=SOME,
        by=["weather", "hudson", "meridian"],
        choice=CHOICES,
    )
    def vote_for_two(self, pick: int, by: str, choice: str) -> None:
        """The person who is an owner in three of them."""
        self._vote(
            pick,
            by,
            "everywhere",
            lambda p, a: proposals.vote(p.pk, actor=a, choice=choice, reason=WHY),
            choice,
        )

    @move(4, ("proposal", "open"), pick=SOME, by=NAMES, to=NAMES)
    def delegate(self, pick: int, by: str, to: str) -> None:
        """Mostly to one that has a vote, and often to one that has cast it."""
        said = self.books.said[self.one(Proposal, "proposal", ("open",), pick).pk]
        voted = sorted(self.society.name_of(pk) for pk, choice in said.items() if choice in CHOICES)
        inside = voted or sorted(self.society.name_of(pk) for pk in self.books.active)
        other = self.society.organisations[inside[pick % len(inside)] if pick % 4 else to]
        self._vote(pick, by, "owner", lambda p, a: proposals.delegate(p.pk, actor=a, to=other), other.pk)

    @move(1, ("proposal", "open"), pick=SOME, by=NAMES)
    def recuse(self, pick: int, by: str) -> None:
        self._vote(pick, by, "owner", lambda p, a: proposals.recuse(p.pk, actor=a, reason=WHY), "out")

    @move(2, (), pick=SOME, action=["suspend", "reinstate", "reinstate", "hear", "expel"])
    def trustee_acts(self, pick: int, action: str) -> None:
        back = action == "reinstate" and self.has("membership", "suspended")
        found = self.one(Membership, "membership", ("suspended",) if back else ("active", "suspended"), pick)
        found = (pick % 4 and action == "expel" and self.heard()) or found
        if found.role == "trustee" and pick % 7:
            return
        trustee = self.actor("weather")
        does = {
            "hear": lambda: parting.hear(found.pk, actor=trustee, grounds=WHY),
            "reinstate": lambda: membership.reinstate(found.pk, actor=trustee),
        }.get(action) or (lambda: getattr(membership, action)(found.pk, actor=trustee, reason=WHY))
        self.attempt(does)

    @move(2, (), pick=SOME)
    def reply(self, pick: int) -> None:
        found = self.heard() or self.one(Membership, "membership", ("active", "suspended"), pick)
        self.attempt(
            lambda: parting.reply(found.pk, actor=self.someone_of([found.organisation_id], pick), text=WHY)
        )

    @move(2, (), pick=SOME)
    def leave(self, pick: int) -> None:
        found = self.one(Membership, "membership", ("active", "suspended"), pick)
        if pick % 3 == 0:
            self.attempt(
                lambda: membership.leave(
                    found.pk, actor=self.actor(self.society.name_of(found.organisation_id)), reason=WHY
                )
            )

    # — what is offered and agreed

    @move(1, (), who=["hudson", "meridian", "kite"], most=range(1, 4))
    def publish(self, who: str, most: int) -> None:
        data, trust = self.society.data[who].pk, self.society.trust
        self.attempt(lambda: offers.publish(data, actor=self.actor(who), terms=terms(most), trust=trust))

    @move(2, ("dataset", "listed"), pick=SOME, by=NAMES, most=range(1, 4))
    def ask(self, pick: int, by: str, most: int) -> None:
        found = self.one(Dataset, "dataset", ("listed",), pick)
        self.attempt(lambda: negotiations.ask(actor=self.actor(by), dataset=found, terms=terms(most)))

    @move(5, ("negotiation", "requested"), pick=SOME)
    def accept(self, pick: int) -> None:
        found = self.one(Negotiation, "negotiation", ("requested",), pick)
        self.attempt(lambda: self.society.accept(found))

    @move(5, ("agreement", "suspended"), pick=SOME)
    def resume(self, pick: int) -> None:
        """Also one that the portal suspended because a member is: then the membership alone is in the way."""
        found = self.one(Agreement, "agreement", ("suspended",), pick)
        actor = self.actor(self.society.name_of(found.provider_id))
        self.attempt(lambda: agreements.resume_agreement(found.pk, actor=actor))

    @move(1, ("agreement", "in_force"), pick=SOME, end=range(6))
    def stop(self, pick: int, end: int) -> None:
        found = self.one(Agreement, "agreement", ("in_force",), pick)
        verb = agreements.suspend if end else agreements.terminate
        side = found.consumer_id if not end and pick % 2 else found.provider_id
        self.attempt(lambda: verb(found.pk, actor=self.actor(self.society.name_of(side)), reason=WHY))

    # — what is asked for and delivered

    @move(3, ("agreement", "in_force"), pick=SOME)
    def request(self, pick: int) -> None:
        states = ("in_force", "suspended") if pick % 4 == 0 else ("in_force",)
        found = self.one(Agreement, "agreement", states, pick)
        self.attempt(lambda: self.society.ask(found, ("owner", "analyst")[pick % 2]))

    @move(
        3,
        ("request", "submitted"),
        pick=SOME,
        who=SOME,
        verdict=["approve", "approve", "send_back", "send_back", "refuse"],
    )
    def review(self, pick: int, who: int, verdict: str) -> None:
        """Mostly by those whom the open stage asks; else by anybody of the provider, of the trustee, or of those who ask."""
        found = self.one(Request, "request", ("submitted",), pick)
        if found.agreement.state != "in_force" and who % 8:
            return
        first = found.reviews.filter(counts=True, stage=0).count() < 2
        side = found.provider_id if first else self.society.organisations["weather"].pk
        actor = self.someone_of([found.provider_id, found.consumer_id, side], who)
        if who % 4:
            name = self.society.name_of(side)
            parts = [
                "owner",
                "reviewer",
                "owner",
                "reviewer",
                "everywhere" if (name, "everywhere") in self.society.users else "analyst",
            ]
            actors = [self.actor(name, part) for part in parts]
            said = set(found.reviews.filter(counts=True).values_list("reviewer_id", flat=True))
            # Now and then somebody who has answered, while the stage waits for a second.
            again = who % 3 == 0
            actor = next(
                one for one in [*actors[who % 5 :], actor] if (one.user_id in said) == again or one is actor
            )
        self.attempt(lambda: getattr(sharing, verdict)(found.pk, actor=actor, reason=WHY))

    @move(3, ("agreement", "in_force"), pick=SOME)
    def ask_and_approve(self, pick: int) -> None:
        """All who are asked say yes at once, or nothing happens: so contracts come to the end of what they allow."""
        found = self.one(Agreement, "agreement", ("in_force",), pick)
        side = self.society.name_of(found.provider_id)

        def at_once() -> None:
            made = self.society.ask(found)
            for name, part in ((side, "owner"), (side, "reviewer"), ("weather", "owner")):
                sharing.approve(made.pk, actor=self.actor(name, part), reason=WHY)

        self.attempt(at_once)

    @move(5, ("request", "submitted"), who=SOME)
    def approve_the_oldest(self, who: int) -> None:
        self.review(0, who, "approve")

    @move(3, ("request", "submitted"), who=SOME)
    def approve_the_newest(self, who: int) -> None:
        self.review(-1, who, "approve")

    @move(2, ("request", "returned"), pick=SOME)
    def submit_again(self, pick: int) -> None:
        found = self.one(Request, "request", ("returned",), pick)
        author = next(key for key, user in self.society.users.items() if user.pk == found.author_id)
        self.attempt(lambda: sharing.submit(found.pk, actor=self.actor(*author)))

    @move(2)
    def messages(self) -> None:
        """Jobs are queued, and those of what was stopped stop."""
        outbox.dispatch()

    @move(8, ("job", "queued"), pick=SOME, meanwhile=["", "", "", "", "contract", "member", "resumed"])
    def work(self, pick: int, meanwhile: str) -> None:
        """A worker does one job, whatever happened since it was queued: no message has told it yet."""
        found = self.one(Job, "job", ("queued",), pick)
        if meanwhile and found.request is not None:
            self.just_before(found.request.agreement, meanwhile)
        runner.run(found.pk, worker="test")

    def just_before(self, agreement: Agreement, happened: str) -> None:
        """The contract is suspended, or a member is; and the provider may put the contract back into force all the same."""
        provider = self.actor(self.society.name_of(agreement.provider_id))
        with contextlib.suppress(Refused), transaction.atomic():
            if happened == "contract":
                agreements.suspend(agreement.pk, actor=provider, reason=WHY)
                return
            here = Membership.objects.filter(
                trust=self.society.trust, organisation=agreement.consumer, state="active"
            )
            for pk in here.values_list("pk", flat=True):
                membership.suspend(pk, actor=self.actor("weather"), reason=WHY)
            if happened == "resumed":
                agreements.resume_agreement(agreement.pk, actor=provider)

    @move(1, ("job", "queued", "failed"), pick=SOME, again=(True, False))
    def cancel_or_retry(self, pick: int, again: bool) -> None:
        found = self.one(Job, "job", ("queued", "failed"), pick)
        if found.request is None:
            return
        actor = self.actor(self.society.name_of(found.request.consumer_id))
        if again:
            self.attempt(lambda: runs.retry(found.pk, actor=actor))
        elif pick % 3 == 0:
            self.attempt(lambda: runs.cancel(found.pk, actor=actor, reason=WHY))

    @move(7, ("delivery", "available", "expired"), pick=SOME, who=SOME)
    def fetch(self, pick: int, who: int) -> None:
        found = self.one(Delivery, "delivery", ("available", "expired"), pick)
        named = [
            key for key, user in self.society.users.items() if found.request.named.filter(user=user).exists()
        ]
        actor = (
            self.actor(*named[0]) if who % 3 else self.someone_of([found.consumer_id, found.provider_id], who)
        )
        self.attempt(lambda: deliveries.download(found.pk, actor=actor))

    # — rights, and time

    @move(1, ("agreement", "in_force"), pick=SOME, days=range(1, 31))
    def name_a_reviewer(self, pick: int, days: int) -> None:
        found = self.one(Agreement, "agreement", ("in_force",), pick)
        who = self.society.name_of(found.provider_id)
        self.attempt(lambda: rights.grant(
            actor=self.actor(who), machine="agreement", object_id=found.pk, kind="reviewer", person=self.society.users[who, "analyst"],
            until=timezone.now() + timedelta(days=days), reason=WHY))  # fmt: skip

    @move(1, ("grant", "active"), pick=SOME)
    def take_back_a_right(self, pick: int) -> None:
        found = self.one(Grant, "grant", ("active",), pick)
        self.attempt(
            lambda: rights.revoke(
                found.pk, actor=self.actor(self.society.name_of(found.organisation_id)), reason=WHY
            )
        )

    @move(2, (), days=[1, 1, 2, 4, 8, 11, 31])
    def time_passes(self, days: int) -> None:
        self.moved += timedelta(days=days)
        sweep()


MUST_BE_REACHED = {
    "membership.admit", "membership.apply", "membership.suspend", "membership.reinstate", "membership.expel", "membership.leave",
    "membership.hear", "membership.reply", "proposal.vote", "proposal.delegate", "proposal.recuse", "proposal: adopted",
    "proposal: rejected", "proposal: lapsed", "offer.publish", "negotiation.ask", "agreement: in_force", "agreement.suspend",
    "agreement.resume", "agreement.terminate", "agreement.hold", "agreement.dissolve", "request.submit", "request.approve",
    "request.send_back", "job: done", "job: cancelled", "job: failed", "delivery.deliver", "delivery.download", "delivery: expired",
    "agreement.release", "grant.grant", "grant.revoke", "refused request.own_organisation", "refused proposal.two_sides",
    "refused membership.inactive", "refused membership.not_heard", "refused votes.admit", "refused terms.exports", "refused request.answered",
}  # fmt: skip


def test_a_whole_trust_in_any_order() -> None:
    WholeTrust.society = Society()
    WholeTrust.reached = Counter()
    for WholeTrust.number in range(LIVES):
        run_state_machine_as_test(
            WholeTrust,
            # Two at a time: of more, hypothesis makes new ones of pieces of the others, and they are too much alike.
            settings=settings(
                max_examples=2, stateful_step_count=80, phases=[Phase.generate], derandomize=True, deadline=None, database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )  # fmt: skip
    missing = MUST_BE_REACHED - set(WholeTrust.reached)
    assert not missing, f"never reached: {sorted(missing)}; reached: {sorted(WholeTrust.reached.items())}"
