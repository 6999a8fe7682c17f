#!/usr/bin/env python3
"""Watch a Commonhold portal's log from outside and co-sign what it says. One file; needs Python 3.9 and `cryptography`.

    python witness.py --new-key witness.key --name hudson.example/witness      make a key, once
    python witness.py --key witness.key --register 'LINE'                      what the portal asks for, once
    python witness.py https://portal.example --key witness.key --state portal.json     then daily or hourly, from cron

The third command fetches the log's newest checkpoint, checks that the log's key signed it and that the log of last
time is the beginning of the log of today, signs it with the witness's key, hands that in, and remembers it in the
state file. The first time it believes the portal's key and remembers it; say which key you expect with --pin. From
then on a new key counts only if the key before it handed over.

Exit codes: 0 all is well; 1 THE LOG DOES NOT HOLD: it shrank, was rewritten, or is signed with another key, and
both checkpoints are kept in the state file; 2 nothing could be checked or handed in this time, for the reason shown.

Formats: C2SP signed-note, tlog-checkpoint and tlog-cosignature; proofs of RFC 9162.
"""

import argparse
import base64
import hashlib
import json
import os
import re
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

LOG, WITNESS = 1, 4
NAME = re.compile(r"[^\s+\u2014]{1,120}")
MOST_BYTES = 4 * 1024 * 1024


class Broken(Exception):
    """The log does not hold. `given`: the checkpoint that shows it."""

    def __init__(self, text, given=""):
        super().__init__(text)
        self.given = given


class Away(Exception):
    """Nothing could be checked or handed in this time; that says nothing about the log."""


# Notes


def key_id(name, public, kind):
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:4]


def verifier_key(name, public, kind):
    return f"{name}+{key_id(name, public, kind).hex()}+{base64.b64encode(bytes([kind]) + public).decode()}"


def read_note(note):
    """text, origin, size, root, [(name, key id, signature)]. Raises Away: not even a checkpoint."""
    try:
        text, _, tail = note.partition("\n\n")
        origin, size, root = text.split("\n")
        marks = []
        for line in tail.splitlines():
            dash, name, packed = line.split(" ")
            raw = base64.b64decode(packed, validate=True)
            marks.append((name, raw[:4], raw[4:]))
            if dash != "\u2014":
                raise ValueError(line)
        if not re.fullmatch(r"0|[1-9][0-9]{0,17}", size) or len(base64.b64decode(root, validate=True)) != 32:
            raise ValueError(size)
        return text + "\n", origin, int(size), base64.b64decode(root), marks
    except ValueError as problem:
        raise Away(f"What the portal calls its checkpoint is none: {note[:200]!r}") from problem


def holds(public, signature, message):
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
        return True
    except (InvalidSignature, ValueError):
        return False


def cosign(note, name, key):
    """The note with the witness's line under it."""
    text, at = read_note(note)[0], int(time.time())
    raw = key.public_key().public_bytes_raw()
    signature = at.to_bytes(8, "big") + key.sign(f"cosignature/v1\ntime {at}\n{text}".encode())
    return f"{note}\u2014 {name} {base64.b64encode(key_id(name, raw, WITNESS) + signature).decode()}\n"


# The log's keys: the first is believed and remembered, each later one was handed over by the one before.


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def follow(keys):
    """Raises Broken unless each key was handed over by the one before it."""
    for before, row in zip(keys, keys[1:]):
        said, handover = row["handover"].get("said", {}), row["handover"]
        fits = (
            said.get("before") == before["public_key"]
            and said.get("key") == row["public_key"]
            and said.get("from_size") == row["from_size"] > before["from_size"]
        )
        if not fits or not all(
            holds(bytes.fromhex(key), bytes.fromhex(handover[side]), canonical(said))
            for key, side in ((before["public_key"], "old"), (row["public_key"], "new"))
        ):
            raise Broken(
                f"The log has a new key (number {row['number']}) that the key before it did not hand over to"
            )


def check_keys(keys, remembered, pin):
    """Raises Broken unless the published keys lead on from those that are remembered, or from the one expected."""
    if not keys:
        raise Away("The portal publishes no key yet")
    follow(keys)
    known = [row["public_key"] for row in remembered]
    if known != [row["public_key"] for row in keys[: len(known)]]:
        raise Broken("The log is signed with another key than before, and nobody handed over to it")
    if pin and pin not in [row["public_key"] for row in keys]:
        raise Broken("None of the log's keys is the one that you expect (--pin)")


