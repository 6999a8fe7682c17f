"""User, Organisation, OrganisationMember with its roles, Invitation, ApiToken, SigningKey."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac

from kernel.actor import Lent
from kernel.models import StatefulModel
from kernel.roles import ROLE_LABELS


class UserManager(BaseUserManager["User"]):
    """People log in by e-mail; there is no user name."""

    def create_user(self, email: str, password: str | None = None, **more: Any) -> User:
        if not email:
            raise ValueError("A person needs an e-mail address")
        user = self.model(email=self.normalize_email(email).lower(), **more)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **more: Any) -> User:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **more)


class User(AbstractBaseUser, PermissionsMixin):
    """A person. `is_staff` marks an operator of the installation, who sees health, not data."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField("e-mail address", unique=True)
    name = models.CharField(max_length=120, blank=True, default="")
    zone = models.CharField(max_length=60, default="Europe/Berlin")
    theme = models.CharField(max_length=8, default="auto")
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    date_joined = models.DateTimeField(default=timezone.now)
    # Raised to end every session of the person, wherever sessions are kept.
    session_epoch = models.PositiveIntegerField(default=0)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: list[str] = []
    objects = UserManager()

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return self.name or self.email

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Django's own until sessions were ended for the first time; then it also depends on how often."""
        own: str = super()._get_session_auth_hash(secret=secret)  # type: ignore[misc]
        if not self.session_epoch:
            return own
        return salted_hmac(
            "commonhold/sessions", f"{own}/{self.session_epoch}", algorithm="sha256"
        ).hexdigest()


class Organisation(StatefulModel):
    """A legal entity that takes part; a participant in the Dataspace Protocol's sense."""

    ref_prefix = "O"
    name = models.CharField(max_length=120, unique=True)
    slug = models.SlugField(max_length=80, unique=True)
    kind = models.CharField(max_length=30, default="company")
    country = models.CharField(max_length=2, default="DE", help_text="ISO 3166-1 alpha-2")
    about = models.TextField(blank=True, default="")
    website = models.URLField(blank=True, default="")
    contact_email = models.EmailField(blank=True, default="")
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    # Rules for signing in: from this day everybody needs a second factor; None: nobody must.
    second_factor_from = models.DateField(null=True, blank=True)
    # Access is reviewed every so many days (None: on demand), and who was away for `review_idle` days is marked.
    review_every = models.PositiveSmallIntegerField(null=True, blank=True)
    review_idle = models.PositiveSmallIntegerField(default=90)
    robots = models.JSONField(
        default=dict, help_text="By a robot's code whether it is on; the usual if not named"
    )

    # Whether operators of the portal may open an object of it in an emergency (trusts.rights).
    emergency_openings = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.name

    def title(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("organisation", args=[self.slug])

    def parties(self) -> Mapping[str, Collection[Any]]:
        return {"own": [self.pk]}

    def audit_fields(self) -> dict[str, Any]:
        names = ("state", "name", "kind", "country", "about", "website", "contact_email")
        begins = self.second_factor_from
        return {name: getattr(self, name) for name in names} | {
            "second_factor_from": begins.isoformat() if begins else None,
            "review_every": self.review_every,
            "review_idle": self.review_idle,
            "robots": dict(self.robots),
            "emergency_openings": self.emergency_openings,
        }

    @property
    def custody(self) -> str:
        """Who holds the key it signs with: "portal", or "own" once it has registered one of its own. One query."""
        newest = self.signing_keys.first()
        return newest.held_by if newest else "portal"


class OrganisationMember(StatefulModel):
    """A person's place in an organisation; its roles are rows of MemberRole."""

    ref_prefix = "P"
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="members")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="places")
    # When the person last acted for the organisation; written at most once an hour.
    last_access = models.DateTimeField(null=True, blank=True)
    # The organisation's directory deleted the person: it is told of this place no more.
    deleted_by_directory = models.BooleanField(default=False)
    # Roles held only as a deputy; `selectors.places_of` fills it.
    lent: tuple[Lent, ...] = ()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "user"], condition=Q(state="active"), name="one_active_place"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} at {self.organisation}"

    def title(self) -> str:
        return str(self)

    def get_absolute_url(self) -> str:
        return reverse("people")

    def parties(self) -> Mapping[str, Collection[Any]]:
        return {"own": [self.organisation_id]}

    def people(self) -> Mapping[str, Collection[Any]]:
        return {"self": [self.user_id]}

    @property
    def role_codes(self) -> list[str]:
        """Role codes held here; uses prefetched rows."""
        held = {row.role for row in self.roles.all()}
        return [code for code in ROLE_LABELS if code in held]

    def audit_fields(self) -> dict[str, Any]:
        return {
            "state": self.state,
            "roles": sorted(MemberRole.objects.filter(member=self).values_list("role", flat=True)),
        }


