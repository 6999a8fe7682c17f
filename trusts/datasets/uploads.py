"""Verbs of uploads: a file in pieces, resumable, used once and only by its organisation.

Receiving a piece is no event; it only adds a bit to `received`, under the row's lock.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from kernel import outbox, staging, store
from kernel.actor import Actor, system
from kernel.decision import Refused
from kernel.registry import performs
from kernel.store import Stored
from kernel.transition import creation, may, transition
from trusts.datasets.machines import UPLOAD
from trusts.datasets.models import Upload
from trusts.datasets.selectors import UNFINISHED, uploads
from trusts.organisations import robots
from trusts.organisations.models import Organisation

CHUNK_BYTES = 8 * 1024 * 1024
AT_ONCE = 5
LIFETIME = timedelta(hours=48)
AT_ONCE_BYTES = 128 << 20  # Hashed well within a second.
CHECK_AGAIN = timedelta(minutes=10)


class ChunkFault(Exception):
    """A piece that cannot be kept; nothing of it was. `code`, and a text that says what to do."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code, self.text = code, text


def _full(problem: Exception) -> Refused:
    return Refused.because("store.full", str(problem), remedy="Tell the operator; try again later")


@performs(UPLOAD, "create")
def create(*, actor: Actor, name: str, size: int) -> Upload:
    """An open upload. Raises Refused if it is empty, too large, or five are unfinished already."""
    if size < 1:
        raise Refused.because("file.empty", f"{name} is empty", remedy="Choose another file", field="file")
    if size > settings.UPLOAD_MAX_BYTES:
        limit = filesizeformat(settings.UPLOAD_MAX_BYTES)
        raise Refused.because(
            "file.too_large",
            f"{name} has {filesizeformat(size)}; this portal takes files up to {limit}",
            remedy="Compress it (gzip) or split it",
        )
    upload = Upload(
        organisation_id=actor.organisation_id,
        started_by_id=actor.user_id,
        name=name[:200],
        size=size,
        chunk_bytes=CHUNK_BYTES,
        expires=timezone.now() + LIFETIME,
    )
    with creation(UPLOAD, "create", upload, actor=actor):
        Organisation.objects.select_for_update(of=("self",)).get(pk=actor.organisation_id)
        if uploads(actor).filter(state__in=UNFINISHED).count() >= AT_ONCE:
            raise Refused.because(
                "upload.too_many",
                f"Your organisation has {AT_ONCE} unfinished uploads",
                remedy="Finish or discard one of them on the page Register a dataset",
            )
        try:
            staging.open_file(upload.pk, size)
        except store.StoreFull as problem:
            raise _full(problem) from problem
    return upload


def _must_be_open(upload: Upload) -> None:
    if upload.state != "open" or upload.expires <= timezone.now():
        raise Refused.because(
            "upload.closed", f"The upload of {upload.name} is closed", remedy="Start a new upload"
        )


def receive(
    upload: Upload, index: int, read: Callable[[int], bytes], *, actor: Actor, sha256: str | None
) -> None:
    """Keep piece `index` (from 0). `read(n)` gives its bytes; `sha256` in hex is checked if given.

    A repetition is harmless. Raises ChunkFault, Refused; what `read` raises, with nothing kept.
    """
    decision = may(UPLOAD, "complete", upload, actor)
    if upload.state == "open" and not decision.allowed:
        raise Refused(decision)
    _must_be_open(upload)
    if not 0 <= index < upload.chunks:
        raise ChunkFault("chunk.number", f"There is no chunk {index}; they are 0 to {upload.chunks - 1}.")
    wanted = upload.length_of(index)
    try:
        with staging.piece(upload.pk, read, wanted) as found:
            if found.size != wanted:
                more = "more" if found.size > wanted else f"{found.size}"
                raise ChunkFault(
                    "chunk.length", f"Chunk {index} must have {wanted} bytes but has {more}. Send it again."
                )
            if sha256 is not None and sha256.strip().lower() != found.sha256:
                raise ChunkFault(
                    "chunk.checksum",
                    f"Chunk {index} arrived with SHA-256 {found.sha256}, not the one in X-Chunk-SHA256. Send it again.",
                )
            with transaction.atomic():
                locked = Upload.objects.select_for_update(of=("self",)).get(pk=upload.pk)
                _must_be_open(locked)
                if not locked.has(index):
                    staging.place(upload.pk, found, index * upload.chunk_bytes)
                    Upload.objects.filter(pk=upload.pk).update(
                        received=locked.with_chunk(index), expires=timezone.now() + LIFETIME
                    )
    except store.StoreFull as problem:
        raise _full(problem) from problem
    except FileNotFoundError:
        raise Refused.because(
            "upload.closed", f"The upload of {upload.name} is gone", remedy="Start a new upload"
        ) from None


