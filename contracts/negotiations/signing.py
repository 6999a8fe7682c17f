"""Two signatures over one payload: JWS general JSON serialisation (RFC 7515 §7.2.1), Ed25519 (RFC 9864)."""

from __future__ import annotations

import json
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from contracts.negotiations.models import Agreement
from kernel.canonical import canonical_bytes
from trusts.organisations.models import Organisation, SigningKey
from trusts.organisations.services import signing_key

ALGORITHMS = ["Ed25519"]


def _private(organisation: Organisation) -> tuple[str, OKPKey]:
    key_id, key = signing_key(organisation)
    raw, public = key.private_bytes_raw(), key.public_key().public_bytes_raw()
    from joserfc.util import urlsafe_b64encode

    return key_id, OKPKey.import_key(
        {
            "kty": "OKP",
            "crv": "Ed25519",
            "d": urlsafe_b64encode(raw).decode(),
            "x": urlsafe_b64encode(public).decode(),
        }
    )


def public_key(row: SigningKey) -> OKPKey:
    from joserfc.util import urlsafe_b64encode

    return OKPKey.import_key(
        {"kty": "OKP", "crv": "Ed25519", "x": urlsafe_b64encode(bytes.fromhex(row.public_hex)).decode()}
    )


def sign_for_both(payload: dict[str, Any], provider: Organisation, consumer: Organisation) -> dict[str, Any]:
    """The JWS with the portal-held keys of both organisations; each header names key and party."""
    body, signatures = canonical_bytes(payload), []
    found: dict[str, Any] = {}
    for side, organisation in (("provider", provider), ("consumer", consumer)):
        key_id, key = _private(organisation)
        member = {"protected": {"alg": "Ed25519", "kid": key_id, "side": side, "party": organisation.iri}}
        registry = jws.JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
        found = jws.serialize_json([member], body, key, registry=registry)  # type: ignore[assignment,arg-type]
        signatures.append(found["signatures"][0])
    return {"payload": found["payload"], "signatures": signatures}


def check(agreement: Agreement) -> list[dict[str, Any]]:
    """For each signature: side, party, key id, and whether it holds over exactly the stored payload."""
    keys = {
        row.key_id: row
        for row in SigningKey.objects.filter(
            organisation_id__in=[agreement.provider_id, agreement.consumer_id]
        )
    }
    found = []
    for side in ("provider", "consumer"):
        organisation = getattr(agreement, side)
        found.append(_one(agreement, side, organisation, keys))
    return found


def _one(
    agreement: Agreement, side: str, organisation: Organisation, keys: dict[str, SigningKey]
) -> dict[str, Any]:
    from joserfc.util import urlsafe_b64decode

    answer = {"side": side, "party": organisation.name, "key": "", "holds": False}
    for signature in agreement.jws.get("signatures", []):
        try:
            header = json.loads(urlsafe_b64decode(signature["protected"].encode()))
            if header.get("side") != side or header.get("party") != organisation.iri:
                continue
            answer["key"] = header.get("kid", "")
            row = keys.get(header.get("kid", ""))
            if row is None or row.organisation_id != organisation.pk:
                continue
            registry = jws.JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
            value = {"payload": agreement.jws["payload"], "signatures": [signature]}
            done = jws.deserialize_json(value, public_key(row), registry=registry)  # type: ignore[arg-type]
            answer["holds"] = done.payload == canonical_bytes(agreement.payload)
        except (JoseError, ValueError, KeyError):
            continue
    return answer
