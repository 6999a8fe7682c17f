#!/usr/bin/env python3
"""Check a Commonhold receipt, and the data it is about, without network or portal.

    python verify_receipt.py receipt.json data.csv [--key PUBLIC_KEY_HEX]

Exit 0 and a summary if everything holds; exit 1 and the name of what does not. Needs Python 3.9+
and the package `cryptography`. Without --key the key inside the receipt is used: then the receipt
proves only that nothing changed since it was signed, not that your portal signed it.
"""

import base64
import hashlib
import json
import sys


def canonical(value):
    """Sorted keys, no spaces, UTF-8; floats do not occur in receipts."""

    def refuse(item):
        if isinstance(item, float):
            raise ValueError("a receipt holds no floats")
        for inner in item.values() if isinstance(item, dict) else item if isinstance(item, list) else ():
            refuse(inner)

    refuse(value)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8")


def fail(what):
    print(f"DOES NOT HOLD: {what}")  # noqa: T201
    raise SystemExit(1)


def no_twice(pairs):
    found = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key!r} stands twice")
        found[key] = value
    return found


def main(arguments):
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    expected = None
    if "--key" in arguments:
        place = arguments.index("--key")
        expected = arguments[place + 1].lower() if place + 1 < len(arguments) else fail("--key has no value")
        del arguments[place : place + 2]
    if len(arguments) != 2:
        print(__doc__)  # noqa: T201
        raise SystemExit(2)
    try:
        with open(arguments[0], encoding="utf-8") as handle:  # noqa: PTH123
            receipt = json.load(handle, object_pairs_hook=no_twice)
        body, signature = receipt["body"], receipt["signature"]
        public = bytes.fromhex(signature["public_key"])
        value = base64.b64decode(signature["value"], validate=True)
        output = body["output"]
        signed = canonical(body)
    except (OSError, ValueError, KeyError, TypeError) as problem:
        fail(f"the receipt cannot be read ({problem})")
    if receipt.get("format") != "commonhold-receipt/1" or signature.get("algorithm") != "Ed25519":
        fail("the receipt has a format this program does not know")
    if set(receipt) != {"format", "body", "signature"} or set(signature) != {
        "algorithm",
        "key_id",
        "public_key",
        "value",
    }:
        fail("the receipt holds something that is not signed")
    if expected is not None and public.hex() != expected:
        fail("the receipt was signed by another key than the one you gave")
    if signature.get("key_id") != hashlib.sha256(public).hexdigest()[:16]:
        fail("the key's name does not belong to the key")
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(value, signed)
    except (InvalidSignature, ValueError):
        fail("the signature over the receipt")
    digest, size = hashlib.sha256(), 0
    try:
        with open(arguments[1], "rb") as handle:  # noqa: PTH123
            while chunk := handle.read(1 << 20):
                digest.update(chunk)
                size += len(chunk)
    except OSError as problem:
        fail(f"the data cannot be read ({problem.strerror})")
    if digest.hexdigest() != output["sha256"]:
        fail(f"the data: its SHA-256 is {digest.hexdigest()}, the receipt says {output['sha256']}")
    if size != output["bytes"]:
        fail("the data: its size is not what the receipt says")
    agreement = body["agreement"]
    print(f"HOLDS: {output['name']}, {output['rows']} rows, SHA-256 {output['sha256']}")  # noqa: T201
    print(f"from   {body['input']['dataset']} version {body['input']['version']}")  # noqa: T201
    print(f"under  {agreement['id']} between {agreement['provider']} and {agreement['consumer']}")  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
