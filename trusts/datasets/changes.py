"""What changed between two versions' columns and measurements, from what is kept of both. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import SequenceMatcher
from typing import Any

Profile = Mapping[str, Any]
LIKELY = 0.55


def _alike(old: Mapping[str, Any], new: Mapping[str, Any]) -> float:
    """How alike two columns' measurements are, from 0 to 1: values, ends, distinct, gaps, lengths."""
    marks: list[float] = []
    tops = [{item["value"] for item in column.get("top") or []} for column in (old, new)]
    if all(tops):
        marks += [2 * len(tops[0] & tops[1]) / (len(tops[0]) + len(tops[1]))] * 2
    for key in ("min", "max"):
        if old.get(key) is not None and new.get(key) is not None:
            marks.append(1.0 if str(old[key]) == str(new[key]) else 0.3)
    for key in ("distinct", "missing"):
        a, b = float(old.get(key) or 0), float(new.get(key) or 0)
        marks.append(1.0 if a == b else min(a, b) / max(a, b))
    return sum(marks) / len(marks)


def _shows_values(column: Mapping[str, Any]) -> bool:
    """Whether any value is known; counts alone, as others see them, make no two columns the same."""
    return bool(column.get("top")) or column.get("min") is not None


def _similar(old: str, new: str) -> float:
    """How alike two names are, from 0 to 1, whatever their case and separators."""
    one, two = ("".join(c for c in name.lower() if c.isalnum()) for name in (old, new))
    return float(SequenceMatcher(None, one, two).ratio())


def renamed(
    removed: Mapping[str, str], added: Mapping[str, str], before: Profile, after: Profile
) -> list[dict[str, Any]]:
    """Pairs of a removed and an added column that may be the same, with confidence in percent and why.

    A guess, and said to be one: names and measured values both count; types must agree. Each
    column is in one pair at most.
    """
    measured = [{c["name"]: c for c in profile.get("columns", [])} for profile in (before, after)]
    found = []
    for old, kind in list(removed.items())[:200]:
        for new, other in list(added.items())[:200]:
            if kind != other or old not in measured[0] or new not in measured[1]:
                continue
            name, values = _similar(old, new), _alike(measured[0][old], measured[1][new])
            trust = 0.45 * name + 0.55 * values
            seen = _shows_values(measured[0][old]) and _shows_values(measured[1][new])
            if trust >= LIKELY and (name >= 0.5 or (values >= 0.9 and seen)):
                found.append((trust, old, new, name, values))
    pairs: list[dict[str, Any]] = []
    taken: set[str] = set()
    for trust, old, new, name, values in sorted(found, key=lambda f: (-f[0], f[1], f[2])):
        if f"-{old}" in taken or f"+{new}" in taken:
            continue
        taken |= {f"-{old}", f"+{new}"}
        why = [
            text
            for text, yes in (("the names are alike", name >= 0.5), ("the values are alike", values >= 0.7))
            if yes
        ]
        pairs.append(
            {
                "old": old,
                "new": new,
                "confidence": round(100 * trust),
                "why": " and ".join(why) or "both a little",
            }
        )
    return pairs


def schema_changes(
    old: Mapping[str, str], new: Mapping[str, str], before: Profile, after: Profile
) -> dict[str, Any]:
    """`added`, `removed`, `renamed` (guesses), `retyped`, from names → types in order and both profiles.

    A column in a guess is still listed as added and removed: only the steward knows.
    """
    added = {name: kind for name, kind in new.items() if name not in old}
    removed = {name: kind for name, kind in old.items() if name not in new}
    return {
        "added": list(added), "removed": list(removed), "renamed": renamed(removed, added, before, after),
        "retyped": [{"name": n, "old": old[n], "new": t} for n, t in new.items() if n in old and old[n] != t],
        "reordered": [n for n in old if n in new] != [n for n in new if n in old],
    }  # fmt: skip


def quality_changes(before: Profile, after: Profile) -> list[dict[str, Any]]:
    """Numbers that can be set side by side: title, before, after, unit, better (None when it is neither)."""
    found = []

    def line(title: str, old: Any, new: Any, unit: str = "", more_is_better: bool | None = None) -> None:
        if old is None or new is None:
            return
        better = None if more_is_better is None or old == new else (new > old) == more_is_better
        found.append({"title": title, "before": old, "after": new, "unit": unit, "better": better})

    line("Rows", before.get("rows"), after.get("rows"))
    line("Columns", len(before.get("columns", [])), len(after.get("columns", [])))
    line("Cells filled", before.get("completeness"), after.get("completeness"), "%", True)
    line("Repeated rows", before.get("duplicates"), after.get("duplicates"), "", False)
    line(
        "Quality score",
        (before.get("score") or {}).get("value"),
        (after.get("score") or {}).get("value"),
        "",
        True,
    )
    return found


def in_words(changes: Mapping[str, Any]) -> list[str]:
    """The change of columns as sentences, most important first."""
    guesses = {pair["old"]: pair for pair in changes["renamed"]}
    found = []
    for name in changes["removed"]:
        pair = guesses.get(name)
        more = (
            f"; perhaps it is now called {pair['new']} ({pair['confidence']} % sure, because {pair['why']})"
            if pair
            else ""
        )
        found.append(f"{name} was removed{more}.")
    found += [f"{c['name']} was {c['old']} and is now {c['new']}." for c in changes["retyped"]]
    known = {pair["new"] for pair in changes["renamed"]}
    found += [f"{name} was added." for name in changes["added"] if name not in known]
    if changes["reordered"]:
        found.append("The columns stand in another order.")
    return found
