"""`make bench`: every case by every engine in fresh processes, in turn, so that all meet the same weather.

`make bench ROWS=500000` does the same small, once, within a minute; `CURVE=1` adds our engine at 0.5, 5 and 50 million
rows. A full run also measures the list pages of a full portal (bench/lists.py) and a log of a million entries and its pages (bench/log.py, bench/log_pages.py); `LISTS=1` has a small run do it too. Writes `bench/results.md` and `bench/results.json`; a small run prints and writes nothing unless `--write` is given.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench import lists, log, log_pages
from bench.check import content
from bench.data import FULL, make
from bench.decisions import decisions, keep, section
from bench.engines import ENGINES, PROFILES
from bench.report import page

# As the portal starts the process that does a job (jobs/runs/child.py).
THRIFTY = {"ARROW_DEFAULT_MEMORY_POOL": "jemalloc", "MALLOC_ARENA_MAX": "2"}
HERE = Path(__file__).resolve().parent
CASES = {
    "csv_parquet": ("csv", "parquet"),
    "csv_csv": ("csv", "csv"),
    "parquet_parquet": ("parquet", "parquet"),
    "profile": ("parquet", "json"),
}
CURVE = (500_000, 5_000_000, 50_000_000)
Figures = dict[str, float]


def once(engine: str, case: str, source: Path, folder: Path) -> tuple[Figures, Path]:
    """One engine on one case in a process of its own: wall_s, cpu_s, rss_mb, and what it wrote."""
    target = folder / f"{engine}-{case}.{CASES[case][1]}"
    for left in folder.glob(f"{target.stem}.*"):
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    done = subprocess.run(
        [sys.executable, "-m", "bench.engines", engine, case, str(source), str(target)], capture_output=True, text=True,
        cwd=HERE.parent, env=os.environ | (THRIFTY if engine == "commonhold" else {}),
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"{engine}, {case}: {done.stderr.strip().splitlines()[-1]}")
    return json.loads(done.stdout), target


def compare(
    sources: dict[str, Path], folder: Path, runs: int, engines: list[str]
) -> dict[str, dict[str, Figures]]:
    """Medians per case and engine. Stops if two engines come to different rows."""
    found: dict[str, dict[str, Figures]] = {}
    for case, (given, _) in CASES.items():
        taking = [e for e in (PROFILES if case == "profile" else ENGINES) if e in engines]
        timed: dict[str, list[Figures]] = {engine: [] for engine in taking}
        came: dict[str, Any] = {}
        for number in range(runs):
            for engine in taking:
                figures, target = once(engine, case, sources[given], folder)
                timed[engine].append(figures)
                if case != "profile" and number == 0:
                    came[engine] = content(target)
                print(
                    f"{case:<16} {engine:<11} {figures['wall_s']:8.2f} s {figures['cpu_s']:8.2f} s CPU {figures['rss_mb']:6.0f} MB",
                    flush=True,
                )
                target.unlink()
        if len(set(came.values())) > 1:
            sys.exit(f"{case}: the engines come to different rows: {came}")
        found[case] = {
            e: {k: statistics.median(f[k] for f in figs) for k in figs[0]} for e, figs in timed.items()
        }
    return found


def curve(folder: Path) -> dict[str, dict[str, Figures]]:
    """Our engine, CSV to Parquet, at growing sizes: time should grow with the rows, memory not."""
    found = {}
    for rows in CURVE:
        csv, parquet = make(folder, rows)
        figures, target = once("commonhold", "csv_parquet", csv, folder)
        print(f"{'curve':<16} {rows:>11,} {figures['wall_s']:8.2f} s {figures['rss_mb']:6.0f} MB", flush=True)
        found[str(rows)] = {"commonhold": figures}
        for path in (csv, parquet, target):
            path.unlink()
    return found


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rows", type=int, default=int(os.environ.get("ROWS") or FULL))
    asked.add_argument("--runs", type=int, default=0)
    asked.add_argument("--curve", action="store_true", default=bool(os.environ.get("CURVE")))
    asked.add_argument("--lists", action="store_true", default=bool(os.environ.get("LISTS")))
    asked.add_argument("--engines", default=",".join(ENGINES))
    asked.add_argument("--write", action="store_true")
    given = asked.parse_args()
    small = given.rows < FULL
    with tempfile.TemporaryDirectory(prefix="ch-bench-") as name:
        folder = Path(name)
        csv, parquet = make(folder, given.rows)
        runs = given.runs or (1 if small else 3)
        cases: dict[str, Any] = compare(
            {"csv": csv, "parquet": parquet}, folder, runs, given.engines.split(",")
        )
        size = {
            "rows": given.rows,
            "csv_mb": round(csv.stat().st_size / 1e6),
            "parquet_mb": round(parquet.stat().st_size / 1e6),
            "runs": runs,
        }
        csv.unlink()
        parquet.unlink()
        grown = curve(folder) if given.curve else {}
    text = page(cases, grown, size, f"Python {platform.python_version()}, {os.cpu_count()} cores")
    print(text)
    if not small or given.write:
        (HERE / "results.md").write_text(text, encoding="utf-8")
        kept = cases | ({"curve": grown} if grown else {})
        (HERE / "results.json").write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    decided = decisions()
    print(section(decided))
    if not small or given.write:
        keep(decided)
    if given.lists or not small:
        shown = lists.lists()
        print(lists.section(shown))
        if not small or given.write:
            lists.keep(shown)
    if not small:
        logged = log.measured()
        print(log.section(logged))
        log.keep(logged)
        pages = log_pages.measured()
        print(log_pages.section(pages))
        log_pages.keep(pages)


if __name__ == "__main__":
    main()