class MemberRole(models.Model):
    """One role of one member. Written by the services of this station only."""

    member = models.ForeignKey(OrganisationMember, on_delete=models.CASCADE, related_name="roles")
    role = models.CharField(max_length=20, choices=list(ROLE_LABELS.items()))

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "role"], name="role_once")]

    def __str__(self) -> str:
        return self.role


class Invitation(StatefulModel):
    """An e-mail that lets a person join an organisation. Only the token's hash is kept."""

    ref_prefix = "I"
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField()
    roles = models.JSONField(default=list)
    token_hash = models.CharField(max_length=64, unique=True)
    expires = models.DateTimeField()
    invited_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True)

    def __str__(self) -> str:
        return f"{self.email} → {self.organisation}"

    def title(self) -> str:
        return f"Invitation of {self.email}"

    def get_absolute_url(self) -> str:
        return reverse("people")

    def parties(self) -> Mapping[str, Collection[Any]]:
        return {"own": [self.organisation_id]}

    def audit_fields(self) -> dict[str, Any]:
        return {"state": self.state, "email": self.email, "roles": self.roles}


class ApiToken(StatefulModel):
    """Machine access for an organisation: scopes, an end date, and only the hash of the secret."""

    ref_prefix = "K"
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="tokens")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12)
    secret_hash = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    expires = models.DateTimeField()
    last_used = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    def title(self) -> str:
        return f"Token {self.name}"

    def get_absolute_url(self) -> str:
        return reverse("tokens")

    def parties(self) -> Mapping[str, Collection[Any]]:
        return {"own": [self.organisation_id]}

    def people(self) -> Mapping[str, Collection[Any]]:
        return {"self": [self.user_id]}

    def audit_fields(self) -> dict[str, Any]:
        return {"state": self.state, "scopes": self.scopes, "expires": self.expires.isoformat()}


class SigningKey(models.Model):
    """An Ed25519 key an organisation signs with: the portal's for it (private half sealed), or its own.

    It counts for what was signed from `valid_from` until and including `valid_until`. A key that was reported
    stolen counts for nothing signed from `revoked` on. Written by `trusts.organisations.keys` only.
    """

    HELD_BY = [("portal", "held by the portal"), ("own", "held by the organisation itself")]

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="signing_keys")
    public_hex = models.CharField(max_length=64, unique=True)
    held_by = models.CharField(max_length=10, choices=HELD_BY, default="portal")
    sealed_private = models.TextField(blank=True, default="")
    valid_from = models.DateTimeField(default=timezone.now)
    valid_until = models.DateTimeField(null=True, blank=True)
    revoked = models.DateTimeField(null=True, blank=True)
    revoked_because = models.TextField(blank=True, default="")
    created = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-valid_from", "-id"]

    def __str__(self) -> str:
        return self.key_id

    @property
    def key_id(self) -> str:
        return f"urn:ed25519:{self.public_hex[:16]}"

    @property
    def public(self) -> bytes:
        return bytes.fromhex(self.public_hex)

    def why_not(self, at: datetime) -> str:
        """Why what was signed at this time with this key does not count; empty if it counts."""
        if self.revoked is not None and at >= self.revoked:
            return f"the key was reported stolen from {self.revoked:%d %B %Y %H:%M} UTC on"
        if at < self.valid_from:
            return f"the key began only on {self.valid_from:%d %B %Y %H:%M} UTC"
        if self.valid_until is not None and at > self.valid_until:
            return f"the key ended on {self.valid_until:%d %B %Y %H:%M} UTC"
        return ""
