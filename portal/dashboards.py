"""What each kind of reader wants to see first: steward, partner, those who run a trust, the operator. All from the same figures."""

from __future__ import annotations

import platform
import shutil
from collections import Counter
from datetime import datetime, timedelta
from statistics import mean, median
from typing import Any

import django
from django.conf import settings
from django.db.models import Count, F, Max, Min, Q
from django.utils import timezone

from contracts.charters.models import Exemption
from contracts.negotiations import selectors as negotiated
from contracts.sharing import selectors as shared
from contracts.sharing.models import Request
from jobs.deliveries import selectors as delivered
from jobs.runs import selectors as runs
from jobs.runs.models import Job, WorkerBeat
from kernel.actor import Actor
from kernel.audit import selectors as audit
from kernel.audit import trail
from kernel.audit.models import Event
from kernel.models import Outbox
from portal import figures
from portal.figures import Period, Shown
from portal.models import Notice
from trusts.datasets.models import Dataset, DatasetVersion
from trusts.membership.models import Membership, Trust
from trusts.membership.selectors import governed_trust_ids, know
from trusts.proposals.models import Proposal

WEEK, SEASON, SOON = timedelta(days=7), timedelta(days=90), timedelta(days=60)
STEWARD, PARTNER, TRUST, OPERATOR = "steward", "partner", "trust", "operator"
LABELS = {
    STEWARD: "What we share",
    PARTNER: "What we receive",
    TRUST: "Trusts we run",
    OPERATOR: "This installation",
}
MOST_TRUSTS, MOST_VOTES = 20, 8


def views_of(actor: Actor) -> dict[str, list[Any]]:
    """The overviews this person may open, each with what it is about; the first is theirs if they choose none. Three queries."""
    found: dict[str, list[Any]] = {}
    mine = actor.organisation_id
    if mine is not None:
        holds = Dataset.objects.filter(organisation_id=mine).exists()
        run = governed_trust_ids(mine)
        about = list(
            Trust.objects.filter(pk__in=run).order_by("name").values_list("pk", flat=True)[:MOST_TRUSTS]
        )
        order = [STEWARD, PARTNER, TRUST] if holds else [TRUST, PARTNER, STEWARD]
        found = {one: about if one == TRUST else [] for one in order if about or one != TRUST}
    if actor.is_operator:
        found[OPERATOR] = []
    return found


def _last(now: datetime, span: timedelta = SEASON) -> Period:
    return Period(now - span, now + timedelta(seconds=1))


def steward(actor: Actor, now: datetime) -> dict[str, Any]:
    """Who uses our data, what ends, what is due, how good it is, how fast we decide. Twelve queries."""
    mine = actor.organisation_id
    contracts = negotiated.agreements(actor).filter(provider_id=mine)
    days = runs.jobs(actor).filter(created__gt=now - WEEK)
    done = list(days.filter(state="done", started__isnull=False, finished__isnull=False)
                .values_list("started", "finished")[:figures.MOST])  # fmt: skip
    seconds = [(finished - started).total_seconds() for started, finished in done]
    hours = figures.hours_to_decision(Q(provider_id=mine), _last(now))
    return {
        "contracts": contracts.aggregate(live=Count("pk", filter=Q(state="in_force")), ending=Count("pk", filter=Q(state="in_force", ends__lt=now + SOON))),
        "ending": contracts.filter(state="in_force", ends__lt=now + SOON).order_by("ends")[:5],
        "jobs": {"done": len(done), "failed": days.filter(state="failed").count(), "seconds": round(median(seconds)) if seconds else None},
        "quality": _quality(mine),
        "uses": contracts.values("consumer__name", "dataset__title_text")
            .annotate(n=Count("deliveries__downloads"), last=Max("deliveries__downloads__created"))
            .filter(n__gt=0).order_by("-n", "consumer__name")[:6],
        "duties": negotiated.duties(actor).filter(state__in=["open", "late", "declared"], agreement__provider_id=mine).order_by(F("due").asc(nulls_last=True))[:5],
        "decided": len(hours), "time": Shown(True).days(hours),
        "refusals": figures.refusals_by_clause(Q(provider_id=mine), _last(now)).most_common(5),
        "events": trail.newest(actor),
    }  # fmt: skip


