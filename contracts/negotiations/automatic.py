"""Answers by rule: a provider lets the portal accept or reject, and the rule is named as who did it.

Only a turn of the other side is answered, each at most once, and never one that needs a person's care.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from contracts.negotiations import answer_rules, care, turns
from contracts.negotiations.machines import NEGOTIATION
from contracts.negotiations.models import AnswerRule, Message, Negotiation, Offer, Proposal, RuleAnswer
from contracts.negotiations.round_machines import RULE
from contracts.negotiations.settling import settle
from contracts.negotiations.signatures import by_when
from contracts.policies.taxonomy import listed, place_label, purpose_label
from contracts.policies.terms import Terms
from kernel.actor import Actor
from kernel.decision import Refused
from kernel.registry import performs, sees
from kernel.transition import creation, transition


@sees(RULE)
def rules(actor: Actor) -> QuerySet[AnswerRule]:
    """Those of the organisation acted for. What a provider would accept is nobody else's affair."""
    found = AnswerRule.objects.select_related("offer__dataset", "provider")
    if actor.is_system:
        return found
    return found.filter(provider_id=actor.organisation_id) if actor.organisation_id else found.none()


@performs(RULE, "lay_down")
def lay_down(
    *, actor: Actor, offer: Offer, name: str, accepts: bool = True, refuses: dict[str, Any] | None = None
) -> AnswerRule:  # fmt: skip
    """Set the rule of an offer, in place of the one that stands. Raises Refused."""
    limits = {key: value for key, value in (refuses or {}).items() if value not in (None, "", [])}
    if not accepts and not limits:
        raise Refused.because("rule.empty", "The rule would never answer", remedy="Say what it accepts or rejects",
                              field="accepts")  # fmt: skip
    with transaction.atomic():
        Offer.objects.select_for_update(of=("self",)).get(pk=offer.pk)
        for older in AnswerRule.objects.filter(offer=offer, state__in=["on", "off"]):
            drop(older.pk, actor=actor)
        rule = AnswerRule(offer=offer, provider_id=offer.provider_id, name=name.strip(), accepts=accepts, refuses=limits,
                          author_id=actor.user_id)  # fmt: skip
        with creation(RULE, "lay_down", rule, actor=actor) as change:
            change.detail = {"name": rule.name, "offer": offer.ref}
    return rule


def _switch(action: str) -> Any:
    def verb(rule_id: UUID, *, actor: Actor, seen: int | None = None) -> AnswerRule:
        with transition(RULE, action, rule_id, actor=actor, seen=seen) as change:
            change.detail = {"name": change.subject.name}
        return change.subject

    verb.__doc__ = f"{RULE.action(action).label}."
    return performs(RULE, action)(verb)


switch_on, switch_off, drop = _switch("switch_on"), _switch("switch_off"), _switch("drop")


def actor_of(rule: AnswerRule) -> Actor:
    """The rule as who acts: named in the event, in the thread and in the contract."""
    return Actor(
        name=f"Rule “{rule.name}” of {rule.provider.name}", organisation_id=rule.provider_id,
        organisation_name=rule.provider.name, door="rule", is_system=True,
    )  # fmt: skip


def in_words(rule: AnswerRule) -> list[str]:
    """What the rule does, in sentences."""
    says = ["It accepts terms that are the same as the standing offer or narrower."] if rule.accepts else []
    limits = rule.refuses
    if "purposes" in limits:
        says.append(f"It rejects any purpose outside {listed(map(purpose_label, limits['purposes']))}.")
    if "places" in limits:
        says.append(f"It rejects any place outside {listed(map(place_label, limits['places']))}.")
    if "days" in limits:
        says.append(f"It rejects a period longer than {limits['days']} days.")
    if "exports" in limits:
        says.append(f"It rejects more than {limits['exports']} exports.")
    return [*says, "Everything else waits for a person."]


def _standing(negotiation: Negotiation) -> Terms | None:
    """What the provider holds out in this negotiation: its last turn there, else the published offer."""
    own = negotiation.proposals.filter(side="provider").order_by("-number").first()
    if own is not None:
        return Terms.from_dict(own.terms)
    offer = negotiation.offer
    return Terms.from_dict(offer.terms) if offer and offer.state == "published" else None


def _rule_for(negotiation: Negotiation) -> AnswerRule | None:
    if negotiation.state != "requested" or negotiation.seats > 1 or negotiation.kind != "new":
        return None
    offer = negotiation.offer
    if offer is None or offer.state != "published":
        return None
    return AnswerRule.objects.filter(offer=offer, state="on").select_related("provider").first()


def on_turn(message: dict[str, Any]) -> None:
    """A turn was taken: let the provider's rule answer, if there is one that is on."""
    with transaction.atomic():
        negotiation = (
            Negotiation.objects.select_for_update(of=("self",)).filter(pk=UUID(message["id"])).first()
        )
        rule = _rule_for(negotiation) if negotiation else None
        if negotiation is None or rule is None:
            return
        proposal = turns.newest(negotiation)
        if proposal.side != "consumer" or RuleAnswer.objects.filter(proposal=proposal).exists():
            return
        _answer(rule, negotiation, proposal)


def _answer(rule: AnswerRule, negotiation: Negotiation, proposal: Proposal) -> None:
    asked, standing = Terms.from_dict(proposal.terms), _standing(negotiation)
    obstacles = care.obstacles(asked, negotiation)
    found = answer_rules.judge(
        accepts=rule.accepts, refuses=rule.refuses, standing=standing, asked=asked, obstacles=obstacles
    )
    outcome, because = found.outcome, list(found.because)
    try:
        with transaction.atomic():
            if outcome == answer_rules.ACCEPT:
                accept_by_rule(negotiation.pk, actor=actor_of(rule), because=because)
            elif outcome == answer_rules.REJECT:
                reject_by_rule(negotiation.pk, actor=actor_of(rule), because=because)
    except Refused as refused:
        outcome, because = answer_rules.PERSON, [reason.text for reason in refused.decision.reasons]
    RuleAnswer.objects.create(rule=rule, proposal=proposal, outcome=outcome, because=because)


def _say(negotiation: Negotiation, actor: Actor, text: str) -> None:
    Message.objects.create(
        negotiation=negotiation, organisation_id=actor.organisation_id, said_by=actor.name, text=text
    )


@performs(NEGOTIATION, "accept_by_rule")
def accept_by_rule(
    negotiation_id: UUID, *, actor: Actor, because: list[str] | None = None, seen: int | None = None
) -> Any:
    """Accept the newest turn in the rule's name."""
    with transaction.atomic():
        reason = " ".join(because or [])
        with transition(NEGOTIATION, "accept_by_rule", negotiation_id, actor=actor, reason=reason) as change:
            proposal = turns.newest(change.subject)
            change.detail = {"policy_hash": proposal.policy_hash, "proposal": proposal.number}
            turns.set_due(change.subject, by_when())
            _say(change.subject, actor, f"Accepted by rule. {reason}")
        return settle(change.subject, proposal, actor)


@performs(NEGOTIATION, "reject_by_rule")
def reject_by_rule(
    negotiation_id: UUID, *, actor: Actor, because: list[str] | None = None, seen: int | None = None
) -> Negotiation:
    """Reject the newest turn in the rule's name; the reasons reach the other side."""
    reason = " ".join(because or [])
    with transition(NEGOTIATION, "reject_by_rule", negotiation_id, actor=actor, reason=reason) as change:
        change.subject.ended_because, change.subject.due = f"{actor.name}: {reason}", None
        _say(change.subject, actor, f"Rejected by rule. {reason}")
    return change.subject
