"""A charter's governance in words, and what differs between two versions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from trusts.membership.governance import Governance
from trusts.membership.governance_points import (
    BALLOT,
    BY,
    BY_PATH,
    DECIDED,
    DISAGREE,
    LATE,
    MAJORITY,
    POINTS,
    ROLES,
    WHO,
    Point,
    value_at,
)  # fmt: skip


def listed(names: Iterable[str], last: str = "and") -> str:
    """`a, b and c`."""
    found = list(names)
    return f"{', '.join(found[:-1])} {last} {found[-1]}" if len(found) > 1 else "".join(found)


def _days(count: int) -> str:
    return f"{count} day{'' if count == 1 else 's'}"


def _decision(code: str, how: Mapping[str, Any]) -> str:
    label = DECIDED[code]
    if how["by"] != "vote":
        return f"{label}: {BY[how['by']]}."
    return (
        f"{label}: the members vote for {_days(how['days'])}, in a ballot that is {how['ballot']}. It needs {how['quorum']} percent of all votes "
        f"to take part, and of those for and against {MAJORITY[how['majority']]} for it."
    )


def stage_words(stage: Mapping[str, Any]) -> str:
    """`Review: two reviewers of the provider, …`."""
    apart = " from different organisations" if stage["organisations"] == "different" else ""
    blind = ", who do not see each other's answers until all are in" if stage["blind"] else ""
    many = f"{stage['count']} × " if stage["count"] > 1 else ""
    robot = " The provider's robot may be one of them." if stage.get("robot") else ""
    return (
        f"{stage['name']}: {many}{WHO[stage['who']]}{apart}{blind}; {_days(stage['days'])}, then {LATE[stage['late']]}. "
        f"If answers differ, {DISAGREE[stage['disagree']]}.{robot}"
    )


def _review(review: Mapping[str, Any]) -> list[str]:
    said = [f"{number}. {stage_words(stage)}" for number, stage in enumerate(review["stages"], 1)]
    if review["checklist"]:
        said.append(f"Looked at: {listed(point['text'] for point in review['checklist'])}.")
    skips = list(review["precleared"]["purposes"]) + (["people named before"] if review["precleared"]["people"] else [])  # fmt: skip
    if skips:
        said.append(f"Only the first stage for: {listed(skips)}.")
    return said


def _votes(votes: Mapping[str, Any]) -> list[str]:
    counts = {role: votes["weights"].get(role, 1) for role in votes["voters"]}
    who = listed(ROLES[role] for role in votes["voters"])
    if set(counts.values()) == {1}:
        said = [f"The {who} vote; each organisation has one vote."]
    else:
        each = listed(f"{ROLES[role]} {count}" for role, count in counts.items())
        said = [f"The {who} vote. Votes of each organisation: {each}."]
    if votes["delegation"]:
        said.append("A member may give its vote to another one.")
    else:
        said.append("A vote cannot be given to another member.")
    return said + [_decision(code, how) for code, how in votes["kinds"].items() if code in DECIDED]


def _roles(roles: Mapping[str, Any]) -> list[str]:
    def who(does: str) -> str:
        return listed(ROLES[role] for role in roles[does]) or "nobody"

    return [
        f"Data is offered by {who('offer')}, and asked for by {who('ask')}; every member reads the catalogue."
    ]


def _members(rules: Mapping[str, Any]) -> list[str]:
    said = [f"There are at most {rules['most']} members."] if rules["most"] else []
    if rules["countries"]:
        said.append(f"Members come from {listed(rules['countries'], 'or')}.")
    if rules["kinds"]:
        said.append(f"A member is one of: {listed(rules['kinds'], 'or')}.")
    if rules["evidence"]:
        said.append(f"An applicant hands in: {listed(one['label'] for one in rules['evidence'])}.")
    if rules["checklist"]:
        said.append(f"Looked at before it is admitted: {listed(one['text'] for one in rules['checklist'])}.")
    if rules["probation_days"]:
        said.append(f"A new member is on probation for {_days(rules['probation_days'])}.")
    said.append(f"A member leaves {'with ' + _days(rules['notice_days']) + ' of notice' if rules['notice_days'] else 'at once'}.")  # fmt: skip
    if rules["hearing_days"]:
        said.append(f"Before it is expelled it has {_days(rules['hearing_days'])} to reply.")
    said.append(f"A member that does not answer for {_days(rules['silent_days'])} counts as silent.")
    return said


@dataclass(frozen=True, slots=True)
class Chapter:
    heading: str
    sentences: list[str]


def words(governance: Governance) -> list[Chapter]:
    """What the charter says on governing, chapter by chapter, for people who never read it as data."""
    runs = [f"It is run by the {listed(ROLES[role] for role in governance['governed_by'])}."]
    if governance["beneficiaries"]:
        runs.insert(0, f"It works for the good of {governance['beneficiaries'].rstrip('.')}.")
    ends = "Contracts end on that day." if governance["dissolution"]["contracts"] == "end" else "Contracts run until their own end."  # fmt: skip
    deadlines = governance["deadlines"]
    found = [
        Chapter("Who it is for and who runs it", runs),
        Chapter("Members", [*_roles(governance["roles"]), *_members(governance["members"])]),
        Chapter("Who decides", [*_votes(governance["votes"]), "The member concerned has no vote."]),
        Chapter("Review of requests for ordinary data", _review(governance["reviews"]["ordinary"])),
        Chapter("Review of requests for data that may identify someone", _review(governance["reviews"]["personal"])),
        Chapter("Deadlines", [f"An answer in a negotiation is due after {_days(deadlines['reply_days'])}, a decision on a request after {_days(deadlines['review_days'])}."]),
        Chapter("Fees", [f"{fee['what']}: {fee['amount']} {fee['currency']} {fee['every']}." for fee in governance["fees"]]),
        Chapter("Emergencies", [] if governance["emergencies"] else ["Operators of the portal can open nothing in it, not even in an emergency."]),
        Chapter("When it is wound up", [ends, *([f"Data: {governance['dissolution']['data']}"] if governance["dissolution"]["data"] else [])]),
    ]  # fmt: skip
    return [chapter for chapter in found if chapter.sentences]


def value_words(point: Point, value: Any) -> str:
    """One value as a reader reads it; the empty text for none."""
    options = point.options or {}
    if value is None:
        return point.empty
    match point.kind:
        case "yes":
            return "yes" if value else "no"
        case "choice":
            return options[value]
        case "many":
            return listed(options[one] for one in value)
        case "codes":
            return ", ".join(value)
        case "weights":
            return ", ".join(f"{options[role]} {count}" for role, count in value.items())
        case "records" if point.path.endswith("stages"):
            return " ".join(stage_words(stage) for stage in value)
        case "records":
            return "; ".join(" ".join(str(record[part.key]) for part in point.parts if part.key != "code" and record[part.key] != "") for record in value)  # fmt: skip
    return str(value)


@dataclass(frozen=True, slots=True)
class Change:
    """A row of a comparison, as components/difference.html reads it."""

    label: str
    says: str
    old_text: str
    new_text: str
    verdict: str = "other"

    @property
    def differs(self) -> bool:
        return self.old_text != self.new_text


def difference(old: Governance, new: Governance) -> list[Change]:
    """Every point, with its words before and after."""
    return [
        Change(point.group, point.label, *(value_words(point, value_at(one.data, point.path)) for one in (old, new)))
        for point in POINTS
    ]  # fmt: skip


def what_differs(old: Governance, new: Governance) -> list[str]:
    """The places at which two governances are not the same."""
    return [path for path in BY_PATH if value_at(old.data, path) != value_at(new.data, path)]


__all__ = ["BALLOT", "Change", "Chapter", "difference", "listed", "value_words", "what_differs", "words"]
