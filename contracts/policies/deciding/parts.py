"""What a decision is made of: premises, duties, rules. Their words are in wording.py, the whole in report.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

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

    def as_dict(self, reason: str) -> dict[str, Any]:
        """JSON; the reason in words is the caller's (wording.py, which stands above this)."""
        return {
            "uid": self.uid, "kind": self.kind, "active": self.active, "activation": self.activation,
            "actions": list(self.actions), "premises": [premise.as_dict() for premise in self.premises],
            "duties": [duty.as_dict() for duty in self.duties], "reason": reason,
        }  # fmt: skip

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> RuleReport:
        return cls(
            given["uid"], given["kind"], {"active": True, "inactive": False, "unknown": None}[given["activation"]],
            tuple(Premise.from_dict(p) for p in given["premises"]),
            tuple(DutyReport.from_dict(d) for d in given["duties"]), tuple(given["actions"]),
        )  # fmt: skip
