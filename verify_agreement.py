#!/usr/bin/env python3
"""Check the signatures of a Commonhold contract without network or portal.

    python verify_agreement.py C-123456.signed.json [--keys keys.json ...] [--key PORTAL_KEY_HEX]

Exit 0 and a summary if every party's signature holds; exit 1 and the name of what does not. Needs
Python 3.9+ and the package `cryptography`. The public keys come from the document, where the
portal vouches for them: --key says which portal you trust. With --keys (the organisations'
keys.json, fetched by yourself) only those keys count.
"""

import base64
import hashlib
import json
import sys
from datetime import datetime, timezone

FORMAT = "commonhold-agreement/1"
ALGORITHMS = ("Ed25519", "EdDSA")
HEADERS = {"alg", "kid", "iat", "side", "party", "typ", "cty"}
CUSTODY = {"portal": "a key that the portal holds for it", "own": "its own key"}


def say(text):
    print(text)  # noqa: T201


def fail(what):
    say(f"DOES NOT HOLD: {what}")
    raise SystemExit(1)


def canonical(value):
    """Sorted keys, no spaces, UTF-8; floats do not occur in contracts."""

    def refuse(item):
        if isinstance(item, float):
            raise ValueError("a contract holds no floats")
        for inner in item.values() if isinstance(item, dict) else item if isinstance(item, list) else ():
            refuse(inner)

    refuse(value)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8")


def no_twice(pairs):
    found = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key!r} stands twice")
        found[key] = value
    return found


def read(path):
    with open(path, encoding="utf-8") as handle:  # noqa: PTH123
        return json.load(handle, object_pairs_hook=no_twice)


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    found = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if b64(found) != text:
        raise ValueError("not base64url without padding")
    return found


def instant(text):
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return found


