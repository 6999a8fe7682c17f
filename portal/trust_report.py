"""What a trust decided, how long it took, what was refused and what was used, in a period: the evidence of one trust."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime
from statistics import median

from django.db.models import Count, Q
from django.utils import timezone

from contracts.charters.models import Exemption
from contracts.negotiations.models import Agreement
from kernel.actor import Actor
from kernel.audit.models import Event
from kernel.roles import AUDITOR, OWNER, STEWARD
from portal import figures
from portal.figures import Period, Shown
from trusts.membership.models import Membership, Trust
from trusts.proposals.models import KINDS, Proposal

JOINED = {
    "apply": "Applications", "invite": "Invitations", "admit": "Admitted", "accept": "Invitations accepted", "refuse": "Not admitted",
    "suspend": "Suspended", "reinstate": "Reinstated", "leave": "Left", "expel": "Expelled",
}  # fmt: skip
REQUESTS = {
    "approved": "Approved",
    "refused": "Refused",
    "lapsed": "Lapsed undecided",
    "withdrawn": "Withdrawn",
}
NEGOTIATIONS = {
    "finalized": "Became a contract",
    "rejected": "Rejected",
    "withdrawn": "Withdrawn",
    "lapsed": "Lapsed",
}
VOTES = {
    "adopted": "adopted",
    "failed": "adopted, could not be carried out",
    "rejected": "rejected",
    "lapsed": "too few took part",
    "withdrawn": "withdrawn",
}
EXEMPTIONS = {"granted": "Granted", "refused": "Refused", "withdrawn": "Withdrawn"}


@dataclass
class Section:
    """One table of the report: a heading, what it says, rows of label and number as shown."""

    title: str
    text: str = ""
    rows: list[tuple[str, str]] = field(default_factory=list)


def knows_exactly(actor: Actor, trust: Trust) -> bool:
    """Those who answer for the trust see its numbers as they are: owners, stewards and auditors of who governs it."""
    return actor.organisation_id in trust.trustees() and actor.holds(OWNER, STEWARD, AUDITOR)


def periods(now: datetime) -> dict[str, Period]:
    """The calendar periods that anyone may choose, newest first: this and the last month, quarter and year."""
    today = timezone.localdate(now)
    quarter = (today.month - 1) // 3
    found = {}
    for months in (1, 3, 12):
        first = {
            1: today.replace(day=1),
            3: date(today.year, quarter * 3 + 1, 1),
            12: date(today.year, 1, 1),
        }[months]
        for start in (first, _back(first, months)):
            code = {1: f"{start:%Y-%m}", 3: f"{start:%Y}-Q{(start.month - 1) // 3 + 1}", 12: f"{start:%Y}"}[
                months
            ]
            label = {
                1: f"{start:%B %Y}",
                3: f"Quarter {(start.month - 1) // 3 + 1} of {start:%Y}",
                12: f"{start:%Y}",
            }[months]
            found[code] = between(start, _back(start, -months), label)
    return found


def _back(day: date, months: int) -> date:
    at = day.year * 12 + day.month - 1 - months
    return date(at // 12, at % 12 + 1, 1)


def between(first: date, after: date, label: str) -> Period:
    """Whole days in the reader's time zone, from the first to before `after`."""
    zone = timezone.get_current_timezone()
    start, end = (datetime(d.year, d.month, d.day, tzinfo=zone) for d in (first, after))
    return Period(start, end, label)


def report(trust: Trust, period: Period, shown: Shown) -> list[Section]:
    """All sections. Twelve queries."""
    under = Q(agreement__trust_id=trust.pk)
    outcomes, hours = figures.request_outcomes(under, period), figures.hours_to_decision(under, period)
    talks, talked = figures.negotiation_outcomes(Q(trust_id=trust.pk), period)
    used = figures.uses(under, period)
    by_clause = shown.ranked(figures.refusals_by_clause(under, period).items())
    by_dataset = shown.ranked(figures.uses_by_dataset(under, period))
    return [
        _counted("Members", "", _memberships(trust, period), JOINED, Shown(True)),
        _votes(trust, period),
        Section(
            "Requests for exports", "Decided by reviewers of the providers.",
            [*_rows(outcomes, REQUESTS, shown), ("Median time from submission to decision", shown.days(hours))],
        ),
        Section(
            "Refusals by clause", "Requests that rules or reviewers refused, by the term that did not hold.",
            [(label, shown.number(n)) for label, n in by_clause],
        ),
        Section(
            "Negotiations", "", [*_rows(talks, NEGOTIATIONS, shown), ("Median time to a contract", shown.days(talked))]
        ),
        _counted("Exceptions to the charter", "", _exemptions(trust, period), EXEMPTIONS, shown),
        Section(
            "Uses", "",
            [("Contracts in force now", shown.number(_in_force(trust))), ("Exports made", shown.number(used["exports"])),
             ("Downloads", shown.number(used["downloads"])), ("Datasets used", shown.number(used["datasets"]))],
        ),
        Section("Exports by dataset", "", [(label, shown.number(n)) for label, n in by_dataset]),
    ]  # fmt: skip


def _rows(counts: dict[str, int], labels: dict[str, str], shown: Shown) -> list[tuple[str, str]]:
    return [(label, shown.number(counts.get(code, 0))) for code, label in labels.items()]


def _counted(title: str, text: str, counts: dict[str, int], labels: dict[str, str], shown: Shown) -> Section:
    return Section(title, text, _rows(counts, labels, shown))


def _memberships(trust: Trust, period: Period) -> dict[str, int]:
    """Steps of memberships in the period: members know each other, so these are exact."""
    events = Event.objects.filter(
        period.q("created"), machine="membership", subject_version__isnull=False, action__in=list(JOINED),
        subject_id__in=Membership.objects.filter(trust=trust).values("pk"),
    )  # fmt: skip
    return {row["action"]: row["n"] for row in events.values("action").annotate(n=Count("pk")).order_by()}


def _votes(trust: Trust, period: Period) -> Section:
    """Votes that closed in the period. Every member reads each of them, so these are exact."""
    closed = Proposal.objects.filter(period.q("closed"), trust=trust, state__in=list(VOTES))
    rows = list(
        closed.order_by("-closed").values_list("kind", "state", "created", "closed", "result__turnout")[
            : figures.MOST
        ]
    )
    counts = Counter((kind, state) for kind, state, *_ in rows)
    voted = [row for row in rows if row[1] != "withdrawn"]
    turnout = [row[4] for row in voted if row[4] is not None]
    hours = [(row[3] - row[2]).total_seconds() / 3600 for row in voted]
    return Section(
        "Votes of the members", "Closed in this period, by what was proposed and what came of it.",
        [
            *((f"{label}: {said}", str(counts[kind, state])) for kind, label in KINDS for state, said in VOTES.items() if counts[kind, state]),
            *([("Median turnout", f"{median(turnout):.0f} %")] if turnout else []),
            *([("Median time from opening to the result", Shown(True).days(hours))] if hours else []),
        ],
    )  # fmt: skip


def _exemptions(trust: Trust, period: Period) -> dict[str, int]:
    found = Exemption.objects.filter(period.q("changed"), trust=trust, state__in=list(EXEMPTIONS))
    return {row["state"]: row["n"] for row in found.values("state").annotate(n=Count("pk")).order_by()}


def _in_force(trust: Trust) -> int:
    return Agreement.objects.filter(trust=trust, state="in_force").count()
