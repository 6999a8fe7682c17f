#!/usr/bin/env python3
"""Check what a Commonhold portal gave you: without network, without the portal, without trusting it.

    python verify.py                              the evidence bundle in this program's own folder
    python verify.py FOLDER                       an unpacked evidence bundle
    python verify.py receipt.json [DATA FILE]     a receipt, and the file it is about
    python verify.py contract.signed.json         a contract with its signatures

    --key HEX        the portal's public key (any it ever signed with), as you know it from elsewhere
    --keys FILE      an organisation's keys.json, fetched by yourself; then only those keys count

Exit 0 and a summary if everything holds; exit 1 and the name of what does not. Needs Python 3.9+ and
the package `cryptography`. Without --key the keys that came along are used: then you learn that
nothing was changed since they signed, not whose keys they are.
"""

import base64
import hashlib
import json
import os
import sys
from datetime import datetime, timezone

RECEIPT, PROVEN, AGREEMENT, BUNDLE = (
    "commonhold-receipt/1",
    "commonhold-receipt/2",
    "commonhold-agreement/1",
    "commonhold-bundle/1",
)
ENTRY, HANDOVER = "commonhold-entry/2", "commonhold-key/1"
ALGORITHMS = ("Ed25519", "EdDSA")
HEADERS = {"alg", "kid", "iat", "side", "party", "typ", "cty"}
CUSTODY = {"portal": "a key that the portal holds for it", "own": "its own key"}
UNREADABLE = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    IndexError,
    OverflowError,
    RecursionError,
)


class DoesNotHold(Exception):
    """The message names what does not hold."""


def say(text):
    print(text)  # noqa: T201


def fail(what):
    raise DoesNotHold(what)


# — Bytes, JSON, signatures ————————————————————————————————————————————————————————————————————————


def canonical(value):
    """Sorted keys, no spaces, UTF-8: RFC 8785 for what occurs here. Floats do not occur."""

    def refuse(item):
        if isinstance(item, float):
            raise ValueError("evidence holds no floats")
        for inner in item.values() if isinstance(item, dict) else item if isinstance(item, list) else ():
            refuse(inner)

    refuse(value)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8")


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def no_twice(pairs):
    found = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key!r} stands twice")
        found[key] = value
    return found


def parse(text):
    return json.loads(text, object_pairs_hook=no_twice)


def read(path):
    with open(path, encoding="utf-8") as handle:  # noqa: PTH123
        return parse(handle.read())


def digest_of(path):
    """SHA-256 (hex) and size of a file of any length."""
    digest, size = hashlib.sha256(), 0
    with open(path, "rb") as handle:  # noqa: PTH123
        while chunk := handle.read(1 << 20):
            digest.update(chunk)
            size += len(chunk)
    return digest.hexdigest(), size


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


# — The log: keys, checkpoint, entries —————————————————————————————————————————————————————————————


def ring_of(keys, trusted):
    """The portal's keys, checked to follow from each other. Ends the program if they do not."""
    before = None
    for row in keys:
        if before is None:
            before = row
            continue
        said, mark = row["handover"]["said"], row["handover"]
        fits = (said["before"], said["key"], said["from_size"]) == (
            before["public_key"],
            row["public_key"],
            row["from_size"],
        )
        message = canonical(said)
        if (
            not fits
            or said["format"] != HANDOVER
            or row["from_size"] <= before["from_size"]
            or not signed_by(bytes.fromhex(before["public_key"]), message, bytes.fromhex(mark["old"]))
            or not signed_by(bytes.fromhex(row["public_key"]), message, bytes.fromhex(mark["new"]))
        ):
            fail(f"the portal's key {row['number']}: the key before it did not hand over to it")
        before = row
    if not keys:
        fail("there is no key of the portal")
    if trusted is not None and all(row["public_key"] != trusted for row in keys):
        fail("it was signed by another key than the one you gave")
    return keys


def key_at(ring, size):
    """The key that signs when the log has this size."""
    found = [row for row in ring if row["from_size"] <= size]
    return found[-1] if found else None


def key_id(name, public, kind):
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:4]


