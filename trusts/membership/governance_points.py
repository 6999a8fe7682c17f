"""Every point that a charter's governance can settle: its place, its label, which values it takes, how it reads as a sentence.

One table: the check, the words, the comparison of versions and the form all read it, and none knows a point of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from trusts.membership.governance import BALLOTS, DECISIONS, MAJORITIES

ROLES = {"trustee": "trustees", "provider": "providers", "consumer": "consumers", "observer": "observers"}
DECIDED = {
    "admit": "Admitting a member", "expel": "Expelling a member", "charter": "Changing the charter",
    "exception": "An exception from the limits", "trustee": "Appointing a trustee", "wind_up": "Winding up",
}  # fmt: skip
BY = {"trustee": "one of those who run it decides", "vote": "the members vote"}
MAJORITY = {
    "half": "more than half", "two_thirds": "at least two thirds", "three_quarters": "at least three quarters", "all": "all",
}  # fmt: skip
BALLOT = {
    "open": "open: members see who voted what, and why",
    "secret": "secret: only who has voted is known",
}
WHO = {
    "reviewer": "a reviewer of the provider", "steward": "a steward of the provider", "owner": "an owner of the provider",
    "trustee": "a trustee",
}  # fmt: skip
LATE = {
    "remind": "they are reminded",
    "deputy": "their deputies are asked",
    "owner": "the owners are asked",
}
DISAGREE = {"refuse": "it is refused", "return": "it goes back with the questions", "third": "a third person decides"}  # fmt: skip
CONTRACTS = {"end": "end on that day", "run_out": "run until their own end"}
assert set(DECIDED) == set(DECISIONS) and set(MAJORITY) == set(MAJORITIES) and set(BALLOT) == set(BALLOTS)


@dataclass(frozen=True, slots=True)
class Part:
    """One value of a record: `kind` is text, code, number, yes, or choice among `options`."""

    key: str
    kind: str = "text"
    options: Mapping[str, str] | None = None
    # What holds in a record that does not say; None: it has to say.
    usual: Any = None


@dataclass(frozen=True, slots=True)
class Point:
    """One value of the governance. `path` with dots; `kind`: text, number, yes, choice, many, codes, records or weights.

    A number lies between `low` and `high`; `empty` says what it means that there is none, which is then allowed.
    """

    path: str
    group: str
    label: str
    kind: str
    options: Mapping[str, str] | None = None
    low: int = 0
    high: int = 3660
    empty: str = ""
    parts: tuple[Part, ...] = ()
    help: str = ""


def _review(code: str, what: str) -> Iterator[Point]:
    group = f"Review of requests: {what}"
    stages = (
        Part("name"), Part("who", "choice", WHO), Part("count", "number"), Part("blind", "yes"),
        Part("organisations", "choice", {"any": "from any organisation", "different": "from different organisations"}),
        Part("days", "number"), Part("late", "choice", LATE), Part("disagree", "choice", DISAGREE),
        Part("robot", "yes", usual=False),
    )  # fmt: skip
    yield Point(f"reviews.{code}.stages", group, "Stages", "records", parts=stages, help="One a line, in order: name; who (reviewer, steward, owner, trustee); how many; blind (yes, no); organisations (any, different); days; when late (remind, deputy, owner); when they disagree (refuse, return, third); whether a robot of the provider counts as one of them (yes, no; left out: no)")  # fmt: skip
    yield Point(f"reviews.{code}.checklist", group, "Check list", "records", parts=(Part("code", "code"), Part("text")), help="One a line: code; what is looked at. Empty: the portal's own list.")  # fmt: skip
    yield Point(f"reviews.{code}.precleared.purposes", group, "Purposes that skip all stages but the first", "codes", help="Codes of purposes, separated by commas.")  # fmt: skip
    yield Point(f"reviews.{code}.precleared.people", group, "People named before skip all stages but the first", "yes")  # fmt: skip


def _points() -> Iterator[Point]:
    run, join, vote = "Who it is for and who runs it", "Members", "Votes"
    yield Point("beneficiaries", run, "For whose good it is", "text")
    yield Point("governed_by", run, "Who runs it", "many", ROLES)
    yield Point("roles.offer", join, "Who offers data", "many", ROLES)
    yield Point("roles.ask", join, "Who asks for data", "many", ROLES)
    yield Point("members.most", join, "Most members", "number", low=2, high=100_000, empty="any number")
    yield Point("members.countries", join, "Countries that members may come from", "codes", help="Two letters each, separated by commas, such as DE, FR. Empty: any.")  # fmt: skip
    yield Point("members.kinds", join, "Kinds of organisations that may join", "codes", help="Such as hospital, university, company, separated by commas. Empty: any.")  # fmt: skip
    evidence = (Part("code", "code"), Part("label"), Part("help"))
    yield Point("members.evidence", join, "What an applicant hands in", "records", parts=evidence, help="One a line: code; label; what helps to hand in the right thing.")  # fmt: skip
    yield Point("members.checklist", join, "What is looked at before it is admitted", "records", parts=(Part("code", "code"), Part("text")), help="One a line: code; what is looked at.")  # fmt: skip
    yield Point("members.probation_days", join, "Days of probation", "number")
    yield Point("members.notice_days", join, "Days of notice before leaving", "number")
    yield Point("members.hearing_days", join, "Days to reply before it is expelled", "number")
    yield Point("members.silent_days", join, "Days without an answer until it counts as silent", "number", low=1)  # fmt: skip
    yield Point("votes.voters", vote, "Who votes", "many", ROLES)
    yield Point("votes.weights", vote, "Votes of each", "weights", ROLES, high=1000, help="A role has one vote unless it says otherwise, for example: trustee 2, provider 1.")  # fmt: skip
    yield Point("votes.delegation", vote, "A member may give its vote to another member", "yes")
    for code, label in DECIDED.items():
        at = f"votes.kinds.{code}"
        yield Point(f"{at}.by", label, "Decided by", "choice", BY)
        yield Point(f"{at}.quorum", label, "Percent of the votes that must take part", "number", high=100)
        yield Point(f"{at}.majority", label, "Votes for it, of those for and against", "choice", MAJORITY)
        yield Point(f"{at}.days", label, "Days to vote", "number", low=1, high=366)
        yield Point(f"{at}.ballot", label, "Ballot", "choice", BALLOT)
    yield from _review("ordinary", "ordinary data")
    yield from _review("personal", "data that may identify someone")
    yield Point("deadlines.reply_days", "Deadlines", "Days to answer in a negotiation", "number", low=1)
    yield Point("deadlines.review_days", "Deadlines", "Days to decide on a request", "number", low=1)
    fees = (Part("what"), Part("amount", "amount"), Part("currency"), Part("every"))
    yield Point("fees", "Fees", "Fees", "records", parts=fees, help="One a line: what for; amount; currency; how often. Recorded, not charged.")  # fmt: skip
    yield Point("conflict.concerned", "Conflict of interest", "The member concerned", "choice", {"no_vote": "has no vote"})  # fmt: skip
    yield Point("emergencies", "Emergencies", "Operators of the portal may open a single object in an emergency", "yes", help="For an hour; the organisations concerned and the trustees are told at once.")  # fmt: skip
    yield Point("dissolution.contracts", "When it is wound up", "Contracts", "choice", CONTRACTS)
    yield Point("dissolution.data", "When it is wound up", "What happens to data", "text")


POINTS: tuple[Point, ...] = tuple(_points())
BY_PATH = {point.path: point for point in POINTS}


def value_at(data: Mapping[str, Any], path: str) -> Any:
    """What stands at this place of a complete governance. Raises KeyError."""
    found: Any = data
    for key in path.split("."):
        found = found[key]
    return found


def put_at(data: dict[str, Any], path: str, value: Any) -> None:
    """Set the value at this place, making what leads to it."""
    *way, last = path.split(".")
    for key in way:
        data = data.setdefault(key, {})
    data[last] = value
