"""Notices leave as mail: plain text and a link, at once or together once a day, with a way to stop them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import groupby
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.signing import BadSignature, Signer
from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse
from django.utils import timezone

from kernel.audit.selectors import head
from portal.models import Digest, Notice
from portal.notices import choices
from trusts.organisations.models import OrganisationMember, User
from trusts.witnesses.selectors import cosigned

SIGNER = Signer(salt="portal.notices.stop")
# On the person's own clock; the task runs every quarter of an hour.
DIGEST_HOUR = 7
LONGEST = 200


def mail(notices: Iterable[Notice]) -> int:
    """Send those that are to be mailed at once and have not been; returns how many left. Raises OSError if the server is away."""
    sent = 0
    for one in notices:
        # Taken before it is sent: of two workers with the same message one sends it.
        mine = one.way == "now" and Notice.objects.filter(pk=one.pk, mailed=None).update(
            mailed=timezone.now()
        )
        if not mine:
            continue
        parts = [f"{one.title}: {one.text}", one.more, _link(one.url)]
        said = "\n\n".join(part for part in parts if part)
        try:
            _send(one.user, f"{one.title}: {one.text}", said, one.topic)
        except OSError:
            Notice.objects.filter(pk=one.pk).update(mailed=None)
            raise
        sent += 1
    return sent


def mail_left(now: datetime) -> int:
    """Send what could not be sent when it was told, within two days."""
    left = Notice.objects.filter(
        way="now", mailed=None, created__lt=now - timedelta(minutes=15), created__gt=now - timedelta(days=2)
    )
    return mail(left.select_related("user").filter(user__is_active=True).order_by("created")[:LONGEST])


def digests(now: datetime) -> int:
    """One mail for each person whose morning it is and who has something unread for it, or who keeps the log's checkpoints.

    Returns how many left.
    """
    waiting = Notice.objects.filter(way="daily", mailed=None, read=None, user__is_active=True)
    sent, keepers = 0, choices.keepers()
    wanted = Q(pk__in=waiting.values("user")) | Q(pk__in=keepers, is_active=True)
    for user in User.objects.filter(wanted):
        here = now.astimezone(_zone(user.zone))
        if here.hour >= DIGEST_HOUR:
            sent += _digest(user, here, now, user.pk in keepers)
    return sent


def _checkpoint() -> list[str]:
    """The log's newest checkpoint with its co-signatures, to be kept; nothing while nothing is sealed."""
    newest = head()
    if newest is None:
        return []
    told = "The audit log's checkpoint. Keep this mail: with it anyone can show later what the log was today."
    return [told, "", cosigned(newest), ""]


def _digest(user: User, here: datetime, now: datetime, keeps: bool = False) -> int:
    """The mail of this day, unless it went out already. A mail server that is away leaves everything for later."""
    belongs = OrganisationMember.objects.filter(
        user=user, state="active", organisation_id=OuterRef("organisation_id")
    )
    try:
        with transaction.atomic():
            Digest.objects.create(user=user, day=here.date())
            found = list(
                Notice.objects.filter(Q(organisation=None) | Exists(belongs), user=user, way="daily", mailed=None, read=None)
                .select_related("organisation").order_by(F("organisation__name").asc(nulls_last=True), "created")[:LONGEST]
            )  # fmt: skip
            log = _checkpoint() if keeps else []
            if not found and not log:
                return 0
            Notice.objects.filter(pk__in=[one.pk for one in found]).update(mailed=now)
            lines = []
            for name, rows in groupby(found, key=lambda n: n.organisation.name if n.organisation else ""):
                lines += [name, ""] if name else []
                lines += [f"- {n.title}: {n.text}\n  {_link(n.url)}" for n in rows] + [""]
            count = len(found)
            about = f"{count} notice{'s' if count != 1 else ''}" if count else "the log's checkpoint"
            _send(user, f"Commonhold: {about} on {here:%d %B}", "\n".join([*lines, *log]).strip(), choices.DIGEST)  # fmt: skip
    except IntegrityError:
        return 0
    return 1


def _send(user: User, subject: str, said: str, topic: str) -> None:
    settings_link = _link(reverse("notice_choices"))
    body = f"Hello {user.get_full_name()},\n\n{said}\n\n-- \nCommonhold. How you are told: {settings_link}\n"
    headers = {}
    if topic not in choices.ESSENTIAL:
        stop = _link(reverse("notice_stop", args=[token(user.pk, topic)]))
        body += f"No more mail {'like this' if topic == choices.DIGEST else 'about this'}: {stop}\n"
        # RFC 2369 and RFC 8058: the mail program may offer the button itself.
        headers = {"List-Unsubscribe": f"<{stop}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    EmailMessage(" ".join(subject.split())[:150], body, to=[user.email], headers=headers).send()


def token(user: UUID, topic: str) -> str:
    """What a link to stop mails carries: who and what, signed by the portal. It does not sign anybody in."""
    return SIGNER.sign_object([str(user), topic])


def read_token(given: str) -> tuple[UUID, str] | None:
    """Whose and which topic; None if the portal did not sign it."""
    try:
        user, topic = SIGNER.unsign_object(given)
        return UUID(user), str(topic)
    except (BadSignature, ValueError, TypeError):
        return None


def _link(path: str) -> str:
    return f"{settings.SITE_URL}{path}"


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
