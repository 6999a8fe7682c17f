"""Verifying the log: at once while it is short, else by a worker that says how far it is. One at a time."""

from __future__ import annotations

import logging
import time
from dataclasses import asdict
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from kernel import outbox
from kernel.audit.models import Leaf
from kernel.audit.verify import verify
from portal.models import LogCheck
from trusts.organisations.models import User

log = logging.getLogger(__name__)
AT_ONCE = 5_000
TOPIC = "log.check"
# A worker reports every second; one that was silent for so long is gone. Before one takes it, jobs may be in front.
SILENT, WAITS = timedelta(minutes=3), timedelta(minutes=30)
KEPT = 20


def short() -> bool:
    """Whether the log is verified while the reader waits."""
    last = Leaf.objects.order_by("-index").values_list("index", flat=True).first()
    return last is None or last < AT_ONCE


def now() -> dict[str, Any]:
    """Verify at once; the result with the seconds that it took."""
    return _run(None)


def begin(user: User | None) -> LogCheck:
    """Have a worker verify; the one under way if there is one."""
    give_up_silent()
    try:
        with transaction.atomic():
            last = Leaf.objects.order_by("-index").values_list("index", flat=True).first()
            made = LogCheck.objects.create(asked_by=user, total=0 if last is None else last + 1)
            outbox.put(TOPIC, {"id": str(made.pk)})
    except IntegrityError:
        under_way = LogCheck.objects.filter(under_way=True).first()
        return under_way or LogCheck.objects.all()[0]
    for old in LogCheck.objects.filter(under_way=None)[KEPT:]:
        old.delete()
    return made


def run(check_id: UUID) -> None:
    """The worker's part. A second delivery of the same task finds it taken and does nothing."""
    mine = LogCheck.objects.filter(pk=check_id, under_way=True, started=None)
    if not mine.update(started=timezone.now(), beat=timezone.now()):
        return
    rows = LogCheck.objects.filter(pk=check_id)
    told = time.monotonic()

    def progress(done: int, total: int) -> None:
        nonlocal told
        if time.monotonic() - told >= 1:
            told = time.monotonic()
            rows.update(done=done, total=total, beat=timezone.now())

    try:
        result = _run(progress)
    except Exception:
        log.exception("the log could not be verified")
        rows.update(under_way=None, ended=timezone.now(), result={"failed": True})
        raise
    rows.update(
        under_way=None, ended=timezone.now(), done=result["events"], total=result["events"], result=result
    )


def give_up_silent() -> int:
    """End checks whose worker is gone, so that a new one can begin."""
    moment = timezone.now()
    gone = Q(started__isnull=False, beat__lt=moment - SILENT) | Q(started=None, created__lt=moment - WAITS)
    silent = LogCheck.objects.filter(gone, under_way=True)
    return silent.update(under_way=None, ended=timezone.now(), result={"gone": True})


def _run(progress: Any) -> dict[str, Any]:
    began = time.monotonic()
    found = verify(progress)
    return {**asdict(found), "holds": found.holds, "seconds": round(time.monotonic() - began, 1)}
