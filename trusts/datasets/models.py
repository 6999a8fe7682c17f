"""Dataset, its frozen DatasetVersion, and the Column dictionary."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db import models
from django.urls import reverse

from kernel.models import StatefulModel
from trusts.datasets import places
from trusts.membership.models import Trust
from trusts.organisations.models import Organisation, User


class Dataset(StatefulModel):
    """A named thing that an organisation holds and may offer.

    `trust` is where it is listed; while private nobody else learns of it.
    """

    ref_prefix = "D"
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="datasets")
    trust = models.ForeignKey(Trust, on_delete=models.PROTECT, null=True, blank=True, related_name="datasets")
    title_text = models.CharField("title", max_length=160)
    slug = models.SlugField(max_length=120, unique=True)
    summary = models.CharField(max_length=300, blank=True, default="")
    description = models.TextField(blank=True, default="")
    keywords = models.JSONField(default=list)
    provenance = models.TextField(blank=True, default="")
    contact_email = models.EmailField(blank=True, default="")
    terms_summary = models.CharField(max_length=200, blank=True, default="")
    rules = models.JSONField(
        default=list, help_text="Quality rules, checked at each version; see expectations.py"
    )

    def __str__(self) -> str:
        return self.title_text

    def title(self) -> str:
        return self.title_text

    def get_absolute_url(self) -> str:
        return reverse("dataset", args=[self.slug])

    def parties(self) -> Mapping[str, Collection[Any]]:
        return {"holder": [self.organisation_id]}

    def audit_fields(self) -> dict[str, Any]:
        names = (
            "state",
            "title_text",
            "summary",
            "description",
            "keywords",
            "provenance",
            "contact_email",
            "rules",
        )
        return {name: getattr(self, name) for name in names} | {
            "trust": str(self.trust_id) if self.trust_id else None
        }


# What was measured and read: up to megabytes each. Lists leave it in the database until it is asked for.
HEAVY = ("profile", "preview", "misfits", "reading")


def light(path: str = "") -> list[str]:
    """The heavy fields of a version, for `defer`, seen from a model that reaches it by `path`."""
    return [f"{path}__{name}" if path else name for name in HEAVY]


class DatasetVersion(StatefulModel):
    """One frozen state of a dataset: the original by its SHA-256 and the typed Parquet made of it."""

    ref_prefix = "V"
    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    registered_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True)
    original_name = models.CharField(max_length=200)
    original_sha256 = models.CharField(max_length=64)
    original_bytes = models.PositiveBigIntegerField()
    parquet_sha256 = models.CharField(max_length=64, blank=True, default="")
    parquet_bytes = models.PositiveBigIntegerField(default=0)
    rows = models.PositiveBigIntegerField(null=True)
    reading = models.JSONField(
        default=dict, help_text="How the file is read: guessed, and corrected by a person"
    )
    preview = models.JSONField(default=dict, help_text="The first rows as read; only for the holder")
    misfits = models.JSONField(default=dict, help_text="Column → reason → how many cells did not fit")
    misfits_sha256 = models.CharField(max_length=64, blank=True, default="")
    place = models.JSONField(default=dict, help_text="Where it was read in place; empty for a file")
    source = models.JSONField(default=dict, help_text="What was read there: files, query, moment")
    source_fingerprint = models.CharField(max_length=64, blank=True, default="")
    profile = models.JSONField(default=dict)
    failure = models.JSONField(default=dict)

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["dataset", "number"], name="version_number_once")]

    def __str__(self) -> str:
        return f"{self.dataset} v{self.number}"

    def title(self) -> str:
        return f"{self.dataset.title_text}, version {self.number}"

    def get_absolute_url(self) -> str:
        return reverse("dataset_version", args=[self.dataset.slug, self.number])

    def grounds(self) -> Collection[Any]:
        return (self.dataset_id,)

    def parties(self) -> Mapping[str, Collection[Any]]:
        return {"holder": [self.dataset.organisation_id]}

    def audit_fields(self) -> dict[str, Any]:
        return {
            "state": self.state,
            "original_sha256": self.original_sha256,
            "parquet_sha256": self.parquet_sha256,
            "rows": self.rows,
        } | ({"source_fingerprint": self.source_fingerprint} if self.place else {})

    def hashes(self) -> dict[str, str]:
        """What contracts and receipts name it by: the typed Parquet, and the file or the source that it was made of."""
        made_of = {"source_fingerprint": self.source_fingerprint} if self.place else {}
        return {"original_sha256": self.original_sha256, "parquet_sha256": self.parquet_sha256, **made_of}

    @property
    def read_at(self) -> datetime | None:
        """When its source was read, if it was read in place."""
        return datetime.fromisoformat(self.source["at"]) if self.source.get("at") else None

    def place_in_words(self) -> str:
        return places.in_words(self.place)

    def column_types(self) -> dict[str, str]:
        """Column name → type, in order."""
        return dict(self.columns.order_by("position").values_list("name", "type"))


EVERY = [("", "Only when asked"), ("day", "Every day"), ("week", "Every week")]


class Source(StatefulModel):
    """Where a dataset's data stays. The address can be read by its organisation; secrets are sealed and never shown."""

    ref_prefix = "L"
    dataset = models.OneToOneField(Dataset, on_delete=models.CASCADE, related_name="source")
    address = models.JSONField(default=dict, help_text="`kind` and the parts that are no secret")
    sealed = models.TextField(blank=True, default="", help_text="The secret parts as JSON, encrypted")
    every = models.CharField("looked at", max_length=5, choices=EVERY, blank=True, default="")
    looked = models.DateTimeField(
        null=True, help_text="When a worker was last told to look whether it changed"
    )

    def __str__(self) -> str:
        return places.in_words(self.address)

    def title(self) -> str:
        return f"Source of {self.dataset.title_text}"

    def get_absolute_url(self) -> str:
        return reverse("dataset", args=[self.dataset.slug])

    def grounds(self) -> Collection[Any]:
        return (self.dataset_id,)

    def parties(self) -> Mapping[str, Collection[Any]]:
        return {"holder": [self.dataset.organisation_id]}

    def audit_fields(self) -> dict[str, Any]:
        return {
            "state": self.state,
            "address": self.address,
            "secrets": bool(self.sealed),
            "every": self.every,
        }

    @property
    def kind_in_words(self) -> str:
        return places.KINDS.get(self.address.get("kind", ""), "")


