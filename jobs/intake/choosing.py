"""What the form of a reading offers: files and sheets to choose from, and columns page by page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

SHOWN = 200  # Columns on one page: two fields each, well below what Django takes in one request.
CHOOSE = ("", "Choose one")
# Faults that a choice mends: code → the part of the reading that is to be chosen.
TO_CHOOSE = {"archive.members": "member", "workbook.sheet": "sheet"}
TABLES = (
    ".csv",
    ".tsv",
    ".txt",
    ".json",
    ".jsonl",
    ".ndjson",
    ".xlsx",
    ".ods",
    ".parquet",
    ".feather",
    ".arrow",
)


def tables_first(one: Mapping[str, Any]) -> tuple[bool, str]:
    """Sort key of what can be chosen in an archive: files that look like tables, then the rest, by name. Sheets keep
    their order."""
    if "bytes" not in one:
        return False, ""
    return not one["name"].lower().endswith(TABLES), one["name"].casefold()


def told(one: Mapping[str, Any], about: Mapping[str, Callable[[Any], str]]) -> str:
    """The name, with what is known of it: `flights.csv (12 MB)`."""
    more = ", ".join(text for key, say in about.items() if (text := say(one.get(key))))
    return f"{one['name']} ({more})" if more else str(one["name"])


class Suggesting(forms.TextInput):
    """A line to type in, with suggestions; of a list that is too long to choose from."""

    def __init__(self, offered: Sequence[str]) -> None:
        super().__init__()
        self.offered = offered

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        key = f"{(attrs or {}).get('id', name)}_offered"
        options = format_html_join("", '<option value="{}"></option>', ((one,) for one in self.offered))
        line = super().render(name, value, {**(attrs or {}), "list": key}, renderer)
        return format_html('{}<datalist id="{}">{}</datalist>', line, key, options)


@dataclass
class Window:
    """Which columns a page shows: from `start` (from 0) on, of those whose name contains `find`; `found` of `total`."""

    start: int = 0
    find: str = ""
    total: int = 0
    found: int = 0

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Window:
        """From an address or a form; what makes no sense is the beginning."""
        start = str(given.get("columns_from") or "")
        begin = int(start) if start.isdecimal() and len(start) < 6 else 0
        return cls(begin - begin % SHOWN, str(given.get("columns_find") or "")[:200].strip())

    def among(self, names: Sequence[str]) -> list[tuple[int, str]]:
        """(place, name) of the columns to show."""
        wanted = self.find.casefold()
        found = [(place, name) for place, name in enumerate(names) if wanted in name.casefold()]
        self.total, self.found = len(names), len(found)
        self.start = self.start if self.start < len(found) else 0
        return found[self.start : self.start + SHOWN]

    @property
    def first(self) -> int:
        return min(self.start + 1, self.found)

    @property
    def last(self) -> int:
        return min(self.start + SHOWN, self.found)

    def needed(self) -> bool:
        """Whether not all columns are on one page."""
        return self.total > SHOWN

    def before(self) -> str:
        """The address of the page before, if there is one."""
        return self._address(self.start - SHOWN) if self.start else ""

    def after(self) -> str:
        return self._address(self.start + SHOWN) if self.last < self.found else ""

    def _address(self, start: int) -> str:
        return "?" + urlencode({"columns_from": start, "columns_find": self.find}) + "#columns"