def note_of(text):
    """A checkpoint taken apart: (text that is signed, origin, size, root, [(name, key id, signature)])."""
    body, blank, tail = text.partition("\n\n")
    lines = body.split("\n")
    if not blank or len(lines) != 3 or not tail.endswith("\n"):
        raise ValueError("not a checkpoint")
    marks = []
    for line in tail[:-1].split("\n"):
        dash, name, value = line.split(" ")
        raw = base64.b64decode(value, validate=True)
        if dash != "\u2014" or base64.b64encode(raw).decode() != value:
            raise ValueError("not a signature line")
        marks.append((name, raw[:4], raw[4:]))
    root = base64.b64decode(lines[2], validate=True)
    if str(int(lines[1])) != lines[1] or len(root) != 32 or base64.b64encode(root).decode() != lines[2]:
        raise ValueError("not a checkpoint")
    return body + "\n", lines[0], int(lines[1]), root, marks


def checkpoint_of(text, ring, witnesses):
    """(size, root, names of witnesses) of a checkpoint that holds."""
    try:
        body, origin, size, root, marks = note_of(text)
    except UNREADABLE:
        fail("the checkpoint cannot be read")
    due = key_at(ring, size)

    def holds(row):
        public = bytes.fromhex(row["public_key"])
        return any(
            name == origin and mark == key_id(origin, public, 1) and signed_by(public, body.encode(), value)
            for name, mark, value in marks
        )

    if due is None or not holds(due):
        if any(holds(row) for row in ring):
            fail("the checkpoint: it was signed with a key that did not sign at that length of the log")
        known = {key_id(origin, bytes.fromhex(row["public_key"]), 1) for row in ring}
        if all(mark not in known for name, mark, _ in marks if name == origin):
            fail("the checkpoint: it was signed with a key that is not this portal's")
        fail("the checkpoint: its signature")
    seen = []
    for name, mark, value in marks:
        if name == origin:
            continue
        public = [bytes.fromhex(w["public_key"]) for w in witnesses if w["name"] == name]
        if not public:
            fail(f"the checkpoint: the witness {name} is not among those named")
        at = int.from_bytes(value[:8], "big")
        message = f"cosignature/v1\ntime {at}\n{body}".encode()
        if not any(mark == key_id(name, p, 4) and signed_by(p, message, value[8:]) for p in public):
            fail(f"the checkpoint: the signature of the witness {name}")
        seen.append(f"{name} at {datetime.fromtimestamp(at, timezone.utc):%Y-%m-%d %H:%M} UTC")  # noqa: UP017 (Python 3.9)
    return size, root, seen


def root_of(index, size, leaf, path):
    """The root to which an inclusion path leads (RFC 9162 §2.1.3.2), or None."""
    if not 0 <= index < size:
        return None
    fn, sn, found = index, size - 1, leaf
    for step in path:
        if sn == 0:
            return None
        if fn & 1 or fn == sn:
            found = hashlib.sha256(b"\x01" + step + found).digest()
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            found = hashlib.sha256(b"\x01" + found + step).digest()
        fn, sn = fn >> 1, sn >> 1
    return found if sn == 0 else None