def _quality(organisation: Any) -> dict[str, Any]:
    """The mean score of the newest versions, and how the versions before did, oldest first. One query."""
    rows = DatasetVersion.objects.filter(dataset__organisation_id=organisation, state="profiled").order_by(
        "-created"
    )
    scores = [
        (pk, float(score))
        for pk, score in rows.values_list("dataset_id", "profile__score__value")[:200]
        if score is not None
    ]
    newest: dict[Any, float] = {}
    for pk, score in scores:
        newest.setdefault(pk, score)
    trend = [score for _, score in reversed(scores[:12])]
    return {
        "score": mean(newest.values()) if newest else None,
        "trend": trend if len(trend) > 1 else [],
        "datasets": len(newest),
    }


def partner(actor: Actor, now: datetime) -> dict[str, Any]:
    """What we asked for and where it is, what can be fetched, what ends, what we owe. Eight queries."""
    mine = actor.organisation_id
    contracts = negotiated.agreements(actor).filter(consumer_id=mine)
    asked = shared.requests(actor).filter(consumer_id=mine)
    open_ = ["draft", "submitted", "returned"]
    hours = figures.hours_to_decision(Q(consumer_id=mine), _last(now))
    fetch = delivered.deliveries(actor).filter(consumer_id=mine, state="available", expires__gt=now)
    return {
        "contracts": contracts.aggregate(live=Count("pk", filter=Q(state="in_force")), ending=Count("pk", filter=Q(state="in_force", ends__lt=now + SOON))),
        "ending": contracts.filter(state="in_force", ends__lt=now + SOON).order_by("ends")[:5],
        "states": {row["state"]: row["n"] for row in asked.values("state").annotate(n=Count("pk")).order_by()},
        "requests": asked.filter(state__in=open_).order_by(F("due").asc(nulls_last=True), "-changed")[:6],
        "exports": fetch.order_by("expires")[:6],
        "duties": negotiated.duties(actor).filter(state__in=["open", "late"], agreement__consumer_id=mine).order_by(F("due").asc(nulls_last=True))[:5],
        "decided": len(hours), "time": Shown(True).days(hours),
        "events": trail.newest(actor),
    }  # fmt: skip


def trusts(ids: list[Any], now: datetime, shown: Shown) -> dict[str, Any]:
    """For each trust that we run: its members, what waits longer than its charter says, what is voted on. Eleven queries."""
    found = list(Trust.objects.filter(pk__in=ids).order_by("name"))
    know(found)
    goals = {one.pk: one.governance()["deadlines"] for one in found}
    states: dict[Any, Counter[str]] = {pk: Counter() for pk in ids}
    for row in (
        Membership.objects.filter(trust_id__in=ids)
        .values("trust_id", "state")
        .annotate(n=Count("pk"))
        .order_by()
    ):
        states[row["trust_id"]][row["state"]] += row["n"]
    slow: Counter[Any] = Counter()
    applied = Membership.objects.filter(trust_id__in=ids, state="applied").values_list("trust_id", "changed")
    for pk, since in applied[: figures.MOST]:
        slow[pk] += now - since > timedelta(days=goals[pk]["reply_days"])
    stuck: Counter[Any] = Counter()
    waiting = Request.objects.filter(agreement__trust_id__in=ids, state="submitted")
    for pk, since in waiting.values_list("agreement__trust_id", "changed")[: figures.MOST]:
        stuck[pk] += now - since > timedelta(days=goals[pk]["review_days"])
    asked = (
        Exemption.objects.filter(trust_id__in=ids, state="asked")
        .values("trust_id")
        .annotate(n=Count("pk"))
        .order_by()
    )
    voting = {row["trust_id"]: row["n"] for row in asked}
    under = Q(agreement__trust_id__in=ids)
    hours = figures.hours_to_decision(under, _last(now))
    refusals = shown.ranked(figures.refusals_by_clause(under, _last(now)).items())
    return {
        "trusts": [
            {"trust": one, "members": states[one.pk]["active"], "applied": states[one.pk]["applied"], "suspended": states[one.pk]["suspended"],
             "slow": slow[one.pk], "stuck": shown.number(stuck[one.pk]), "any_stuck": stuck[one.pk] > 0, "voting": voting.get(one.pk, 0),
             "reply_days": goals[one.pk]["reply_days"], "review_days": goals[one.pk]["review_days"]}
            for one in found
        ],
        "proposals": _open_votes(found),
        "refusals": [(label, shown.number(n)) for label, n in refusals[:6]],
        "decided": shown.number(len(hours)), "time": shown.days(hours),
    }  # fmt: skip


