"""Periodic work: seal the log, and sweep what is due."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any
from uuid import UUID

from celery import shared_task
from django.utils import timezone

from contracts.negotiations.agreements import end_due
from contracts.negotiations.deadlines import lapse_due, remind_due, remind_to_sign
from contracts.negotiations.signatures import lapse_unsigned
from contracts.negotiations.succession import replace_due
from contracts.sharing.asked import pass_late
from contracts.sharing.services import lapse_due as lapse_requests
from jobs.deliveries.erasure import erase_due
from jobs.deliveries.services import expire_due
from jobs.intake import judge
from jobs.runs.services import sweep as sweep_jobs
from jobs.runs.services import tidy_folders
from kernel import outbox, store
from kernel.actor import system
from kernel.audit.seal import seal_all
from kernel.decision import Refused
from kernel.models import IdempotencyRecord
from portal.notices.write import forget as forget_notices
from portal.trail import checks
from trusts.datasets import sources, uploads
from trusts.membership.joining import probations_due
from trusts.membership.parting import notices_due, silences_due
from trusts.membership.winding import finish_due
from trusts.organisations.access import begin_due
from trusts.organisations.people import lapse_deputyships
from trusts.organisations.services import lapse_invitations
from trusts.proposals.closing import close_due as close_votes
from trusts.rights.emergencies import run_out_due
from trusts.rights.services import expire_due as expire_rights

log = logging.getLogger(__name__)


@shared_task(name="portal.tasks.seal")
def seal() -> int:
    """Give events their place and sign the head."""
    return seal_all()


@shared_task(name="portal.tasks.check_log")
def check_log(check_id: str) -> None:
    """Verify the whole log, saying how far it is."""
    checks.run(UUID(check_id))


@shared_task(name="portal.tasks.sweep")
def sweep() -> dict[str, int]:
    """Everything that time alone makes due. Safe to run twice at once."""
    now = timezone.now()
    return {
        "outbox": outbox.dispatch(),
        "jobs": sweep_jobs(now),
        "negotiations": lapse_due(now),
        "unsigned": lapse_unsigned(now),
        "reminders": remind_due(now) + remind_to_sign(now),
        # Before contracts run out: what another one follows ends without the duties of an end.
        "successions": replace_due(now),
        "agreements": end_due(now),
        "requests": lapse_requests(now),
        "deliveries": expire_due(now),
        "erased": erase_due(now),
        "uploads": uploads.abandon_due(now),
        "unchecked": uploads.check_again(now),
        "invitations": lapse_invitations(now),
        "probations": probations_due(now),
        "notices": notices_due(now),
        "rights": expire_rights(now),
        "emergencies": run_out_due(now),
        # After contracts have run out: a trust that waited for its last one ends.
        "trusts": finish_due(now),
        "votes": close_votes(now),
        "deputies": lapse_deputyships(now),
    }


@shared_task(name="portal.tasks.tidy")
def tidy() -> dict[str, int]:
    """Once an hour: what is no longer needed and is no evidence."""
    now = timezone.now()
    return {
        "files": store.sweep_incoming(),
        "uploads": uploads.tidy_files(),
        "stale": judge.check_stale(),
        "silences": silences_due(now),
        "sources": sources.look_due(now),
        "notices": forget_notices(now),
        "cache": store.sweep_cache(),
        "access_reviews": begin_due(now),
        "folders": tidy_folders(now - timedelta(days=1)),
        "messages": outbox.forget_sent(now - timedelta(days=30)),
        "answers": IdempotencyRecord.objects.filter(created__lt=now - timedelta(days=1)).delete()[0],
    }


@shared_task(name="portal.tasks.remind")
def remind() -> dict[str, int]:
    """Every quarter of an hour: reminders, mails that could not leave, and the mail of the day. Safe to run twice at once."""
    from portal import notify
    from portal.notices import post

    now = timezone.now()
    try:
        return {
            "passed": pass_late(now),
            "told": notify.remind(now),
            "left": post.mail_left(now),
            "digests": post.digests(now),
        }
    except OSError as problem:
        log.warning("the mail server is away: %s", problem)
        return {}


@shared_task(name="portal.tasks.check_upload", acks_late=True, reject_on_worker_lost=True)
def check_upload(upload_id: str) -> str:
    """The checksum of a large upload; the sweep tells again if this worker dies over it."""
    try:
        return uploads.check(UUID(upload_id), actor=system()).state
    except Refused as refused:
        return str(refused)


@shared_task(name="portal.tasks.mail", max_retries=8, bind=True)
def mail(self: Any, topic: str, message: dict[str, Any]) -> int:
    """Tell those who must act. A mail server that is away is tried again, each time later, for some four hours."""
    from portal import notify

    try:
        return notify.send(topic, message)
    except OSError as problem:
        raise self.retry(exc=problem, countdown=60 * 2**self.request.retries) from problem
