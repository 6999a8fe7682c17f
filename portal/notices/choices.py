"""How a person wants to be told of what, and what nobody can switch off."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from django.db import transaction

from portal.models import WAYS, NoticeChoice

USUAL = "now"
# What ends a right or a protection, makes somebody late, or may oblige by law at once: it reaches the person by mail, at once or with the day's mail.
ESSENTIAL = frozenset({
    "agreement.stopped", "agreement.to_sign", "agreement.sign_reminder", "agreement.unsigned", "duty.late", "duty.escalated", "delivery.withdrawn",
    "membership.ended", "membership.hearing", "membership.hearing_reminder", "request.lapsed", "organisation.second_factor", "split_view.found",
})  # fmt: skip
BY_MAIL = ("now", "daily")
DIGEST = "digest"
# Not told by anything that happens: the log's newest checkpoint in the mail of the day, for those who want a copy outside.
CHECKPOINT = "log.checkpoint"


def ways_for(topic: str) -> list[tuple[str, str]]:
    """The ways that may be chosen for this topic, with their words."""
    if topic == CHECKPOINT:
        return [way for way in WAYS if way[0] in ("daily", "off")]
    return [way for way in WAYS if topic not in ESSENTIAL or way[0] in BY_MAIL]


def usual(topic: str) -> str:
    """How it is told to those who chose nothing."""
    return "off" if topic == CHECKPOINT else USUAL


def keepers() -> set[UUID]:
    """Who wants the log's checkpoint every day."""
    return set(NoticeChoice.objects.filter(topic=CHECKPOINT, way="daily").values_list("user_id", flat=True))


def chosen(topic: str, users: Iterable[UUID]) -> dict[UUID, str]:
    """How each of these people wants to be told of it, where it is not the usual way. One query."""
    rows = NoticeChoice.objects.filter(topic=topic, user_id__in=list(users))
    allowed = {code for code, _ in ways_for(topic)}
    return {user: way for user, way in rows.values_list("user_id", "way") if way in allowed}


def of(user: UUID) -> dict[str, str]:
    """Everything that this person chose otherwise than usual."""
    return dict(NoticeChoice.objects.filter(user_id=user).values_list("topic", "way"))


@transaction.atomic
def choose(user: UUID, wanted: Mapping[str, str]) -> None:
    """Keep these choices; others stay. Raises ValueError for a way that the topic does not have."""
    for topic, way in wanted.items():
        if way not in {code for code, _ in ways_for(topic)}:
            raise ValueError(f"{topic} cannot be told in the way {way!r}")
    NoticeChoice.objects.filter(user_id=user, topic__in=list(wanted)).delete()
    NoticeChoice.objects.bulk_create(
        NoticeChoice(user_id=user, topic=topic, way=way)
        for topic, way in wanted.items()
        if way != usual(topic)
    )


def stop_mail(user: UUID, topic: str) -> list[str]:
    """No more mail about this topic, or none of the day's mails; what is essential stays. Returns the topics that changed."""
    if topic == DIGEST:
        daily = [one for one, way in of(user).items() if way == "daily" and one not in ESSENTIAL]
        choose(user, {one: "off" if one == CHECKPOINT else "portal" for one in daily})
        return daily
    if topic in ESSENTIAL or of(user).get(topic) in ("portal", "off"):
        return []
    choose(user, {topic: "portal"})
    return [topic]
