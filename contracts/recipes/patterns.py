"""Which regular expressions a recipe may hold: a subset of RE2, which runs in linear time.

Judged without running anything. Conservative: what is accepted here RE2 accepts, not the other way round.
"""

from __future__ import annotations

import re

LONGEST, DEEPEST, LARGEST = 1_000, 20, 8_000
POSIX = ("alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper",
         "word", "xdigit")  # fmt: skip
CATEGORIES = ("L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "N", "Nd", "P", "S", "Sc", "Z", "Zs", "Latin", "Greek", "Cyrillic",
              "Arabic", "Hebrew", "Han", "Hiragana", "Katakana")  # fmt: skip
_PUNCTUATION = set("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")


class PatternFault(Exception):
    """A pattern is not acceptable: what, at which character (from 0), and what to do."""

    def __init__(self, said: str, at: int, remedy: str) -> None:
        super().__init__(said)
        self.at, self.remedy = at, remedy
        self.text = f"The pattern: {said} (at character {at + 1})."


class _Reader:
    def __init__(self, text: str) -> None:
        self.text, self.at, self.groups, self.names = text, 0, 0, set[str]()

    def fault(self, said: str, remedy: str = "Take it out.", at: int | None = None) -> PatternFault:
        return PatternFault(said, self.at if at is None else at, remedy)

    def looking(self, text: str) -> bool:
        return self.text.startswith(text, self.at)

    def alternatives(self, depth: int) -> int:
        """Reads up to the closing parenthesis or the end; returns the size once repeats are written out."""
        if depth > DEEPEST:
            raise self.fault("is nested too deeply", "Make it simpler.")
        size = 1
        while self.at < len(self.text) and not self.looking(")"):
            if self.looking("|"):
                self.at += 1
                continue
            size += self.repeated(depth)
            if size > LARGEST:
                raise self.fault("repeats too much", "Make it shorter or the counts smaller.")
        return size

    def repeated(self, depth: int) -> int:
        begin, size, solid = self.at, *self.item(depth)
        match = re.compile(r"[*+?]|\{(\d{1,4})(?:(,)(\d{0,4}))?\}").match(self.text, self.at)
        if match is None:
            return size
        if not solid:
            raise self.fault("has a repetition with nothing to repeat", at=begin)
        self.at = match.end()
        if match[1]:
            low = int(match[1])
            high = int(match[3]) if match[3] else low
            if high < low or max(low, high) > 1000:
                raise self.fault("has a count that is not possible", "At most 1000.", begin)
            size *= max(high, low, 1) + 1
        else:
            size += 1
        if self.looking("?"):
            self.at += 1
        if self.looking("+"):
            raise self.fault(
                "has a possessive repetition, which RE2 does not know", "Take the second “+” out."
            )
        if self.text[self.at : self.at + 1] in ("*", "?", "{"):
            raise self.fault("has a repetition of a repetition", "Put it in parentheses.")
        return size

    def item(self, depth: int) -> tuple[int, bool]:
        """The size of one item, and whether it may be repeated."""
        letter = self.text[self.at]
        if letter == "(":
            return self.group(depth), not self.text[: self.at].endswith(("(?i)", "(?m)", "(?s)"))
        if letter == "[":
            return self.bracket(), True
        if letter == "\\":
            return self.escape(False)
        if letter in "*+?":
            raise self.fault("has a repetition with nothing to repeat")
        if letter == "{":
            raise self.fault("has a “{” that begins no count", "Write \\{ for the character.")
        self.at += 1
        return (10 if letter == "." else 4), letter not in "^$"

    def group(self, depth: int) -> int:
        begin = self.at
        self.at += 1
        if self.looking("?"):
            rest = self.text[self.at :]
            if re.match(r"\?(<?[=!])", rest):
                raise self.fault("looks around, which RE2 cannot", "Match the text itself instead.", begin)
            if rest.startswith("?>"):
                raise self.fault("has an atomic group, which RE2 does not know", "Write (?: instead.", begin)
            if rest.startswith(("?P=", "?(")):
                raise self.fault(
                    "refers back to a group, which RE2 cannot", "Repeat the text instead.", begin
                )
            match = re.match(r"\?P<([A-Za-z_][A-Za-z0-9_]{0,30})>", rest)
            if match:
                if match[1] in self.names:
                    raise self.fault(f"names two groups {match[1]}", "Choose another name.", begin)
                self.names.add(match[1])
                self.groups += 1
            elif not (match := re.match(r"\?[ims]{0,3}:", rest)):
                flags = re.match(r"\?[ims]\)", rest)
                if flags and begin == 0:
                    self.at += flags.end() - 1
                    return self._closed(begin, 1)
                raise self.fault(
                    "has a group of a kind that is not allowed", "Write ( or (?: instead.", begin
                )
            self.at += match.end()
        else:
            self.groups += 1
        return self._closed(begin, self.alternatives(depth + 1))

    def _closed(self, begin: int, size: int) -> int:
        if not self.looking(")"):
            raise self.fault(
                "has a “(” that never closes", "Close it, or write \\( for the character.", begin
            )
        self.at += 1
        return size + 2

    def escape(self, inside: bool) -> tuple[int, bool]:
        rest = self.text[self.at + 1 :]
        if match := re.match(r"[dDsSwW]", rest):
            self.at += 2
            return (20, True)
        if match := re.match(r"x[0-9A-Fa-f]{2}|x\{[0-9A-Fa-f]{1,4}\}", rest):
            code = int(match[0].strip("x{}"), 16)
            if 0xD800 <= code <= 0xDFFF:
                raise self.fault("names a character that does not exist")
            self.at += 1 + match.end()
            return (4, True)
        if match := re.match(r"[pP]\{(\w{1,12})\}", rest):
            if match[1] not in CATEGORIES:
                raise self.fault(
                    f"names an unknown kind of letter, {match[1]}", f"There are {', '.join(CATEGORIES)}."
                )
            self.at += 1 + match.end()
            return (700, True)
        if not inside and (match := re.match(r"[bBAz]", rest)):
            self.at += 2
            return (2, False)
        if (rest[:1] in _PUNCTUATION and rest) or rest[:1] in ("t", "n", "r", "f", "v"):
            self.at += 2
            return (4, True)
        if rest[:1].isdigit() or rest[:1] in ("k", "g"):
            raise self.fault("refers back to a group, which RE2 cannot", "Repeat the text instead.")
        raise self.fault(f"has an escape \\{rest[:1]} that is not allowed", "Write \\\\ for a backslash.")

    def bracket(self) -> int:
        begin = self.at
        self.at += 2 if self.text.startswith("[^", self.at) else 1
        size, count = 10, 0
        while not self.looking("]") or not count:
            if self.at >= len(self.text):
                raise self.fault(
                    "has a “[” that never closes", "Close it, or write \\[ for the character.", begin
                )
            if self.looking("]"):
                raise self.fault("has an empty class", "Write \\] for the character.")
            size += self.member()
            count += 1
        self.at += 1
        return size

    def member(self) -> int:
        posix = re.compile(r"\[:\^?(\w+):\]").match(self.text, self.at)
        if posix and posix[1] in POSIX:
            self.at = posix.end()
            return 20
        if self.looking("["):
            raise self.fault("has a “[” inside a class", "Write \\[ for the character.")
        low, size = self._single()
        if low is None or not self.looking("-") or self.text.startswith("-]", self.at):
            return size
        self.at += 1
        if self.at >= len(self.text):
            return size
        high, _ = self._single()
        if high is None or high < low:
            raise self.fault("has a range that is not from low to high", "Swap the ends.")
        return size + 10

    def _single(self) -> tuple[str | None, int]:
        """One character of a class (None for a kind of character) and its size."""
        begin = self.at
        if self.looking("\\"):
            size, _ = self.escape(True)
            text = self.text[begin + 1 : self.at]
            if text[0] == "x":
                return chr(int(text.strip("x{}"), 16)), size
            return (None if text[0] in "dDsSwWpP" else text), size
        if self.looking("-") and self.text[begin - 1] not in "[^" and not self.text.startswith("-]", begin):
            raise self.fault("has a “-” in the middle of a class", "Write \\- for the character.")
        self.at += 1
        return self.text[begin], 6


def check_pattern(text: str) -> int:
    """How many groups the pattern has. Raises PatternFault for what RE2 would refuse or run slowly."""
    if len(text) > LONGEST:
        raise PatternFault(f"has {len(text)} characters; at most {LONGEST}", LONGEST, "Make it shorter.")
    broken = next((i for i, c in enumerate(text) if c == "\x00" or 0xD800 <= ord(c) <= 0xDFFF), None)
    if broken is not None:
        raise PatternFault("holds a broken character", broken, "Take it out.")
    reader = _Reader(text)
    reader.alternatives(0)
    if reader.at < len(text):
        raise reader.fault("has a “)” without “(”", "Write \\) for the character.")
    return reader.groups


def check_replacement(text: str, groups: int) -> None:
    r"""Raises PatternFault unless every backslash of the replacement is `\\` or a group that exists."""
    at = 0
    while (at := text.find("\\", at)) >= 0:
        follows = text[at + 1 : at + 2]
        if follows != "\\" and not (follows.isascii() and follows.isdigit() and int(follows) <= groups):
            raise PatternFault(f"the replacement has \\{follows}, which is no group of it", at,
                               "Write \\\\ for a backslash, \\1 for the first group.")  # fmt: skip
        at += 2