def consistent(first, second, root1, root2, path):
    """Whether the log of the first root is the beginning of the log of the second (RFC 9162 §2.1.4.2)."""
    if not 0 < first < second or not path:
        return False
    steps = list(path) if first & (first - 1) else [root1, *path]
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    old = new = steps[0]
    for step in steps[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            old = hashlib.sha256(b"\x01" + step + old).digest()
            new = hashlib.sha256(b"\x01" + step + new).digest()
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            new = hashlib.sha256(b"\x01" + new + step).digest()
        fn, sn = fn >> 1, sn >> 1
    return old == root1 and new == root2 and sn == 0


def witnessed_earlier(document, ring, size, root):
    """Who co-signed an earlier checkpoint, if the log of today continues it. Ends the program if it does not."""
    first, old, seen = checkpoint_of(document["checkpoint"], ring, document["witnesses"])
    path = [bytes.fromhex(h) for h in document["path"]]
    if document["size"] != size or not consistent(first, size, old, root, path):
        fail("log/witnessed.json: the log is not the continuation of the one that the witnesses co-signed")
    return [f"{who} (the first {first} entries)" for who in seen]


def entry_of(item, size, root):
    """An entry that is in the log: (entry, its open values). Ends the program if it is not."""
    entry, proof, shown = item["entry"], item["proof"], item["disclosed"]
    name = f"entry {proof['index']} ({entry['machine']} {entry['action']})"
    if set(item) != {"entry", "proof", "disclosed"} or set(proof) != {"index", "leaf_hash", "size", "path"}:
        fail(f"{name}: it holds something that this program does not know")
    leaf = hashlib.sha256(b"\x00" + canonical(entry)).digest()
    if leaf.hex() != proof["leaf_hash"]:
        fail(f"{name}: it was changed")
    if (
        proof["size"] != size
        or root_of(proof["index"], size, leaf, [bytes.fromhex(h) for h in proof["path"]]) != root
    ):
        fail(f"{name}: it is not in the log that the checkpoint signs")
    if entry.get("format") != ENTRY:
        return entry, entry
    for path, told in shown.items():
        if set(told) != {"salt", "value"} or sha256(
            bytes.fromhex(told["salt"]) + canonical(told["value"])
        ) != entry["values"].get(path):
            fail(f"{name}: the value of {path} is not the one that was recorded")
    return entry, {path: told["value"] for path, told in shown.items()}


# — Contracts ——————————————————————————————————————————————————————————————————————————————————————


def vouched(document, portal):
    """The keys that the portal vouches for. Ends the program if its word is not good."""
    attested = document["attested"]
    body, mark = attested["body"], attested["signature"]
    if set(attested) != {"body", "signature"} or set(mark) != {"algorithm", "key_id", "public_key", "value"}:
        fail("the document holds something that is not signed")
    public = bytes.fromhex(mark["public_key"])
    if mark["algorithm"] != "Ed25519" or mark["public_key"] != public.hex():
        fail("the portal's signature has a form this program does not know")
    if portal is not None and public.hex() not in portal:
        fail("another portal vouches for the keys than the one you gave")
    if mark["key_id"] != sha256(public)[:16]:
        fail("the name of the portal's key does not belong to it")
    if not signed_by(public, canonical(body), unb64(mark["value"])):
        fail("the portal's signature over the public keys")
    if body["agreement"] != document["payload"]["agreement"]:
        fail("the portal vouches for another contract")
    if body["jws_sha256"] != sha256(canonical(document["jws"])):
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


def check_party(document, party, keys, used):
    """One party's signature: (line for the summary, why it does not hold or empty)."""
    side, iri, name, held_by = party
    reason = "has not signed"
    for index, one in enumerate(document["jws"]["signatures"]):
        if set(one) - {"protected", "signature", "header"}:
            return name, "its signature holds something that is not signed"
        head = parse(unb64(one["protected"]))
        mine = [k for k in keys if k["kid"] == head.get("kid") and k["party"] == iri]
        if head.get("party", iri) != iri or head.get("side", side) != side or not mine:
            continue
        used.add(index)
        if head.get("alg") not in ALGORITHMS or set(head) - HEADERS:
            return name, "its signature has a header that is not accepted"
        if document["jws"]["payload"] != b64(canonical(document["payload"])):
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


def check_agreement(document, portal, key_files, aloud=say):
    """A contract's signatures, all of them; the SHA-256 of its payload."""
    whole = set(document) == {"format", "payload", "jws", "attested"} and document["format"] == AGREEMENT
    # Until own keys came, a document had neither a format nor keys.
    if not whole and set(document) != {"payload", "jws"}:
        fail("the document has a format this program does not know")
    payload, jws = document["payload"], document["jws"]
    if set(jws) != {"payload", "signatures"}:
        fail("the signatures hold something this program does not know")
    keys = vouched(document, portal) if "attested" in document else []
    if key_files:
        keys = [key for file in key_files for key in read(file)["keys"]]
    elif "attested" not in document:
        fail("there are no public keys in the document; give them with --keys")
    policy = sha256(canonical(payload["policy"]))
    if policy != payload["policy_hash"]:
        fail(f"the policy: its SHA-256 is {policy}, the contract says {payload['policy_hash']}")
    used = set()
    results = [check_party(document, party, keys, used) for party in parties_of(payload)]
    for line, reason in results:
        aloud(f"{'fails ' if reason else 'holds '} {line}{': ' + reason if reason else ''}")
    for line, reason in results:
        if reason:
            fail(f"the signature of {line}: {reason}")
    if len(used) != len(jws["signatures"]):
        fail("there is a signature by nobody who is a party")
    return sha256(canonical(payload))


# — Receipts ———————————————————————————————————————————————————————————————————————————————————————


def check_signed(receipt, portal):
    """What the portal signed when an export was made: its body. `portal` holds the public keys that may have signed."""
    if receipt.get("format") != RECEIPT or receipt["signature"].get("algorithm") != "Ed25519":
        fail("the receipt has a format this program does not know")
    body, mark = receipt["body"], receipt["signature"]
    if set(receipt) != {"format", "body", "signature"} or set(mark) != {
        "algorithm",
        "key_id",
        "public_key",
        "value",
    }:
        fail("the receipt holds something that is not signed")
    public = bytes.fromhex(mark["public_key"])
    if portal is not None and public.hex() not in portal:
        fail("the receipt was signed by another key than the one you gave")
    if mark["key_id"] != sha256(public)[:16]:
        fail("the key's name does not belong to the key")
    if not signed_by(public, canonical(body), base64.b64decode(mark["value"], validate=True)):
        fail("the signature over the receipt")
    return body


def check_proven(document, trusted, aloud=say):
    """A receipt with its place in the log: (entry, open values, body of an export or None)."""
    if set(document) - {"format", "kind", "signed", "contract", "log"}:
        fail("the receipt holds something that this program does not know")
    log = document["log"]
    ring = ring_of(log["keys"], trusted)
    size, root, seen = checkpoint_of(log["checkpoint"], ring, log["witnesses"])
    entry, values = entry_of(log["item"], size, root)
    body = None
    if "signed" in document:
        body = check_signed(document["signed"], None)
        due = key_at(ring, (body["log"] or {"size": 0})["size"])
        if document["signed"]["signature"]["public_key"] != due["public_key"]:
            fail("the receipt: it was signed with a key that did not sign at that length of the log")
        if values.get("detail/receipt_sha256") != sha256(canonical(document["signed"])):
            fail("the receipt: the log entry that comes with it is of another receipt")
    if "contract" in document:
        payload = check_agreement(
            document["contract"], {row["public_key"] for row in ring}, [], lambda line: None
        )
        if values.get("detail/payload_sha256") != payload:
            fail("the contract: the log entry that comes with it is of another contract")
    aloud(f"in the log    entry {log['item']['proof']['index']} of {size}, {entry['created']}")
    aloud(f"co-signed by  {', '.join(seen) or 'nobody yet: the portal alone says so'}")
    return entry, values, body


def check_file(path, output):
    digest, size = digest_of(path)
    if digest != output["sha256"]:
        fail(f"the data: its SHA-256 is {digest}, the receipt says {output['sha256']}")
    if size != output["bytes"]:
        fail("the data: its size is not what the receipt says")


def export_lines(body):
    output, agreement = body["output"], body["agreement"]
    say(f"HOLDS: {output['name']}, {output['rows']} rows, SHA-256 {output['sha256']}")
    say(f"from   {body['input']['dataset']} version {body['input']['version']}")
    say(f"under  {agreement['id']} between {agreement['provider']} and {agreement['consumer']}")


def receipt_mode(document, rest, trusted):
    if document["format"] == RECEIPT:
        body = check_signed(document, {trusted} if trusted else None)
        say(
            "in the log    not shown: fetch the receipt again after some seconds, it then comes with its proof"
        )
    else:
        entry, values, body = check_proven(document, trusted)
    if rest and body is None:
        fail("this receipt is not about a file")
    if rest:
        check_file(rest[0], body["output"])
    if body is not None:
        export_lines(body)
        if not rest:
            say("the file itself was not checked: name it after the receipt")
        return
    say(f"HOLDS: {entry['machine']} {entry['action']}, {values.get('title', entry['subject'])}")
    for path in ("actor_name", "organisation_name", "reason"):
        if values.get(path):
            say(f"{path.replace('_', ' '):<18} {values[path]}")


# — Bundles ————————————————————————————————————————————————————————————————————————————————————————


def files_in(folder):
    """Every file under the folder by its name with slashes."""
    found = set()
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != "__pycache__"]
        for name in names:
            found.add(os.path.relpath(os.path.join(place, name), folder).replace(os.sep, "/"))  # noqa: PTH118
    return found


