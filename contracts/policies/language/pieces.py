"""The small pieces of a compact document: names, values, types, and what is left over.

Two readings share this: *straight*, of a document as it was sent, which gives up (`Roundabout`) at the first thing
that only a JSON-LD processor can be sure of; and the other, of what such a processor has made.
"""

from __future__ import annotations

from collections.abc import Set
from typing import Any

from contracts.policies.language.context import NAMES, PREFIXES, RDF, SLIPS, TERMS, compact_iri
from contracts.policies.language.context import expanded as of_term
from contracts.policies.language.faults import PolicyError, PolicyFault
from contracts.policies.language.gathering import collapsed
from contracts.policies.language.model import Extra, Iri, Literal, Value
from contracts.policies.language.values import BOOLEAN, INTEGER, canonical_text, literal_of, value_of

NAMING = frozenset(["@id", "uid", "@type", "type"])
RDF_VALUE = RDF + "value"


class Roundabout(Exception):
    """This document needs a JSON-LD processor."""


def listed(given: Any) -> list[Any]:
    """One or several as a list; nothing is an empty one."""
    return given if isinstance(given, list) else [] if given is None else [given]


class Pieces:
    """Reads pieces, collects faults, and remembers descriptions of things that the policy only names."""

    def __init__(self, straight: bool) -> None:
        self.straight = straight
        self.faults: list[PolicyFault] = []
        self.described: list[dict[str, Any]] = []

    def fault(self, pointer: str, text: str, remedy: str) -> None:
        self.faults.append(PolicyFault(pointer, text, remedy))

    def surely(self, fine: bool) -> None:
        """Give up the straight reading unless this is fine."""
        if self.straight and not fine:
            raise Roundabout

    def iri(self, given: Any, pointer: str) -> str:
        """What names a thing."""
        if isinstance(given, str):
            self.surely(given[:1] not in ("_", "@", ""))
            return compact_iri(given) if ":" in given else given
        self.surely(False)
        return self._described(given, pointer)

    def iris(self, given: Any, pointer: str) -> tuple[str, ...]:
        return tuple(self.iri(one, pointer) for one in listed(given)) if given is not None else ()

    def term(self, given: Any, pointer: str) -> str:
        """What names a term: a short name of ODRL, or an IRI."""
        if isinstance(given, str):
            iri = TERMS.get(given)
            if iri is not None:
                return SLIPS.get(iri, iri)
            self.surely(given[:1] not in ("_", "@", "") and given not in ("uid", "type"))
            return compact_iri(given)
        if isinstance(given, dict) and set(given) == {"@id"} and isinstance(given["@id"], str):
            self.surely(given["@id"][:1] not in ("_", "@", ""))
            return compact_iri(given["@id"])
        self.surely(False)
        return self._described(given, pointer)

    def _described(self, given: Any, pointer: str) -> str:
        name = given.get("@id") if isinstance(given, dict) else None
        if isinstance(name, str) and name:
            if set(given) != {"@id"} and given not in self.described:
                self.described.append(given)
            return name
        self.fault(pointer, "A name is expected here", "Give one IRI or a term of ODRL")
        return ""

    def one(self, holder: dict[str, Any], key: str, pointer: str) -> Any:
        """The value of something that may be there once."""
        given = holder.get(key)
        if isinstance(given, list):
            if len(given) > 1:
                self.fault(f"{pointer}/{key}", f"“{key}” stands {len(given)} times", "Keep one of them")
            return given[0] if given else None
        return given

    def value(self, given: Any, pointer: str) -> Value:
        """One right operand or status."""
        if isinstance(given, str):
            return Literal(given)
        if isinstance(given, bool):
            return Literal("true" if given else "false", BOOLEAN)
        if isinstance(given, int):
            return Literal(str(given), INTEGER)
        if isinstance(given, float):
            return literal_of(given)
        if self.straight:
            return self._straight_value(given)
        if isinstance(given, dict) and "@value" not in given and isinstance(given.get("@id"), str):
            return Iri(self._described(given, pointer))
        try:
            return value_of(given, pointer)
        except PolicyError as error:
            self.faults += error.faults
            return Literal("")

    def _straight_value(self, given: Any) -> Value:
        keys = set(given) if isinstance(given, dict) else set()
        if keys == {"@id"} and isinstance(given["@id"], str) and given["@id"][:1] not in ("_", "@", ""):
            return Iri(compact_iri(given["@id"]))
        if keys == {"@value", "@type"} and isinstance(given["@value"], str):
            kind = given["@type"]
            if isinstance(kind, str) and ":" in kind and kind[:1] != "_":
                return literal_of(given)
        raise Roundabout

    def uid(self, holder: dict[str, Any], pointer: str) -> str:
        """The name that a node gives itself, empty if none."""
        self.surely(not ("uid" in holder and "@id" in holder))
        given = holder.get("@id", holder.get("uid"))
        self.surely(given is not None or not ("uid" in holder or "@id" in holder))
        return "" if given is None else self.iri(given, pointer)

    def types(self, holder: dict[str, Any], own: Set[str]) -> tuple[set[str], list[str]]:
        """Its types as short names where ODRL has one: those that are expected here, and the others."""
        if "@type" not in holder and "type" not in holder:
            return set(), []
        self.surely(not ("type" in holder and "@type" in holder))
        self.surely(holder.get("@type", holder.get("type")) is not None)
        mine: set[str] = set()
        rest: list[str] = []
        for given in listed(holder.get("@type", holder.get("type"))):
            self.surely(
                isinstance(given, str) and given[:1] not in ("_", "@", "") and given not in ("uid", "type")
            )
            iri = of_term(str(given))
            name = NAMES.get(iri, iri)
            if name in own:
                mine.add(name)
            elif name not in rest:
                rest.append(name)
        return mine, rest

    def left_over(
        self, holder: dict[str, Any], known: Set[str], types: list[str], more: dict[str, Any] | None = None
    ) -> Extra:
        """Everything that nobody has read, as canonical JSON."""
        keys = holder.keys() - known
        if not keys and not types and not more:
            return ()
        found = dict(more or {})
        if types:
            found["@type"] = collapsed(types)
        for key in keys:
            value = holder[key]
            if self.straight and not _plain(key, value):
                raise Roundabout
            found[key] = value
        return tuple((key, canonical_text(found[key])) for key in sorted(found))


def _plain(key: str, value: Any) -> bool:
    """Whether a processor would leave this statement as it is."""
    if key in TERMS or key[:1] in ("@", "_", "") or key in ("uid", "type"):
        return False
    if ":" in key and key.partition(":")[0] in PREFIXES:
        return False
    if isinstance(value, list):
        return len(value) > 1 and all(isinstance(item, (str, int)) for item in value)
    return isinstance(value, (str, int))  # true and false among them
