"""Keep a decision with its inputs; make it again from them, to the same bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from contracts.decisions.models import DecidedPolicy, StoredDecision
from contracts.policies.deciding.documents import prepared_as
from contracts.policies.deciding.evaluate import ENGINE
from contracts.policies.deciding.facts import Request, World
from contracts.policies.deciding.report import Decision
from kernel.canonical import canonical_bytes, sha256_hex


def made(
    document: Mapping[str, Any], request: Request, world: World, as_of: datetime, sha256: str = ""
) -> Decision:
    """The decision on a stored policy; `sha256` is that of the document, if it is known."""
    return prepared_as(sha256 or sha256_hex(document), lambda: document).decide(request, world, as_of=as_of)


def keep(
    moment: str, kind: str, subject: UUID, *, provider: UUID, consumer: UUID, document: Mapping[str, Any],
    decision: Decision,
) -> StoredDecision:  # fmt: skip
    """A row in the transaction of whatever the decision was for. The decision must hold its inputs."""
    policy, _ = DecidedPolicy.objects.get_or_create(
        sha256=decision.policy_sha256, defaults={"document": document}
    )
    request, world = decision.inputs
    output = decision.as_dict()
    return StoredDecision.objects.create(
        moment=moment, kind=kind, subject=subject, provider_id=provider, consumer_id=consumer, policy=policy,
        request=request.given, world=world.given, as_of=decision.as_of, engine=decision.engine, output=output,
        verdict=decision.verdict, request_sha256=request.sha256, world_sha256=world.sha256, output_sha256=sha256_hex(output),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Replay:
    """`same`: the bytes are equal. Otherwise `text` says what is not."""

    same: bool
    text: str
    decision: Decision | None = None


def replay(stored: StoredDecision) -> Replay:
    """Decide again from the kept inputs, and compare byte for byte."""
    if sha256_hex(stored.policy.document) != stored.policy_id:
        return Replay(False, "The kept policy is not the one that was decided on")
    if sha256_hex(stored.output) != stored.output_sha256:
        return Replay(False, "The kept answer was changed")
    if stored.engine != ENGINE:
        return Replay(False, f"It was made by {stored.engine}; this portal runs {ENGINE}")
    request, world = Request.from_json(stored.request), World.from_json(stored.world)
    again = made(
        stored.policy.document, request, world, datetime.fromisoformat(stored.as_of), stored.policy_id
    )
    if again.canonical == canonical_bytes(stored.output):
        return Replay(True, "The same inputs gave the same answer, byte for byte", again)
    return Replay(False, "The same inputs gave another answer", again)
