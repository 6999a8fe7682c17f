"""What a decision says: each rule with its premises, duties now and later, counters, conflicts, what is missing.

The shape follows the published compliance report vocabulary: policy report, rule report, premise report.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from contracts.policies.deciding.parts import DutyReport, RuleReport
from contracts.policies.deciding.wording import reason_of
from kernel.canonical import canonical_bytes, sha256_hex


@dataclass(frozen=True)
class Decision:
    """`verdict` is permit, deny or needs_information. Equal inputs give equal bytes (`canonical`)."""

    verdict: str
    rules: tuple[RuleReport, ...]
    duties_now: tuple[DutyReport, ...]
    duties_later: tuple[DutyReport, ...]
    counters_to_reserve: tuple[Mapping[str, str], ...]
    conflicts: tuple[Mapping[str, Any], ...]
    missing_facts: tuple[str, ...]
    as_of: str
    policy_sha256: str
    inputs: Any  # a Request and a World, or their two hashes
    engine: str

    @property
    def permitted(self) -> bool:
        return self.verdict == "permit"

    @cached_property
    def _body(self) -> dict[str, Any]:
        return {
            "decision": self.verdict, "rules": [rule.as_dict(reason_of(rule)) for rule in self.rules],
            "duties_now": [duty.as_dict() for duty in self.duties_now],
            "duties_later": [duty.as_dict() for duty in self.duties_later],
            "counters_to_reserve": [dict(one) for one in self.counters_to_reserve],
            "conflicts": [dict(one) for one in self.conflicts], "missing_facts": list(self.missing_facts),
            "as_of": self.as_of, "policy_sha256": self.policy_sha256, "request_sha256": self.inputs[0].sha256,
            "world_sha256": self.inputs[1].sha256, "engine": self.engine,
        }  # fmt: skip

    def as_dict(self) -> dict[str, Any]:
        """JSON. `trace_sha256` is the hash of all the rest."""
        return {**self._body, "trace_sha256": self.trace_sha256}

    @cached_property
    def trace_sha256(self) -> str:
        return sha256_hex(self._body)

    @property
    def canonical(self) -> bytes:
        """The one byte form, for keeping and for replay."""
        return canonical_bytes(self.as_dict())

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Decision:
        return cls(
            given["decision"], tuple(RuleReport.from_dict(r) for r in given["rules"]),
            tuple(DutyReport.from_dict(d) for d in given["duties_now"]),
            tuple(DutyReport.from_dict(d) for d in given["duties_later"]),
            tuple(given["counters_to_reserve"]), tuple(given["conflicts"]), tuple(given["missing_facts"]), given["as_of"],
            given["policy_sha256"], (Hashed(given["request_sha256"]), Hashed(given["world_sha256"])), given["engine"],
        )  # fmt: skip


class Hashed(NamedTuple):
    """An input of which only the hash is at hand."""

    sha256: str