class Column(models.Model):
    """One column of one version: type, meaning, unit, whether it may identify a person."""

    version = models.ForeignKey(DatasetVersion, on_delete=models.CASCADE, related_name="columns")
    position = models.PositiveIntegerField()
    name = models.CharField(max_length=200)
    type = models.CharField(max_length=20)
    description = models.CharField(max_length=500, blank=True, default="")
    unit = models.CharField(max_length=40, blank=True, default="")
    personal = models.BooleanField(default=False)

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["version", "name"], name="column_once")]

    def __str__(self) -> str:
        return self.name


class Upload(StatefulModel):
    """A file that arrives in pieces of `chunk_bytes`; bit i of `received` says that piece i is here."""

    ref_prefix = "U"
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="uploads")
    started_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True)
    name = models.CharField(max_length=200)
    size = models.PositiveBigIntegerField()
    chunk_bytes = models.PositiveIntegerField()
    received = models.BinaryField(default=bytes)
    sha256 = models.CharField(max_length=64, blank=True, default="")
    expires = models.DateTimeField()

    def __str__(self) -> str:
        return self.name

    def title(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("dataset_new")

    def parties(self) -> Mapping[str, Collection[Any]]:
        return {"holder": [self.organisation_id]}

    def audit_fields(self) -> dict[str, Any]:
        return {"state": self.state, "name": self.name, "size": self.size, "sha256": self.sha256}

    @property
    def chunks(self) -> int:
        """How many pieces the file has."""
        return -(-self.size // self.chunk_bytes)

    def length_of(self, index: int) -> int:
        """Bytes of this piece; the last may be shorter."""
        return min(self.chunk_bytes, self.size - index * self.chunk_bytes)

    def has(self, index: int) -> bool:
        return bool(int.from_bytes(self.received, "little") >> index & 1)

    def with_chunk(self, index: int) -> bytes:
        """`received` with this piece too."""
        return (int.from_bytes(self.received, "little") | 1 << index).to_bytes(-(-self.chunks // 8), "little")

    def received_chunks(self) -> list[int]:
        bits = int.from_bytes(self.received, "little")
        return [index for index in range(self.chunks) if bits >> index & 1]

    @property
    def received_bytes(self) -> int:
        """How much of the file is here."""
        return sum(self.length_of(index) for index in self.received_chunks())
