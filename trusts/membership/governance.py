"""How a trust governs itself, as data in its charter: who may belong, who decides what and how, how requests are reviewed.

Trust, alliance and room differ by what stands here, never by a branch in code. `Governance.of(kind, given)` reads a
charter's `governance` over the usual of its kind; what is not given stays the usual.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

DECISIONS = ("admit", "expel", "charter", "exception", "trustee", "wind_up")
MAJORITIES = ("half", "two_thirds", "three_quarters", "all")
BALLOTS = ("open", "secret")

_REVIEW: dict[str, Any] = {
    "stages": [
        {
            "name": "Review",
            "who": "reviewer",  # reviewer, steward, owner: of the provider; trustee: of the trust
            "count": 1,
            "blind": False,  # reviewers do not see each other's answers until all are in
            "organisations": "any",  # any, different: no two answers from one organisation
            "days": 10,
            "late": "remind",  # remind, deputy, owner: who is asked next when the days are over
            "disagree": "refuse",  # refuse, return, third: what follows when answers differ
            "robot": False,  # whether the provider's robot counts as one of those who answer
        }
    ],
    "checklist": [],  # [{"code", "text"}]; empty: the portal's own list
    "precleared": {"purposes": [], "people": False},  # what skips all stages but the first
}

USUAL: dict[str, Any] = {
    "beneficiaries": "",
    # The roles whose owners run the trust: in a trust the trustees, among peers everyone who takes part.
    "governed_by": ["trustee"],
    # What each role may do; everybody may read.
    "roles": {"offer": ["trustee", "provider"], "ask": ["trustee", "consumer"]},
    "members": {
        "most": None,
        "countries": [],
        "kinds": [],
        "evidence": [],  # [{"code", "label", "help"}]: what an applicant has to hand in
        "checklist": [],  # [{"code", "text"}]: what is looked at before it is admitted
        "probation_days": 0,
        "notice_days": 0,
        "hearing_days": 7,
        "silent_days": 90,
    },
    "votes": {
        "voters": ["trustee"],
        "weights": {},  # role → votes; a role that is not named has one
        "delegation": True,
        # by: "trustee" is one governing member's own decision, "vote" is a proposal. quorum: percent of all votes.
        "kinds": {
            "admit": {"by": "trustee", "quorum": 50, "majority": "half", "days": 14, "ballot": "open"},
            "expel": {"by": "trustee", "quorum": 50, "majority": "two_thirds", "days": 21, "ballot": "open"},
            "charter": {
                "by": "trustee",
                "quorum": 50,
                "majority": "two_thirds",
                "days": 21,
                "ballot": "open",
            },
            "exception": {"by": "vote", "quorum": 50, "majority": "half", "days": 14, "ballot": "open"},
            "trustee": {
                "by": "trustee",
                "quorum": 50,
                "majority": "two_thirds",
                "days": 21,
                "ballot": "open",
            },
            "wind_up": {
                "by": "vote",
                "quorum": 75,
                "majority": "three_quarters",
                "days": 30,
                "ballot": "open",
            },
        },
    },
    # By the sensitivity of what is asked for: personal where a column may identify someone.
    "reviews": {"ordinary": _REVIEW, "personal": _REVIEW},
    "deadlines": {"reply_days": 14, "review_days": 10},
    "fees": [],  # [{"what", "amount", "currency", "every"}]: recorded, not charged
    "conflict": {"concerned": "no_vote"},
    # Whether operators of the portal may open a single object in it, for an hour, in an emergency.
    "emergencies": True,
    "dissolution": {"contracts": "end", "data": ""},  # contracts: end, run_out
}

# What a kind has otherwise than the usual.
BY_KIND: dict[str, dict[str, Any]] = {
    "trust": {},
    "alliance": {
        "governed_by": ["trustee", "provider", "consumer"],
        "roles": {"offer": ["trustee", "provider", "consumer"], "ask": ["trustee", "provider", "consumer"]},
        "votes": {"voters": ["trustee", "provider", "consumer"]},
    },
    "room": {
        "governed_by": ["trustee", "provider", "consumer"],
        "roles": {"offer": ["trustee", "provider", "consumer"], "ask": ["trustee", "provider", "consumer"]},
        "members": {"most": 2},
        "votes": {"voters": ["trustee", "provider", "consumer"]},
    },
}


def over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """`above` laid over `below`, object by object; lists and values are replaced whole."""
    found = deepcopy(dict(below))
    for key, value in above.items():
        if isinstance(value, Mapping) and isinstance(found.get(key), Mapping):
            found[key] = over(found[key], value)
        else:
            found[key] = deepcopy(value)
    return found


def usual(kind: str) -> dict[str, Any]:
    """What holds in a trust of this kind whose charter says nothing else."""
    return over(USUAL, BY_KIND.get(kind, {}))


@dataclass(frozen=True, slots=True)
class Governance:
    """A charter's governance, complete: read by rules, verbs and pages."""

    data: Mapping[str, Any]

    @classmethod
    def of(cls, kind: str, given: Mapping[str, Any] | None = None) -> Governance:
        return cls(over(usual(kind), given or {}))

    def __getitem__(self, part: str) -> Any:
        return self.data[part]

    def decision(self, kind: str) -> Mapping[str, Any]:
        """How this kind of decision is taken: by, quorum, majority, days, ballot."""
        found: Mapping[str, Any] = self.data["votes"]["kinds"][kind]
        return found

    def by_vote(self, kind: str) -> bool:
        return bool(self.decision(kind)["by"] == "vote")

    def voted(self) -> frozenset[str]:
        """The kinds of decisions that take a vote."""
        return frozenset(kind for kind in self.data["votes"]["kinds"] if self.by_vote(kind))

    def weight(self, role: str) -> int:
        """How many votes a member in this role has; 0 for one that has none."""
        votes = self.data["votes"]
        return int(votes["weights"].get(role, 1)) if role in votes["voters"] else 0

    def lets(self, roles: Collection[str], does: str) -> bool:
        """Whether a member in these roles may `offer` data or `ask` for it."""
        return not set(self.data["roles"][does]).isdisjoint(roles)

    def review(self, sensitivity: str) -> Mapping[str, Any]:
        """The review workflow for this sensitivity."""
        reviews = self.data["reviews"]
        found: Mapping[str, Any] = reviews.get(sensitivity) or reviews["ordinary"]
        return found
