"""Two versions of a dataset, column by column: how far their distributions moved, in numbers and words."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from jobs.pipeline.chance import chi_chance, chi_square, ks_chance, psi
from jobs.pipeline.clock import told
from jobs.pipeline.faults import Cancelled
from jobs.pipeline.profile.counts import instant, values
from jobs.pipeline.profile.numbers import bins_for
from jobs.pipeline.profile.source import DATED, NUMBERS, Field, Source, attach, connect, plain

STEP = "Compare versions"
BEST_BINS = 10
MOST_COLUMNS = 400
MOST_VALUES = 50
SAMPLE = 500_000
FEWEST = 50
LITTLE, CLEARLY = 0.1, 0.25


def drift(
    before: Path | str,
    after: Path | str,
    *,
    progress: Callable[[str, int, int], None],
    cancelled: Callable[[], bool],
    renamed: Mapping[str, str] | None = None,
    memory: int = 640 << 20,
    threads: int = 2,
) -> dict[str, Any]:
    """`columns`: one entry per column in both files (or `renamed`, new name → old), in the new order.

    Each has name, kind (numbers, values or none), psi, ks or chi_square, chance (how likely the
    statistic is if nothing changed), level (same, little, clearly, unknown), text, and before and
    after: histograms over one axis, or counts of the most frequent values. Large files are
    compared on every n-th row, the same at every run; `sampled` says so.
    """
    before, after = Path(before), Path(after)
    with (
        tempfile.TemporaryDirectory(dir=after.parent, prefix="spill-") as spill,
        connect(spill, memory, threads) as base,
    ):
        old, new = attach(base, before, "b_"), attach(base, after, "a_")
        steps = tuple(max(1, side.rows // SAMPLE) for side in (old, new))
        names = {field.name: (renamed or {}).get(field.name, field.name) for field in new.fields}
        pairs = [(old.by_name[names[f.name]], f) for f in new.fields if names[f.name] in old.by_name]
        found = []
        for position, (was, now) in enumerate(pairs[:MOST_COLUMNS]):
            if cancelled():
                raise Cancelled
            progress(STEP, position, len(pairs))
            try:
                found.append(_Pair(old, new, was, now, steps).compared())
            except duckdb.Error as problem:
                # One odd column does not make a version unreadable.
                found.append({"name": now.name, "kind": "none", "level": "unknown",
                              "text": f"{now.name} could not be compared: {str(problem).splitlines()[0]}"})  # fmt: skip
    return {"rows_before": old.rows, "rows_after": new.rows, "columns": found, "left_out": max(len(pairs) - MOST_COLUMNS, 0),
            "sampled": max(steps) > 1, "thresholds": {"little": LITTLE, "clearly": CLEARLY}}  # fmt: skip


class _Pair:
    """One column in both files."""

    def __init__(self, old: Source, new: Source, was: Field, now: Field, steps: tuple[int, ...]) -> None:
        self.sides = ((old, was, "b_", steps[0]), (new, now, "a_", steps[1]))
        self.was, self.now = was, now

    def compared(self) -> dict[str, Any]:
        present = [self._take(*side) for side in self.sides]
        entry: dict[str, Any] = {"name": self.now.name, "kind": "none", "level": "unknown"}
        if self.was.name != self.now.name:
            entry["was"] = self.was.name
        entry["missing"] = [round(100 * (1 - n / total), 2) if total else 0.0 for n, total in present]
        if min(n for n, _ in present) < FEWEST:
            return entry | {"text": f"{self.now.name}: fewer than {FEWEST} values, too few to compare."}
        words = {self.was.word, self.now.word}
        if words <= NUMBERS or (len(words) == 1 and words <= DATED):
            return entry | self._numbers()
        return entry | self._categories()

    def _take(self, source: Source, field: Field, prefix: str, step: int) -> tuple[int, int]:
        """Counts of this column's values as the table `b_vc` or `a_vc`; returns (present, rows looked at)."""
        where = f"WHERE rn % {step} = 0" if step > 1 else ""
        view = f"{prefix}numbered" if step > 1 else f"{prefix}t"
        source.base.execute(
            f"CREATE OR REPLACE TEMP TABLE {prefix}vc AS SELECT {field.key}, count(*) AS n FROM {view} {where} GROUP BY 1"
        )
        total, present = source.one(
            f"SELECT coalesce(sum(n), 0), coalesce(sum(n) FILTER ({field.key} IS NOT NULL), 0) FROM {prefix}vc"
        )
        return int(present), int(total)

    def _numbers(self) -> dict[str, Any]:
        (old, was), (new, now) = (values(s, f, f"{p}vc") for s, f, p, _ in self.sides)
        if not len(old) or not len(new):
            return {"text": f"{self.now.name}: no finite numbers to compare."}
        old, new = old.astype(float), new.astype(float)
        edges = np.unique(_cuts(old, was))
        one, two = (np.bincount(np.searchsorted(edges, v, side="left"), weights=n, minlength=len(edges) + 1) for v, n in ((old, was), (new, now)))  # fmt: skip
        points = np.unique(np.concatenate([old, new]))
        shares = [np.concatenate([[0.0], np.cumsum(n) / n.sum()])[np.searchsorted(v, points, side="right")] for v, n in ((old, was), (new, now))]  # fmt: skip
        distance = float(np.abs(shares[0] - shares[1]).max())
        moved = psi(one.tolist(), two.tolist())
        middles = [float(v[np.searchsorted(np.cumsum(n), n.sum() / 2)]) for v, n in ((old, was), (new, now))]
        entry = {
            "kind": "numbers", "psi": round(moved, 4), "ks": round(distance, 4),
            "chance": float(f"{ks_chance(distance, int(was.sum()), int(now.sum())):.3g}"),
            "middle": [self._shown(m) for m in middles],
            **_histograms(old, was, new, now, self.now),
        }  # fmt: skip
        way = "up" if middles[1] > middles[0] else "down" if middles[1] < middles[0] else ""
        return entry | _said(self.now.name, moved, f" {way}" if way else " in shape",
                             f"; the middle went from {entry['middle'][0]} to {entry['middle'][1]}" if way else "")  # fmt: skip

    def _shown(self, value: float) -> Any:
        if self.now.word in DATED:
            return told(instant(self.now, int(value)))
        return plain(int(value) if value == int(value) else value)

    def _categories(self) -> dict[str, Any]:
        both = [dict(self._frequent(*side[:3])) for side in self.sides]
        totals = [sum(int(n) for n in values_n) for values_n in ([s.one(f"SELECT sum(n) FILTER ({f.key} IS NOT NULL) FROM {p}vc")[0]] for s, f, p, _ in self.sides)]  # fmt: skip
        distinct = [s.one(f"SELECT count({f.key}) FROM {p}vc")[0] for s, f, p, _ in self.sides]
        if min(distinct) > 0.5 * min(totals):
            return {
                "text": f"{self.now.name}: nearly every value is different, so there is no distribution to compare."
            }
        # The union of what is frequent in either version, counted in both; everything else is one more bin.
        names = sorted(set(both[0]) | set(both[1]))
        counted = [self._counted(*side[:3], names) for side in self.sides]
        one, two = (
            [*[c.get(n, 0) for n in names], max(total - sum(c.values()), 0)]
            for c, total in zip(counted, totals, strict=True)
        )
        moved = psi(one, two)
        statistic, freedom = chi_square(one, two)
        shares = {n: (one[i] / totals[0], two[i] / totals[1]) for i, n in enumerate(names)}
        most = max(names, key=lambda n: abs(shares[n][1] - shares[n][0]))
        appeared = [n for n in names if counted[0].get(n, 0) == 0 and counted[1].get(n, 0)]
        top = sorted(names, key=lambda n: (-(shares[n][0] + shares[n][1]), n))[:10]
        entry = {
            "kind": "values", "psi": round(moved, 4), "chi_square": round(statistic, 2), "freedom": freedom,
            "chance": float(f"{chi_chance(statistic, freedom):.3g}"), "new_values": len(appeared),
            "before": {"top": [{"value": plain(n), "count": counted[0].get(n, 0)} for n in top]},
            "after": {"top": [{"value": plain(n), "count": counted[1].get(n, 0)} for n in top]},
            "most": {"value": plain(most), "count": min(counted[0].get(most, 0), counted[1].get(most, 0)), "before": round(100 * shares[most][0], 1), "after": round(100 * shares[most][1], 1)},
        }  # fmt: skip
        return entry | _said(self.now.name, moved, "", "")

    def _frequent(self, source: Source, field: Field, prefix: str) -> list[tuple[str, int]]:
        return source.query(  # type: ignore[return-value]
            f"SELECT left({field.text}, 200) AS v, sum(n) AS m FROM {prefix}vc WHERE {field.key} IS NOT NULL GROUP BY v ORDER BY m DESC, v LIMIT {MOST_VALUES}"
        )

    def _counted(self, source: Source, field: Field, prefix: str, names: list[str]) -> dict[str, int]:
        found = source.base.execute(
            f"SELECT left({field.text}, 200) AS v, CAST(sum(n) AS BIGINT) FROM {prefix}vc WHERE v IN (SELECT unnest(?)) GROUP BY v",
            [names],
        ).fetchall()
        return dict(found)


