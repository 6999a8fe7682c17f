"""Patterns that cannot hang: the part of RE2's syntax that this portal takes, checked without running it.

RE2 (github.com/google/re2, syntax page) runs in time linear in the text. What it lacks, lookaround and
back-references, is refused here with a sentence, so that nobody learns of it from a failed job.
"""

from __future__ import annotations

import re

LONGEST, MOST_REPEATS = 500, 1000


class RegexFault(ValueError):
    """The pattern is not one that this portal runs; the text says where and why."""


_REFUSED = {
    "(?=": "looks ahead", "(?!": "looks ahead", "(?<=": "looks behind", "(?<!": "looks behind", "(?>": "is an atomic group",
    "(?P=": "refers back", "(?#": "is a comment", "(?(": "is a condition", "(?R": "is recursive", "(?&": "is recursive",
}  # fmt: skip
_ESCAPES = set("dDwWsSbBAzntrfvaxpP\\.^$|()[]{}*+?-/ \"'#&,:;<=>@_`~!%")


def check_regex(pattern: str) -> str:
    """The pattern, if RE2 runs it. Raises RegexFault."""
    if not pattern:
        raise RegexFault("the pattern is empty.")
    if len(pattern) > LONGEST:
        raise RegexFault(f"the pattern has {len(pattern)} characters; {LONGEST} is the limit.")
    _walk(pattern)
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as problem:
        raise RegexFault(f"the pattern cannot be read: {problem}.") from None
    for low, high in re.findall(r"\{(\d+)(?:,(\d*))?\}", pattern):
        if max(int(low), int(high or 0)) > MOST_REPEATS:
            raise RegexFault(f"a repetition of more than {MOST_REPEATS} times.")
    if _repeats(pattern) > MOST_REPEATS:
        raise RegexFault("repetitions inside repetitions make it too large.")
    return pattern


def _walk(pattern: str) -> None:
    index, inside = 0, False
    while index < len(pattern):
        sign = pattern[index]
        if sign == "\\":
            following = pattern[index + 1 : index + 2]
            if not following:
                raise RegexFault("it ends with a single backslash.")
            if following.isdigit() or following in "kgGKZQECuU":
                raise RegexFault(
                    f"\\{following} at character {index + 1} is not taken; it refers back or is not known."
                )
            if following not in _ESCAPES:
                raise RegexFault(f"\\{following} at character {index + 1} is not known.")
            if following == "x" and not re.match(r"[0-9A-Fa-f]{2}", pattern[index + 2 : index + 4]):
                raise RegexFault(f"\\x at character {index + 1} needs two hexadecimal digits.")
            if following in "pP" or (inside and following in "bBAz"):
                raise RegexFault(f"\\{following} at character {index + 1} is not taken here.")
            index += 2
            continue
        if inside:
            if sign == "[":
                raise RegexFault(f"a bracket inside brackets at character {index + 1}; write \\[.")
            if sign == "]":
                inside = False
            elif pattern[index : index + 2] in ("&&", "||", "--", "~~"):
                raise RegexFault(
                    f"{pattern[index : index + 2]} inside brackets at character {index + 1} is not taken."
                )
        elif sign == "[":
            inside = True
            index += 1 if pattern[index + 1 : index + 2] == "^" else 0
            if pattern[index + 1 : index + 2] == "]":
                raise RegexFault(f"empty brackets at character {index + 1}; write \\] for the sign itself.")
        elif sign == "(" and pattern[index + 1 : index + 2] == "?":
            for start, what in _REFUSED.items():
                if pattern.startswith(start, index):
                    raise RegexFault(f"{start}…) at character {index + 1} {what}, which is not taken.")
            if not re.match(r"\(\?(:|i\)|i:|s\)|s:|P<[A-Za-z_][A-Za-z0-9_]*>)", pattern[index:]):
                raise RegexFault(f"the group at character {index + 1} is of a kind that is not taken.")
        elif sign in "*+?}" and pattern[index + 1 : index + 2] == "+":
            raise RegexFault(f"the possessive repetition at character {index + 1} is not taken.")
        index += 1


def _repeats(pattern: str) -> int:
    """An upper bound for how often nested counted repetitions multiply."""
    product = 1
    for low, high in re.findall(r"\{(\d+)(?:,(\d*))?\}", pattern):
        product *= max(int(low), int(high or 0), 1)
        if product > 10**6:
            break
    return product if pattern.count("{") > 1 else 1
