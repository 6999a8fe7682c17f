"""The receipt: what left, from what, under what, approved by whom; signed by the portal. Pure."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kernel.canonical import canonical_bytes
from trusts.datasets.masking import about

FORMAT = "commonhold-receipt/1"


def sign(body: dict[str, Any], key: Ed25519PrivateKey, key_id: str) -> dict[str, Any]:
    """`{body, signature}`: Ed25519 over the canonical JSON of body, with the public key beside it."""
    public = key.public_key().public_bytes_raw()
    return {
        "format": FORMAT,
        "body": body,
        "signature": {
            "algorithm": "Ed25519",
            "key_id": key_id,
            "public_key": public.hex(),
            "value": base64.b64encode(key.sign(canonical_bytes(body))).decode(),
        },
    }


def steps_done(
    plan: Mapping[str, Any], counts: Sequence[Mapping[str, Any]], *, exact: bool = False
) -> list[dict[str, Any]]:
    """What each step left and why. The receipt goes to the receiver, so counts there are masked: to the nearest ten.

    What comes in and what leaves at the very end is said exactly elsewhere; what is between tells of persons
    whose rows did not leave.
    """
    said: Callable[[Any], Any] = (lambda n: n) if exact else about
    return [
        {"name": s["name"], "locked": s["locked"], "clause": s["clause"], "rows_in": said(c["rows_in"]), "rows_out": said(c["rows_out"]),
         **({"reasons": {why: said(n) for why, n in c["reasons"].items()}} if c.get("reasons") else {})}
        for s, c in zip(plan["steps"], counts, strict=True)
    ]  # fmt: skip


def masked_steps(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The steps of a receipt as others may see them, also of one that was signed before counts were masked."""
    steps = body["plan"]["steps"]
    return steps_done({"steps": steps}, steps)
