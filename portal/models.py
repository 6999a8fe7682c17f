"""What is a person's own: notices, how they want to be told, their calendar's address. No evidence: that stands in the audit trail."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone

from trusts.organisations.models import Organisation, User

WAYS = [
    ("now", "By e-mail at once"),
    ("daily", "By e-mail once a day, all together"),
    ("portal", "Here only"),
    ("off", "Not at all"),
]


class Notice(models.Model):
    """One thing that one person was told: what it is about and the text, never data.

    `way` is how it was to be told when it was written; `mailed` when the mail left. `once` is the same for the same
    message told twice, so that it is written once. `more` goes into the mail besides the text.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notices")
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, null=True, related_name="+")
    topic = models.CharField(max_length=60)
    machine = models.CharField(max_length=40)
    subject_id = models.UUIDField()
    title = models.CharField(max_length=200)
    text = models.CharField(max_length=300)
    more = models.TextField(blank=True, default="")
    url = models.CharField(max_length=300)
    once = models.CharField(max_length=120)
    way = models.CharField(max_length=10, choices=WAYS)
    created = models.DateTimeField(default=timezone.now)
    read = models.DateTimeField(null=True, blank=True)
    mailed = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created", "-id"]
        constraints = [models.UniqueConstraint(fields=["user", "once"], name="notice_once")]
        indexes = [
            models.Index(fields=["user", "organisation", "-created"], name="notice_of_person"),
            models.Index(fields=["way", "mailed", "created"], name="notice_to_mail"),
        ]

    def __str__(self) -> str:
        return f"{self.title}: {self.text}"


class NoticeChoice(models.Model):
    """How a person wants to be told of one topic, where that is not the usual way."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notice_choices")
    topic = models.CharField(max_length=60)
    way = models.CharField(max_length=10, choices=WAYS)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "topic"], name="notice_choice_once")]

    def __str__(self) -> str:
        return f"{self.topic}: {self.way}"


class Digest(models.Model):
    """The one mail of a day, on the person's calendar; the row is what makes it one."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "day"], name="one_digest_a_day")]

    def __str__(self) -> str:
        return f"{self.day}"


class CalendarFeed(models.Model):
    """The private address under which a person's calendar reads their deadlines. Only the secret's hash is kept."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="calendar_feed")
    secret_hash = models.CharField(max_length=64, unique=True)
    created = models.DateTimeField(default=timezone.now)
    last_used = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"Calendar of {self.user}"


class SavedTrail(models.Model):
    """Filters of the audit trail that a person keeps under a name: what the address of the page holds."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="saved_trails")
    name = models.CharField(max_length=80)
    fields = models.JSONField(default=dict)
    created = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["user", "name"], name="saved_trail_once")]

    def __str__(self) -> str:
        return self.name


class LogCheck(models.Model):
    """One verification of the whole log by a worker: how far it is, and what it found. At most one is under way."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    asked_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created = models.DateTimeField(default=timezone.now)
    started = models.DateTimeField(null=True)
    beat = models.DateTimeField(default=timezone.now)
    ended = models.DateTimeField(null=True)
    done = models.PositiveBigIntegerField(default=0)
    total = models.PositiveBigIntegerField(default=0)
    # True while it is under way, then NULL, of which there may be many: so the database keeps it to one.
    under_way = models.BooleanField(null=True, default=True)
    result = models.JSONField(default=dict)

    class Meta:
        ordering = ["-created"]
        constraints = [models.UniqueConstraint(fields=["under_way"], name="one_check_under_way")]

    def __str__(self) -> str:
        return f"{self.done} of {self.total}"
