"""Numbers that prove themselves: payment cards, bank accounts, telephone numbers."""

from __future__ import annotations

import re


def luhn(text: str) -> bool:
    """A payment card number by its check digit (ISO/IEC 7812-1, annex B)."""
    digits = [int(c) for c in re.sub(r"[ -]", "", text)]
    if not 13 <= len(digits) <= 19:
        return False
    return (
        sum(d if i % 2 == 0 else (d * 2 - 9 if d > 4 else d * 2) for i, d in enumerate(reversed(digits))) % 10
        == 0
    )


def iban(text: str) -> bool:
    """An account number by its check digits (ISO 13616-1)."""
    bare = re.sub(r"[ -]", "", text).upper()
    if not re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", bare):
        return False
    return int("".join(str(int(c, 36)) for c in bare[4:] + bare[:4])) % 97 == 1


def phone(text: str) -> bool:
    """An international number that can exist, by the numbering plans."""
    import phonenumbers

    try:
        return bool(phonenumbers.is_possible_number(phonenumbers.parse(re.sub(r"^00", "+", text.strip()))))
    except phonenumbers.NumberParseException:
        return False