def _cuts(found: Any, counts: Any) -> Any:
    """Nine cuts that divide the old values into ten parts of about the same size."""
    ends = np.cumsum(counts)
    places = np.arange(1, BEST_BINS) * ends[-1] / BEST_BINS
    return found[np.searchsorted(ends, places)]


def _histograms(old: Any, was: Any, new: Any, now: Any, field: Field) -> dict[str, Any]:
    """Both on one axis, so that the bars can be laid over each other; shares in percent."""
    low, high = min(old[0], new[0]), max(old[-1], new[-1])
    scale = {"date": 86_400.0, "timestamp": 1e-6}.get(field.word, 1.0)
    with np.errstate(over="ignore", invalid="ignore"):
        bins = bins_for(float(low), float(high), field.word == "integer")
        edges = np.linspace(low, high, bins + 1) if high > low else np.array([low, high])
    if not np.isfinite(edges).all():
        return {}
    shown = [float(f"{edge * scale:.12g}") for edge in edges]
    both: dict[str, Any] = {}
    for name, found, counts in (("before", old, was), ("after", new, now)):
        place = np.clip(np.searchsorted(edges, found, side="right") - 1, 0, len(edges) - 2)
        filled = np.bincount(place, weights=counts, minlength=len(edges) - 1)
        both[name] = {"edges": shown, "counts": [round(float(n), 2) for n in 100 * filled / counts.sum()]}
        if field.word in DATED:
            both[name]["unit"] = "seconds since 1970"
    return both


def _said(name: str, moved: float, way: str, more: str) -> dict[str, str]:
    level = "same" if moved < LITTLE else "little" if moved < CLEARLY else "clearly"
    words = {
        "same": f"{name} is as before",
        "little": f"{name} moved{way} a little",
        "clearly": f"{name} moved{way} clearly",
    }
    return {"level": level, "text": f"{words[level]}{more if level != 'same' else ''}."}
