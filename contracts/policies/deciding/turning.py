"""The smallest change that would turn a no, or a not yet, into a yes. Each is tried before it is named.

For every permission the premises that stand in the way are changed one by one, to values that the policy itself
names; the permission that needs the fewest changes wins. What the asker cannot change (a count that is used up, a
period that is over) is named as a matter for new terms.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from contracts.policies.deciding.evaluate import Prepared, operands_of
from contracts.policies.deciding.facts import DATE_TIME, Request, World, full_name
from contracts.policies.deciding.parts import Premise, RuleReport
from contracts.policies.deciding.report import Decision
from contracts.policies.deciding.values import atom
from contracts.policies.deciding.wording import ACTIONS, failing, label, moment, said, sentence
from contracts.policies.language.model import Constraint, Iri, Literal
from contracts.policies.language.vocabulary import ODRL, short
from contracts.policies.taxonomy import COUNTRIES, PURPOSES, listed

CONDITIONS = 100_000
OTHER = "urn:commonhold:something-else"
_CODES = {"purpose": list(PURPOSES), "spatial": list(COUNTRIES)}
_NOT_ASKED = ("assignee", "target")  # to be somebody else, or to ask for something else, is the last resort


@dataclass(frozen=True)
class Change:
    """`who` can make it: the request's author (`request`), time or a duty's bearer (`world`), both sides (`terms`)."""

    operand: str
    value: Any
    who: str
    text: str

    def as_dict(self) -> dict[str, Any]:
        return {"left_operand": self.operand, "value": self.value, "who": self.who, "text": self.text}


@dataclass(frozen=True)
class Turning:
    """The changes together; none: no change of the request was found that turns it."""

    changes: tuple[Change, ...]

    @property
    def text(self) -> str:
        if not self.changes:
            return "other terms were agreed; no change of the request was found that would do"
        return listed(change.text for change in self.changes)

    def as_dict(self) -> dict[str, Any]:
        return {"text": self.text, "changes": [change.as_dict() for change in self.changes]}


@dataclass(frozen=True)
class _State:
    request: Request
    world: World
    as_of: datetime | None
    changes: tuple[Change, ...] = ()


def turning(
    prepared: Prepared, request: Request, world: World, *, as_of: datetime | None, most: int = 8
) -> Turning | None:
    """The smallest change found; None if it is a yes already, or if a large policy would take too long to try."""
    if prepared.decide(request, world, as_of=as_of).permitted:
        return None
    found: list[tuple[Change, ...]] = []
    tries = _Tries(prepared)
    for rule in prepared.rules:
        if rule.kind == "permission":
            try:
                turned = _turn(tries, rule.uid, _State(request, world, as_of), most)
            except _Exhausted:
                return Turning(min(found, key=_cost)) if found else None
            if turned is not None:
                found.append(turned)
    return Turning(min(found, key=_cost)) if found else Turning(())


class _Exhausted(Exception):
    pass


class _Tries:
    """Decides candidates, and gives up after so many conditions: about a second."""

    def __init__(self, prepared: Prepared) -> None:
        self.prepared = prepared
        self.left = CONDITIONS // (1 + sum(len(rule.checks) for rule in prepared.rules))

    def decide(self, state: _State) -> Decision:
        self.left -= 1
        if self.left < 0:
            raise _Exhausted
        return self.prepared.decide(state.request, state.world, as_of=state.as_of)


def _cost(changes: tuple[Change, ...]) -> tuple[int, int, int]:
    return (
        sum(c.who == "terms" for c in changes),
        sum(c.operand in _NOT_ASKED for c in changes),
        len(changes),
    )


def _report(decision: Decision, uid: str) -> RuleReport:
    return next(rule for rule in decision.rules if rule.uid == uid)


def _beyond(premise: Premise) -> bool:
    """Nobody who asks can change it: it is counted, or it is over."""
    over = (
        premise.left == "dateTime"
        and premise.operator in ("lt", "lteq", "eq", "isAnyOf")
        and premise.value is not None
    )
    return premise.holds is False and (premise.source == "ledger" or over)


def _open(decision: Decision, uid: str) -> tuple[list[Premise], list[RuleReport]]:
    """What stands in the way of this permission: its own premises, and bans in effect."""
    own = failing(_report(decision, uid).premises)
    bans = [rule for rule in decision.rules if rule.kind == "prohibition" and rule.active]
    return own, bans


def _turn(tries: _Tries, uid: str, state: _State, most: int) -> tuple[Change, ...] | None:
    for _ in range(most):
        decision = tries.decide(state)
        own, bans = _open(decision, uid)
        bans = [] if tries.prepared.permission_wins else bans
        rest = [premise for premise in own if not _beyond(premise)]
        if not rest and not bans:
            final = tuple(
                Change(p.left, None, "terms", sentence(p)[1][:1].lower() + sentence(p)[1][1:]) for p in own
            )
            return state.changes + final or None
        better = _best(
            tries,
            uid,
            state,
            [*rest, *(p for ban in bans for p in _leaves(ban.premises))],
            len(rest) + len(bans),
        )
        if better is None:
            return None
        state = better
    return None


def _leaves(premises: tuple[Premise, ...]) -> Iterator[Premise]:
    for one in premises:
        if one.parts and one.left == "":
            yield from _leaves(one.parts)
        else:
            yield one
            yield from _leaves(one.parts)


def _best(tries: _Tries, uid: str, state: _State, premises: list[Premise], open_now: int) -> _State | None:
    """The first single change that leaves the fewest obstacles, if it leaves fewer than now."""
    best, fewest, seen = None, open_now, set()
    for premise in (leaf for one in premises for leaf in _leaves((one,))):
        if (premise.name, premise.left) in seen:
            continue
        seen.add((premise.name, premise.left))
        for candidate in _candidates(tries.prepared, state, premise):
            decision = tries.decide(candidate)
            own, bans = _open(decision, uid)
            left = len([p for p in own if not _beyond(p)]) + (
                0 if tries.prepared.permission_wins else len(bans)
            )
            if left < fewest:
                best, fewest = candidate, left
    return best


def _candidates(prepared: Prepared, state: _State, premise: Premise) -> Iterator[_State]:
    operand = premise.left
    if premise.name == "duty":
        for rule in prepared.rules:
            for duty in rule.duties:
                if operand in (duty.actions, duty.uid) and state.world.duties.get(duty.uid) is not True:
                    world = replace(state.world, duties={**state.world.duties, duty.uid: True})
                    text = f"the duty to {ACTIONS.get(duty.actions, duty.actions or 'it')} is fulfilled first"
                    yield _State(
                        state.request,
                        world,
                        state.as_of,
                        (*state.changes, Change(operand, "fulfilled", "world", text)),
                    )
    elif full_name(operand) == DATE_TIME:
        for later in _moments(prepared):
            if state.as_of is None or later > state.as_of:
                text = f"it happens from {moment(later.isoformat())} on"
                change = Change(operand, later.isoformat(), "world", text)
                yield _State(state.request, state.world, later, (*state.changes, change))
    elif premise.source in ("request", "not given", "parts"):
        for value in _values(prepared, state.request, operand):
            try:
                changed = state.request.changed(operand, value)
            except ValueError:
                continue
            yield _State(
                changed, state.world, state.as_of, (*state.changes, _change(premise, operand, value))
            )


def _change(premise: Premise, operand: str, value: Any) -> Change:
    if value == OTHER:
        text = f"the {label(operand)} is something other than {said(operand, premise.right, 'or')}"
        return Change(operand, None, "request", text)
    shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    verb = "are" if label(operand).endswith("s") else "is"
    if operand == "action":
        return Change(operand, value, "request", f"the use is “{said(operand, short(shown))}”")
    return Change(operand, value, "request", f"the {label(operand)} {verb} {said(operand, shown)}")


def _constraints(prepared: Prepared) -> Iterator[Constraint]:
    for rule in prepared.policy.rules:
        yield from operands_of(rule)


def _moments(prepared: Prepared) -> list[datetime]:
    found = set()
    for one in _constraints(prepared):
        if one.left == DATE_TIME:
            for value in one.right:
                read = atom(value, data_type=one.data_type)
                if read.loose and isinstance(value, Literal):
                    read = atom(Literal(value.value, "http://www.w3.org/2001/XMLSchema#dateTime"))
                if read.kind == "time":
                    found |= {read.value[0], read.value[1] + timedelta(seconds=1)}
    return sorted(found)


def _plain(value: Iri | Literal) -> Any:
    if isinstance(value, Iri):
        return {"@id": value.value} if not value.value.startswith(("http", "urn:")) else value.value
    return {"@value": value.value, "@type": value.datatype} if value.datatype else value.value


def _shown(value: Any) -> Any:
    return value.get("@id", value.get("@value")) if isinstance(value, dict) else value


def _values(prepared: Prepared, request: Request, operand: str) -> Iterator[Any]:
    """Values worth trying: what fits of those asked for, what the policy names, its limits, what else there is."""
    if operand in ("assignee", "target", "action"):
        for rule in prepared.policy.rules:
            if rule.kind == "permission":
                if operand == "action":
                    yield from (a.iri for a in rule.actions)
                elif operand == "target":
                    yield from (t.iri for t in rule.targets if t.iri)
                else:
                    yield from (p.iri for p in rule.with_function(ODRL + "assignee") if p.iri)
        return
    held = next((v for k, v in request.given.items() if full_name(str(k)) == full_name(operand)), None)
    have = list(held) if isinstance(held, (list, tuple)) else [] if held is None else [held]
    for one in _constraints(prepared):
        if short(one.left) != operand and one.left != operand:
            continue
        named = [_shown(_plain(value)) for value in one.right]
        if len(have) > 1:
            inside = [v for v in have if str(_shown(v)) in set(map(str, named))]
            yield from (kept for kept in (inside, [v for v in have if v not in inside]) if kept)
        yield from named
        yield [*have, *(n for n in named if n not in have)]
        for name in named:
            try:
                number = int(name)
            except (TypeError, ValueError):
                continue
            yield from (number, number - 1, number + 1)
    yield from _CODES.get(operand, ())
    yield OTHER