def manifest_of(folder):
    """The bundle's own list of its files, whose signature and hashes hold: (manifest, key that signed it)."""
    at = lambda name: os.path.join(folder, *name.split("/"))  # noqa: E731, PTH118
    try:
        with open(at("manifest.sig.json"), "rb") as handle:  # noqa: PTH123
            raw = handle.read()
        mark = parse(raw)
        public, value = bytes.fromhex(mark["public_key"]), bytes.fromhex(mark["signature"])
        # Byte for byte as it was written: no other spaces, no capital digits.
        exact = {"sha256": mark["sha256"], "public_key": public.hex(), "signature": value.hex()}
        good = json.dumps(exact, indent=2).encode() == raw and signed_by(
            public, mark["sha256"].encode(), value
        )
    except UNREADABLE:
        good = False
    if not good:
        fail("manifest.sig.json: its signature")
    if digest_of(at("manifest.json"))[0] != mark["sha256"]:
        fail("manifest.json: it was changed")
    manifest = read(at("manifest.json"))
    if manifest["format"] != BUNDLE:
        fail("manifest.json: a format this program does not know")
    here = files_in(folder) - {"manifest.json", "manifest.sig.json"}
    for name in sorted(here ^ set(manifest["files"])):
        fail(
            f"{name}: {'it is missing' if name in manifest['files'] else 'it does not belong to the bundle'}"
        )
    for name, digest in sorted(manifest["files"].items()):
        if digest_of(at(name))[0] != digest:
            fail(f"{name}: it was changed")
    return manifest, public.hex()


