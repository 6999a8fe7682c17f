"""The measured pieces. Each runs in a fresh process: `python -m bench.work <piece> <folder>`."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from contracts.policies.terms import Terms
from contracts.recipes.compile import compile_plan
from contracts.recipes.recipe import Recipe

KEY = b"bench" * 8
COLUMNS = ["carrier", "tailnum", "origin", "dest", "dep_delay", "arr_delay", "distance", "month"]
TERMS = {
    "purpose": {"any_of": ["research"]},
    "period": {"from": "2027-01-01", "until": "2027-12-31", "zone": "UTC"},
    "columns": {"only": COLUMNS},
    "pseudonymise": {"columns": ["tailnum"]},
    "min_group_size": {"k": 10, "by": ["dest"]},
}
RECIPE: list[dict[str, Any]] = [
    {"name": "trim", "params": {"columns": ["carrier", "dest"]}},
    {"name": "drop_missing", "params": {"columns": ["arr_delay"]}},
    {
        "name": "range_check",
        "params": {"column": "arr_delay", "min": "-120", "max": "600", "on_fail": "drop"},
    },
    {"name": "filter", "params": {"column": "distance", "op": "gte", "value": ["100"]}},
    {"name": "generalise", "params": {"column": "distance", "how": "band", "width": "100"}},
    {"name": "deduplicate", "params": {}},
]


def _quiet(*_: Any) -> None:
    return None


def _never() -> bool:
    return False


def intake(folder: Path) -> None:
    from jobs.pipeline.intake import to_parquet

    to_parquet(
        folder / "flights.csv.gz",
        "flights.csv.gz",
        folder / "intake.parquet",
        progress=_quiet,
        cancelled=_never,
    )


def profile(folder: Path) -> None:
    from jobs.pipeline.profile import profile as measure

    measure(folder / "flights.parquet", progress=_quiet, cancelled=_never)


def recipe(folder: Path) -> None:
    import pyarrow.parquet as pq

    from jobs.pipeline.engine import run
    from jobs.pipeline.types import name_of

    types = {f.name: name_of(f.type) for f in pq.read_schema(folder / "flights.parquet")}
    steps, problems = Recipe.from_list(RECIPE)
    assert not problems, problems
    plan = compile_plan(
        Terms.from_dict(TERMS), recipe=steps, columns=COLUMNS, row_filter=[], types=types,
        output_format="csv", input_sha256="", policy_hash="",
    )  # fmt: skip
    work = folder / f"work-{os.getpid()}"
    work.mkdir()
    result = run(plan.as_dict(), folder / "flights.parquet", work, key=KEY, progress=_quiet, cancelled=_never)
    result.path.replace(folder / "result.parquet")


def _write(form: str) -> Callable[[Path], None]:
    def piece(folder: Path) -> None:
        from jobs.pipeline.writers import write

        write(folder / "result.parquet", folder / f"out.{form}", form)

    return piece


def pandas_alone(folder: Path) -> None:
    """The same steps as a data person would write them at once, everything in memory."""
    import hashlib
    import hmac

    import pandas as pd

    frame = pd.read_parquet(folder / "flights.parquet", columns=COLUMNS)
    token = {
        v: hmac.new(KEY, str(v).encode(), hashlib.sha256).hexdigest()[:32]
        for v in frame["tailnum"].dropna().unique()
    }
    frame["tailnum"] = frame["tailnum"].map(token)
    for name in ("carrier", "dest"):
        frame[name] = frame[name].str.strip().str.replace(r"\s+", " ", regex=True)
    frame = frame.dropna(subset=["arr_delay"])
    frame = frame[frame["arr_delay"].between(-120, 600) & (frame["distance"] >= 100)]
    low = frame["distance"] // 100 * 100
    frame["distance"] = low.astype(str) + "–" + (low + 99).astype(str)
    frame = frame.drop_duplicates()
    frame = frame[frame.groupby("dest")["dest"].transform("size") >= 10]
    frame.to_parquet(folder / "pandas.parquet")


def duckdb_alone(folder: Path) -> None:
    """The same as one statement (a keyed SHA-256 stands in for HMAC, which DuckDB has not)."""
    import duckdb

    base = duckdb.connect()
    base.execute("SET threads = 2")
    base.execute(f"""COPY (
        SELECT * FROM (SELECT DISTINCT regexp_replace(trim(carrier), '\\s+', ' ', 'g') AS carrier,
            sha256('{KEY.decode()}' || tailnum) AS tailnum, origin, regexp_replace(trim(dest), '\\s+', ' ', 'g') AS dest,
            dep_delay, arr_delay, (distance // 100 * 100)::VARCHAR AS distance, month
        FROM read_parquet('{folder / "flights.parquet"}')
        WHERE arr_delay BETWEEN -120 AND 600 AND distance >= 100) QUALIFY count(*) OVER (PARTITION BY dest) >= 10
    ) TO '{folder / "duckdb.parquet"}' (FORMAT parquet)""")


PIECES: dict[str, Callable[[Path], None]] = {
    "intake: CSV.gz to typed Parquet": intake,
    "profile": profile,
    "recipe under a contract": recipe,
    "the same steps in pandas alone": pandas_alone,
    "the same steps in DuckDB alone": duckdb_alone,
    "write CSV": _write("csv"),
    "write Parquet": _write("parquet"),
    "write JSON Lines": _write("jsonl"),
    "write XLSX": _write("xlsx"),
}


def main() -> None:
    name, folder = sys.argv[1], Path(sys.argv[2])
    started = time.perf_counter()
    PIECES[name](folder)
    seconds = time.perf_counter() - started
    # Not getrusage: its peak is inherited from the process that started this one.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = int(status.split("VmHWM:")[1].split()[0]) / 1024
    sys.stdout.write(json.dumps({"seconds": round(seconds, 3), "peak_mb": round(peak)}))


if __name__ == "__main__":
    main()
