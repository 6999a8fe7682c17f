"""What a decision says: each rule with its premises, duties now and later, counters, conflicts, what is missing.

The shape follows the published compliance report vocabulary: policy report, rule report, premise report.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from kernel.canonical import canonical_bytes, sha256_hex

WORDS = {True: "satisfied", False: "unsatisfied", None: "unknown"}
TRUTH = {word: truth for truth, word in WORDS.items()}


class Premise(NamedTuple):
    """One condition. `value` is what was found (None: not known), `source` where; `parts` what it is made of."""

    name: str
    left: str
    value: str | None
    operator: str
    right: str
    holds: bool | None
    source: str
    parts: tuple[Premise, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            "name": self.name, "left_operand": self.left, "left_value": self.value, "operator": self.operator,
            "right_value": self.right, "satisfaction": WORDS[self.holds], "source": self.source,
        }  # fmt: skip
        if self.parts:
            found["premises"] = [part.as_dict() for part in self.parts]
        return found

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Premise:
        return cls(
            given["name"], given["left_operand"], given["left_value"], given["operator"], given["right_value"],
            TRUTH[given["satisfaction"]], given["source"], tuple(cls.from_dict(p) for p in given.get("premises", ())),
        )  # fmt: skip


class DutyReport(NamedTuple):
    """A duty: phase pre, ongoing or post; state fulfilled, violated or unknown; deadline as an instant, if it has one."""

    uid: str
    action: str
    phase: str
    state: str
    deadline: str = ""
    within: str = ""

    def as_dict(self) -> dict[str, str]:
        return {
            key: value for key, value in self._asdict().items() if value or key in ("uid", "action", "phase")
        }

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> DutyReport:
        return cls(**given)


class RuleReport(NamedTuple):
    """One rule of the policy: whether it is in effect for this request, and why."""

    uid: str
    kind: str
    holds: bool | None
    premises: tuple[Premise, ...] = ()
    duties: tuple[DutyReport, ...] = ()
    actions: tuple[str, ...] = ()

    @property
    def active(self) -> bool:
        """In effect. What is not known counts against the asker: a prohibition is, a permission is not."""
        return self.holds is True or (self.holds is None and self.kind == "prohibition")

    @property
    def activation(self) -> str:
        return {True: "active", False: "inactive", None: "unknown"}[self.holds]

    def as_dict(self) -> dict[str, Any]:
        from contracts.policies.deciding.wording import reason_of

        return {
            "uid": self.uid, "kind": self.kind, "active": self.active, "activation": self.activation,
            "actions": list(self.actions), "premises": [premise.as_dict() for premise in self.premises],
            "duties": [duty.as_dict() for duty in self.duties], "reason": reason_of(self),
        }  # fmt: skip

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> RuleReport:
        return cls(
            given["uid"], given["kind"], {"active": True, "inactive": False, "unknown": None}[given["activation"]],
            tuple(Premise.from_dict(p) for p in given["premises"]),
            tuple(DutyReport.from_dict(d) for d in given["duties"]), tuple(given["actions"]),
        )  # fmt: skip


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
            "decision": self.verdict, "rules": [rule.as_dict() for rule in self.rules],
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
