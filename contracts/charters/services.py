"""Verbs of exceptions, and the one question that binding terms must pass: does the charter allow them?"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction

from contracts.charters import selectors
from contracts.charters.machines import EXEMPTION
from contracts.charters.models import Exemption
from contracts.charters.partners import partners
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
from trusts.proposals import services as proposals
from trusts.proposals.closing import settle
from trusts.proposals.models import Proposal

KIND = "exception"


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
def ask(
    *, actor: Actor, dataset: Dataset, trust: Trust, terms: dict[str, Any], why: str, negotiation: str = ""
) -> Exemption:  # fmt: skip
    """Ask for an exception for exactly these terms. Asked again while one is open or granted, it is that one.

    `negotiation`: the one for which they are. Where the members vote, its parties do not, nor those of another one in
    which just these terms are on the table.
    """
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
        if "vote" in needs and not trust.governance().by_vote(KIND):
            # The charter leaves exceptions to those who run the trust.
            needs = needs - {"vote"} | {"trustee"}
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
        made.partners.set(partners(dataset, checked, negotiation, actor))
        return put_to_vote(made.pk, actor=system("charter", door=actor.door)) if made.takes_vote else made


def _settle(found: Exemption) -> Exemption:
    """Granted with the last agreement that it takes."""
    second = found.second_id is not None or not found.takes_second
    trustee = found.trustee_id is not None or not found.takes_trustee
    voted = found.members_agreed or not found.takes_vote
    return grant(found.pk, actor=system("charter")) if second and trustee and voted else found


@performs(EXEMPTION, "put_to_vote")
def put_to_vote(exemption_id: UUID, *, actor: Actor, seen: int | None = None) -> Exemption:
    """Open the members' vote on it, in which neither the provider nor the partners have one. Raises Refused."""
    with transition(EXEMPTION, "put_to_vote", exemption_id, actor=actor, seen=seen) as change:
        found: Exemption = change.subject
        found.proposal = proposals.propose(
            actor=system("Commonhold"), trust=found.trust, kind=KIND, why=found.why, given={"exemption": str(found.pk)},
            concerned=[found.provider_id, *found.partners.values_list("pk", flat=True)],
        )  # fmt: skip
        change.detail = {"proposal": found.proposal.ref}
    return found


@performs(EXEMPTION, "members_agree")
def members_agree(
    exemption_id: UUID, *, actor: Actor, reason: str = "", seen: int | None = None
) -> Exemption:
    """The members adopted it; with the last agreement that it takes, the exception is granted."""
    with transaction.atomic():
        with transition(EXEMPTION, "members_agree", exemption_id, actor=actor, reason=reason) as change:
            change.subject.members_agreed = True
        return _settle(change.subject)


@performs(EXEMPTION, "fail")
def fail(exemption_id: UUID, *, actor: Actor, reason: str = "", seen: int | None = None) -> Exemption:
    """The members are against it, or too few took part."""
    with transition(EXEMPTION, "fail", exemption_id, actor=actor, reason=reason) as change:
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


def _end(action: str) -> Any:
    def verb(exemption_id: UUID, *, actor: Actor, reason: str = "", seen: int | None = None) -> Exemption:
        with transaction.atomic():
            # Locked in the order in which a vote is closed: the proposal first.
            voted = Proposal.objects.select_for_update(of=("self",)).filter(
                exemptions=exemption_id, state="open"
            )
            found = voted.first()
            with transition(EXEMPTION, action, exemption_id, actor=actor, seen=seen, reason=reason) as change:
                pass
            if found is not None:
                settle(found.pk)
        return change.subject

    verb.__doc__ = f"{EXEMPTION.action(action).label}; a vote that is open on it falls away. A reason reaches the provider."
    return performs(EXEMPTION, action)(verb)


refuse, withdraw = _end("refuse"), _end("withdraw")
