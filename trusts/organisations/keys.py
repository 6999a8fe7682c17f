"""The keys that organisations sign contracts with: made, registered, renewed, reported stolen."""

from __future__ import annotations

import hmac
from datetime import datetime
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.utils import timezone

from kernel import jws
from kernel.actor import Actor
from kernel.decision import Refused
from kernel.iris import iri
from kernel.keys import derive, open_secret, seal_secret
from kernel.registry import performs
from kernel.transition import transition
from trusts.organisations.machines import ORGANISATION
from trusts.organisations.models import Organisation, SigningKey


def this_second() -> datetime:
    """Now in whole seconds: what a signature's `iat` can say."""
    return timezone.now().replace(microsecond=0)


def make(organisation: Organisation) -> SigningKey:
    """A new key that the portal holds for the organisation, valid from this second."""
    key = Ed25519PrivateKey.generate()
    return SigningKey.objects.create(
        organisation=organisation, public_hex=key.public_key().public_bytes_raw().hex(),
        sealed_private=seal_secret(key.private_bytes_raw()), valid_from=this_second(),
    )  # fmt: skip


def valid(organisation_id: UUID | str, held_by: str, now: datetime | None = None) -> list[SigningKey]:
    """The keys of this custody that count now, the newest first."""
    now = now or this_second()
    rows = SigningKey.objects.filter(organisation_id=organisation_id, held_by=held_by)
    return [row for row in rows if not row.why_not(now)]


def portal_signer(organisation: Organisation) -> tuple[SigningKey, Ed25519PrivateKey]:
    """The key that the portal holds for this organisation now. Raises Refused if it holds none."""
    for row in valid(organisation.pk, "portal"):
        return row, Ed25519PrivateKey.from_private_bytes(open_secret(row.sealed_private))
    raise Refused.because(
        "key.none", f"The portal holds no valid key for {organisation.name}", remedy="Its owner renews the key on its page"
    )  # fmt: skip


def challenge(organisation: Organisation) -> str:
    """The line that proves possession of a key: good for this portal, this organisation and one registration."""
    count = SigningKey.objects.filter(organisation=organisation).count()
    nonce = hmac.digest(derive("key challenge"), f"{organisation.pk}/{count}".encode(), "sha256").hex()[:32]
    return f"I register a signing key for {organisation.iri} at {settings.SITE_URL}. {nonce}"


def jwk(row: SigningKey) -> dict[str, Any]:
    """The public half as a JWK (RFC 8037) with its custody and its times (ISO 8601)."""
    return {
        "kty": "OKP", "crv": "Ed25519", "x": jws.b64(row.public), "kid": row.key_id, "alg": "Ed25519", "use": "sig",
        "party": iri(row.organisation_id), "held_by": row.held_by, "valid_from": row.valid_from.isoformat(),
        "valid_until": row.valid_until.isoformat() if row.valid_until else None,
        "revoked": row.revoked.isoformat() if row.revoked else None,
    }  # fmt: skip


def key_set(organisation: Organisation) -> dict[str, Any]:
    """Every public key the organisation ever had, as a JWK set."""
    return {
        "organisation": organisation.iri,
        "name": organisation.name,
        "keys": [jwk(row) for row in organisation.signing_keys.all()],
    }


def _end_others(organisation: Organisation, now: datetime) -> None:
    for row in organisation.signing_keys.all():
        if row.valid_until is None or row.valid_until > now:
            row.valid_until = now
            row.save(update_fields=["valid_until"])


@performs(ORGANISATION, "rotate_key")
def rotate(organisation_id: UUID, *, actor: Actor, seen: int | None = None) -> Organisation:
    """A new portal-held key starts, the one before ends; what was signed with it still holds."""
    with transition(ORGANISATION, "rotate_key", organisation_id, actor=actor) as change:
        _end_others(change.subject, this_second())
        change.detail = {"key": make(change.subject).key_id}
    return change.subject


@performs(ORGANISATION, "return_key")
def let_portal_sign(organisation_id: UUID, *, actor: Actor, seen: int | None = None) -> Organisation:
    """The organisation's own key ends; the portal makes one and signs with it on acceptance."""
    with transition(ORGANISATION, "return_key", organisation_id, actor=actor) as change:
        _end_others(change.subject, this_second())
        change.detail = {"key": make(change.subject).key_id}
    return change.subject


@performs(ORGANISATION, "register_key")
def register(
    organisation_id: UUID,
    *,
    actor: Actor,
    public_key: bytes,
    signature: bytes,
    valid_until: datetime | None = None,
    seen: int | None = None,
) -> Organisation:
    """The organisation's own public key, whose possession the signature over `challenge` proves.

    The keys before it end. Raises Refused for a signature that does not fit or a key that is known already.
    """
    with transition(ORGANISATION, "register_key", organisation_id, actor=actor) as change:
        organisation: Organisation = change.subject
        now = this_second()
        if not jws.holds(public_key, challenge(organisation).encode(), signature):
            raise Refused.because(
                "key.possession", "The signature does not fit the text shown here and the key you gave",
                remedy="Sign exactly that line, without a line break after it, with the private half of this key",
                field="signature",
            )  # fmt: skip
        if SigningKey.objects.filter(public_hex=public_key.hex()).exists():
            raise Refused.because("key.known", "This key is registered already", remedy="Make a new key", field="public_key")  # fmt: skip
        if valid_until is not None and valid_until <= now:
            raise Refused.because("key.over", "The key would end before it begins", remedy="Choose a later day", field="valid_until")  # fmt: skip
        _end_others(organisation, now)
        row = SigningKey.objects.create(
            organisation=organisation, public_hex=public_key.hex(), held_by="own", valid_from=now, valid_until=valid_until,
        )  # fmt: skip
        change.detail = {"key": row.key_id, "valid_until": valid_until.isoformat() if valid_until else None}
    return organisation


@performs(ORGANISATION, "revoke_key")
def revoke(
    organisation_id: UUID, *, actor: Actor, key: int, since: datetime, reason: str, seen: int | None = None
) -> Organisation:
    """What was signed with this key from `since` on counts no more. A stolen portal-held key is replaced at once.

    `since` may be moved back later, never forward. Raises Refused.
    """
    with transition(ORGANISATION, "revoke_key", organisation_id, actor=actor, reason=reason) as change:
        organisation: Organisation = change.subject
        now = this_second()
        row = organisation.signing_keys.filter(pk=key).first()
        if row is None:
            raise Refused.because("key.unknown", "This is not a key of your organisation", remedy="Choose one of the list", field="key")  # fmt: skip
        latest = min(now, row.revoked or now)
        if not row.valid_from <= since <= latest:
            raise Refused.because(
                "key.since", f"The time must lie between {row.valid_from:%d %B %Y %H:%M} and {latest:%d %B %Y %H:%M} UTC",
                remedy="Give the first moment at which someone else may have had the key", field="since",
            )  # fmt: skip
        signs_now = row.held_by == "portal" and row == organisation.signing_keys.first()
        row.revoked, row.revoked_because = since, reason
        row.valid_until = min(row.valid_until or now, now)
        row.save(update_fields=["revoked", "revoked_because", "valid_until"])
        change.detail = {"key": row.key_id, "since": since.isoformat()}
        if signs_now:
            change.detail["instead"] = make(organisation).key_id
    return organisation