@performs(UPLOAD, "complete")
def complete(upload_id: UUID, *, actor: Actor, seen: int | None = None) -> Upload:
    """Close it, when all is here; twice gives the same. A small file has its checksum at once, for any larger a worker
    makes it (`check`), so that no web request lasts as long as a file is large. Raises Refused."""
    upload = Upload.objects.get(pk=upload_id)
    if upload.state != "open":
        return _closed(upload, actor)
    missing = upload.chunks - len(upload.received_chunks())
    if missing:
        raise Refused.because(
            "upload.incomplete",
            f"{missing} of {upload.chunks} chunks are not here yet",
            remedy="Send them, then finish the upload",
        )
    digest = _hashed(upload) if upload.size <= AT_ONCE_BYTES else ""
    with transaction.atomic():
        now = Upload.objects.select_for_update(of=("self",)).get(pk=upload_id)
        if now.state != "open":
            return _closed(now, actor)
        with transition(UPLOAD, "complete", upload_id, actor=actor) as change:
            change.subject.expires = timezone.now() + LIFETIME
            if not digest:
                change.publish("upload.checking", id=str(upload_id))
        return _checked(upload_id, digest, system()) if digest else change.subject


def _closed(upload: Upload, actor: Actor) -> Upload:
    """The upload as it is, if it was closed before; raises Refused if it was given up."""
    if upload.state in ("checking", "complete", "used"):
        return upload
    raise Refused(may(UPLOAD, "complete", upload, actor))


def _hashed(upload: Upload) -> str:
    try:
        return staging.sha256_of(upload.pk)
    except FileNotFoundError:
        raise Refused.because(
            "upload.closed", f"The upload of {upload.name} is gone", remedy="Start a new upload"
        ) from None


@performs(UPLOAD, "check")
def check(upload_id: UUID, *, actor: Actor, seen: int | None = None) -> Upload:
    """The checksum of the whole file, made outside the lock, and the way to the bucket if there is one; after that
    it can be registered. Twice is harmless.

    Raises Refused if the upload was given up meanwhile."""
    upload = Upload.objects.get(pk=upload_id)
    if upload.state != "checking":
        return upload
    digest = _hashed(upload)
    try:
        store.bring(staging.path_of(upload_id), upload_id.hex)
    except store.StoreFull as problem:
        raise _full(problem) from problem
    return _checked(upload_id, digest, actor)


def _checked(upload_id: UUID, digest: str, actor: Actor) -> Upload:
    with transition(UPLOAD, "check", upload_id, actor=actor) as change:
        change.subject.sha256, change.subject.expires = digest, timezone.now() + LIFETIME
    return change.subject


def check_again(now: datetime) -> int:
    """Tell the workers once more of what has waited long for its checksum: a worker may have died over it."""
    waiting = Upload.objects.filter(state="checking", changed__lte=now - CHECK_AGAIN, expires__gt=now)
    for pk in waiting.values_list("pk", flat=True):
        outbox.put("upload.checking", {"id": str(pk)})
    # Not a change of the upload, so no event; it only says when it was told last.
    return waiting.update(changed=now)


def take(upload_id: UUID, *, actor: Actor) -> tuple[Stored, str]:
    """The complete file under its hash in the store, and its name. Raises Refused if there is none for this actor."""
    upload = uploads(actor).filter(pk=upload_id, state__in=("checking", "complete")).first()
    if upload is not None and upload.state == "checking":
        raise Refused.because(
            "upload.checking",
            f"A worker still makes the checksum of {upload.name}",
            remedy="Wait a moment, then register it",
            field="file",
        )
    try:
        if upload is not None:
            return store.take(staging.path_of(upload_id), upload.sha256, upload_id.hex), upload.name
    except store.StoreFull as problem:
        raise _full(problem) from problem
    except FileNotFoundError:
        pass
    raise Refused.because(
        "upload.unknown",
        "There is no complete upload of your organisation with this id; it may be used or expired",
        remedy="Upload the file again",
        field="file",
    )


@performs(UPLOAD, "use")
def use(upload_id: UUID, *, actor: Actor, seen: int | None = None) -> Upload:
    """Mark it used, in the transaction that registers its file. Raises Refused the second time."""
    with transition(UPLOAD, "use", upload_id, actor=actor) as change:
        pass
    transaction.on_commit(lambda: staging.drop(upload_id))
    return change.subject


@performs(UPLOAD, "abandon")
def abandon(upload_id: UUID, *, actor: Actor, seen: int | None = None) -> Upload:
    """Delete what was sent."""
    with transition(UPLOAD, "abandon", upload_id, actor=actor, seen=seen) as change:
        pass

    def gone() -> None:
        staging.drop(upload_id)
        if change.subject.size > AT_ONCE_BYTES:
            store.forget(upload_id.hex)

    transaction.on_commit(gone)
    return change.subject


def abandon_due(now: datetime) -> int:
    """Abandon those past their time. Safe to run twice at once."""
    gone = 0
    for pk in Upload.objects.filter(state__in=UNFINISHED, expires__lte=now).values_list("pk", flat=True):
        try:
            abandon(pk, actor=robots.actor("abandon_uploads"))
            gone += 1
        except Refused:
            continue
    return gone


def tidy_files() -> int:
    """Remove files in the staging folder, and in the bucket, that belong to no live upload."""
    live = Upload.objects.filter(state__in=UNFINISHED).values_list("pk", flat=True)
    names = {pk.hex for pk in live}
    return staging.sweep(names) + store.sweep_brought(names)
