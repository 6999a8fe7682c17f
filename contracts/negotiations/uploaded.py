"""A signature that a party made itself: read, matched to what it must cover, or refused with what did not fit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from contracts.negotiations.models import Agreement
from contracts.negotiations.signing import Party, to_sign
from kernel import jws
from kernel.canonical import canonical_bytes
from kernel.decision import Refused
from kernel.public_keys import bytes_of
from trusts.organisations import keys
from trusts.organisations.models import SigningKey

AHEAD = timedelta(minutes=2)  # how far the signer's clock may be ahead of the portal's
AGAIN = "Fetch to-sign.txt again from this page and sign exactly that file"


def refused(code: str, text: str, remedy: str = AGAIN) -> Refused:
    return Refused.because(code, text, remedy=remedy, field="signature")


def fitting(agreement: Agreement, party: Party, given: bytes, now: datetime) -> dict[str, Any]:
    """The member of `signatures` that this upload gives. Raises Refused, saying what did not fit.

    `given` is the signature alone (64 bytes, base64 or hexadecimal, over to-sign.txt) or a compact JWS,
    whole or with its payload left out (`header..signature`), with a header of the signer's own.
    """
    # A dot among raw bytes is one of the bytes.
    compact = given.isascii() and b"." in given.strip() and len(given) != 64
    entry = _compact(agreement, party, given, now) if compact else _plain(agreement, party, given, now)
    return entry | {"header": {"received": now.isoformat(), "for": party.id}}


def _plain(agreement: Agreement, party: Party, given: bytes, now: datetime) -> dict[str, Any]:
    try:
        value = given if len(given) == 64 else bytes_of(given.decode())
    except ValueError:
        value = given
    if len(value) != 64:
        raise refused(
            "signature.format", f"This is no Ed25519 signature: it has {len(value)} bytes, 64 are needed",
            "Give the 64 bytes as a file, in base64 or in hexadecimal, or a compact detached JWS",
        )  # fmt: skip
    offered = to_sign(agreement, party.organisation_id)
    if not offered:
        raise refused("signature.no_key", f"{party.name} has no key of its own that is valid now",
                      "An owner registers one on the organisation's page")  # fmt: skip
    for one in offered:
        if jws.holds(one.key.public, one.text, value):
            return {"protected": one.protected, "signature": jws.b64(value)}
    raise _misfit(agreement, party, value, [one.key for one in offered], now)


def _misfit(
    agreement: Agreement, party: Party, value: bytes, valid: list[SigningKey], now: datetime
) -> Refused:
    """What was signed instead, as far as it can be found out."""
    body = canonical_bytes(agreement.payload)
    for one in to_sign(agreement, party.organisation_id):
        for end in (b"\n", b"\r\n"):
            if jws.holds(one.key.public, one.text + end, value):
                return refused("signature.payload", "A line break was signed at the end of to-sign.txt",
                               "Sign the file as it was downloaded; an editor may have added the line break")  # fmt: skip
    for row in valid:
        if jws.holds(row.public, body, value):
            return refused("signature.payload", "This is a signature over payload.bin alone",
                           "Sign to-sign.txt: it holds the header too, which says who signs and when")  # fmt: skip
    waiting = Agreement.objects.filter(state="signing").exclude(pk=agreement.pk).order_by("-created")[:50]
    for other in waiting:
        if any(jws.holds(one.key.public, one.text, value) for one in to_sign(other, party.organisation_id)):
            return refused("signature.payload", f"This signature is for another contract, {other.ref}",
                           f"Upload it there; for this one sign the to-sign.txt of {agreement.ref}")  # fmt: skip
    for row in SigningKey.objects.filter(organisation_id=UUID(party.organisation_id), held_by="own"):
        why = row.why_not(now)
        if why and jws.holds(row.public, _text(agreement, party, row), value):
            return refused("signature.key_over", f"This was signed with {row.key_id}, but {why}",
                           "Sign with the key that is valid now")  # fmt: skip
    return refused("signature.misfit", f"The signature fits none of {party.name}'s valid keys over this contract",
                   "Check that the key is the one registered, and sign a freshly downloaded to-sign.txt")  # fmt: skip


def _text(agreement: Agreement, party: Party, row: SigningKey) -> bytes:
    from contracts.negotiations.signing import header

    iat = int(max(agreement.created, row.valid_from).timestamp())
    return jws.signing_input(jws.protected(header(row, party.side, iat)), canonical_bytes(agreement.payload))


def _compact(agreement: Agreement, party: Party, given: bytes, now: datetime) -> dict[str, Any]:
    parts = "".join(given.decode("ascii", "replace").split()).split(".")
    if len(parts) != 3:
        raise refused("signature.format", f"This has {len(parts)} parts; a compact JWS has three",
                      "Write the header, two dots and the signature; or the payload between the dots")  # fmt: skip
    head_text, payload, tail = parts
    try:
        head = jws.read_header(head_text)
        value = jws.unb64(tail)
    except jws.JwsFault as fault:
        raise refused(fault.code, fault.text, fault.remedy) from fault
    except ValueError as problem:
        raise refused(
            "signature.format", f"The last part cannot be read: {problem}", "Sign again"
        ) from problem
    body = canonical_bytes(agreement.payload)
    if payload and payload != jws.b64(body):
        raise refused("signature.payload", "The JWS holds another payload than this contract",
                      "Sign the bytes of payload.bin as they were downloaded")  # fmt: skip
    if head.get("party", party.id) != party.id or head.get("side", party.side) != party.side:
        raise refused("signature.party", "The protected header names another party than yours",
                      f"Your side is {party.side}, your organisation {party.id}")  # fmt: skip
    row = _key(party, head, now)
    _timely(agreement, row, head, now)
    if not jws.holds(row.public, jws.signing_input(head_text, body), value):
        raise refused(
            "signature.misfit", f"The signature does not fit this contract and the key {row.key_id}"
        )
    return {"protected": head_text, "signature": tail}


def _key(party: Party, head: dict[str, Any], now: datetime) -> SigningKey:
    kid = str(head.get("kid", ""))
    rows = SigningKey.objects.filter(organisation_id=UUID(party.organisation_id), held_by="own")
    known = [row for row in rows if row.key_id == kid]
    for row in known:
        if not row.why_not(now):
            return row
    if known:
        raise refused("signature.key_over", f"The header names {kid}, but {known[0].why_not(now)}",
                      "Sign with the key that is valid now")  # fmt: skip
    valid = ", ".join(row.key_id for row in keys.valid(party.organisation_id, "own", now)) or "none"
    raise refused("signature.key", f"The header names no key of {party.name}'s own ({kid[:80] or 'kid is missing'})",
                  f"Put its name in kid; valid now: {valid}")  # fmt: skip


def _timely(agreement: Agreement, row: SigningKey, head: dict[str, Any], now: datetime) -> None:
    iat = head.get("iat")
    first = int(max(agreement.created, row.valid_from).timestamp())
    last = int((now + AHEAD).timestamp())
    if isinstance(iat, bool) or not isinstance(iat, int) or not first <= iat <= last:
        raise refused(
            "signature.time", "The header's iat is missing or not between the making of the contract and now",
            f"Write the time of signing in seconds: from {first} ({datetime.fromtimestamp(first, UTC):%d %B %Y %H:%M:%S} UTC) to now",
        )  # fmt: skip
