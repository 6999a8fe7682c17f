"""What is asked and what is known: the request, the world, and where each left operand finds its value.

The asker declares the request; the world is what the portal knows. Where both speak, the world counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from contracts.policies.deciding.values import Atom, atom, instant, literal, name_of
from contracts.policies.language.model import Value
from contracts.policies.language.vocabulary import NS, ODRL, XSD, full
from kernel.canonical import sha256_hex

DATE_TIME, ELAPSED, COUNT = ODRL + "dateTime", ODRL + "elapsedTime", ODRL + "count"
# Used up by each use: what counts is what was used so far and what this use adds.
USED_UP: dict[str, int] = {COUNT: 1, NS + "rows": 0, NS + "epsilonSpent": 0}
STATES = {
    "fulfilled": True,
    "violated": False,
    "unknown": None,
    "open": None,
    "not-set": None,
    "not_set": None,
}
_SKIPPED = frozenset({"@context", "@type", "@id", "uid", "type", "id"})
full_name = lru_cache(maxsize=4096)(full)


def action_named(text: str) -> str:
    """The IRI of an action; a short name that nobody knows is one of ODRL's, as JSON-LD has it."""
    found = full_name(text)
    return found if ":" in found or not found else ODRL + found


class InputFault(ValueError):
    """The request or the world cannot be read: `where` names the place, `text` what is wrong, `remedy` what to do."""

    def __init__(self, where: str, text: str, remedy: str = "") -> None:
        super().__init__(f"{where} {text}. {remedy}".strip())
        self.where, self.text, self.remedy = where, text, remedy


class Fact(NamedTuple):
    """The values of a left operand, how they are shown, and where they come from."""

    atoms: tuple[Atom, ...]
    shown: str
    source: str


def _values(where: str, given: Any) -> tuple[Value, ...]:
    items = given if isinstance(given, (list, tuple)) else [given]
    found = []
    for number, item in enumerate(items):
        try:
            found.append(literal(item))
        except ValueError as problem:
            place = where if len(items) == 1 else f"{where}[{number}]"
            raise InputFault(place, str(problem), 'Write a text, a number or {"@id": …}') from None
    return tuple(found)


def _object(where: str, given: Any) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise InputFault(where, "must be a JSON object")
    return given


def _iris(where: str, given: Any) -> tuple[str, ...]:
    if isinstance(given, Mapping):
        given = [given.get("@id") or given.get("uid") or given]
    items = given if isinstance(given, (list, tuple)) else [given]
    found = [item.get("@id") if isinstance(item, Mapping) else item for item in items]
    if not found or not all(isinstance(item, str) and item for item in found):
        raise InputFault(where, "must be an IRI, or a list of IRIs")
    return tuple(str(item) for item in found)


def _fact(values: Iterable[Value], source: str) -> Fact:
    atoms = tuple(atom(value) for value in values)
    return Fact(atoms, ", ".join(one.text for one in atoms), source)


def _facts(where: str, given: Mapping[str, Any], source: str) -> dict[str, Fact]:
    found = {}
    for key, value in given.items():
        if value is None or value == []:
            continue  # not said
        unit = ""
        if isinstance(value, Mapping) and "value" in value:
            value, unit = value["value"], str(value.get("unit", ""))
        fact = _fact(_values(f"{where}.{key}", value), source)
        if unit:
            fact = fact._replace(atoms=tuple(a._replace(unit=name_of(unit)) for a in fact.atoms))
        found[full_name(key)] = fact
    return found


