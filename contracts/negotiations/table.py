"""What the page of a negotiation shows: where it stands, what changed, who said what about which clause."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.utils import timezone

from contracts.negotiations import companions, joint
from contracts.negotiations.models import Message, Negotiation, Proposal
from contracts.policies.clauses import CLAUSES
from contracts.policies.difference import Change, compare
from contracts.policies.terms import Terms
from kernel.actor import Actor
from trusts.datasets.changes import schema_changes

MOST_STEPS = 4


def side_of(negotiation: Negotiation, actor: Actor) -> str:
    return "provider" if negotiation.provider_id == actor.organisation_id else "consumer"


def is_my_turn(negotiation: Negotiation, actor: Actor) -> bool:
    """Whether the actor's organisation has to answer. One that has accepted a joint text waits for the others."""
    if negotiation.turn != side_of(negotiation, actor):
        return False
    if negotiation.seats < 2 or negotiation.turn == "provider":
        return True
    mine = [p for p in negotiation.participants.all() if p.organisation_id == actor.organisation_id]
    return not any(p.answer == "accepted" for p in mine)


def whom(negotiation: Negotiation) -> str:
    """The consumer as a sentence names it."""
    return negotiation.consumer.name if negotiation.seats < 2 else "each partner"


def _day(when: Any) -> str:
    local = timezone.localtime(when)
    return f"{local.day} {local:%b}"


def rail(negotiation: Negotiation, proposals: list[Proposal], mine: bool) -> list[dict[str, str]]:
    """The steps so far with their dates, what happens now, and what is left."""
    first = "Requested" if proposals[0].side == "consumer" else "Offered"
    steps = [
        {"label": first if p.number == 1 else f"Offer {p.number}", "note": _day(p.created), "at": "past"}
        for p in proposals
    ]
    if len(steps) > MOST_STEPS:
        hidden = len(steps) - 3
        middle = {
            "label": f"{hidden} more offers",
            "note": f"{steps[1]['note']} to {steps[-3]['note']}",
            "at": "past",
        }
        steps = [steps[0], middle, *steps[-2:]]
    if negotiation.turn:
        due = f"by {_day(negotiation.due)}" if negotiation.due else ""
        steps += [
            {"label": "You decide" if mine else "They decide", "note": due, "at": "now-at"},
            {"label": "In force", "note": "", "at": "ahead"},
        ]
    elif negotiation.state in ("accepted", "agreed"):
        due = f"by {_day(negotiation.due)}" if negotiation.due else ""
        steps += [
            {"label": "To be signed", "note": due, "at": "now-at"},
            {"label": "In force", "note": "", "at": "ahead"},
        ]
    elif negotiation.state == "finalized":
        steps.append({"label": "In force", "note": _day(negotiation.changed), "at": "now-at"})
    else:
        words = {"withdrawn": "Withdrawn", "rejected": "Rejected", "lapsed": "Lapsed"}
        steps.append(
            {"label": words.get(negotiation.state, "Over"), "note": _day(negotiation.changed), "at": "failed"}
        )
    return steps


def rows(changes: list[Change], thread: list[Message], only: bool) -> list[dict[str, Any]]:
    """The comparison with what was said about each clause; `only` leaves out what is the same and unspoken of."""
    said: dict[str, list[Message]] = {}
    for message in thread:
        said.setdefault(message.clause, []).append(message)
    return [
        {"change": change, "said": said.get(change.code, [])}
        for change in changes
        if change.differs or change.needs_care or not only
    ]


def spoken_of(thread: list[Message]) -> Counter[str]:
    return Counter(message.clause for message in thread if message.clause)


def labels(thread: list[Message]) -> None:
    """Give each remark the name of its clause as people read it."""
    for message in thread:
        kind = CLAUSES.get(message.clause)
        message.about = kind.label if kind else message.clause  # type: ignore[attr-defined]


def compared(proposals: list[Proposal], asked: dict[str, str], negotiation: Negotiation) -> dict[str, Any]:
    """Two turns side by side: those asked for, else the newest against the one before or what it started from."""
    by_number = {str(p.number): p for p in proposals}
    new = by_number.get(asked.get("new", ""), proposals[-1])
    at = proposals.index(new)
    old = by_number.get(asked.get("old", ""), proposals[at - 1] if at else None)
    before, start = (old.terms, "") if old else (None, "")
    if old is None and negotiation.replaces:
        before, start = negotiation.replaces.terms, f"Contract {negotiation.replaces.ref}"
    elif old is None and negotiation.offer:
        before, start = negotiation.offer.terms, "Published"
    terms = Terms.from_dict(new.terms)
    changes = compare(Terms.from_dict(before), terms) if before else []
    names = {"old": f"Offer {old.number}" if old else start, "new": f"Offer {new.number}"}
    return {"new": new, "old": old, "terms": terms, "changes": changes, "start": start, "names": names,
            "sets": _sets(old, new)}  # fmt: skip


def _sets(old: Proposal | None, new: Proposal) -> dict[str, list[str]]:
    """Which further datasets came or went between two turns."""
    if old is None or old.also is None or new.also is None:
        return {}
    was, now = ({one["id"]: one["title"] for one in p.also or []} for p in (old, new))
    came, went = [now[k] for k in now if k not in was], [was[k] for k in was if k not in now]
    return {"came": came, "went": went} if came or went else {}


def newer_version(negotiation: Negotiation) -> dict[str, Any] | None:
    """For a renewal on other data: both versions and how their columns differ."""
    old = negotiation.replaces
    if old is None or old.version_of_data_id == negotiation.version_of_data_id:
        return None
    was, now = old.version_of_data, negotiation.version_of_data
    found = schema_changes(was.column_types(), now.column_types(), was.profile, now.profile)
    return {"was": was.number, "now": now.number, **found}


def accepting(negotiation: Negotiation, terms: Terms) -> list[str]:
    """What accepting does, in sentences."""
    several = negotiation.seats > 1
    found = [
        *(
            ["Your acceptance counts once every party has accepted; then a contract is signed for each."]
            if several
            else []
        ),
        f"Exports can be requested from {timezone.localtime(terms.starts):%d %B %Y} and each is reviewed before it leaves.",
    ]
    delete = terms.get("delete_within")
    if delete:
        found.append(f"When it ends, all copies must be deleted within {delete['days']} days.")
    if negotiation.replaces and negotiation.kind == "amendment":
        found.append(
            f"It takes the place of contract {negotiation.replaces.ref}; open requests and used exports go along."
        )
    elif negotiation.replaces:
        found.append(
            f"It follows contract {negotiation.replaces.ref}, which stands until the first day of this one."
        )
    return found


def also(negotiation: Negotiation, terms: Terms) -> list[str]:
    """The further datasets in words."""
    return companions.words(companions.signed(negotiation), terms)


def parties(negotiation: Negotiation) -> list[dict[str, Any]]:
    return joint.roll(negotiation)
