"""Who signs a contract, over which bytes, and whether each signature holds.

JWS general JSON (RFC 7515 §7.2.1) over the canonical payload (RFC 8785): one signature per party, any number
of parties. The payload names for each party whether the portal holds its key or the party itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypedDict

from django.utils import timezone

from contracts.negotiations.models import Agreement
from kernel import jws
from kernel.audit.keyring import portal_key, portal_key_id
from kernel.canonical import canonical_bytes
from trusts.organisations import keys
from trusts.organisations.models import Organisation, SigningKey

FORMAT = "commonhold-agreement/1"
CUSTODY = {
    "portal": "{} signs with a key that this portal holds for it.",
    "own": "{} signs with its own key; this portal cannot sign for it.",
}


@dataclass(frozen=True, slots=True)
class Party:
    """One who must sign. `id` is the organisation's IRI as the payload names it; `held_by` is "portal" or "own"."""

    side: str
    id: str
    name: str
    held_by: str

    @property
    def organisation_id(self) -> str:
        return self.id.removeprefix("urn:uuid:")


class Checked(TypedDict):
    """One party's signature: whether it is there (`waits` if not), whether it holds, and in words why not."""

    side: str
    party: str
    key: str
    held_by: str
    waits: bool
    holds: bool
    why: str
    signed: datetime | None


def named(parties: Sequence[tuple[str, Organisation]]) -> list[dict[str, str]]:
    """The parties as the payload names them, each with who holds its key as of now."""
    return [
        {"side": side, "id": one.iri, "name": one.name, "key_held_by": one.custody} for side, one in parties
    ]


def words(parties: Iterable[dict[str, str]]) -> list[str]:
    """A sentence for each party: whose key signs for it."""
    return [CUSTODY[one["key_held_by"]].format(one["name"]) for one in parties]


def parties_of(payload: dict[str, Any]) -> list[Party]:
    """Who must sign; contracts from before own keys name provider and consumer only, both portal-held."""
    if "signers" in payload:
        return [Party(p["side"], p["id"], p["name"], p["key_held_by"]) for p in payload["signers"]]
    return [
        Party(side, payload[side]["id"], payload[side]["name"], "portal") for side in ("provider", "consumer")
    ]


def payload_sha256(agreement: Agreement) -> str:
    """The hash of the bytes that are signed: what a signer is shown and sends back."""
    return hashlib.sha256(canonical_bytes(agreement.payload)).hexdigest()


def begin(payload: dict[str, Any], parties: Sequence[tuple[str, Organisation]]) -> dict[str, Any]:
    """The JWS with the signatures of all whose key the portal holds; the others add theirs later."""
    body, signatures = canonical_bytes(payload), []
    held = {party.id: party.held_by for party in parties_of(payload)}
    for side, organisation in parties:
        if held[organisation.iri] == "portal":
            row, key = keys.portal_signer(organisation)
            signatures.append(jws.sign(key, header(row, side, int(timezone.now().timestamp())), body))
    return {"payload": jws.b64(body), "signatures": signatures}


def header(row: SigningKey, side: str, iat: int) -> dict[str, Any]:
    """The protected header of one party's signature; `iat` in seconds says as of when it is given."""
    return {"alg": "Ed25519", "kid": row.key_id, "side": side, "party": row.organisation.iri, "iat": iat}


@dataclass(frozen=True, slots=True)
class ToSign:
    """What a party with its own key signs: `text` is all of it, without a line break at the end."""

    party: Party
    key: SigningKey
    protected: str
    payload: bytes

    @property
    def text(self) -> bytes:
        return jws.signing_input(self.protected, self.payload)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.payload).hexdigest()


def waiting_for(agreement: Agreement, organisation_id: Any) -> Party | None:
    """The party that this organisation is, if its own signature is still missing."""
    mine = {str(pk) for pk in agreement.unsigned()}
    return next(
        (
            p
            for p in parties_of(agreement.payload)
            if p.organisation_id == str(organisation_id) and p.organisation_id in mine
        ),
        None,
    )


