"""The opened file, as all parts of intake pass it on."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Plain:
    """The opened file: where it is, what it is, how it was packed; `partial` when only its beginning was unpacked."""

    path: Path
    format: str
    compression: str = ""
    member: str = ""
    encoding: str = ""
    sure: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    members: list[dict[str, Any]] = field(default_factory=list)
    partial: bool = False
    look: bool = False
    quotes: dict[str, int] = field(default_factory=dict)
    book: Any = None
    flawed: bool = False  # A workbook that may have cells with errors.
    largest: int = 1 << 30  # Bytes that a workbook may have, unpacked.
