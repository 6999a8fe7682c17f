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

PURPOSES_DE: dict[str, str] = {
    "research": "Forschung", "academic_research": "akademische Forschung", "commercial_research": "kommerzielle Forschung",
    "statistics": "Statistik", "service_improvement": "die Verbesserung eines Dienstes",
    "product_development": "Produktentwicklung", "operations_planning": "Betriebsplanung", "pricing": "Preisbildung",
    "ai_training": "das Training von KI-Modellen", "ai_evaluation": "die Bewertung von KI-Modellen",
    "public_interest": "Aufgaben im öffentlichen Interesse",
}  # fmt: skip

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
COUNTRIES_DE: dict[str, str] = {
    "AT": "in Österreich", "AU": "in Australien", "BE": "in Belgien", "BG": "in Bulgarien", "BR": "in Brasilien", "CA": "in Kanada",
    "CH": "in der Schweiz", "CN": "in China", "CY": "in Zypern", "CZ": "in Tschechien", "DE": "in Deutschland", "DK": "in Dänemark",
    "EE": "in Estland", "ES": "in Spanien", "FI": "in Finnland", "FR": "in Frankreich", "GB": "im Vereinigten Königreich",
    "GR": "in Griechenland", "HR": "in Kroatien", "HU": "in Ungarn", "IE": "in Irland", "IN": "in Indien", "IS": "in Island",
    "IT": "in Italien", "JP": "in Japan", "KR": "in Südkorea", "LI": "in Liechtenstein", "LT": "in Litauen", "LU": "in Luxemburg",
    "LV": "in Lettland", "MT": "in Malta", "NL": "in den Niederlanden", "NO": "in Norwegen", "NZ": "in Neuseeland", "PL": "in Polen",
    "PT": "in Portugal", "RO": "in Rumänien", "SE": "in Schweden", "SG": "in Singapur", "SI": "in Slowenien", "SK": "in der Slowakei",
    "US": "in den Vereinigten Staaten", "ZA": "in Südafrika", "EU": "in der Europäischen Union",
    "EEA": "im Europäischen Wirtschaftsraum",
}  # fmt: skip


def purpose_label(code: str, language: str = "en") -> str:
    """What a purpose is called; in German as it stands after “für”."""
    return PURPOSES_DE[code] if language == "de" else PURPOSES[code][0]


def purposes_within(codes: Iterable[str]) -> frozenset[str]:
    """The codes and everything they include."""
    found = set(codes)
    for code, (_, parent) in PURPOSES.items():
        if code in found or parent in found:
            found.add(code)
    return frozenset(found)


def place_label(code: str, language: str = "en") -> str:
    """What a country or group is called; in German with its “in”."""
    if language == "de":
        return COUNTRIES_DE[code]
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
