"""The watermark of an export: its secrets, whether it was made, and what receipt and package say of it."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from contracts.recipes.marking import LEAST, marked_share
from contracts.recipes.steps.privacy import share_words
from kernel.keys import derive

CLAUSE = "watermark"


def secrets(dataset_id: UUID, job_id: UUID) -> dict[str, bytes]:
    """`pool`: of the dataset, for all its exports. `own`: of the one export that this job makes.

    Both come from the portal's secret key: a backup of database and SECRET_KEY can still trace.
    """
    pool = hmac.digest(derive("watermark"), dataset_id.bytes, hashlib.sha256)
    return {"pool": pool, "own": hmac.digest(pool, job_id.bytes, hashlib.sha256)}


def too_few(plan: Mapping[str, Any], result: Mapping[str, Any]) -> bool:
    """Whether the marked result is so small that it must be made again without a mark.

    The mark itself left out its share of at least so many rows, give or take what chance does.
    """
    share = marked_share(plan)
    return bool(share) and result["rows_out"] < LEAST * (1 - Decimal(share) * Decimal("1.5"))


def record(plan: Mapping[str, Any], result: Mapping[str, Any]) -> dict[str, Any]:
    """For the job: what a trace needs to make sure of its secrets; empty where nothing was left out."""
    share = marked_share(plan)
    left = result["rows_in"] - result["steps"][0]["rows_out"] if share else 0
    return {"share": share, "rows": result["rows_in"], "left_out": left} if left else {}


def said(terms: Mapping[str, Any], plan: Mapping[str, Any], marked: bool) -> dict[str, Any]:
    """For the receipt: whether this copy is marked, and if the contract asks for it and it is not, why."""
    if marked:
        return {"marked": True, "text": f"Marked: {share_words(marked_share(plan))} rows is left out, other ones for "
                "each export, so that a leaked copy can be traced. No value was changed."}  # fmt: skip
    if CLAUSE not in terms:
        return {}
    why = f"fewer than {LEAST:,} rows" if marked_share(plan) else "rows were summed up, and leaving some out would change the sums"  # fmt: skip
    return {"marked": False, "text": f"Not marked: {why}."}
