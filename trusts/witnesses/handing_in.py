"""A checkpoint that somebody hands in: co-signatures are kept; one that disagrees with this log is kept too, and alarms everybody."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import IntegrityError
from django.utils import timezone

from kernel.actor import system
from kernel.audit import keyring, notes
from kernel.audit.models import Checkpoint
from kernel.audit.proofs import Reader
from kernel.audit.verify import why_unsigned
from kernel.registry import performs
from kernel.transition import creation
from trusts.witnesses.machines import SPLIT_VIEW
from trusts.witnesses.models import Cosignature, SplitView, Witness
from trusts.witnesses.services import everyone

MOST_BYTES = 16 * 1024
# How far a witness's clock may run ahead of ours.
AHEAD = timedelta(minutes=10)


class Unfit(ValueError):
    """What is wrong with it: a stable `code` and a sentence. `foreign`: in order, but of nobody who is a witness here."""

    def __init__(self, code: str, text: str, foreign: bool = False) -> None:
        super().__init__(text)
        self.code, self.foreign = code, foreign


class Disagrees(Exception):
    """It is signed with this log's key, and cannot be true beside what this log holds. Both are kept in `split`."""

    def __init__(self, split: SplitView) -> None:
        super().__init__(sentence(split))
        self.split = split


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of the lines: kept now, kept before, and why others were left out."""

    size: int
    kept: list[str] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def sentence(split: SplitView) -> str:
    if split.kind == "longer":
        return (
            f"This checkpoint counts {split.size} entries and carries this log's signature, but the log has fewer now: "
            "entries were lost, the portal went back to an earlier backup, or somebody else signs with its key"
        )
    return (
        f"This checkpoint carries this log's signature, but at {split.size} entries this log has another root: "
        "entries were changed, or somebody else signs with its key"
    )


def take(text: str) -> Taken:
    """Keep the co-signatures under a checkpoint of this log. Doing it again changes nothing. Raises Unfit, Disagrees."""
    try:
        note = notes.read(text)
    except notes.NoteError as problem:
        raise Unfit("unreadable", f"This is no signed checkpoint: {problem}") from problem
    ring, head = keyring.ring(), Checkpoint.objects.first()
    held = Checkpoint.objects.filter(size=note.size).first()
    _check_signature(note, ring, held)
    if head is None or note.size > head.size:
        raise Disagrees(_keep(note, text, "longer", head, ""))
    root = _root(note.size)
    if root != note.root.hex():
        raise Disagrees(_keep(note, text, "fork", held or head, root))
    rightful = ring.at(note.size)
    if rightful is None or not note.log_signature(keyring.public_key(rightful)):
        raise Unfit("signature", f"This is not signed as it must be: {why_unsigned(note, ring)}")
    if held is None or notes.read(held.note).text != note.text:
        raise Unfit("size", f"The log agrees with this root, but signed no such checkpoint at {note.size} entries")  # fmt: skip
    return _keep_lines(note)


def _check_signature(note: notes.Note, ring: keyring.Ring, held: Checkpoint | None) -> None:
    # The portal may have moved to another address since: what it signed there is still its own.
    names = {settings.PORTAL_ORIGIN} | ({held.note.partition("\n")[0]} if held else set())
    if note.origin not in names:
        raise Unfit("origin", f"This checkpoint is of another log; this one is called {settings.PORTAL_ORIGIN}")  # fmt: skip
    keys = [keyring.public_key(row) for row in ring.keys] or [keyring.portal_key().public_key()]
    if not any(note.log_signature(key) for key in keys):
        raise Unfit("signature", "No key of this log signed this checkpoint")


def _root(size: int) -> str:
    """Our root at that size; empty if entries are missing that it would need."""
    try:
        return Reader().root(size).hex()
    except KeyError:
        return ""


def _lines(note: notes.Note) -> tuple[list[tuple[Witness, notes.Signature, datetime]], list[Unfit]]:
    """The lines of active witnesses that hold, and why the others do not count."""
    lines = [s for s in note.signatures if s.name != note.origin]
    known = {w.name: w for w in Witness.objects.filter(name__in=[s.name for s in lines])}
    good, wrong = [], []
    for one in lines:
        witness = known.get(one.name)
        if witness is None:
            wrong.append(Unfit("witness.unknown", f"{one.name} is not a witness of this log", foreign=True))
            continue
        if witness.state != "active":
            wrong.append(Unfit("witness.withdrawn", f"{one.name} was withdrawn", foreign=True))
            continue
        at = notes.cosigned_at(note, one, witness.public)
        if at is None:
            wrong.append(Unfit("cosignature", f"The co-signature of {one.name} does not hold"))
        elif at > (timezone.now() + AHEAD).timestamp():
            wrong.append(Unfit("time", f"The co-signature of {one.name} is dated in the future; set its clock"))  # fmt: skip
        else:
            good.append((witness, one, datetime.fromtimestamp(at, UTC)))
    return good, wrong


def _keep_lines(note: notes.Note) -> Taken:
    good, wrong = _lines(note)
    if not good:
        raise wrong[0] if wrong else Unfit("cosignature.none", "There is no co-signature of a witness under it")  # fmt: skip
    root, taken = note.root.hex(), Taken(note.size, left_out=[str(one) for one in wrong])
    for witness, one, signed in good:
        # Of two that arrive at once the unique constraint keeps one.
        row, new = Cosignature.objects.get_or_create(
            size=note.size, root_hash=root, witness=witness, defaults={"line": one.line(), "signed": signed}
        )
        (taken.kept if new else taken.known).append(row.witness.name)
    return taken


@performs(SPLIT_VIEW, "find")
def _keep(note: notes.Note, text: str, kind: str, ours: Checkpoint | None, root: str) -> SplitView:
    """Both notes, once for each text that was handed in; the first time everybody is told."""
    good, _ = _lines(note)
    who = ", ".join(sorted({witness.name for witness, _, _ in good}))[:200]
    made = SplitView(
        kind=kind, size=note.size, theirs=text, ours=ours.note if ours else "", our_root=root,
        fingerprint=hashlib.sha256(note.text.encode()).hexdigest(), handed_in_by=who,
    )  # fmt: skip
    found = SplitView.objects.filter(fingerprint=made.fingerprint).first()
    if found is not None:
        return found
    try:
        with creation(SPLIT_VIEW, "find", made, actor=system("Commonhold", door="api")) as change:
            change.detail = {"handed_in_by": who}
            change.also_parties = everyone()
    except IntegrityError:
        return SplitView.objects.get(fingerprint=made.fingerprint)
    return made
