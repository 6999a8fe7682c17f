"""A trace's answer in sentences, for page and shell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def chance(log10: float) -> str:
    """10^-52 as a reader may take it in: “less than 1 in 10⁵²”, above a thousandth as it is."""
    if log10 > -3:
        return f"{10**log10:.3f}"
    return f"less than 1 in 10{str(int(-log10)).translate(RAISED)}"


def part(share: list[float]) -> str:
    """How much of the file comes from the export."""
    middle, low, high = (round(100 * one) for one in share)
    if low >= 95:
        return "all of the file, as far as can be told"
    return f"about {middle} % of the file (between {low} % and {high} %)"


def lines(found: Mapping[str, Any]) -> list[str]:
    """The answer, and what it rests on."""
    said = [found["text"]]
    for one in found["named"]:
        said += [
            f"  Export {one['export']} of “{one['dataset']}”, version {one['version']}, from {one['provider']} to {one['consumer']}",
            f"    contract {one['contract']}, request {one['request']}, made {one['made']}",
            f"    for {', '.join(one['people']) or 'nobody by name'}; fetched by {', '.join(_fetched(one)) or 'nobody yet'}",
            f"    The chance that an export that is not the source looks like this: {chance(one['log10_chance'])}.",
            f"    From it comes {part(one['share'])}.",
        ]  # fmt: skip
    for one in found["same"]:
        said.append(f"  Byte for byte it is the file of export {one['export']} to {one['consumer']}.")
    said += [found["remedy"], "", *basis(found)]
    return said


def _fetched(one: Mapping[str, Any]) -> list[str]:
    return list(dict.fromkeys(fetch["by"] for fetch in one["fetched"]))


def basis(found: Mapping[str, Any]) -> list[str]:
    """What was compared with what, and what was not."""
    said = []
    if found["columns"]:
        said.append(
            f"Of the {found['rows']:,} rows of the file, about {round(100 * found['found'])} % are rows of this data, "
            f"going by {len(found['columns'])} columns: {', '.join(found['columns'][:12])}"
            + (f" and {len(found['columns']) - 12} more." if len(found["columns"]) > 12 else ".")
        )
    one = found["looked_at"] == 1
    said.append(f"{found['looked_at']} marked export{'' if one else 's'} {'was' if one else 'were'} compared. None is "
                "named unless the chance of naming a wrong one is at most 1 in 1,000,000.")  # fmt: skip
    if found["unmarked"]:
        refs = ", ".join(found["unmarked_refs"]) + (
            " …" if found["unmarked"] > len(found["unmarked_refs"]) else ""
        )
        said.append(f"Without a mark, so that nothing can be said of them: {found['unmarked']} ({refs}).")
    said += [f"Not compared: {one['ref']}. {one['text']}" for one in found["not_judged"]]
    return said
