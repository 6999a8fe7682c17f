"""`make bench`: every piece several times in fresh processes, in turn, so that all meet the same weather.

`--runs N` repeats (3), `--rows N` takes only the first so many rows.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.work import PIECES, intake
from portal.demo.data import packed


def measure(folder: Path, runs: int) -> dict[str, list[dict[str, float]]]:
    """Piece → one {seconds, peak_mb} per run. Imports count, as they do for a fresh worker child."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in PIECES}
    for _ in range(runs):
        for name in PIECES:
            done = subprocess.run(
                [sys.executable, "-m", "bench.work", name, str(folder)], capture_output=True, text=True
            )
            if done.returncode:
                sys.exit(f"{name}: {done.stderr.strip().splitlines()[-1]}")
            found[name].append(json.loads(done.stdout))
    return found


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--runs", type=int, default=3)
    asked.add_argument("--rows", type=int, default=None)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="ch-bench-") as name:
        folder = Path(name)
        _, content = packed("flights", given.rows)
        (folder / "flights.csv.gz").write_bytes(content)
        intake(folder)
        (folder / "intake.parquet").rename(folder / "flights.parquet")
        found = measure(folder, given.runs)
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {given.runs} runs each\n")
    print(f"{'piece':<36}{'min s':>8}{'median s':>10}{'peak MB':>9}")
    for piece, results in found.items():
        seconds = [r["seconds"] for r in results]
        peak = max(r["peak_mb"] for r in results)
        print(f"{piece:<36}{min(seconds):>8.2f}{statistics.median(seconds):>10.2f}{peak:>9.0f}")


if __name__ == "__main__":
    main()