def plain(value: Any) -> Any:
    """JSON without floats, so that it has one byte form."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if value is None or isinstance(value, (bool, int, str)):
        return value
    read = literal(value)
    return {"@value": getattr(read, "value", ""), "@type": XSD + "decimal"}


@dataclass(frozen=True)
class Request:
    """Who wants to do what with what; `facts` by the IRI of the left operand. Empty: not said."""

    assignee: tuple[str, ...] = ()
    action: str = ""
    target: tuple[str, ...] = ()
    facts: Mapping[str, Fact] = field(default_factory=dict)
    given: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @classmethod
    def from_json(cls, given: Any) -> Request:
        """Keys are short names, `odrl:` names or IRIs. Raises InputFault."""
        rest = {str(key): value for key, value in _object("request", given).items() if key not in _SKIPPED}
        said = {
            name_of(key): rest.pop(key)
            for key in list(rest)
            if name_of(key) in ("assignee", "action", "target")
        }
        who, what, on = (said.get(name) for name in ("assignee", "action", "target"))
        if isinstance(what, Mapping):
            what = what.get("@id")
        if what is not None and not (isinstance(what, str) and what):
            raise InputFault("request.action", "must be one action", "Name it as odrl:use or by its IRI")
        return cls(
            () if who is None else _iris("request.assignee", who), action_named(what or ""),
            () if on is None else _iris("request.target", on), _facts("request", rest, "request"), given,
        )  # fmt: skip

    @cached_property
    def sha256(self) -> str:
        return sha256_hex(plain(self.given))

    def changed(self, name: str, value: Any) -> Request:
        """The same request with another value under this short name; None takes it out."""
        full = full_name(name)
        rest = {k: v for k, v in self.given.items() if full_name(str(k)) != full}
        return Request.from_json(rest if value is None else {**rest, name: value})


@dataclass(frozen=True)
class World:
    """What is so: members of collections, states of duties, counters, and further facts."""

    now: datetime | None = None
    members: Mapping[str, frozenset[str]] = field(default_factory=dict)
    duties: Mapping[str, bool | None] = field(default_factory=dict)
    counters: Mapping[str, Fact] = field(default_factory=dict)
    of_rule: Mapping[str, Mapping[str, Fact]] = field(default_factory=dict)
    facts: Mapping[str, Fact] = field(default_factory=dict)
    about: Mapping[str, Mapping[str, Fact]] = field(default_factory=dict)
    given: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @classmethod
    def from_json(cls, given: Any) -> World:
        """Reads `now`, `members`, `duties`, `counters`, `about`, `facts`, and `stated`: facts that a person vouches
        for. Raises InputFault."""
        rest = {k: v for k, v in _object("world", given).items() if k not in _SKIPPED}
        moment = rest.pop("now", None)
        now = instant(moment) if isinstance(moment, str) else None
        if moment is not None and now is None:
            raise InputFault(
                "world.now", "is not an instant with its time zone", "Write it as 2027-06-01T12:00:00Z"
            )
        members = {
            key: frozenset(_iris(f"world.members.{key}", value) if value else ())
            for key, value in _object("world.members", rest.pop("members", {})).items()
        }
        duties = {}
        for key, state in _object("world.duties", rest.pop("duties", {})).items():
            word = name_of(state).lower() if isinstance(state, str) else ""
            if word not in STATES:
                raise InputFault(
                    f"world.duties.{key}", "is no state of a duty", "Use fulfilled, violated or unknown"
                )
            duties[key] = STATES[word]
        counters, of_rule = {}, {}
        for key, value in _object("world.counters", rest.pop("counters", {})).items():
            if isinstance(value, Mapping) and not {"@value", "value"} & set(value):
                of_rule[key] = _facts(f"world.counters.{key}", value, "ledger")
            else:
                counters.update(_facts("world.counters", {key: value}, "ledger"))
        about = {
            key: _facts(f"world.about.{key}", _object(f"world.about.{key}", value), "world")
            for key, value in _object("world.about", rest.pop("about", {})).items()
        }
        further = _object("world.facts", rest.pop("facts", {}))
        stated = _facts("world.stated", _object("world.stated", rest.pop("stated", {})), "stated")
        facts = {**stated, **_facts("world.facts", {**rest, **further}, "world")}
        return cls(now, members, duties, counters, of_rule, facts, about, given)

    @cached_property
    def sha256(self) -> str:
        return sha256_hex(plain(self.given))

    @cached_property
    def known(self) -> Mapping[str, Fact]:
        """Counters and facts together."""
        return {**self.facts, **self.counters}

    @cached_property
    def _direct(self) -> Mapping[str, frozenset[str]]:
        """Member → the collections that name it."""
        found: dict[str, set[str]] = {}
        for collection, members in self.members.items():
            for member in members:
                found.setdefault(member, set()).add(collection)
        return {member: frozenset(above) for member, above in found.items()}

    @cached_property
    def _above(self) -> dict[str, frozenset[str]]:
        return {}

    def collections_of(self, member: str) -> frozenset[str]:
        """Every collection that it belongs to, through others too."""
        direct = self._direct
        if member not in direct:
            return frozenset()
        if member not in self._above:
            seen, open_ = set(direct[member]), list(direct[member])
            while open_:
                new = direct.get(open_.pop(), frozenset()) - seen
                seen |= new
                open_ += new
            self._above[member] = frozenset(seen)
        return self._above[member]


class Known:
    """The facts of one evaluation, by the IRI of the left operand. `subject`: the party or asset in question."""

    __slots__ = ("as_of", "facts", "moment", "request", "subject", "world")

    def __init__(self, request: Request, world: World, as_of: datetime | None) -> None:
        self.request, self.world, self.as_of, self.subject = request, world, as_of, ""
        self.facts = {**request.facts, **world.known}
        self.moment = ""
        if as_of is not None:
            self.moment = as_of.astimezone(UTC).isoformat()
            self.facts[DATE_TIME] = Fact((Atom("time", (as_of, as_of), self.moment),), self.moment, "clock")
        if "firstDelivery" in world.given and ELAPSED not in world.known:
            self._elapsed(world.given["firstDelivery"])

    def get(self, operand: str) -> Fact | None:
        """Its values, or None if nobody said."""
        return self.facts.get(operand)

    def _elapsed(self, first: Any) -> None:
        """Since the first delivery, which the world names; nothing was delivered: no time."""
        since = instant(first) if isinstance(first, str) else None
        if self.as_of is None or (first is not None and since is None):
            return
        passed = (self.as_of - since) if since is not None else self.as_of - self.as_of
        self.facts[ELAPSED] = Fact((Atom("duration", (passed,) * 4, str(passed)),), str(passed), "ledger")

    def used(self, operand: str, rule: str) -> Fact | None:
        """What was used up so far, of this rule's own counter if it has one."""
        own = self.world.of_rule.get(rule)
        return (own.get(operand) if own else None) or self.world.counters.get(operand)

    def about(self, operand: str) -> Fact | None:
        """What is known of the party or asset in question; else what is known in general."""
        own = self.world.about.get(self.subject)
        return (own.get(operand) if own else None) or self.facts.get(operand)
