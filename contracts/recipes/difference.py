"""What differs between two recipes, in words."""

from __future__ import annotations

from difflib import SequenceMatcher

from contracts.recipes.recipe import Recipe, Step
from contracts.recipes.steps import STEPS
from kernel.canonical import canonical_bytes


def _key(step: Step) -> bytes:
    return canonical_bytes([step.name, step.params])


def _called(step: Step, place: int) -> str:
    kind = STEPS.get(step.name)
    return f"Step {place + 1}, “{kind.label if kind else step.name}”,"


def compare(a: Recipe, b: Recipe) -> list[str]:
    """What was removed, changed, moved and added from `a` to `b`; empty if they do the same.

    Places in sentences on removed steps are those in `a`, all others those in `b`.
    """
    gone, new = list[int](), list[int]()
    matcher = SequenceMatcher(None, [_key(s) for s in a.steps], [_key(s) for s in b.steps], autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag != "equal":
            gone += range(i1, i2)
            new += range(j1, j2)
    moved = _pairs(a, b, gone, new, same=True)
    changed = _pairs(a, b, gone, new, same=False)
    said: list[tuple[int, str]] = []
    for i in gone:
        said.append((i, f"{_called(a.steps[i], i)} is removed: {a.steps[i].words}."))
    for i, j in moved:
        said.append((j, f"{_called(b.steps[j], j)} was step {i + 1}: {b.steps[j].words}."))
    for i, j in changed:
        said += [(j, text) for text in _changes(a.steps[i], b.steps[j], i, j)]
    for j in new:
        said.append((j, f"{_called(b.steps[j], j)} is added: {b.steps[j].words}."))
    return [text for _, text in sorted(said, key=lambda item: item[0])]


def _pairs(a: Recipe, b: Recipe, gone: list[int], new: list[int], *, same: bool) -> list[tuple[int, int]]:
    """Takes out of both lists the steps that belong together: equal ones, or those of one kind."""
    found = []
    for j in list(new):
        for i in gone:
            one, other = a.steps[i], b.steps[j]
            if _key(one) == _key(other) if same else one.name == other.name:
                found.append((i, j))
                gone.remove(i)
                new.remove(j)
                break
    return found


def _changes(old: Step, new: Step, i: int, j: int) -> list[str]:
    kind = STEPS[new.name]
    where = _called(new, j) + (f" was step {i + 1}:" if i != j else "")
    texts = []
    for param in kind.params:
        before, after = (s.params.get(param.name, param.default) for s in (old, new))
        if before == after:
            continue
        was, now = ("nothing" if v is None else param.show(v) for v in (before, after))
        texts.append(f"{where} {param.label.lower()} changed from {was or '“”'} to {now or '“”'}.")
    return texts
