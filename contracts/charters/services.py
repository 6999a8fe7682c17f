"""Verbs of exceptions, and the one question that binding terms must pass: does the charter allow them?"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction

from contracts.charters import selectors
from contracts.charters.machines import EXEMPTION
from contracts.charters.models import Exemption, Vote
from contracts.policies.charter import read_rules
from contracts.policies.charter_difference import Row, compare_rules
from contracts.policies.terms import Terms, TermsError
from kernel.actor import Actor, system
from kernel.decision import ALLOW, Decision, Outcome, Reason, Refused
from kernel.registry import performs
from kernel.transition import creation, transition
from trusts.datasets.models import Dataset
from trusts.membership.models import Trust
from trusts.membership.ruling import compares_rules, judges
from trusts.membership.winding import must_be_open


@judges
def judge(given: dict[str, Any]) -> dict[str, Any]:
    """A charter's rules, normalised. Raises Refused with a reason for each that makes no sense."""
    try:
        return read_rules(given)
    except TermsError as problem:
        reasons = tuple(Reason(f"charter.{e.field or e.clause}", e.text, e.remedy, "charter", e.field or e.clause) for e in problem.errors)  # fmt: skip
        raise Refused(Decision(Outcome.DENY, reasons)) from problem


@compares_rules
def compared(old: dict[str, Any], new: dict[str, Any]) -> list[Row]:
    """Each limit before and after, by what it means for what members may agree on."""
    return compare_rules(old, new)


def charter_decision(terms: Terms, dataset: Dataset, trust: Trust | None) -> Decision:
    """May these terms bind under the charter? Each place beyond it that no granted exception covers is a reason."""
    check = selectors.charter_check(terms, dataset, trust)
    if not check["open"]:
        return ALLOW
    source = f"charter, version {check['charter']}"
    reasons = tuple(
        Reason(f"charter.{one.code}", one.says, one.remedy if one.needs == "never" else f"{one.remedy}; ask for an exception",
               source, one.code)
        for one in check["open"]
    )  # fmt: skip
    return Decision(Outcome.DENY, reasons)


def must_be_met(terms: Terms, dataset: Dataset, trust: Trust | None) -> None:
    """Raises Refused for terms that the charter does not let bind, and where nothing new may begin."""
    must_be_open(trust)
    decision = charter_decision(terms, dataset, trust)
    if not decision.allowed:
        raise Refused(decision)


@performs(EXEMPTION, "ask")
def ask(*, actor: Actor, dataset: Dataset, trust: Trust, terms: dict[str, Any], why: str) -> Exemption:
    """Ask for an exception for exactly these terms. Asked again while one is open or granted, it is that one."""
    checked = Terms.from_dict(terms)
    with transaction.atomic():
        Dataset.objects.select_for_update(of=("self",)).get(pk=dataset.pk)
        check = selectors.charter_check(checked, dataset, trust)
        known = check["exemption"]
        if known is not None and known.state in ("asked", "granted") and known.charter == check["charter"]:
            found: Exemption = known
            return found
        never = [one for one in check["excesses"] if one.needs == "never"]
        if never:
            reasons = tuple(Reason(f"charter.{one.code}", one.says, "Change the clause", "charter", one.code) for one in never)  # fmt: skip
            raise Refused(Decision(Outcome.DENY, reasons))
        if not check["excesses"]:
            raise Refused.because("exemption.none", "These terms are within the charter", remedy="No exception is needed")  # fmt: skip
        needs = {one.needs for one in check["excesses"]}
        made = Exemption(
            trust=trust, dataset=dataset, provider_id=dataset.organisation_id, author_id=actor.user_id,
            terms=checked.as_dict(), terms_hash=checked.hash, charter=check["charter"], why=why.strip(),
            takes_second="second_person" in needs, takes_trustee="trustee" in needs,
            takes_vote="vote" in needs,
            excesses=[{"code": one.code, "label": one.label, "limit": one.limit, "wanted": one.wanted, "needs": one.needs}
                      for one in check["excesses"]],
        )  # fmt: skip
        with creation(EXEMPTION, "ask", made, actor=actor, reason=why.strip()) as change:
            change.detail = {"clauses": [one.code for one in check["excesses"]]}
        return made


def _settle(found: Exemption) -> Exemption:
    """Granted with the last agreement that it takes; refused once the members can no longer be for it."""
    yes, no, voters = found.tally() if found.takes_vote else (0, 0, 0)
    if found.takes_vote and no * 2 >= voters:
        return fail(found.pk, actor=system("charter"))
    second = found.second_id is not None or not found.takes_second
    trustee = found.trustee_id is not None or not found.takes_trustee
    voted = yes * 2 > voters or not found.takes_vote
    return grant(found.pk, actor=system("charter")) if second and trustee and voted else found


def _vote(action: str, agrees: bool) -> Any:
    def verb(exemption_id: UUID, *, actor: Actor, reason: str = "", seen: int | None = None) -> Exemption:
        with transaction.atomic():
            with transition(EXEMPTION, action, exemption_id, actor=actor, seen=seen, reason=reason) as change:
                Vote.objects.create(
                    exemption=change.subject,
                    organisation_id=actor.organisation_id,
                    user_id=actor.user_id,
                    agrees=agrees,
                )
                yes, no, voters = change.subject.tally()
                change.detail = {"for": yes, "against": no, "voters": voters}
            return _settle(change.subject)

    verb.__doc__ = (
        "One member's vote; more than half of the others grant the exception, half against refuse it."
    )
    return performs(EXEMPTION, action)(verb)


vote_for, vote_against = _vote("vote_for", True), _vote("vote_against", False)


@performs(EXEMPTION, "fail")
def fail(exemption_id: UUID, *, actor: Actor, seen: int | None = None) -> Exemption:
    """The members are against it."""
    with transition(
        EXEMPTION, "fail", exemption_id, actor=actor, reason="The members voted against it."
    ) as change:
        pass
    return change.subject


def _agree(action: str, field: str) -> Any:
    def verb(exemption_id: UUID, *, actor: Actor, reason: str = "", seen: int | None = None) -> Exemption:
        with transaction.atomic():
            with transition(EXEMPTION, action, exemption_id, actor=actor, seen=seen, reason=reason) as change:
                setattr(change.subject, f"{field}_id", actor.user_id)
            found = _settle(change.subject)
        return found

    verb.__doc__ = "Agree; with the last agreement that it takes, the exception is granted."
    return performs(EXEMPTION, action)(verb)


@performs(EXEMPTION, "grant")
def grant(exemption_id: UUID, *, actor: Actor, seen: int | None = None) -> Exemption:
    """Everybody whom it takes has agreed."""
    with transition(EXEMPTION, "grant", exemption_id, actor=actor) as change:
        pass
    return change.subject


agree, agree_trustee = _agree("agree", "second"), _agree("agree_trustee", "trustee")


@performs(EXEMPTION, "refuse")
def refuse(exemption_id: UUID, *, actor: Actor, reason: str, seen: int | None = None) -> Exemption:
    """No exception; the reason reaches the provider."""
    with transition(EXEMPTION, "refuse", exemption_id, actor=actor, seen=seen, reason=reason) as change:
        pass
    return change.subject


@performs(EXEMPTION, "withdraw")
def withdraw(exemption_id: UUID, *, actor: Actor, seen: int | None = None) -> Exemption:
    with transition(EXEMPTION, "withdraw", exemption_id, actor=actor, seen=seen) as change:
        pass
    return change.subject
