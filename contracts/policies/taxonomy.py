"""Purposes and places as trees of inclusion. Codes are stable; labels are for people."""

from __future__ import annotations

from collections.abc import Iterable

# code → (label, parent). A parent includes its children (ODRL isA, in the manner of the DPV).
PURPOSES: dict[str, tuple[str, str]] = {
    "research": ("research", ""),
    "academic_research": ("academic research", "research"),
    "commercial_research": ("commercial research", "research"),
    "statistics": ("statistics", ""),
    "service_improvement": ("improving a service", ""),
    "product_development": ("product development", "service_improvement"),
    "operations_planning": ("planning operations", "service_improvement"),
    "pricing": ("pricing", ""),
    "ai_training": ("training AI models", ""),
    "ai_evaluation": ("evaluating AI models", ""),
    "public_interest": ("public interest tasks", ""),
}

_EU = [
    "AT",
    "BE",
    "BG",
    "CY",
    "CZ",
    "DE",
    "DK",
    "EE",
    "ES",
    "FI",
    "FR",
    "GR",
    "HR",
    "HU",
    "IE",
    "IT",
    "LT",
    "LU",
    "LV",
    "MT",
    "NL",
    "PL",
    "PT",
    "RO",
    "SE",
    "SI",
    "SK",
]
_EEA = [*_EU, "IS", "LI", "NO"]
GROUPS: dict[str, tuple[str, frozenset[str]]] = {
    "EU": ("the European Union", frozenset(_EU)),
    "EEA": ("the European Economic Area", frozenset(_EEA)),
}
COUNTRIES: dict[str, str] = {
    "AT": "Austria", "AU": "Australia", "BE": "Belgium", "BG": "Bulgaria", "BR": "Brazil", "CA": "Canada",
    "CH": "Switzerland", "CN": "China", "CY": "Cyprus", "CZ": "Czechia", "DE": "Germany", "DK": "Denmark",
    "EE": "Estonia", "ES": "Spain", "FI": "Finland", "FR": "France", "GB": "the United Kingdom", "GR": "Greece",
    "HR": "Croatia", "HU": "Hungary", "IE": "Ireland", "IN": "India", "IS": "Iceland", "IT": "Italy",
    "JP": "Japan", "KR": "South Korea", "LI": "Liechtenstein", "LT": "Lithuania", "LU": "Luxembourg",
    "LV": "Latvia", "MT": "Malta", "NL": "the Netherlands", "NO": "Norway", "NZ": "New Zealand", "PL": "Poland",
    "PT": "Portugal", "RO": "Romania", "SE": "Sweden", "SG": "Singapore", "SI": "Slovenia", "SK": "Slovakia",
    "US": "the United States", "ZA": "South Africa",
}  # fmt: skip


def purpose_label(code: str) -> str:
    return PURPOSES[code][0]


def purposes_within(codes: Iterable[str]) -> frozenset[str]:
    """The codes and everything they include."""
    found = set(codes)
    for code, (_, parent) in PURPOSES.items():
        if code in found or parent in found:
            found.add(code)
    return frozenset(found)


def place_label(code: str) -> str:
    return GROUPS[code][0] if code in GROUPS else COUNTRIES[code]


def countries_within(codes: Iterable[str]) -> frozenset[str]:
    """The countries that the codes and groups name."""
    found: set[str] = set()
    for code in codes:
        found |= GROUPS[code][1] if code in GROUPS else {code}
    return frozenset(found)


def listed(words: Iterable[str], last: str = "and") -> str:
    """`a, b and c`."""
    items = list(words)
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"
