"""The trail as a file: CSV, JSON or JSON Lines, written entry by entry."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator

from kernel.audit import proofs
from kernel.audit.models import Event

COLUMNS = ["number", "when", "who", "organisation", "what", "about", "from", "to", "door", "refused", "reason", "leaf", "object", "id"]  # fmt: skip


class _Line:
    """A file-like that hands each written line back, so that csv.writer can stream."""

    def write(self, value: str) -> str:
        return value


def safe(value: str) -> str:
    """Spreadsheets execute cells that begin like a formula."""
    return f"'{value}" if value[:1] in "=+-@\t\r" and value else value


def as_csv(found: Iterable[Event]) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield writer.writerow(COLUMNS)
    for e in found:
        leaf = getattr(e, "leaf", None)
        cells = [str(leaf.index) if leaf else "", e.created.isoformat(), e.actor_name, e.organisation_name]
        cells += [f"{e.machine}.{e.action}", e.subject_title, e.from_state, e.to_state, e.door]
        cells += [
            "yes" if "refused" in e.detail else "",
            e.reason,
            leaf.leaf_hash if leaf else "",
            str(e.subject_id),
            str(e.pk),
        ]
        yield writer.writerow([safe(cell) for cell in cells])


def _entry(event: Event) -> str:
    """The entry, with the values that make its commitments checkable and its place; a proof is got for each by the API."""
    leaf = getattr(event, "leaf", None)
    place = {"index": leaf.index, "leaf_hash": leaf.leaf_hash} if leaf else {}
    return json.dumps(proofs.disclosed(event, None) | place, ensure_ascii=False)


def as_lines(found: Iterable[Event]) -> Iterator[str]:
    for event in found:
        yield f"{_entry(event)}\n"


def as_json(found: Iterable[Event]) -> Iterator[str]:
    """One list. An empty trail is an empty list."""
    between = "[\n"
    for event in found:
        yield f"{between}{_entry(event)}"
        between = ",\n"
    yield "\n]\n" if between != "[\n" else "[]\n"


KINDS: dict[str, tuple[Callable[[Iterable[Event]], Iterator[str]], str]] = {
    "csv": (as_csv, "text/csv; charset=utf-8"),
    "json": (as_json, "application/json"),
    "jsonl": (as_lines, "application/x-ndjson"),
}