def to_sign(agreement: Agreement, organisation_id: Any) -> list[ToSign]:
    """What this organisation may sign, for each key of its own that is valid now; the newest key first.

    The time in it is that of the contract, or of the key if that began later: the text stays the same
    however often it is fetched.
    """
    party = waiting_for(agreement, organisation_id)
    if party is None:
        return []
    body, found = canonical_bytes(agreement.payload), []
    for row in keys.valid(party.organisation_id, "own"):
        iat = int(max(agreement.created, row.valid_from).timestamp())
        found.append(ToSign(party, row, jws.protected(header(row, party.side, iat)), body))
    return found


def check(agreement: Agreement) -> list[Checked]:
    """For each party: whether its signature is there and holds over exactly the stored payload."""
    parties = parties_of(agreement.payload)
    rows = SigningKey.objects.filter(organisation_id__in=[p.organisation_id for p in parties])
    known: dict[tuple[str, str], list[SigningKey]] = {}
    for row in rows:
        known.setdefault((str(row.organisation_id), row.key_id), []).append(row)
    body = canonical_bytes(agreement.payload)
    same = agreement.jws.get("payload") == jws.b64(body)
    return [_one(agreement, party, known, body if same else None) for party in parties]


def _one(
    agreement: Agreement, party: Party, known: dict[tuple[str, str], list[SigningKey]], body: bytes | None
) -> Checked:
    answer: Checked = {
        "side": party.side, "party": party.name, "key": "", "held_by": party.held_by, "waits": True, "holds": False,
        "why": "", "signed": None,
    }  # fmt: skip
    for signature in agreement.jws.get("signatures", []):
        try:
            head = jws.read_header(signature["protected"])
            value = jws.unb64(signature["signature"])
        except (ValueError, KeyError, TypeError):
            continue
        rows = known.get((party.organisation_id, head.get("kid", "")), [])
        if head.get("party", party.id) != party.id or head.get("side", party.side) != party.side or not rows:
            continue
        answer |= {"waits": False, "key": head["kid"], "signed": signed_at(agreement, signature, head)}
        answer["why"] = _why_not(signature, head, rows, body, value, answer["signed"])
        answer["holds"] = not answer["why"]
        if answer["holds"]:
            break
    return answer


def signed_at(agreement: Agreement, signature: dict[str, Any], head: dict[str, Any]) -> datetime:
    """When it was signed by its own word; contracts from before `iat` were signed when they were accepted."""
    if "iat" in head:
        return datetime.fromtimestamp(head["iat"], UTC)
    return datetime.fromisoformat(agreement.payload["accepted"]["at"])


def _why_not(
    signature: dict[str, Any], head: dict[str, Any], rows: list[SigningKey], body: bytes | None, value: bytes, at: datetime | None
) -> str:  # fmt: skip
    if body is None:
        return "the signed text is not that of this contract"
    message = jws.signing_input(signature["protected"], body)
    row = next((row for row in rows if jws.holds(row.public, message, value)), None)
    if row is None:
        return "the signature does not fit the text and the key"
    assert at is not None
    # A thief chooses the time in the header: against theft counts when the signature came in, if that is later.
    came = signature.get("header", {}).get("received")
    late = max(at, datetime.fromisoformat(came)) if came else at
    return row.why_not(at) or (row.why_not(late) if row.revoked and late >= row.revoked else "")


def bundle(agreement: Agreement) -> dict[str, Any]:
    """The contract as a document that verifies alone: payload, signatures, and the public keys with their times.

    The last are vouched for by the portal's own signature, over the signatures' hash too.
    """
    parties = parties_of(agreement.payload)
    rows = SigningKey.objects.filter(organisation_id__in=[p.organisation_id for p in parties]).order_by("id")
    body = {
        "agreement": agreement.iri,
        "as_of": timezone.now().replace(microsecond=0).isoformat(),
        "state": agreement.state,
        "jws_sha256": hashlib.sha256(canonical_bytes(agreement.jws)).hexdigest(),
        "keys": [keys.jwk(row) for row in rows],
    }
    key = portal_key()
    return {
        "format": FORMAT,
        "payload": agreement.payload,
        "jws": agreement.jws,
        "attested": {
            "body": body,
            "signature": {
                "algorithm": "Ed25519",
                "key_id": portal_key_id(),
                "public_key": key.public_key().public_bytes_raw().hex(),
                "value": jws.b64(key.sign(canonical_bytes(body))),
            },
        },
    }
