"""The figures as a page that says where an aim is met and where not."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

TITLES = {
    "csv_parquet": "CSV → Parquet", "csv_csv": "CSV → CSV", "parquet_parquet": "Parquet → Parquet", "profile": "Profile beside SUMMARIZE",
}  # fmt: skip
AIMS = {"csv_parquet": 1.0, "csv_csv": 1.0, "parquet_parquet": 1.2, "profile": 2.0}


def page(cases: dict[str, Any], curve: dict[str, Any], size: dict[str, Any], machine: str) -> str:
    peers = ", ".join(f"{name} {version(name)}" for name in ("duckdb", "polars", "pandas", "pyarrow"))
    lines = [
        "# Benchmark", "", f"{size['rows']:,} rows × 19 columns of real flights with real faults (CSV {size['csv_mb']} MB, Parquet {size['parquet_mb']} MB), "
        f"medians of {size['runs']}, engines in turn, each in a fresh process, imports included in the time. {machine}; {peers}.",
        "", "DuckDB has 512 MB and two threads; Polars streams; the pandas script is what one writes at once. All engines come to the same rows; that is checked in the run.",
    ]  # fmt: skip
    for case, engines in cases.items():
        fastest = (
            min(v["wall_s"] for e, v in engines.items() if e not in ("commonhold", "pandas"))
            if len(engines) > 1
            else 0
        )
        lines += [
            "",
            f"## {TITLES[case]}",
            "",
            "| engine | wall s | CPU s | peak MB | wall / fastest peer |",
            "| --- | --- | --- | --- | --- |",
        ]
        lines += [
            f"| {e} | {v['wall_s']:.2f} | {v['cpu_s']:.2f} | {v['rss_mb']:.0f} | {v['wall_s'] / fastest:.2f} |"
            if fastest
            else f"| {e} | {v['wall_s']:.2f} | {v['cpu_s']:.2f} | {v['rss_mb']:.0f} | |"
            for e, v in engines.items()
        ]
        lines += ["", *_verdict(case, engines, fastest)]
    if curve:
        lines += [
            "",
            "## More rows (CSV → Parquet, our engine)",
            "",
            "| rows | wall s | µs a row | peak MB |",
            "| --- | --- | --- | --- |",
        ]
        lines += [
            f"| {int(rows):,} | {v['commonhold']['wall_s']:.2f} | {1e6 * v['commonhold']['wall_s'] / int(rows):.2f} | {v['commonhold']['rss_mb']:.0f} |"
            for rows, v in curve.items()
        ]
    return "\n".join(lines) + "\n"


def _verdict(case: str, engines: dict[str, Any], fastest: float) -> list[str]:
    if not fastest or "commonhold" not in engines:
        return []
    ours = engines["commonhold"]
    ratio = ours["wall_s"] / fastest
    said = [
        f"Aim: at most {AIMS[case]} × the fastest peer; {'met' if ratio <= AIMS[case] else 'not met'} ({ratio:.2f})."
    ]
    if "polars" in engines and case != "profile":
        half = ours["rss_mb"] <= engines["polars"]["rss_mb"] / 2 and ours["rss_mb"] < 700
        said.append(f"Memory: at most half of Polars' and under 700 MB; {'met' if half else 'not met'}.")
    if "pandas" in engines:
        times = engines["pandas"]["wall_s"] / ours["wall_s"]
        said.append(
            f"Against the plain pandas script: {times:.1f} × as fast (aim 4); {'met' if times >= 4 else 'not met'}."
        )
    return [" ".join(said)]


def replaced(text: str, title: str, section: str) -> str:
    """The page with this section (`## title` …) in the place of its former self, or at the end."""
    start = text.find(f"## {title}\n")
    if start < 0:
        return f"{text.rstrip()}\n\n{section}"
    after = text.find("\n## ", start + 1)
    rest = text[after + 1 :] if after >= 0 else ""
    return f"{text[:start]}{section}" + (f"\n{rest}" if rest else "")
