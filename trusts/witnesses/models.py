"""Witness: who co-signs the log's checkpoints. Cosignature: that one did. SplitView: two checkpoints that disagree."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db import models
from django.urls import reverse
from django.utils import timezone

from kernel.audit import notes
from kernel.models import StatefulModel
from trusts.organisations.models import Organisation

KINDS = [("fork", "another root at the same size"), ("longer", "longer than this log is now")]


class Witness(StatefulModel):
    """A key that co-signs checkpoints, of an organisation or (organisation None) of an outside party.

    Name and key stay with it for ever: a name always means one key.
    """

    ref_prefix = "W"
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="witnesses", null=True, blank=True
    )
    name = models.CharField(max_length=120, unique=True)
    public_hex = models.CharField(max_length=64, unique=True)
    withdrawn_because = models.TextField(blank=True, default="")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def title(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("witnesses")

    def parties(self) -> Mapping[str, Collection[Any]]:
        return {"own": [self.organisation_id]} if self.organisation_id else {}

    def audit_fields(self) -> dict[str, Any]:
        return {"state": self.state, "name": self.name, "public_key": self.public_hex}

    @property
    def public(self) -> Ed25519PublicKey:
        return Ed25519PublicKey.from_public_bytes(bytes.fromhex(self.public_hex))

    @property
    def verifier_key(self) -> str:
        """`name+hash+key`, as C2SP tools are told whom to trust."""
        return notes.verifier_key(self.name, self.public, notes.WITNESS)


class Cosignature(models.Model):
    """A witness's line under the checkpoint of this size and root. Kept for ever; triggers refuse the rest.

    No event of its own: an event makes a new checkpoint, which would want to be co-signed, without end.
    """

    size = models.PositiveBigIntegerField()
    root_hash = models.CharField(max_length=64)
    witness = models.ForeignKey(Witness, on_delete=models.PROTECT, related_name="cosignatures")
    line = models.CharField(max_length=300)
    # What the witness's clock said, and ours.
    signed = models.DateTimeField()
    received = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-size", "witness__name"]
        constraints = [
            models.UniqueConstraint(fields=["size", "root_hash", "witness"], name="cosignature_once")
        ]

    def __str__(self) -> str:
        return f"{self.size} {self.line[:40]}"


class SplitView(StatefulModel):
    """Two checkpoints of this log, both signed with its keys, that cannot both be true. The notes stay for ever."""

    ref_prefix = "V"
    kind = models.CharField(max_length=10, choices=KINDS)
    size = models.PositiveBigIntegerField()
    theirs = models.TextField()
    ours = models.TextField(blank=True, default="")
    our_root = models.CharField(max_length=64, blank=True, default="")
    # SHA-256 of the text that was handed in: the same is kept once.
    fingerprint = models.CharField(max_length=64, unique=True)
    handed_in_by = models.CharField(max_length=200, blank=True, default="")
    answer = models.TextField(blank=True, default="")

    class Meta:
        ordering = ["-created"]

    def __str__(self) -> str:
        return self.title()

    def title(self) -> str:
        return f"Two versions of the log at {self.size:,} entries"

    def get_absolute_url(self) -> str:
        return reverse("split_view", args=[self.pk])

    def parties(self) -> Mapping[str, Collection[Any]]:
        # Everybody's: its events name every organisation (handing_in.py); nobody has a role of their own in it.
        return {}

    def audit_fields(self) -> dict[str, Any]:
        return {"state": self.state, "kind": self.kind, "size": self.size, "fingerprint": self.fingerprint}