def check_signature(note, keys):
    """Raises Broken unless the key of that stretch of the log signed it."""
    text, origin, size, _, marks = read_note(note)
    row = next((k for k in reversed(keys) if k["from_size"] <= size), None)
    public = bytes.fromhex(row["public_key"]) if row else b""
    if not any(
        n == origin and i == key_id(origin, public, LOG) and holds(public, s, text.encode())
        for n, i, s in marks
    ):
        raise Broken("The checkpoint is not signed with the log's key", note)


# The tree


def node(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def is_consistent(first, second, root1, root2, proof):
    """Whether the proof leads from the first root to the second (RFC 9162, 2.1.4.2)."""
    if first == second:
        return not proof and root1 == root2
    if not 0 < first < second or not proof:
        return False
    steps = proof if first & (first - 1) else [root1, *proof]
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    old = new = steps[0]
    for step in steps[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            old, new = node(step, old), node(step, new)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            new = node(new, step)
        fn, sn = fn >> 1, sn >> 1
    return old == root1 and new == root2 and sn == 0


def check_growth(site, before, now):
    """Raises Broken unless the log of last time is the beginning of the log of now."""
    _, origin1, size1, root1, _ = read_note(before)
    _, origin2, size2, root2, _ = read_note(now)
    if origin1 != origin2:
        raise Broken(f"The log calls itself {origin2} now; it was {origin1}", now)
    if size2 < size1:
        raise Broken(f"The log shrank: it had {size1} entries and has {size2}", now)
    if size1 == size2 and root1 != root2:
        raise Broken(
            f"The log was rewritten: it has {size1} entries as before, and they are not the same", now
        )
    if size1 == size2:
        return
    try:
        answer = ask(site, f"log/consistency?from={size1}&to={size2}")
    except Away as problem:
        raise Away(
            f"{problem} It shows a checkpoint and no proof that it follows from the last: if that stays so, do not trust it."
        ) from problem
    try:
        proof = [bytes.fromhex(step) for step in json.loads(answer)["proof"]]
    except (ValueError, KeyError, TypeError) as problem:
        raise Away("The portal's proof cannot be read") from problem
    if not is_consistent(size1, size2, root1, root2, proof):
        raise Broken(f"The log was rewritten: its first {size1} entries are not those of last time", now)


# Asking, and remembering


def ask(site, path, body=None):
    """The answer's text. Raises Away, with `status` if the portal answered that it cannot."""
    headers = {
        "User-Agent": "commonhold-witness/1",
        **({"Content-Type": "text/plain; charset=utf-8"} if body else {}),
    }
    request = urllib.request.Request(
        f"{site}/api/v1/{path}", data=body.encode() if body else None, headers=headers
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read(MOST_BYTES).decode()
    except urllib.error.HTTPError as problem:
        said = problem.read(2_000).decode(errors="replace")
        try:
            said = json.loads(said)["title"]
        except (ValueError, KeyError, TypeError):
            said = said[:200]
        away = Away(f"The portal answers {problem.code} to {path.partition('?')[0]}: {said}")
        away.status = problem.code
        raise away from problem
    except (OSError, ValueError) as problem:
        raise Away(f"The portal is away: {problem}") from problem


def load(file):
    if not file.exists():
        return {}
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(found, dict):
            raise ValueError("not an object")
        return found
    except ValueError as problem:
        raise SystemExit(
            f"{file} cannot be read ({problem}). Bring it back from a copy; without it nothing of before is known."
        ) from None


def save(file, state):
    """Whole or not at all, also when the power fails."""
    beside = file.with_name(f"{file.name}.{os.getpid()}.new")
    with beside.open("w", encoding="utf-8") as handle:
        json.dump(state, handle, indent=1)
        handle.flush()
        os.fsync(handle.fileno())
    beside.replace(file)


def make_key(file, name):
    """Write a new key; the line before it keeps the witness's name."""
    if not NAME.fullmatch(name):
        raise SystemExit("--name: no spaces and no plus sign, for example hudson.example/witness")
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise SystemExit(f"{file} exists already; a key is never overwritten.") from None
    with os.fdopen(handle, "wb") as out:
        out.write(f"witness: {name}\n".encode() + pem)
    print(f"{file} holds the key of {name}. Keep it to yourself, and keep a copy.")


def read_key(file, name):
    """(name, private key)."""
    try:
        text = Path(file).read_text(encoding="utf-8")
        key = serialization.load_pem_private_key(text[text.index("-----BEGIN") :].encode(), None)
    except (OSError, ValueError, TypeError) as problem:
        raise SystemExit(f"{file} holds no key that can be read: {problem}") from None
    written = re.match(r"witness: (\S+)", text)
    name = name or (written.group(1) if written else "")
    if not isinstance(key, Ed25519PrivateKey) or not NAME.fullmatch(name):
        raise SystemExit(
            f"{file} must hold an Ed25519 key, and the witness needs a --name without spaces and plus signs."
        )
    return name, key


def newest(site, state):
    """The newest checkpoint. A log that has none any more, and had one, does not hold."""
    try:
        return ask(site, "log/checkpoint")
    except Away as problem:
        if getattr(problem, "status", 0) == 404 and state.get("checkpoint"):
            raise Broken("The log shrank: it has no checkpoint any more") from problem
        raise


def look(site, name, key, state, pin):
    """One look at the log; changes `state`. Returns what to say. Raises Broken, Away."""
    try:
        keys = json.loads(ask(site, "log/keys"))["keys"]
        check_keys(keys, state.get("keys", []), pin)
        note = newest(site, state)
        # Co-signatures of others are theirs to keep.
        text, origin, size, _, marks = read_note(note)
        note = (
            text
            + "\n"
            + "".join(f"\u2014 {n} {base64.b64encode(i + s).decode()}\n" for n, i, s in marks if n == origin)
        )
        check_signature(note, keys)
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise Away(f"The portal's answer cannot be read: {problem!r}") from problem
    if state.get("checkpoint"):
        check_growth(site, state["checkpoint"], note)
    first = (
        ""
        if state.get("keys")
        else f"First look: the log's key {keys[-1]['public_key']} is believed and remembered. "
    )
    state.update(portal=site, origin=origin, keys=keys, checkpoint=note, checked=int(time.time()))
    return f"{first}{origin} has {size} entries and holds.", cosign(note, name, key)


def hand_in(site, note):
    """Give the portal a checkpoint with our line. Raises Broken if it says that the checkpoint cannot be true, Away."""
    try:
        ask(site, "log/cosign", note)
    except Away as problem:
        if getattr(problem, "status", 0) == 409:
            raise Broken(f"The portal itself says that its log does not hold. {problem}", note) from problem
        raise


def alarm(site, name, key, state, problem):
    """Keep both checkpoints, say it loudly, and show the portal what it signed before, so that it tells everybody."""
    kept = {"why": str(problem), "remembered": state.get("checkpoint", ""), "given": problem.given}
    if kept not in [{k: one[k] for k in kept} for one in state.setdefault("disagreements", [])]:
        state["disagreements"].append({**kept, "at": int(time.time())})
    if kept["remembered"]:
        try:
            hand_in(site, cosign(kept["remembered"], name, key))
        except (Broken, Away) as answer:
            print(f"Told the portal: {answer}", file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("portal", nargs="?", help="the portal's address, such as https://portal.example")
    parser.add_argument("--new-key", metavar="FILE", help="make a key and write it there")
    parser.add_argument(
        "--register", metavar="LINE", help="print what registers this witness: LINE is shown by the portal"
    )
    parser.add_argument("--key", metavar="FILE", help="the witness's key")
    parser.add_argument("--state", metavar="FILE", help="where the last checkpoint is remembered")
    parser.add_argument("--name", help="the witness's name, such as hudson.example/witness")
    parser.add_argument("--pin", metavar="HEX", help="the log's public key that you expect")
    given = parser.parse_args()
    if given.new_key:
        make_key(given.new_key, given.name or "")
        return 0
    if not given.key or not (given.register or (given.portal and given.state)):
        parser.error(
            "give the portal's address, --key and --state; or --key and --register; or --new-key and --name"
        )
    name, key = read_key(given.key, given.name)
    if given.register:
        print(verifier_key(name, key.public_key().public_bytes_raw(), WITNESS))
        print(base64.b64encode(key.sign(given.register.encode())).decode())
        return 0
    site, file = given.portal.rstrip("/"), Path(given.state)
    state = load(file)
    try:
        said, note = look(site, name, key, state, given.pin)
        # Remembered before it is handed in: what we signed is never forgotten.
        save(file, state)
        hand_in(site, note)
    except Broken as problem:
        alarm(site, name, key, state, problem)
        save(file, state)
        line = "!" * 70
        print(
            f"{line}\nTHE LOG OF {site} DOES NOT HOLD.\n{problem}\nBoth checkpoints are in {file}. Keep it, and tell the other organisations.\n{line}",
            file=sys.stderr,
        )
        return 1
    except Away as problem:
        print(f"Not done this time. {problem}", file=sys.stderr)
        return 2
    print(f"{said} Co-signed as {name}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
