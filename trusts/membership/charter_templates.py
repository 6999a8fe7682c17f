"""Where a new trust may start from: four worked-out charters and three blank ones, all only data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Template:
    """`rules` are limits for contracts, `governance` is laid over the usual of `kind`."""

    code: str
    label: str
    kind: str
    help: str
    purpose: str = ""
    charter: str = ""
    governance: dict[str, Any] = field(default_factory=dict)
    rules: dict[str, Any] = field(default_factory=dict)


def _stage(
    name: str, who: str = "reviewer", count: int = 1, blind: bool = False, days: int = 10, robot: bool = False
) -> dict[str, Any]:
    return {"name": name, "who": who, "count": count, "blind": blind, "organisations": "any", "days": days,
            "late": "deputy", "disagree": "return", **({"robot": True} if robot else {})}  # fmt: skip


def _votes(**kinds: dict[str, Any]) -> dict[str, Any]:
    return {code: {"by": "vote", **how} for code, how in kinds.items()}


TEMPLATES: tuple[Template, ...] = (
    Template(
        "health", "Health research trust", "trust",
        "Trustees decide for patients. Two stages of review for personal data, one of them blind; applicants hand in an ethics vote; secret ballots on people.",
        "Let medical research learn from care, for the good of patients.",
        "Members share health data for research that is in the interest of patients. Nobody tries to find out who a patient is. "
        "Results are published. Trustees owe their duty to the patients whose data it is, not to their organisations.",
        {
            "beneficiaries": "the patients whose data it is",
            "members": {
                "kinds": ["hospital", "university", "research_institute", "public_body"],
                "evidence": [{"code": "ethics", "label": "Vote of an ethics committee", "help": "The letter, not older than a year"},
                             {"code": "security", "label": "How data is protected", "help": "A certificate or a description"}],
                "checklist": [{"code": "ethics", "text": "the ethics vote covers the purpose"}, {"code": "security", "text": "data is protected as the charter asks"}],
                "probation_days": 180, "notice_days": 90, "hearing_days": 14,
            },
            "votes": {"kinds": _votes(admit={}, expel={"ballot": "secret"}, trustee={"ballot": "secret"}, charter={"majority": "three_quarters", "days": 30})},
            "reviews": {"personal": {"stages": [_stage("Privacy", count=2, blind=True), _stage("Trustees", "trustee", days=14)],
                                     "checklist": [{"code": "need", "text": "only columns that the question needs"}, {"code": "groups", "text": "no small group can be recognised"}]}},
            "dissolution": {"contracts": "end", "data": "Every copy is deleted and the deletion declared."},
        },
        {"limits": {"no_reidentification": {}, "no_onward_transfer": {}, "place": {"any_of": ["EEA"]}},
         "needs": {"no_reidentification": "never", "no_onward_transfer": "never", "place": "vote"}, "smallest_group": 10, "longest_days": 1095, "pseudonyms": True},
    ),
    Template(
        "mobility", "Mobility alliance", "alliance",
        "Peers in transport, each with one vote. Members vote on who joins and on the charter; open ballots. A member may let its robot answer what stays "
        "within its published offer; data that may identify someone waits for people.",
        "Plan and run transport together by sharing what each operator knows.",
        "Peers under equal rules share data about traffic, timetables and delays. Nobody uses it against a member in a tender. "
        "Who asks for no more than a member offers to all need not wait: the member may let the portal say yes for it. Data that may identify someone is "
        "always answered by people.",
        {"members": {"notice_days": 30}, "votes": {"kinds": _votes(admit={}, expel={}, charter={"majority": "two_thirds"})},
         "reviews": {"ordinary": {"stages": [_stage("Review", robot=True)]}}},
        {"limits": {"no_reidentification": {}, "exports": {"at_most": 52}}, "needs": {"no_reidentification": "never", "exports": "second_person"}, "longest_days": 730},
    ),
    Template(
        "industry", "Industrial supply-chain alliance", "alliance",
        "Makers and suppliers. Providers have two votes; decisions that touch trade secrets take four eyes; long notice.",
        "Trace parts and quality along the supply chain without giving away how things are made.",
        "Members share data on parts, quality and deliveries. Prices and recipes stay out. What is learned of a member's process is its secret.",
        {
            "members": {"evidence": [{"code": "nda", "label": "Signed agreement on secrecy", "help": "By somebody who may sign for the company"}], "notice_days": 180, "probation_days": 90},
            "votes": {"weights": {"provider": 2}, "delegation": False,
                      "kinds": _votes(admit={"majority": "two_thirds"}, expel={"majority": "three_quarters", "ballot": "secret"}, charter={"quorum": 66, "majority": "three_quarters", "days": 30})},
            "reviews": {"ordinary": {"stages": [_stage("Four eyes", count=2)]}},
            "dissolution": {"contracts": "run_out", "data": "Each side gives back or deletes what it received."},
        },
        {"limits": {"no_onward_transfer": {}, "exports": {"at_most": 12}}, "needs": {"no_onward_transfer": "never", "exports": "second_person"}, "longest_days": 1095},
    ),
    Template(
        "city", "City data trust", "trust",
        "A city's trustees decide for its residents. What is shared, and why, is public in spirit: open ballots, a check list, data that may identify someone only as pseudonyms.",
        "Use the city's data for its residents, and show them how.",
        "The city, its companies and researchers share data for the good of those who live here. No purpose that residents were not told of. Every use is reported.",
        {
            "beneficiaries": "the people who live in the city",
            "members": {"checklist": [{"code": "interest", "text": "what residents gain from it"}, {"code": "conflict", "text": "no interest against that of residents"}]},
            "votes": {"kinds": _votes(charter={}, trustee={"majority": "two_thirds"}, expel={})},
            "reviews": {"personal": {"stages": [_stage("Privacy"), _stage("Trustees", "trustee", days=14)]}},
        },
        {"limits": {"no_reidentification": {}, "place": {"any_of": ["EEA"]}}, "needs": {"no_reidentification": "never", "place": "trustee"}, "smallest_group": 5, "pseudonyms": True},
    ),
    Template("trust", "Blank trust", "trust", "Trustees decide for those named as beneficiaries. You write the charter."),
    Template("alliance", "Blank alliance", "alliance", "Peers under equal rules: everyone who takes part runs it. You write the charter."),
    Template("room", "Room for two", "room", "Two organisations and nobody else; others do not see it. You write the charter.",
             governance={"votes": {"kinds": _votes(charter={"quorum": 100, "majority": "all"})}}),
)  # fmt: skip
BY_CODE = {template.code: template for template in TEMPLATES}
