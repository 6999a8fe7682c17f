"""Demo: change one byte in a copy of the log and let the portal's own verification find it. The log itself is only read.

The copy is an SQLite file of its own; `manage.py verify_log`, as an operator runs it, verifies it in a process of its own.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import models

from kernel.audit.models import Checkpoint, Event, Leaf, PortalKey, Subtree, Waiting

COPIED: tuple[type[models.Model], ...] = (Event, Leaf, Subtree, Checkpoint, PortalKey, Waiting)
# A demo's log; a longer one is verified by a worker.
MOST = 20_000


@dataclass(frozen=True, slots=True)
class Tampered:
    """What was changed in the copy, and what the verification said about it and about the copy before."""

    event: Event
    index: int
    field: str
    before: str
    after: str
    byte_before: int
    byte_after: int
    said_before: str
    said: str
    entries: int

    @property
    def found(self) -> bool:
        return f"Entry {self.index}:" in self.said


class TooLong(Exception):
    """The log is longer than a demonstration should copy."""


def tamper(leaf: Leaf) -> Tampered:
    """Copy the log, verify the copy, change one byte of this entry in the copy, verify it again. Raises TooLong."""
    if Leaf.objects.count() > MOST:
        raise TooLong
    with tempfile.TemporaryDirectory(prefix="ch-copy-") as folder:
        path = Path(folder) / "copy.sqlite3"
        entries = _copy(path)
        sound = _verified(path)
        event = leaf.event
        before = event.reason or event.subject_title
        field = "reason" if event.reason else "subject_title"
        after, old, new = _other(before)
        with closing(sqlite3.connect(path)) as copy, copy:
            copy.execute(f"UPDATE audit_event SET {field} = ? WHERE id = ?", [after, event.pk.hex])  # noqa: S608
        said = _verified(path)
    shown = "the reason" if field == "reason" else "the title"
    return Tampered(event, leaf.index, shown, before, after, old, new, sound, said, entries)


def _other(text: str) -> tuple[str, int, int]:
    """The text with its first ASCII letter changed in one bit, so that it is another letter: what, from, to."""
    for at, letter in enumerate(text):
        if letter.isascii() and letter.isalpha():
            other = chr(ord(letter) ^ (3 if letter not in "bBcCxXyYzZ" else 1))
            if other.isalpha():
                return text[:at] + other + text[at + 1 :], ord(letter), ord(other)
    return f"x{text[1:]}", ord(text[:1] or " ") & 0xFF, ord("x")


def _copy(path: Path) -> int:
    """Every row that verification reads, as Django reads it back from SQLite; the number of entries."""
    entries = 0
    with closing(sqlite3.connect(path)) as copy, copy:
        for model in COPIED:
            fields = model._meta.concrete_fields
            names = ", ".join(f'"{f.column}"' for f in fields)
            table = model._meta.db_table
            copy.execute(f'CREATE TABLE "{table}" ({names})')
            marks = ", ".join("?" for _ in fields)
            copy.executemany(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', _rows(model, fields))  # noqa: S608
            if model is Leaf:
                entries = copy.execute("SELECT COUNT(*) FROM audit_leaf").fetchone()[0]
    return entries


def _rows(model: type[models.Model], fields: Any) -> Iterator[list[Any]]:
    found = model._default_manager.order_by("pk").values_list(*(f.attname for f in fields))
    for row in found.iterator(chunk_size=1_000):
        yield [_plain(value) for value in row]


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    return json.dumps(value) if isinstance(value, (dict, list)) else value


def _verified(path: Path) -> str:
    """What `manage.py verify_log` says about a copy, in one line."""
    done = subprocess.run(
        [sys.executable, "manage.py", "verify_log", "--skip-checks"],
        cwd=settings.BASE_DIR,
        env=os.environ | {"DATABASE_URL": f"sqlite:///{path}"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    lines = (done.stdout or done.stderr).strip().splitlines()
    return lines[-1].removeprefix("CommandError: ") if lines else "nothing"
