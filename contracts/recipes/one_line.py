"""Lists and pairs as one line of text and back, exactly: `a, "b, c"` and `old=new, "x=y"=z`."""

from __future__ import annotations

import json

SPECIAL = set(',=;:()"\\\n\t\r')


def word(text: str) -> str:
    """One item as it is written in a line: quoted if it would be read otherwise."""
    plain = text and text.strip() == text and not SPECIAL & set(text) and text.isprintable()
    return text if plain else json.dumps(text, ensure_ascii=False)


class Line:
    """Reads words and marks from one line. Every method raises ValueError saying what was expected."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def _skip(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    @property
    def ended(self) -> bool:
        self._skip()
        return self.at >= len(self.text)

    def next_is(self, mark: str) -> bool:
        self._skip()
        return self.text.startswith(mark, self.at)

    def take(self, mark: str) -> bool:
        """Step over the mark if it is next."""
        if found := self.next_is(mark):
            self.at += len(mark)
        return found

    def need(self, mark: str) -> None:
        if not self.take(mark):
            raise ValueError(f"{mark!r} is expected before {self.text[self.at : self.at + 20]!r}")

    def word(self, stops: str) -> str:
        """A quoted word, or everything up to one of these characters."""
        self._skip()
        if self.text[self.at : self.at + 1] == '"':
            try:
                value, self.at = json.JSONDecoder().raw_decode(self.text, self.at)
            except ValueError:
                raise ValueError(f"the quote in {self.text[self.at : self.at + 20]!r} never closes") from None
            return str(value)
        start = self.at
        while self.at < len(self.text) and self.text[self.at] not in stops:
            self.at += 1
        return self.text[start : self.at].strip()


def show_list(items: list[str]) -> str:
    return ", ".join(word(str(item)) for item in items)


def show_pairs(pairs: dict[str, str]) -> str:
    return ", ".join(f"{word(old)}={word(new)}" for old, new in pairs.items())


def read_list(text: str) -> list[str]:
    """Items of a line; a comma with nothing before it is passed over. Raises ValueError."""
    line, found = Line(text), []
    while not line.ended:
        if line.take(","):
            continue
        found.append(line.word(","))
        if not line.ended:
            line.need(",")
    return found


def read_pairs(text: str) -> dict[str, str]:
    """Pairs of a line. Raises ValueError for what is no pair, and for a first half that stands twice."""
    line, found = Line(text), dict[str, str]()
    while not line.ended:
        if line.take(","):
            continue
        old = line.word(",=")
        if not line.take("="):
            raise ValueError(f"{old!r} has no second half after “=”")
        if old in found:
            raise ValueError(f"{old!r} stands twice")
        found[old] = line.word(",")
        if not line.ended:
            line.need(",")
    return found
