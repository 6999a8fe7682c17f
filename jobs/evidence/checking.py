"""What a public page may say of a receipt that somebody holds: whether it is ours and holds. Nothing more than it says itself."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import verify
from kernel.audit import keyring, notes
from kernel.audit.models import Checkpoint, Leaf
from kernel.audit.proofs import Reader

LARGEST = 2_000_000


@dataclass(frozen=True, slots=True)
class Answer:
    """`tone`: good, care or bad. `output`: name, sha256, bytes and rows of the file that the receipt is about, if it is about one."""

    tone: str
    title: str
    text: str
    facts: tuple[tuple[str, str], ...] = ()
    output: dict[str, Any] = field(default_factory=dict)


def check(text: bytes) -> Answer:
    """Judge a receipt by this portal's keys and log. Never raises: whatever was given gets an answer."""
    try:
        document = verify.parse(text)
        if not isinstance(document, dict) or document.get("format") not in (verify.RECEIPT, verify.PROVEN):
            return Answer(
                "bad",
                "This is not a receipt",
                "A receipt is the file receipt.json that came with an export, or was fetched from the portal.",
            )
        return _signed(document) if document["format"] == verify.RECEIPT else _proven(document)
    except verify.DoesNotHold as problem:
        return Answer("bad", "This receipt does not hold", f"What fails: {problem}.")
    except json.JSONDecodeError:
        return Answer(
            "bad", "This is not a receipt", "The file is not JSON. A receipt is the file receipt.json."
        )
    except verify.UNREADABLE as problem:
        return Answer("bad", "This receipt cannot be read", f"{type(problem).__name__}: {problem}"[:300])


def _ours(public: set[str]) -> bool:
    return bool(public & {row.public_key for row in keyring.ring().keys})


NOT_OURS = Answer(
    "bad",
    "This receipt is not ours",
    "It is signed with a key that this portal never had. Ask whoever gave it to you which portal it is from.",
)


def _signed(document: dict[str, Any]) -> Answer:
    """As it came with the export: signed, without its place in the log."""
    body = verify.check_signed(document, None)
    if not _ours({document["signature"]["public_key"]}):
        return NOT_OURS
    return Answer(
        "good", "This receipt is ours",
        "The portal signed it when the export was made. It came without its place in the log; parties of the contract can fetch it again with the proof.",
        _facts(body), body["output"],
    )  # fmt: skip


def _proven(document: dict[str, Any]) -> Answer:
    entry, values, body = verify.check_proven(document, None, lambda line: None)
    if not _ours({row["public_key"] for row in document["log"]["keys"]}):
        return NOT_OURS
    proof, note = document["log"]["item"]["proof"], notes.read(document["log"]["checkpoint"])
    if not _in_our_log(proof, note):
        return Answer(
            "bad", "This receipt and the portal's log disagree",
            "The portal's key signed a checkpoint that its log does not lead to. Keep the receipt: it proves that the log was rewritten, or that the key was used elsewhere.",
        )  # fmt: skip
    facts = (
        (
            "In the log",
            f"entry {proof['index']} of {note.size}, {entry['created'][:19].replace('T', ' ')} UTC",
        ),
    )
    if body is not None:
        return Answer(
            "good",
            "This receipt is ours",
            "It holds, and its entry is in the log.",
            (*_facts(body), *facts),
            body["output"],
        )
    told = [
        (label, str(values[path]))
        for label, path in (
            ("About", "title"),
            ("By", "actor_name"),
            ("For", "organisation_name"),
            ("Said", "reason"),
        )
        if values.get(path)
    ]
    return Answer(
        "good",
        "This receipt is ours",
        f"It holds, and its entry is in the log: {entry['machine']}, {entry['action'].replace('_', ' ')}.",
        (*told, *facts),
    )


def _in_our_log(proof: dict[str, Any], note: notes.Note) -> bool:
    stored = Leaf.objects.filter(index=proof["index"]).values_list("leaf_hash", flat=True).first()
    head = Checkpoint.objects.first()
    if stored != proof["leaf_hash"] or head is None or note.size > head.size:
        return False
    return Reader().root(note.size) == note.root


def _facts(body: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    output, agreement = body["output"], body["agreement"]
    return (
        ("File", f"{output['name']}, {output['rows']} rows, {output['bytes']} bytes"),
        ("SHA-256", output["sha256"]),
        ("From", f"{body['input']['dataset']}, version {body['input']['version']}"),
        ("Under", f"a contract between {agreement['provider']} and {agreement['consumer']}"),
        ("Made", body["issued"][:19].replace("T", " ") + " UTC"),
    )
