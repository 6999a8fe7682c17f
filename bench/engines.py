"""The same cleaning by each engine. `python -m bench.engines ENGINE CASE SOURCE TARGET` times one in a fresh process.

Trim and upper-case four text columns, drop rows without an arrival delay and those out of range, replace the
tail number by a keyed HMAC-SHA-256, remove duplicates over all columns, put the distance into bands of 100,
remove groups of fewer than five flights by carrier, destination and day.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

KEY = b"bench" * 8
BY = ["carrier", "dest", "year", "month", "day"]
K = 5
TEXTS = ["carrier", "tailnum", "origin", "dest"]


def step(name: str, **params: Any) -> dict[str, Any]:
    return {"name": name, "params": params}


PLAN = {
    "steps": [
        step("trim", columns=TEXTS), step("case", columns=TEXTS, to="upper"), step("drop_missing", columns=["arr_delay"]),
        step("range_check", column="distance", min="1", max="10000", on_fail="drop"),
        step("range_check", column="arr_delay", min="-120", max="1500", on_fail="drop"),
        step("pseudonymise", columns=["tailnum"]), step("deduplicate"),
        step("generalise", column="distance", how="band", width="100"),
        step("suppress_small_groups", by=BY, k=K),
    ]
}  # fmt: skip


def token(value: str) -> str:
    return "p_" + hmac.digest(KEY, value.encode(), hashlib.sha256).hex()[:32]


def commonhold(source: Path, target: Path) -> None:
    from bench.data import SCHEMA
    from jobs.pipeline.engine import CsvSource, run
    from jobs.pipeline.writers import write_stream

    given: Any = CsvSource(source, SCHEMA) if source.suffix == ".csv" else source
    work = target.with_suffix(".work")
    work.mkdir()
    into = None
    if target.suffix == ".csv":

        def into(tables: Any, schema: Any) -> Any:
            written = write_stream(tables, schema, target, "csv")
            return written.rows, written

    result = run(PLAN, given, work, key=KEY, memory=1 << 29, into=into)
    if into is None:
        result.path.replace(target)


def pandas(source: Path, target: Path) -> None:
    """As a data person would write it at once, everything in memory."""
    import pandas as pd

    frame = pd.read_csv(source) if source.suffix == ".csv" else pd.read_parquet(source)
    for name in TEXTS:
        frame[name] = frame[name].str.strip().str.replace(r"\s+", " ", regex=True).str.upper()
    frame = frame.dropna(subset=["arr_delay"])
    frame = frame[frame["distance"].between(1, 10000) & frame["arr_delay"].between(-120, 1500)]
    frame["tailnum"] = frame["tailnum"].map(lambda v: token(v) if isinstance(v, str) else v)
    frame = frame.drop_duplicates()
    low = frame["distance"] // 100 * 100
    frame["distance"] = low.astype(str) + " to under " + (low + 100).astype(str)
    frame = frame[frame.groupby(BY)["flight"].transform("size") >= K]
    if target.suffix == ".csv":
        frame.to_csv(target, index=False)
    else:
        frame.to_parquet(target, compression="zstd", index=False)


def polars(source: Path, target: Path) -> None:
    """The lazy, streaming way."""
    import polars as pl

    from bench.data import SCHEMA

    kinds = {f.name: pl.String if str(f.type) == "string" else pl.Int64 for f in SCHEMA}
    frame = pl.scan_csv(source, schema=kinds) if source.suffix == ".csv" else pl.scan_parquet(source)

    def tokens(values: Any) -> Any:
        distinct = values.unique()
        return values.replace_strict(
            distinct, [None if v is None else token(v) for v in distinct], return_dtype=pl.String
        )

    low = pl.col("distance") // 100 * 100
    clean = (
        frame.with_columns(pl.col(n).str.strip_chars().str.replace_all(r"\s+", " ").str.to_uppercase() for n in TEXTS)
        .drop_nulls("arr_delay")
        .filter(pl.col("distance").is_between(1, 10000) & pl.col("arr_delay").is_between(-120, 1500))
        .with_columns(pl.col("tailnum").map_batches(tokens, return_dtype=pl.String, is_elementwise=True))
        .unique()
        .with_columns(distance=low.cast(pl.String) + " to under " + (low + 100).cast(pl.String))
        .filter(pl.len().over(BY) >= K)
    )  # fmt: skip
    if target.suffix == ".csv":
        clean.sink_csv(target)
    else:
        clean.sink_parquet(target, compression="zstd")


def duckdb(source: Path, target: Path) -> None:
    """One statement in 512 MB with two threads; HMAC is written out in SQL (RFC 2104)."""
    import duckdb as db

    from bench.data import SCHEMA

    kinds = ", ".join(f"'{f.name}': '{'VARCHAR' if str(f.type) == 'string' else 'BIGINT'}'" for f in SCHEMA)
    read = (
        f"read_csv('{source}', header = true, columns = {{{kinds}}})"
        if source.suffix == ".csv"
        else f"read_parquet('{source}')"
    )
    block = KEY.ljust(64, b"\0")
    inner, outer = (bytes(b ^ mask for b in block).hex() for mask in (0x36, 0x5C))
    mac = f"'p_' || left(sha256(from_hex('{outer}') || from_hex(sha256(from_hex('{inner}') || encode({{0}})))), 32)"
    put = {n: f"upper(regexp_replace(trim({n}), '\\s+', ' ', 'g'))" for n in TEXTS}
    put["tailnum"] = mac.format(put["tailnum"])
    names = ", ".join(f"{put[f.name]} AS {f.name}" if f.name in put else f.name for f in SCHEMA)
    band = "distance // 100 * 100 || ' to under ' || (distance // 100 * 100 + 100)"
    form = "FORMAT csv, HEADER" if target.suffix == ".csv" else "FORMAT parquet, COMPRESSION zstd"
    with db.connect() as base:
        base.execute(
            f"SET threads = 2; SET memory_limit = '512MB'; SET temp_directory = '{target}.spill'; SET preserve_insertion_order = false"
        )
        base.execute(f"""COPY (
            WITH clean AS (SELECT DISTINCT {names} FROM {read} WHERE arr_delay BETWEEN -120 AND 1500 AND distance BETWEEN 1 AND 10000),
                 large AS (SELECT {", ".join(BY)} FROM clean GROUP BY ALL HAVING count(*) >= {K})
            SELECT clean.* REPLACE ({band} AS distance) FROM clean SEMI JOIN large USING ({", ".join(BY)})
        ) TO '{target}' ({form})""")


def commonhold_profile(source: Path, target: Path) -> None:
    from jobs.pipeline.profile import profile

    found = profile(source, progress=lambda *_: None, cancelled=lambda: False)
    target.write_text(json.dumps(found, default=str), encoding="utf-8")


def duckdb_profile(source: Path, target: Path) -> None:
    import duckdb as db

    with db.connect() as base:
        base.execute("SET threads = 2; SET memory_limit = '512MB'")
        found = base.execute(f"SUMMARIZE SELECT * FROM read_parquet('{source}')").fetchall()
    target.write_text(json.dumps(found, default=str), encoding="utf-8")


ENGINES: dict[str, Callable[[Path, Path], None]] = {
    "commonhold": commonhold,
    "duckdb": duckdb,
    "polars": polars,
    "pandas": pandas,
}
PROFILES: dict[str, Callable[[Path, Path], None]] = {
    "commonhold": commonhold_profile,
    "duckdb": duckdb_profile,
}


def main() -> None:
    engine, case, source, target = sys.argv[1], sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4])
    work = (PROFILES if case == "profile" else ENGINES)[engine]
    wall, cpu = time.perf_counter(), time.process_time()
    work(source, target)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    # Not getrusage: its peak is inherited from the process that started this one.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = int(status.split("VmHWM:")[1].split()[0]) / 1024
    sys.stdout.write(json.dumps({"wall_s": round(wall, 3), "cpu_s": round(cpu, 3), "rss_mb": round(peak)}))


if __name__ == "__main__":
    main()