def _open_votes(trusts: list[Trust]) -> dict[str, Any]:
    """The votes that end soonest, with how many of the votes are in; how many more there are. Of a secret ballot that is
    not told before it is closed. Two queries; the trusts are known."""
    by_id = {one.pk: one for one in trusts}
    rows = Proposal.objects.filter(trust_id__in=list(by_id), state="open").select_related(
        "member__organisation"
    )
    found = list(rows.prefetch_related("seats").order_by("due", "pk")[: MOST_VOTES + 1])
    for one in found:
        one.trust = by_id[one.trust_id]
    shown = [{"proposal": one, "tally": None if one.secret else one.tally()} for one in found[:MOST_VOTES]]
    return {"rows": shown, "more": len(found) > MOST_VOTES}


def operator(now: datetime) -> dict[str, Any]:
    """Queues, workers, failures, storage and versions; of the data and its parties nothing. Seven queries."""
    disk = shutil.disk_usage(settings.COMMONHOLD_VAR)
    outbox = Outbox.objects.filter(sent__isnull=True).aggregate(
        n=Count("pk"), oldest=Min("created"), tried=Max("attempts")
    )
    failed = Job.objects.filter(state="failed", changed__gt=now - timedelta(days=1))
    waiting = Job.objects.filter(state__in=["waiting", "queued", "running", "checking"])
    return {
        "outbox": outbox,
        "mails": Notice.objects.filter(way="now", mailed=None, created__lt=now - timedelta(minutes=15), created__gt=now - timedelta(days=2)).count(),
        "unsealed": Event.objects.filter(leaf__isnull=True).count(), "head": audit.head(),
        "workers": [{"name": one.worker, "seen": one.seen, "late": now - one.seen > timedelta(seconds=60)} for one in WorkerBeat.objects.order_by("worker")[:50]],
        "queues": [(row["state"], row["n"], row["oldest"]) for row in waiting.values("state").annotate(n=Count("pk"), oldest=Min("changed")).order_by("state")],
        "failures": [(dict(Job._meta.get_field("kind").choices or [])[row["kind"]], row["n"]) for row in failed.values("kind").annotate(n=Count("pk")).order_by("-n")],
        "disk": {"free": disk.free, "total": disk.total, "share": round(100 * disk.free / disk.total)},
        "versions": [("Python", platform.python_version()), ("Django", django.get_version()), ("Commonhold", _version())],
    }  # fmt: skip


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("commonhold")
    except PackageNotFoundError:
        return "from its folder"


def build(view: str, about: list[Any], actor: Actor) -> dict[str, Any]:
    """What one overview shows."""
    now = timezone.now()
    if view == STEWARD:
        return steward(actor, now)
    if view == PARTNER:
        return partner(actor, now)
    if view == TRUST:
        return trusts(about, now, Shown(actor.holds("owner", "steward", "auditor")))
    return operator(now)
