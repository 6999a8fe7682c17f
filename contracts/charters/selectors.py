"""Reads: a trust's rules, and exceptions an actor may know of."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from contracts.charters.machines import EXEMPTION
from contracts.charters.models import Exemption
from contracts.policies.charter import Excess, exceeds
from contracts.policies.terms import Terms
from kernel.actor import Actor
from kernel.registry import sees
from trusts.datasets.models import Column, Dataset
from trusts.membership.models import Charter, Trust
from trusts.membership.selectors import governed_trust_ids


@sees(EXEMPTION)
def exemptions(actor: Actor) -> QuerySet[Exemption]:
    """The provider's own; and those that take a trustee or the members of the trust."""
    found = Exemption.objects.select_related("dataset", "provider", "trust", "author")
    if actor.is_system:
        return found
    if actor.organisation_id is None:
        return found.none()
    asked = Q(trust_id__in=governed_trust_ids(actor.organisation_id), takes_trustee=True)
    voted = Q(trust_id__in=actor.trust_ids, takes_vote=True)
    return found.filter(Q(provider_id=actor.organisation_id) | asked | voted)


def rules_of(trust: Trust | None) -> tuple[int, dict[str, Any]]:
    """The charter's number and its rules as data. One query."""
    if trust is None:
        return 0, {}
    last = Charter.objects.filter(trust=trust).order_by("-number").values_list("number", "rules").first()
    return (last[0], last[1] or {}) if last else (0, {})


def personal_columns(dataset: Dataset) -> list[str]:
    """The columns of the newest version that may identify someone."""
    version = dataset.versions.filter(state="profiled").order_by("-number").only("pk").first()
    if version is None:
        return []
    return list(Column.objects.filter(version=version, personal=True).values_list("name", flat=True))


def excesses(terms: Terms, dataset: Dataset, trust: Trust | None) -> list[Excess]:
    """Where terms for a dataset go beyond the charter. Two queries at most."""
    _, rules = rules_of(trust)
    if not rules:
        return []
    return exceeds(terms, rules, personal_columns(dataset) if rules.get("pseudonyms") else ())


def standing_exemption(terms: Terms, dataset: Dataset, trust: Trust) -> Exemption | None:
    """The newest exception for exactly these terms of this dataset, whatever its state."""
    return (
        Exemption.objects.filter(dataset=dataset, trust=trust, terms_hash=terms.hash)
        .order_by("-created")
        .first()
    )


def covered(found: list[Excess], exemption: Exemption | None) -> list[Excess]:
    """Those that a granted exception does not cover."""
    if exemption is None or exemption.state != "granted":
        return found
    granted = {(one["code"], one["needs"]) for one in exemption.excesses}
    return [one for one in found if (one.code, one.needs) not in granted]


def charter_check(terms: Terms, dataset: Dataset, trust: Trust | None) -> dict[str, Any]:
    """For pages: how many limits hold, what goes beyond, what it takes, and the exception if there is one."""
    number, rules = rules_of(trust)
    found = (
        exceeds(terms, rules, personal_columns(dataset) if rules.get("pseudonyms") else ()) if rules else []
    )
    exemption = standing_exemption(terms, dataset, trust) if found and trust is not None else None
    limits = len(rules.get("limits") or {}) + sum(
        name in rules for name in ("longest_days", "smallest_group", "pseudonyms")
    )
    return {"charter": number, "limits": limits, "met": max(limits - len(found), 0), "excesses": found, "exemption": exemption,
            "open": covered(found, exemption), "never": any(one.needs == "never" for one in found)}  # fmt: skip
