"""Tokens of an export: those that the contract knows already go in, those that were made come out sealed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from contracts.negotiations.models import Agreement
from jobs.deliveries import vault
from jobs.deliveries.models import Vault
from jobs.runs.inputs import joined, prepared
from jobs.runs.work import Work
from kernel import store


def folders(work: Work, agreement: Agreement, plan: dict[str, Any], key: bytes) -> dict[str, Any]:
    """What the engine needs beside the plan: the datasets to join, and the folder that tokens are kept in."""
    found: dict[str, Any] = {}
    if joined(plan):
        found["inputs"] = prepared(work, agreement, plan, key)
    if any(step["name"] == "tokenise" for step in plan["steps"]):
        from jobs.pipeline import tokens

        found["side"] = side = work.folder / "side"
        side.mkdir(exist_ok=True)
        tokens.known(side, (entry for one in _earlier(agreement) for entry in one))
    return found


def _earlier(agreement: Agreement) -> Any:
    """The entries of every export before this one, so that the same value keeps its token."""
    for one in Vault.objects.filter(delivery__agreement=agreement).select_related("delivery").order_by("pk"):
        yield vault.entries_of(store.path_of(one.sha256), one.delivery.job_id)


def seal(work: Work, side: Path | None) -> Vault | None:
    """The sealed vault of what the steps left, not saved yet; None without tokens."""
    from jobs.pipeline import tokens

    if side is None:
        return None
    target, columns = work.folder / "vault", set()

    def seen() -> Any:
        for entry in tokens.entries(side):
            columns.add(entry[1])
            yield entry

    count = vault.seal(seen(), target, work.job.pk)
    return Vault(sha256=work.put(target).sha256, entries=count, columns=sorted(columns))
