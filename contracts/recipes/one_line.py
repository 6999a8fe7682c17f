"""Lists and pairs as one line of text and back, exactly: `a, "b, c"` and `old=new, "x=y"=z`."""

from __future__ import annotations

import json

PLAIN_NOT = set(',="\\\n\t')


def word(text: str) -> str:
    """One item as it is written in a line: quoted if it would be read otherwise."""
    plain = text and text.strip() == text and not PLAIN_NOT & set(text)
    return text if plain else json.dumps(text, ensure_ascii=False)


def show_list(items: list[str]) -> str:
    return ", ".join(word(str(item)) for item in items)


def show_pairs(pairs: dict[str, str]) -> str:
    return ", ".join(f"{word(old)}={word(new)}" for old, new in pairs.items())


def read_list(text: str) -> list[str]:
    """Items of a line. Raises ValueError for a quote that never closes."""
    return [part[0] for part in _parts(text, 1)]


def read_pairs(text: str) -> dict[str, str]:
    """Pairs of a line. Raises ValueError for what is no pair."""
    return {part[0]: part[1] for part in _parts(text, 2)}


def _parts(text: str, wanted: int) -> list[tuple[str, ...]]:
    decoder, found, at = json.JSONDecoder(), [], 0
    while at < len(text):
        part: list[str] = []
        while True:
            while at < len(text) and text[at].isspace():
                at += 1
            if text[at : at + 1] == '"':
                value, at = decoder.raw_decode(text, at)
            else:
                stop = at
                while stop < len(text) and text[stop] not in (",=" if wanted > 1 else ","):
                    stop += 1
                value, at = text[at:stop].strip(), stop
            part.append(value)
            while at < len(text) and text[at].isspace():
                at += 1
            if at < len(text) and text[at] == "=" and len(part) < wanted:
                at += 1
                continue
            break
        if at < len(text) and text[at] != ",":
            raise ValueError(f"{text[at:]!r} cannot be read")
        at += 1
        if part == [""] and wanted == 1:
            continue
        if len(part) != wanted:
            raise ValueError(f"{part[0]!r} has no second half")
        found.append(tuple(part))
    return found
