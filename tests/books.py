"""What has to be true of a trust after every step, worked out from the rows alone: none of the portal's rules is asked."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Sum
from django.utils import timezone

from contracts.negotiations.models import Agreement, Use
from contracts.sharing.models import Request, Review
from jobs.deliveries.models import Delivery, Download
from kernel import registry
from kernel.audit.models import Event
from tests.society import HEARING_DAYS, Society
from trusts.membership.models import Membership
from trusts.organisations.models import OrganisationMember
from trusts.proposals.models import Proposal
from trusts.rights.models import Grant

Row = tuple[Any, ...]
# What a worker reports while it works: no change of state, and no event.
REPORTED = {"job": {"progress", "log", "stages", "usage", "lease_until", "changed"}}


class Books:
    """Every row that a machine governs and every event, as they were after the last step; `close` holds them to each other."""

    def __init__(self, society: Society) -> None:
        self.society = society
        self.tables: dict[str, tuple[str, list[str]]] = {}
        self.ids: dict[Any, UUID] = {}
        for machine in registry.machines():
            meta, left_out = registry.entry(machine.name).model._meta, REPORTED.get(machine.name, set())
            columns = ["id", "version", "state"]
            columns += [f.column for f in meta.concrete_fields if f.column not in left_out.union(columns)]
            self.tables[machine.name] = (
                f"SELECT {', '.join(columns)} FROM {meta.db_table} ORDER BY created",
                columns,
            )
        self.rows = self._rows()
        self.events = self._events()
        self.new: list[dict[str, Any]] = []
        # What each member said in each vote, as it was told: a choice, or the organisation that votes for it.
        self.said: dict[UUID, dict[UUID, Any]] = defaultdict(dict)
        self.active = self._active()
        self.open_votes: set[UUID] = set()

    def _rows(self) -> dict[str, dict[UUID, Row]]:
        """As the database holds them: nothing is read through the models that a rule reads."""
        found: dict[str, dict[UUID, Row]] = {}
        with connection.cursor() as cursor:
            for name, (query, _) in self.tables.items():
                cursor.execute(query)
                found[name] = {self._id(row[0]): row for row in cursor.fetchall()}
        return found

    def _id(self, raw: Any) -> UUID:
        if raw not in self.ids:
            self.ids[raw] = raw if isinstance(raw, UUID) else UUID(raw)
        return self.ids[raw]

    @staticmethod
    def _events() -> dict[UUID, dict[str, Any]]:
        wanted = ("pk", "created", "machine", "action", "subject_id", "subject_version", "from_state", "to_state", "actor_id",
                  "organisation_id")  # fmt: skip
        return {row["pk"]: row for row in Event.objects.order_by("created").values(*wanted)}

    def _active(self) -> set[UUID]:
        found = Membership.objects.filter(trust_id=self.society.trust.pk, state="active")
        return set(found.values_list("organisation_id", flat=True))

    def in_state(self, machine: str, *states: str) -> list[UUID]:
        """The rows of a machine in these states, oldest first."""
        return [pk for pk, row in self.rows[machine].items() if row[2] in states]

    def close(self, refused: bool = False) -> None:
        """Check everything after a step; `refused`: it must have left nothing."""
        rows, events = self._rows(), self._events()
        self.new = [event for pk, event in events.items() if pk not in self.events]
        self._each_change_has_one_event(rows, refused)
        self.rows, self.events = rows, events
        for event in self.new:
            check = getattr(self, f"_on_{event['machine']}_{event['action']}", None)
            if check is not None:
                check(event)
        touched = {event["machine"] for event in self.new}
        if touched & {"request", "membership", "grant"}:
            self._reviews()
        if touched & {"agreement", "delivery", "request", "job"}:
            self._uses_add_up()
        if touched & {"proposal", "membership"}:
            self._votes_add_up()
        self.active = self._active()

    def _each_change_has_one_event(self, rows: dict[str, dict[UUID, Row]], refused: bool) -> None:
        versions: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
        for event in self.new:
            if event["subject_version"] is not None:
                versions[event["subject_id"]].append(event)
        moved = set()
        for name, found in rows.items():
            before = self.rows[name]
            assert before.keys() <= found.keys(), f"a {name} is gone"
            for pk, row in found.items():
                old = before.get(pk)
                if row == old:
                    continue
                moved.add(pk)
                was = old[1] if old else 0
                told = sorted(versions[pk], key=lambda event: event["subject_version"])
                numbers = [event["subject_version"] for event in told]
                assert row[1] > was, f"a {name} was changed without an event: {self._what(name, old, row)}"
                assert numbers == list(range(was + 1, row[1] + 1)), (
                    f"{name}: versions {was} to {row[1]} by {numbers}"
                )
                states = [old[2] if old else "", *(event["to_state"] for event in told)]
                assert states[:-1] == [event["from_state"] for event in told], f"{name}: {states}"
                assert row[2] == states[-1], f"{name} is {row[2]}, and its last event says {states[-1]}"
        assert set(versions) <= moved, "an event tells of a change that there was not"
        assert not (refused and (moved or self.new)), f"what was refused left something: {self.new}"

    def _what(self, name: str, old: Row | None, row: Row) -> list[str]:
        return [
            c for c, a, b in zip(self.tables[name][1], old or (None,) * len(row), row, strict=True) if a != b
        ]

    # — what leaves

    def _on_delivery_deliver(self, event: dict[str, Any]) -> None:
        self._may_leave(Delivery.objects.select_related("agreement", "request").get(pk=event["subject_id"]))

    def _on_delivery_download(self, event: dict[str, Any]) -> None:
        found = Delivery.objects.select_related("agreement", "request").get(pk=event["subject_id"])
        self._may_leave(found)
        named = set(found.request.named.values_list("user_id", flat=True))
        assert event["actor_id"] in named, "fetched by somebody who is not named"

    def _may_leave(self, delivery: Delivery) -> None:
        """A live membership on both sides, a contract in force, and every review that the charter asks for."""
        agreement, now = delivery.agreement, timezone.now()
        both = {agreement.provider_id, agreement.consumer_id}
        members = Membership.objects.filter(
            trust_id=agreement.trust_id, organisation_id__in=both, state="active"
        )
        assert set(members.values_list("organisation_id", flat=True)) == both, "left without both memberships"
        assert agreement.state == "in_force" and agreement.starts <= now < agreement.ends, (
            "left without a contract"
        )
        assert (
            delivery.request.agreement_id == agreement.pk
            and delivery.request.consumer_id == agreement.consumer_id
        )
        self._was_reviewed(delivery.request)

    def _was_reviewed(self, request: Request) -> None:
        assert request.state == "approved", f"left while the request is {request.state}"
        given = list(request.reviews.filter(counts=True))
        assert len(given) == len({one.reviewer_id for one in given}), "somebody answered twice"
        stages = request.workflow["stages"]
        assert [s["count"] for s in stages] == [2, 1] and stages[0]["who"] == "reviewer", (
            "not what the charter asks for"
        )
        for number, stage in enumerate(stages):
            answers = [one for one in given if one.stage == number]
            assert len(answers) >= stage["count"] + stage.get("extra", 0), (
                f"stage {number} has {len(answers)} answers"
            )
            assert answers[-1].verdict == "approve", "approved against the last answer"
            assert stage.get("against") or all(one.verdict == "approve" for one in answers), (
                "approved against an answer"
            )
            sides = (
                {request.provider_id}
                if stage["who"] != "trustee"
                else {UUID(t) for t in request.workflow["trustees"]}
            )
            assert {one.organisation_id for one in answers} <= sides - {request.consumer_id}, (
                "by the wrong organisation"
            )

    def _on_request_approve(self, event: dict[str, Any]) -> None:
        self._was_reviewed(Request.objects.get(pk=event["subject_id"]))

    def _reviews(self) -> None:
        """Nobody reviews for their own side; a named reviewer has the right at that moment."""
        now = timezone.now()
        asked = [e["subject_id"] for e in self.new if e["machine"] == "request"]
        for review in Review.objects.filter(request_id__in=asked).select_related("request"):
            request = review.request
            homes = OrganisationMember.objects.filter(user_id=review.reviewer_id, state="active")
            own = set(homes.values_list("organisation_id", flat=True))
            assert review.organisation_id != request.consumer_id and request.consumer_id not in own, (
                "reviewed for its own side"
            )
            assert review.reviewer_id != request.author_id, "reviewed what they wrote"
            newly = any(
                e["subject_id"] == request.pk and e["actor_id"] == review.reviewer_id for e in self.new
            )
            if (
                newly
                and not homes.filter(
                    organisation_id=review.organisation_id, roles__role__in=["owner", "steward", "reviewer"]
                ).exists()
            ):
                rights = Grant.objects.filter(
                    user_id=review.reviewer_id, organisation_id=review.organisation_id, kind="reviewer"
                )
                on = {request.agreement_id, request.agreement.dataset_id}
                assert rights.filter(object_id__in=on, state="active", until__gt=now).exists(), (
                    "reviewed without a right to"
                )

    # — what is counted

    def _uses_add_up(self) -> None:
        for agreement in Agreement.objects.all():
            sums = Counter(
                {(u["counter"], u["phase"]): u["n"] for u in
                 Use.objects.filter(agreement=agreement).values("counter", "phase").annotate(n=Sum("amount")).order_by()}
            )  # fmt: skip
            made = list(
                Delivery.objects.filter(agreement=agreement).values(
                    "downloads_made", "downloads_allowed", "rows", "pk"
                )
            )
            counted, held = sums["exports", "committed"], sums["exports", "reserved"]
            assert counted == len(made), f"{counted} exports counted, {len(made)} delivered"
            assert counted + held == agreement.exports_used, "used is not what is counted and reserved"
            assert counted + held <= agreement.terms["exports"]["at_most"], "more than the contract has"
            assert sums["rows", "committed"] == sum(one["rows"] for one in made)
            assert sums["uses", "committed"] == sum(one["downloads_made"] for one in made)
            for one in made:
                assert (
                    Download.objects.filter(delivery=one["pk"]).count()
                    == one["downloads_made"]
                    <= one["downloads_allowed"]
                )
            waiting = Use.objects.filter(agreement=agreement, counter="exports", phase="reserved").values(
                "about"
            )
            assert not Request.objects.filter(pk__in=waiting).exclude(state="approved").exists(), (
                "reserved for what is not approved"
            )

    def _votes_add_up(self) -> None:
        """Each closed vote says what its members said, each once, of those that were members when it closed."""
        for proposal in Proposal.objects.prefetch_related("seats").select_related("member"):
            seats = list(proposal.seats.all())
            people = [seat.user_id for seat in seats if seat.user_id]
            assert len(people) == len(set(people)), "one person acted for two members in one vote"
            about = proposal.member.organisation_id if proposal.member else None
            electorate = {seat.organisation_id for seat in seats} - {about}
            result, was_open = proposal.result, proposal.pk in self.open_votes
            if result:
                cast = result["for"] + result["against"] + result["abstain"]
                assert cast <= result["entitled"] <= len(electorate), (
                    f"{cast} votes of {len(electorate)} members"
                )
                ballots = result.get("ballots", [])
                assert not ballots or len({b["code"] for b in ballots}) == len(ballots) == cast, (
                    "the ballots are not the votes"
                )
                passes = (
                    result["for"] * 2 > result["for"] + result["against"]
                    and cast * 2 >= result["entitled"] > 0
                )
                assert passes == (proposal.state in ("adopted", "failed")), f"{proposal.state} with {result}"
            closing = [
                e for e in self.new if e["machine"] == "proposal" and e["to_state"] not in ("open", "")
            ]
            if result and was_open and len(closing) == 1:
                said = self.said[proposal.pk]
                entitled = {pk for pk in electorate if pk in self.active and said.get(pk) != "out"}
                choice = Counter(self._choice(said, pk, entitled) for pk in entitled)
                told = {
                    "entitled": len(entitled),
                    **{name: choice[name] for name in ("for", "against", "abstain")},
                }
                assert told == {name: result[name] for name in told}, f"said {told}, counted {result}"
        self.open_votes = set(self.in_state("proposal", "open"))

    @staticmethod
    def _choice(said: dict[UUID, Any], pk: UUID, entitled: set[UUID]) -> Any:
        own = said.get(pk)
        if not isinstance(own, UUID):
            return own
        through = said.get(own) if own in entitled else None
        return through if not isinstance(through, UUID) else None

    # — who is in

    def _on_membership_admit(self, event: dict[str, Any]) -> None:
        self._decided(event["subject_id"], "admit")

    def _on_membership_expel(self, event: dict[str, Any]) -> None:
        """After the members' vote; or by a trustee, after a hearing that had an answer, or its days."""
        if event["actor_id"] is None:
            return self._decided(event["subject_id"], "expel")
        about = [
            e
            for e in self.events.values()
            if e["subject_id"] == event["subject_id"] and e["pk"] != event["pk"]
        ]
        opened: list[datetime] = [e["created"] for e in about if e["action"] == "hear"]
        assert opened, "expelled without a hearing"
        replied = any(e["action"] == "reply" and e["created"] > opened[-1] for e in about)
        assert replied or event["created"] >= opened[-1] + timedelta(days=HEARING_DAYS), (
            "expelled before it could reply"
        )
        return None

    @staticmethod
    def _decided(pk: UUID, kind: str) -> None:
        assert Proposal.objects.filter(member_id=pk, kind=kind, state="adopted").exists(), (
            f"{kind} without the members"
        )