def signed_by(public, message, value):
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(public).verify(value, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def options(arguments):
    """The document's path, the key files, the portal's key."""
    paths, key_files, portal = [], [], None
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if word in ("--keys", "--key"):
            value = rest.pop(0) if rest else fail(f"{word} has no value")
            if word == "--keys":
                key_files.append(value)
            else:
                portal = value.lower()
        else:
            paths.append(word)
    if len(paths) != 1:
        say(__doc__)
        raise SystemExit(2)
    return paths[0], key_files, portal


def vouched(document, portal):
    """The keys that the portal vouches for. Ends the program if its word is not good."""
    attested = document["attested"]
    body, mark = attested["body"], attested["signature"]
    if set(attested) != {"body", "signature"} or set(mark) != {"algorithm", "key_id", "public_key", "value"}:
        fail("the document holds something that is not signed")
    public = bytes.fromhex(mark["public_key"])
    if mark["algorithm"] != "Ed25519" or mark["public_key"] != public.hex():
        fail("the portal's signature has a form this program does not know")
    if portal is not None and public.hex() != portal:
        fail("another portal vouches for the keys than the one you gave")
    if mark["key_id"] != hashlib.sha256(public).hexdigest()[:16]:
        fail("the name of the portal's key does not belong to it")
    if not signed_by(public, canonical(body), unb64(mark["value"])):
        fail("the portal's signature over the public keys")
    if body["agreement"] != document["payload"]["agreement"]:
        fail("the portal vouches for another contract")
    if body["jws_sha256"] != hashlib.sha256(canonical(document["jws"])).hexdigest():
        fail("the portal vouches for other signatures than these")
    return body["keys"]


def parties_of(payload):
    """Side, id, name and custody of each who must sign."""
    if "signers" in payload:
        return [(p["side"], p["id"], p["name"], p["key_held_by"]) for p in payload["signers"]]
    return [(side, payload[side]["id"], payload[side]["name"], "portal") for side in ("provider", "consumer")]


def why_not(key, at, received):
    """Why a signature of this time with this key does not count; empty if it counts."""
    if key.get("revoked") and max(at, received or at) >= instant(key["revoked"]):
        return f"the key was reported stolen from {key['revoked']} on"
    if at < instant(key["valid_from"]):
        return f"the key began only at {key['valid_from']}"
    if key.get("valid_until") and at > instant(key["valid_until"]):
        return f"the key ended at {key['valid_until']}"
    return ""


def check(document, party, keys, used):
    """One party's signature: (line for the summary, why it does not hold or empty)."""
    side, iri, name, held_by = party
    reason = "has not signed"
    for index, one in enumerate(document["jws"]["signatures"]):
        if set(one) - {"protected", "signature", "header"}:
            return name, "its signature holds something that is not signed"
        head = json.loads(unb64(one["protected"]), object_pairs_hook=no_twice)
        mine = [k for k in keys if k["kid"] == head.get("kid") and k["party"] == iri]
        if head.get("party", iri) != iri or head.get("side", side) != side or not mine:
            continue
        used.add(index)
        if head.get("alg") not in ALGORITHMS or set(head) - HEADERS:
            return name, "its signature has a header that is not accepted"
        if not document["own_payload_fits"]:
            return name, "what it signed is not the contract in this document"
        iat = head.get("iat")
        if iat is None:
            at = instant(document["payload"]["accepted"]["at"])
        else:
            at = datetime.fromtimestamp(iat, timezone.utc)  # noqa: UP017 (Python 3.9)
        came = one.get("header", {}).get("received")
        message = f"{one['protected']}.{document['jws']['payload']}".encode()
        for key in mine:
            if (key["kty"], key["crv"]) != ("OKP", "Ed25519") or key["held_by"] != held_by:
                reason = "the key is of another kind or kept by another than the contract says"
            elif not signed_by(unb64(key["x"]), message, unb64(one["signature"])):
                reason = "the signature does not fit"
            else:
                reason = why_not(key, at, instant(came) if came else None)
            if not reason:
                return f"{name} ({side}), {at:%Y-%m-%d %H:%M:%S} UTC, {head['kid']}, {CUSTODY[held_by]}", ""
    return name, reason


def main(arguments):
    path, key_files, portal = options(arguments)
    try:
        document = read(path)
        whole = set(document) == {"format", "payload", "jws", "attested"} and document["format"] == FORMAT
        # Until own keys came, a document had neither a format nor keys.
        if not whole and set(document) != {"payload", "jws"}:
            fail("the document has a format this program does not know")
        payload, jws = document["payload"], document["jws"]
        if set(jws) != {"payload", "signatures"}:
            fail("the signatures hold something this program does not know")
        body = canonical(payload)
        document["own_payload_fits"] = jws["payload"] == b64(body)
        keys = vouched(document, portal) if "attested" in document else []
        if key_files:
            keys = [key for file in key_files for key in read(file)["keys"]]
        elif "attested" not in document:
            fail("there are no public keys in the document; give them with --keys")
        policy = hashlib.sha256(canonical(payload["policy"])).hexdigest()
        if policy != payload["policy_hash"]:
            fail(f"the policy: its SHA-256 is {policy}, the contract says {payload['policy_hash']}")
        used = set()
        results = [check(document, party, keys, used) for party in parties_of(payload)]
        for line, reason in results:
            say(f"{'fails ' if reason else 'holds '} {line}{': ' + reason if reason else ''}")
        for line, reason in results:
            if reason:
                fail(f"the signature of {line}: {reason}")
        if len(used) != len(jws["signatures"]):
            fail("there is a signature by nobody who is a party")
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        OverflowError,
        RecursionError,
    ) as problem:
        fail(f"the document cannot be read ({type(problem).__name__}: {problem})")
    say("")
    for sentence in payload["words"]:
        say(f"  - {sentence}")
    say("")
    say(f"HOLDS: {payload['agreement']}, payload SHA-256 {hashlib.sha256(body).hexdigest()}")
    say(f"policy SHA-256 {policy}, recomputed")
    if not key_files:
        whose = (
            "the portal you named"
            if portal
            else "the portal named in the document; --key says which one you trust"
        )
        say(f"the public keys are vouched for by {whose}")


if __name__ == "__main__":
    main(sys.argv[1:])
