"""A reading in words, for pages."""

from __future__ import annotations

from typing import Any

from jobs.pipeline.reasons import WORDS

FORMATS = {
    "csv": "CSV", "tsv": "TSV", "json": "JSON", "jsonl": "JSON Lines", "xlsx": "Excel (XLSX)", "ods": "OpenDocument (ODS)",
    "parquet": "Parquet", "feather": "Arrow (Feather)",
}  # fmt: skip
# What gives its own types, so that nothing is guessed.
PLACES = {
    "folder": "a folder of Parquet files",
    "s3": "Parquet files on S3",
    "postgres": "a PostgreSQL database",
}
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar", " ": "space"}
DECIMALS = {".": "point: 3.14", ",": "comma: 3,14"}
THOUSANDS = {
    "": "none",
    ",": "comma: 1,000",
    ".": "point: 1.000",
    " ": "space: 1 000",
    "'": "apostrophe: 1'000",
}
DATE_ORDERS = {
    "ymd": "year first",
    "dmy": "day first: 31/12/26",
    "mdy": "month first: 12/31/26",
}
ON_MISFIT = {
    "keep_text": "keep as text",
    "set_missing": "set missing",
    "stop": "stop",
}
ON_RAGGED = {
    "stop": "stop, and say where",
    "set_missing": "keep what fits, list the rest",
}
REASONS_DONE = {"keep_text": "kept as text", "set_missing": "set missing"}
QUOTES = {"": "none", '"': 'double: "a"', "'": "single: 'a'"}


def applies(field: str, format: str) -> bool:
    """Whether this part of a reading means anything in files of the format."""
    delimited, text, sheet = format in ("csv", "tsv"), format in ("csv", "tsv", "json", "jsonl"), format in ("xlsx", "ods")  # fmt: skip
    if field in ("delimiter", "quote", "on_ragged"):
        return delimited
    if field == "encoding":
        return text
    if field == "sheet":
        return sheet
    if field == "member":
        return True
    if field in ("header_row", "has_header"):
        return delimited or sheet
    return format not in ("parquet", "feather")


def facts(reading: dict[str, Any]) -> list[dict[str, Any]]:
    """title, text and whether a person set it, of each part of the reading that matters for its format."""
    format = reading.get("format", "")
    if not format:
        return []
    if format in PLACES:
        return [{"title": "Read from", "text": PLACES[format], "corrected": False}]
    corrected = set(reading.get("corrected", ()))
    header = f"on line {reading['header_row']}" if reading["has_header"] else f"none; values begin on line {reading['header_row']}"  # fmt: skip
    packed = f", packed as {reading['compression']}" if reading["compression"] else ""
    lines = [
        ("format", "Format", FORMATS[format] + packed),
        ("member", "File in the archive", _chosen(reading, "member")),
        ("encoding", "Encoding", reading["encoding"]),
        ("delimiter", "Delimiter", DELIMITERS.get(reading["delimiter"], reading["delimiter"])),
        ("quote", "Quotes", QUOTES[reading["quote"]]),
        ("on_ragged", "Too few or too many cells", ON_RAGGED[reading.get("on_ragged", "stop")]),
        ("sheet", "Sheet", _chosen(reading, "sheet")),
        ("header_row", "Header", header),
        ("decimal", "Decimal mark", DECIMALS[reading["decimal"]]),
        ("thousands", "Thousands mark", THOUSANDS[reading["thousands"]]),
        ("date_order", "Order in dates", DATE_ORDERS[reading["date_order"]]),
        ("null_words", "Words for missing", ", ".join(reading["null_words"]) or "none but the empty cell"),
    ]
    shown = [one for one in lines if one[0] == "format" or applies(one[0], format)]
    return [
        {"title": title, "text": text, "corrected": name in corrected or (name == "header_row" and "has_header" in corrected)}
        for name, title, text in shown if text
    ]  # fmt: skip


def _chosen(reading: dict[str, Any], name: str) -> str:
    """The file or sheet that is read, and out of how many."""
    many = reading.get(f"{name}s_in_all", 0)
    return f"{reading[name]} (one of {many:,})" if many and reading[name] else str(reading[name])


def misfits(counts: dict[str, dict[str, int]], reading: dict[str, Any]) -> list[dict[str, Any]]:
    """column, reason in words, count and what was done, most frequent first."""
    found = []
    for column, reasons in counts.items():
        choice = reading.get("columns", {}).get(column, {}).get("on_misfit", "keep_text")
        for reason, count in reasons.items():
            found.append({"column": "whole row" if column == "(row)" else column, "reason": WORDS.get(reason, reason),
                          "count": count, "done": "" if column == "(row)" else REASONS_DONE.get(choice, "")})  # fmt: skip
    return sorted(found, key=lambda one: (-one["count"], one["column"]))
