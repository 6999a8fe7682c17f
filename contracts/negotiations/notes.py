"""Private notes on a negotiation: one's own organisation writes and reads them, and nobody else."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from contracts.negotiations.models import Negotiation, PrivateNote
from contracts.negotiations.round_machines import NOTE
from kernel.actor import Actor
from kernel.decision import Refused
from kernel.registry import performs, sees
from kernel.transition import creation, transition


@sees(NOTE)
def notes(actor: Actor) -> QuerySet[PrivateNote]:
    """Those of the organisation acted for, as long as they were not taken away."""
    found = PrivateNote.objects.select_related("author")
    if actor.is_system:
        return found
    if actor.organisation_id is None:
        return found.none()
    return found.filter(organisation_id=actor.organisation_id)


@performs(NOTE, "keep")
def keep(*, actor: Actor, negotiation: Negotiation, text: str) -> PrivateNote:
    """Keep a note for one's own organisation. Its event names no other party. Raises Refused."""
    if not any(actor.organisation_id in found for found in negotiation.parties().values()):
        raise Refused.because("note.party", "Your organisation is no party of this negotiation")
    text = text.strip()
    if not text or len(text) > 4000 or "\x00" in text:
        raise Refused.because(
            "note.text", "A note has 1 to 4,000 characters", remedy="Write it again", field="text"
        )
    note = PrivateNote(
        negotiation=negotiation, organisation_id=actor.organisation_id, author_id=actor.user_id, text=text
    )
    with creation(NOTE, "keep", note, actor=actor) as change:
        # The text stays out of the trail, as that of remarks does.
        change.detail = {"about": negotiation.ref, "characters": len(text)}
    return note


@performs(NOTE, "strike")
def strike(note_id: UUID, *, actor: Actor, seen: int | None = None) -> PrivateNote:
    """Take a note away: its text is gone, its events remain."""
    with transition(NOTE, "strike", note_id, actor=actor, seen=seen) as change:
        change.subject.text = ""
    return change.subject
