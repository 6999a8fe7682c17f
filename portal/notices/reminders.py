"""What a date alone makes worth telling: before it, those who must act; after it, the owners of their organisation.

Each watch finds objects and the mark that they have reached; each person is told once for each mark. Reminders that belong
to a step of a machine (replies, signatures, duties) are that machine's own and come by topic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import F, Model, QuerySet
from django.utils import timezone

from contracts.negotiations.models import Agreement, Duty
from contracts.sharing import reviewing
from contracts.sharing.models import Request
from jobs.deliveries.models import Delivery
from trusts.membership.models import Membership
from trusts.proposals.models import Proposal
from trusts.rights.models import Grant

Watch = Callable[[datetime], Iterable[tuple[str, Any, str]]]
WATCHES: list[Watch] = []
MOST = 500


def watch(found: Watch) -> Watch:
    """Decorator: gives (topic, object, mark) for what is to be told now."""
    WATCHES.append(found)
    return found


def _reached(
    rows: QuerySet[Any], field: str, now: datetime, days: tuple[int, ...]
) -> Iterator[tuple[Any, str]]:
    """Rows whose date comes within the largest of `days`, with the smallest of them that has come."""
    near = rows.filter(**{f"{field}__gt": now, f"{field}__lte": now + timedelta(days=max(days))})
    for row in near.order_by(field)[:MOST]:
        left = getattr(row, field) - now
        day = min(one for one in days if left <= timedelta(days=one))
        yield row, f"{getattr(row, field):%Y%m%d}-{day}"


@watch
def requests_to_decide(now: datetime) -> Iterator[tuple[str, Model, str]]:
    """Three days and one day before a request lapses, whoever has to move is told."""
    found = Request.objects.select_related("agreement__dataset", "author")
    for row, mark in _reached(found.filter(state="submitted"), "due", now, (3, 1)):
        yield "request.reminder", row, mark
    for row, mark in _reached(found.filter(state="returned"), "due", now, (3, 1)):
        yield "request.answer_reminder", row, mark


@watch
def stages_late(now: datetime) -> Iterator[tuple[str, Model, str]]:
    """Once a stage of a review has taken longer than the charter gives it; near the end the other reminder says more."""
    found = (
        Request.objects.filter(state="submitted")
        .select_related("agreement__dataset")
        .prefetch_related("reviews")
    )
    for row in found.filter(due__gt=now + timedelta(days=3)).order_by("due")[:MOST]:
        due = reviewing.stage_due(row)
        if due and due <= now:
            yield "request.stage_late", row, f"{due:%Y%m%d}-{reviewing.standing(row).open}"


@watch
def requests_nobody_decided(now: datetime) -> Iterator[tuple[str, Model, str]]:
    """A request that lapsed is told to the owners of the organisation that let it."""
    gone = Request.objects.filter(state="lapsed", changed__gt=now - timedelta(days=2))
    for row in gone.exclude(plan_hash="").select_related("agreement__dataset", "author")[:MOST]:
        yield "request.lapsed", row, "lapsed"


@watch
def duties_still_late(now: datetime) -> Iterator[tuple[str, Model, str]]:
    """Three and ten days after a duty's date, the owners of both sides."""
    late = Duty.objects.filter(
        state="late", due__lte=now - timedelta(days=3), due__gt=now - timedelta(days=40)
    )
    for row in late.select_related("agreement__dataset")[:MOST]:
        assert row.due is not None
        yield "duty.escalated", row, "10" if now - row.due >= timedelta(days=10) else "3"


@watch
def contracts_ending(now: datetime) -> Iterator[tuple[str, Model, str]]:
    """Thirty and seven days before a contract runs out: time to renew it or to prepare the deletion."""
    found = Agreement.objects.filter(state="in_force").select_related("dataset")
    for row, mark in _reached(found, "ends", now, (30, 7)):
        yield "agreement.ending", row, mark


@watch
def exports_expiring(now: datetime) -> Iterator[tuple[str, Model, str]]:
    """One day before an export that a named person has not fetched expires."""
    found = Delivery.objects.filter(state="available").select_related("agreement__dataset", "request")
    for row, mark in _reached(found, "expires", now, (1,)):
        yield "delivery.expiring", row, mark


@watch
def votes_ending(now: datetime) -> Iterator[tuple[str, Model, str]]:
    """Two days before a vote ends, members that have not voted are told."""
    found = Proposal.objects.filter(state="open").select_related("trust", "member__organisation")
    for row, mark in _reached(found, "due", now, (2,)):
        yield "proposal.closing", row, mark


@watch
def invitations_unanswered(now: datetime) -> Iterator[tuple[str, Model, str]]:
    """A week after an organisation was invited, once more; the same for trustees who have not decided on an application."""
    since = {"changed__lte": now - timedelta(days=7), "changed__gt": now - timedelta(days=30)}
    found = Membership.objects.filter(**since).select_related("trust", "organisation")
    for row in found.filter(state__in=["invited", "applied"])[:MOST]:
        yield f"membership.{row.state}_reminder", row, f"{row.changed:%Y%m%d}"


@watch
def conditions_overdue(now: datetime) -> Iterator[tuple[str, Model, str]]:
    """The day after a condition of a membership should have been met, both the member and those who govern are told."""
    today = timezone.localdate(now)
    found = Membership.objects.filter(state__in=["active", "suspended"]).exclude(conditions=[])
    for row in found.select_related("trust", "organisation").order_by("pk")[:MOST]:
        for one in row.open_conditions():
            if date.fromisoformat(one["due"]) < today:
                yield "membership.condition_overdue", row, f"{one['number']}-{one['due']}"


@watch
def hearings_ending(now: datetime) -> Iterator[tuple[str, Model, str]]:
    """Two days before the time to reply to the grounds is over, once more."""
    found = Membership.objects.filter(state__in=["active", "suspended"], hearing__has_key="until")
    for row in found.exclude(hearing__has_any_keys=["replied", "closed"]).select_related(
        "trust", "organisation"
    )[:MOST]:
        until = datetime.fromisoformat(row.hearing["until"])
        if now < until <= now + timedelta(days=2):
            yield "membership.hearing_reminder", row, f"{until:%Y%m%d%H%M}"


@watch
def rights_ending(now: datetime) -> Iterator[tuple[str, Model, str]]:
    """Seven days and one day before a right on one object ends, its holder and who gave it; not what was given for less than that."""
    found = Grant.objects.filter(state="active").select_related("user", "organisation", "granted_by")
    for days in (7, 1):
        given = found.filter(created__lt=F("until") - timedelta(days=days))
        for row, mark in _reached(given, "until", now, (7, 1)):
            if mark.endswith(f"-{days}"):
                yield "grant.ending", row, mark
