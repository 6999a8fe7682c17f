"""What includes what: purposes, places, recipients, as the taxonomy has them. Only what is stated counts."""

from __future__ import annotations

from functools import lru_cache

from contracts.policies.language.vocabulary import ODRL
from contracts.policies.taxonomy import GROUPS, PURPOSES, countries_within, purposes_within

_RECIPIENTS = {"organisation": frozenset({"organisation", "named_people"})}


@lru_cache(maxsize=4096)
def inside(operand: str, code: str) -> frozenset[str]:
    """The code and everything that it includes, for this left operand."""
    if operand == ODRL + "purpose" and code in PURPOSES:
        return purposes_within([code])
    if operand == ODRL + "spatial" and code in GROUPS:
        return countries_within([code]) | {code} | {g for g in GROUPS if GROUPS[g][1] <= GROUPS[code][1]}
    if operand == ODRL + "recipient":
        return _RECIPIENTS.get(code, frozenset({code}))
    return frozenset({code})


@lru_cache(maxsize=4096)
def parts(operand: str, code: str) -> frozenset[str]:
    """What a fact may turn out to be: a group of countries is each of them, a purpose also those it includes."""
    found = inside(operand, code)
    return found - set(GROUPS) if operand == ODRL + "spatial" and code in GROUPS else found


def groups_covered(operand: str, codes: frozenset[str]) -> frozenset[str]:
    """The codes, and groups of countries that they cover together."""
    if operand != ODRL + "spatial":
        return codes
    return codes | {group for group, (_, members) in GROUPS.items() if members <= codes}
