"""Points in time as people write them. Plain text, needs no Arrow."""

from __future__ import annotations

import re

_TIME = re.compile(r"^(\d{4,}-\d\d-\d\d)[ T](\d\d:\d\d)(?::(\d\d(?:\.\d+)?))?( ?(?:\+00(?::?00)?|Z))?$")


def told(text: str) -> str:
    """`2013-01-02 13:00:00+00` as `2013-01-02 13:00 UTC`; seconds stay where there are any, other text as it is."""
    found = _TIME.match(text)
    if not found:
        return text
    day, minute, second, zone = found.groups()
    exact = f":{second}" if second and float(second) else ""
    return f"{day} {minute}{exact}{' UTC' if zone else ''}"