def bundle_mode(folder, trusted):
    manifest, signer = manifest_of(folder)
    at = lambda name: os.path.join(folder, *name.split("/"))  # noqa: E731, PTH118
    ring = ring_of(read(at("log/keys.json")), trusted)
    if all(row["public_key"] != signer for row in ring):
        fail("manifest.sig.json: it was signed with a key that is not this portal's")
    with open(at("log/checkpoint.txt"), encoding="utf-8", newline="") as handle:  # noqa: PTH123
        size, root, seen = checkpoint_of(handle.read(), ring, read(at("log/witnesses.json")))
    if "log/witnessed.json" in manifest["files"]:
        seen += witnessed_earlier(read(at("log/witnessed.json")), ring, size, root)
    values_of, versions, withheld = {}, {}, 0
    with open(at("log/entries.jsonl"), encoding="utf-8", newline="") as handle:  # noqa: PTH123
        for line in handle:
            item = parse(line)
            entry, values = entry_of(item, size, root)
            values_of.setdefault((entry["machine"], entry["action"], entry["subject"]), []).append(values)
            withheld += len(entry.get("values", {})) - len(item["disclosed"])
            if entry["version"] is not None:
                place = (entry["subject"], entry["version"])
                if place in versions:
                    fail(
                        f"entry {item['proof']['index']}: a second entry for the same change of {entry['subject']}"
                    )
                versions[place] = item["proof"]["index"]
    portal, policies, exports = {row["public_key"] for row in ring}, {}, 0
    for name in sorted(manifest["files"]):
        try:
            if name.startswith("contracts/") and name.endswith(".signed.json"):
                document = read(at(name))
                payload, iri = (
                    check_agreement(document, portal, [], lambda line: None),
                    document["payload"]["agreement"],
                )
                policies[iri] = document["payload"]["policy_hash"]
                concluded = values_of.get(("agreement", "conclude", iri.rpartition(":")[2]), [])
                if concluded and all(v.get("detail/payload_sha256", payload) != payload for v in concluded):
                    fail("the log says that another contract was concluded")
            elif name.startswith("receipts/"):
                entry, values, body = check_proven(read(at(name)), trusted, lambda line: None)
                if body is not None:
                    exports += 1
                    if (
                        policies.get(body["agreement"]["id"], body["agreement"]["policy_sha256"])
                        != body["agreement"]["policy_sha256"]
                    ):
                        fail("it names another policy than the contract")
                    if values.get("after/data_sha256", body["output"]["sha256"]) != body["output"]["sha256"]:
                        fail("the log says that other data left")
            elif name.startswith("decisions/"):
                check_decision(read(at(name)))
        except DoesNotHold as problem:
            fail(f"{name}: {problem}")
        except UNREADABLE as problem:
            fail(f"{name}: it cannot be read ({type(problem).__name__}: {problem})")
    say(
        f"HOLDS: evidence of {manifest['about']}, as {manifest['reader']} may see it, made {manifest['made']}"
    )
    say(
        f"log           {size} entries under the checkpoint, {sum(map(len, values_of.values()))} of them here"
    )
    say(f"co-signed by  {', '.join(seen) or 'nobody yet: the portal alone says so'}")
    say(f"contracts     {len(policies)}, exports {exports}; files {len(manifest['files'])}, none changed")
    say(f"not shown     {withheld} values, known by their commitments only")
    say(
        f"portal's key  {key_at(ring, size)['public_key']}"
        + ("" if trusted else "   (compare it, or give --key)")
    )


