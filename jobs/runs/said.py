"""What others than the data's holder are told of a failure. Pure.

A message about data may quote the data. Built up, not cut down: others get code, step, column and a masked
count, with words of the portal's own; a code is passed on in its own words only if it is named here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trusts.datasets.masking import about

# Beginnings of codes, and codes, whose words hold nothing but parameters of the plan and what the portal says.
OPEN_KINDS = ("job", "limit", "internal", "result", "agreement", "membership", "terms")
OPEN = {
    "join.input", "xlsx.too_many_rows", "step.memory", "step.package", "expression.type", "filter.value", "value.type",
    "replace.pattern", "redact.pattern", "validate.pattern",
}  # fmt: skip
STANDARD = (
    "The data does not fit this step, and the work stops there.",
    "Change the step, or choose what happens with values that do not fit. The data's holder sees which they are.",
)
AGAIN = "Tell the operator; then try again."
WORDS = {
    "gate": (
        "Stopped before leaving: the result does not keep what the contract asks.",
        "Tell the provider's steward; nothing has left.",
    ),
    "step.disk": ("The disk failed during this step.", "Tell the operator; when there is room, try again."),
    "cluster": ("The machines that do the work do not answer.", AGAIN),
    # The system's own words may name files and hosts of the portal.
    "disk": ("A file could not be written; the disk may be full.", AGAIN),
    "limit.memory": (
        "The job needed more memory than it may use.",
        "Choose fewer columns or rows, or ask the operator.",
    ),
}


def for_others(failure: Mapping[str, Any]) -> dict[str, Any]:
    """A failure without value, row or exact count. `open` marks what no data had a part in."""
    code = str(failure.get("code", ""))
    if not code:
        return {}
    kind = code.partition(".")[0]
    text, remedy = WORDS.get(code) or WORDS.get(kind) or STANDARD
    if failure.get("open") or (code not in WORDS and (kind in OPEN_KINDS or code in OPEN)):
        text, remedy = failure.get("text", ""), failure.get("remedy", "")
    found = {"code": code, "text": text, "remedy": remedy, "step": failure.get("step"),
             "column": failure.get("column"), "count": about(failure.get("count"))}  # fmt: skip
    return {name: value for name, value in found.items() if value not in (None, "")}
