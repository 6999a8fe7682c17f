"""Small pieces of sentences in both languages, and the fixed lists that clauses choose from."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from contracts.policies.clauses.base import Said

FORMATS: dict[str, Said] = {
    "csv": Said("CSV", "CSV"),
    "parquet": Said("Parquet", "Parquet"),
    "jsonl": Said("JSON Lines", "JSON Lines"),
    "xlsx": Said("Excel (XLSX)", "Excel (XLSX)"),
}
MODES: dict[str, Said] = {
    "export": Said("rows as files", "Zeilen als Dateien"),
    "clean_room": Said("results summed up inside the portal", "im Portal zusammengefasste Ergebnisse"),
}
LEVELS = tuple((str(n), Said(str(n), str(n))) for n in range(1, 6))
CONSEQUENCES: dict[str, Said] = {
    "notify_trust": Said("the trust's administrators are told", "die Verwaltung des Trusts wird unterrichtet"),
    "suspend_downloads": Said("downloads are closed until it is done", "Downloads bleiben geschlossen, bis es geschehen ist"),
    "suspend_agreement": Said("the contract is suspended", "der Vertrag wird ausgesetzt"),
}  # fmt: skip
_MONTHS_DE = ("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober",
              "November", "Dezember")  # fmt: skip


def either(words: Iterable[str], language: str, last: str = "") -> str:
    """`a, b or c`; `last` is another joining word."""
    items = list(words)
    joint = last or ("oder" if language == "de" else "or")
    return "".join(items) if len(items) < 2 else f"{', '.join(items[:-1])} {joint} {items[-1]}"


def long_day(value: str, language: str = "en") -> str:
    """`2027-06-30` → `30 June 2027`, `30. Juni 2027`."""
    found = date.fromisoformat(value)
    if language == "de":
        return f"{found.day}. {_MONTHS_DE[found.month - 1]} {found.year}"
    return f"{found.day} {found:%B %Y}"


def columns_in_words(names: list[str], language: str = "en") -> str:
    both, more = ("und", "weitere") if language == "de" else ("and", "more")
    shown = either(names, language, both) if len(names) <= 12 else f"{', '.join(names[:12])} {both} {len(names) - 12} {more}"  # fmt: skip
    noun = ("Spalte" if len(names) == 1 else "Spalten") if language == "de" else "column" if len(names) == 1 else "columns"  # fmt: skip
    return f"{len(names)} {noun}: {shown}"


def between(period: dict[str, Any]) -> tuple[datetime, datetime]:
    """The first instant of the first day, and the first instant after the last day; aware."""
    zone = ZoneInfo(period["zone"])
    last = date.fromisoformat(period["until"]) + timedelta(days=1)
    return (
        datetime.combine(date.fromisoformat(period["from"]), time.min, zone),
        datetime.combine(last, time.min, zone),
    )
