"""Which columns probably hold personal data: checked patterns in the values, and what headers say."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from typing import Any

SAMPLE = 2_000
HEADERS = {
    "name": r"(^|_)(first|last|full|sur|given|middle)_?name$|^name$", "e-mail": r"e[-_]?mail", "phone": r"phone|telefon|mobile",
    "address": r"^(street|address|strasse|plz|postcode|zip(_?code)?)$", "birth": r"birth|geburt|dob$", "account": r"iban|account_?(no|number)",
    "identity": r"passport|ssn|social_?security|tax_?id|national_?id|steuer", "person": r"(patient|person|customer|user|employee|passenger)_?(id|no|number)$",
    "vehicle": r"licen[cs]e_?plate|^vin$|tail_?num",
}  # fmt: skip
EMAIL = r"[^@\s<>,;]{1,64}@[^@\s<>,;]+\.[A-Za-z]{2,24}"


def _luhn(text: str) -> bool:
    digits = [int(c) for c in re.sub(r"[ -]", "", text)]
    if not 13 <= len(digits) <= 19 or len(set(digits)) == 1:
        return False
    return (
        sum(d if i % 2 == 0 else (d * 2 - 9 if d > 4 else d * 2) for i, d in enumerate(reversed(digits))) % 10
        == 0
    )


def _iban(text: str) -> bool:
    bare = text.replace(" ", "").upper()
    if not re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", bare, re.ASCII):
        return False
    return int("".join(str(int(c, 36)) for c in bare[4:] + bare[:4])) % 97 == 1


def _ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _phone(text: str) -> bool:
    if not re.fullmatch(r"\+[\d ()/.-]{7,20}", text):
        return False
    import phonenumbers

    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(text))
    except phonenumbers.NumberParseException:
        return False


DETECTORS: dict[str, Callable[[str], bool]] = {
    "e-mail": lambda t: bool(re.fullmatch(EMAIL, t)),
    "phone": _phone, "account": _iban, "payment card": lambda t: bool(re.fullmatch(r"[0-9][0-9 -]{11,22}[0-9]", t)) and _luhn(t), "internet address": _ip,
}  # fmt: skip


def likely_personal(name: str, values: list[str]) -> dict[str, Any] | None:
    """Kind, confidence in percent, hits, sample size and why, from checked patterns and the header.

    None if nothing points there. A pattern counts from three in ten values on; an e-mail address
    inside free text from one in a hundred on, because a single one is already too many to share.
    """
    size = len(values)
    for kind, test in DETECTORS.items():
        hits = sum(test(value) for value in values)
        if size and hits >= max(2, size * 0.3):
            return _found(kind, round(100 * hits / size), hits, size,
                          f"{hits} of {size} sampled values look like it")  # fmt: skip
    for kind, pattern in HEADERS.items():
        if re.search(pattern, name, re.IGNORECASE):
            return _found(kind, 60, 0, size, "the column's name suggests it")
    inside = sum("@" in value and bool(re.search(EMAIL, value)) for value in values)
    if size and inside >= max(2, size * 0.01):
        return _found("e-mail", 50, inside, size,
                      f"{inside} of {size} sampled texts have an address inside")  # fmt: skip
    return None


def _found(kind: str, confidence: int, count: int, sample: int, why: str) -> dict[str, Any]:
    return {"kind": kind, "confidence": confidence, "count": count, "sample": sample, "why": why}
