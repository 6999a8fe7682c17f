"""The evidence bundle: one zip with entries, proofs, documents, signatures, a readable report and `verify.py`.

Everything in it is named with its SHA-256 in `manifest.json`, and that is signed; `verify.py` checks it all
with the standard library and `cryptography`, without network.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone

from contracts.negotiations.signing import bundle as signed_contract
from contracts.policies.deciding.facts import plain
from jobs.deliveries.package import contract_text
from jobs.evidence import receipts, scope
from jobs.evidence.log_part import witnessed
from jobs.evidence.scope import Scope
from kernel.actor import Actor
from kernel.audit import keyring, proofs
from kernel.audit.models import Checkpoint, Event
from kernel.audit.seal import seal_all
from kernel.decision import Refused
from trusts.witnesses.selectors import cosigned, named

FORMAT = "commonhold-bundle/1"
PART = 1_000
# What a browser may ask for at once; a shell has no limit.
WEB_LIMIT = 50_000


@dataclass(frozen=True, slots=True)
class Made:
    """What went in: how many entries, contracts, exports and files."""

    entries: int
    contracts: int
    exports: int
    files: int


def write(about: Scope, reader: Actor, out: IO[bytes], limit: int | None = None) -> Made:
    """Write the bundle of a scope as this reader may see it. Raises Refused if there is nothing, or more than `limit`."""
    seal_all()
    head = Checkpoint.objects.first()
    if head is None:
        raise Refused.because(
            "evidence.empty", "The log is empty", remedy="Come back when something has happened"
        )
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        box = _Box(archive)
        rows = _entries(box, scope.entries(about, reader, head.size), head, limit)
        if not rows:
            raise Refused.because(
                "evidence.empty",
                "There is no entry about this that you may see",
                remedy="Choose something else, or a longer period",
            )
        box.add("log/checkpoint.txt", cosigned(head).encode())
        box.json("log/keys.json", keyring.published())
        box.json("log/witnesses.json", named(head))
        earlier = witnessed(head)
        if earlier is not None:
            box.json("log/witnessed.json", earlier)
        contracts = _contracts(box, about)
        exports = _receipts(box, about)
        kept = _decisions(box, about, reader, limit)
        made = timezone.now()
        who = (
            "the operator of the portal" if reader.is_system else f"{reader.name}, {reader.organisation_name}"
        )
        context = {"about": about, "reader": who, "made": made, "rows": rows, "head": head, "origin": settings.PORTAL_ORIGIN,
                   "contracts": contracts, "exports": exports, "decisions": kept, "key": keyring.public_hex(keyring.portal_key()),
                   "witnesses": named(head), "earlier": earlier}  # fmt: skip
        box.add("report.html", render_to_string("evidence/report.html", context).encode())
        box.add("README.txt", render_to_string("evidence/readme.txt", context).encode())
        box.add("verify.py", (Path(settings.BASE_DIR) / "verify.py").read_bytes())
        box.close({"format": FORMAT, "about": about.about, "reader": who, "made": made.isoformat(),
                   "origin": settings.PORTAL_ORIGIN, "size": head.size})  # fmt: skip
    return Made(len(rows), len(contracts), len(exports), len(box.files) + 2)


class _Box:
    """A zip that remembers the hash of all that is put in, and signs the list at the end."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        self.files: dict[str, str] = {}

    def add(self, name: str, content: bytes) -> None:
        self.files[name] = hashlib.sha256(content).hexdigest()
        self.archive.writestr(name, content)

    def lines(self, name: str, lines: Iterator[bytes]) -> None:
        """A file written line by line."""
        digest = hashlib.sha256()
        with self.archive.open(name, "w", force_zip64=True) as handle:
            for line in lines:
                digest.update(line)
                handle.write(line)
        self.files[name] = digest.hexdigest()

    def json(self, name: str, value: Any) -> None:
        self.add(name, json.dumps(value, indent=2, ensure_ascii=False).encode())

    def close(self, said: dict[str, Any]) -> None:
        manifest = json.dumps(
            {**said, "files": dict(sorted(self.files.items()))}, indent=2, ensure_ascii=False
        ).encode()
        digest, key = hashlib.sha256(manifest).hexdigest(), keyring.portal_key()
        mark = {
            "sha256": digest,
            "public_key": keyring.public_hex(key),
            "signature": key.sign(digest.encode()).hex(),
        }
        self.archive.writestr("manifest.json", manifest)
        self.archive.writestr("manifest.sig.json", json.dumps(mark, indent=2).encode())


def _entries(box: _Box, found: Iterator[Event], head: Checkpoint, limit: int | None) -> list[dict[str, Any]]:
    """Write the entries with their proofs; returns what the report says of each."""
    rows: list[dict[str, Any]] = []

    def lines() -> Iterator[bytes]:
        while part := list(islice(found, PART)):
            # A reader for each part: it keeps what it read of the tree, and the log may be long.
            for event, item in zip(part, proofs.many(part, head), strict=True):
                rows.append({"index": item["proof"]["index"], "event": event})
                if limit is not None and len(rows) > limit:
                    raise _too_much(limit, "entries")
                yield json.dumps(item, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"

    box.lines("log/entries.jsonl", lines())
    return rows


def _contracts(box: _Box, about: Scope) -> list[Any]:
    for agreement in about.agreements:
        box.json(f"contracts/{agreement.ref}.signed.json", signed_contract(agreement))
        box.json(f"contracts/{agreement.ref}.odrl.json", agreement.odrl)
        box.add(f"contracts/{agreement.ref}.txt", contract_text(agreement))
    return list(about.agreements)


def _receipts(box: _Box, about: Scope) -> list[Any]:
    events = {
        event.subject_id: event
        for event in Event.objects.filter(
            machine="delivery", action="deliver", subject_id__in=[d.pk for d in about.deliveries]
        )
    }
    found = []
    for delivery in about.deliveries:
        document = receipts.receipt_of(events[delivery.pk]) if delivery.pk in events else None
        if document is not None:
            box.json(f"receipts/{delivery.ref}.json", document)
            found.append(delivery)
    return found


def _decisions(box: _Box, about: Scope, reader: Actor, limit: int | None) -> list[dict[str, Any]]:
    """Write each kept decision with all that went into it; returns what the report says of each."""
    rows: list[dict[str, Any]] = []
    for stored in scope.decided(about, reader):
        if limit is not None and len(rows) >= limit:
            raise _too_much(limit, "decisions")
        box.json(f"decisions/{stored.created:%Y%m%d-%H%M%S}-{stored.moment}-{stored.pk.hex[:8]}.json", {
            "id": str(stored.pk), "moment": stored.moment, "about": f"{stored.kind}:{stored.subject}", "as_of": stored.as_of,
            "engine": stored.engine, "verdict": stored.verdict, "policy": stored.policy.document, "policy_sha256": stored.policy_id,
            "request": plain(stored.request), "request_sha256": stored.request_sha256, "world": plain(stored.world),
            "world_sha256": stored.world_sha256, "output": stored.output, "output_sha256": stored.output_sha256,
        })  # fmt: skip
        # Not the row: a period may have many, and each holds a policy.
        rows.append(
            {"created": stored.created, "moment": stored.get_moment_display(), "verdict": stored.verdict}
        )  # type: ignore[attr-defined]
    return sorted(rows, key=lambda row: row["created"])


def _too_much(limit: int, what: str) -> Refused:
    return Refused.because(
        "evidence.too_much", f"These are more than {limit:,} {what}",
        remedy="Choose a shorter period, or ask the operator: `manage.py evidence_bundle` has no limit",
    )  # fmt: skip
