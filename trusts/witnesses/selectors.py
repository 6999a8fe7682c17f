"""Reads: who co-signed which checkpoint, and whether two versions of the log are about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from kernel.actor import Actor
from kernel.audit import notes
from kernel.audit.models import Checkpoint
from kernel.registry import sees
from trusts.witnesses.machines import SPLIT_VIEW, WITNESS
from trusts.witnesses.models import Cosignature, SplitView, Witness


@sees(WITNESS)
def witnesses(actor: Actor) -> QuerySet[Witness]:
    """A witness is known by name to everybody signed in: who watches the log is part of what the log is worth."""
    if actor.user_id is None and not actor.is_system:
        return Witness.objects.none()
    return Witness.objects.select_related("organisation")


@sees(SPLIT_VIEW)
def split_views(actor: Actor) -> QuerySet[SplitView]:
    """Two versions of the log concern everybody."""
    return SplitView.objects.all() if actor.user_id is not None or actor.is_system else SplitView.objects.none()  # fmt: skip


def unanswered() -> QuerySet[SplitView]:
    return SplitView.objects.filter(state="open")


@dataclass(frozen=True, slots=True)
class Line:
    """One co-signature that holds: whose, the line itself, and when by the witness's clock."""

    witness: Witness
    text: str
    signed: datetime


def lines(checkpoint: Checkpoint) -> list[Line]:
    """The co-signatures under it that hold, by the witnesses' names. One query."""
    rows = Cosignature.objects.filter(size=checkpoint.size, root_hash=checkpoint.root_hash)
    note = notes.read(checkpoint.note)
    found = []
    for row in rows.select_related("witness__organisation").order_by("witness__name"):
        signature = notes.read(f"{note.text}\n{row.line}").signatures[0]
        if notes.cosigned_at(note, signature, row.witness.public) is not None:
            found.append(Line(row.witness, row.line, row.signed))
    return found


def shown(checkpoint: Checkpoint | None) -> dict[str, Any] | None:
    """A checkpoint as pages show it: `row`, and the `lines` under it."""
    return {"row": checkpoint, "lines": lines(checkpoint)} if checkpoint else None


def cosigned(checkpoint: Checkpoint) -> str:
    """The signed note with every co-signature that holds, in a stable order."""
    return checkpoint.note + "".join(line.text for line in lines(checkpoint))


def named(checkpoint: Checkpoint) -> list[dict[str, Any]]:
    """Whose lines `cosigned` holds: name, public key (hex), organisation (None for an outside party)."""
    return [
        {
            "name": line.witness.name,
            "public_key": line.witness.public_hex,
            "organisation": line.witness.organisation.name if line.witness.organisation else None,
        }
        for line in lines(checkpoint)
    ]


def latest_cosigned() -> Checkpoint | None:
    """The newest checkpoint under which a co-signature holds."""
    sizes = Cosignature.objects.order_by("-size").values_list("size", flat=True).distinct()
    for size in sizes[:50]:
        checkpoint = Checkpoint.objects.filter(size=size).first()
        if checkpoint is not None and lines(checkpoint):
            return checkpoint
    return None
