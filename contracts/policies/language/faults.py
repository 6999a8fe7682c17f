"""What is wrong with a policy document, said so that its author can mend it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PolicyFault:
    """One thing that is wrong: `pointer` (RFC 6901, in the compact form), what it is, what to do about it."""

    pointer: str
    text: str
    remedy: str = ""

    def __str__(self) -> str:
        where = f" (at {self.pointer})" if self.pointer else ""
        return f"{self.text}{where}. {self.remedy}".rstrip() + ("." if self.remedy else "")


class PolicyError(ValueError):
    """The document cannot be read as a policy. `faults` lists everything that was found, in its order."""

    def __init__(self, faults: Iterable[PolicyFault]) -> None:
        self.faults = tuple(faults)
        super().__init__(" ".join(str(fault) for fault in self.faults[:5]))


def refuse(pointer: str, text: str, remedy: str = "") -> PolicyError:
    """An error with one fault, to be raised."""
    return PolicyError([PolicyFault(pointer, text, remedy)])