def check_decision(stored):
    """A kept decision: its inputs and its answer are those whose hashes it names."""
    for part in ("request", "world", "output"):
        if sha256(canonical(stored[part])) != stored[f"{part}_sha256"]:
            fail(f"its {part} is not the one it was made with")
    if sha256(canonical(stored["policy"])) != stored["policy_sha256"]:
        fail("its policy is not the one it was made on")


# — The program ————————————————————————————————————————————————————————————————————————————————————


def options(arguments):
    """Paths, organisations' key files, the portal's key."""
    paths, key_files, portal = [], [], None
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if word in ("-h", "--help"):
            say(__doc__)
            raise SystemExit(2)
        if word in ("--keys", "--key"):
            value = rest.pop(0) if rest else fail(f"{word} has no value")
            if word == "--keys":
                key_files.append(value)
            else:
                portal = value.lower()
        else:
            paths.append(word)
    if len(paths) > 2:
        say(__doc__)
        raise SystemExit(2)
    return paths, key_files, portal


def agreement_mode(document, key_files, portal):
    payload = check_agreement(document, {portal} if portal else None, key_files)
    say("")
    for sentence in document["payload"]["words"]:
        say(f"  - {sentence}")
    say("")
    say(f"HOLDS: {document['payload']['agreement']}, payload SHA-256 {payload}")
    say(f"policy SHA-256 {document['payload']['policy_hash']}, recomputed")
    if not key_files:
        whose = (
            "the portal you named"
            if portal
            else "the portal named in the document; --key says which one you trust"
        )
        say(f"the public keys are vouched for by {whose}")


def run(arguments):
    paths, key_files, portal = options(arguments)
    first = paths[0] if paths else os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120
    if os.path.isdir(first):  # noqa: PTH112
        return bundle_mode(first, portal)
    document = read(first)
    if document.get("format") in (RECEIPT, PROVEN):
        return receipt_mode(document, paths[1:], portal)
    return agreement_mode(document, key_files, portal)


def main(arguments):
    try:
        run(arguments)
    except DoesNotHold as problem:
        say(f"DOES NOT HOLD: {problem}")
        raise SystemExit(1) from None
    except UNREADABLE as problem:
        say(f"DOES NOT HOLD: the document cannot be read ({type(problem).__name__}: {problem})")
        raise SystemExit(1) from None


if __name__ == "__main__":
    main(sys.argv[1:])
