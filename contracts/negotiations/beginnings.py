"""What somebody could begin from a page, as buttons: open, or with the reason why not before a form is filled in.

A person whose own role is another sees no button at all, as with every action. What the member may, its roles in the
trust say; the verbs ask the same rules again.
"""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse

from contracts.negotiations import succession
from contracts.negotiations.machines import NEGOTIATION
from contracts.negotiations.models import Agreement
from contracts.negotiations.settling import parties_decision
from kernel import registry
from kernel.actor import Actor
from kernel.decision import ALLOW, Decision, worst_of
from kernel.doors import Start
from kernel.transition import may_create
from trusts.datasets.models import Dataset
from trusts.membership.roles import ASK, lets_in, may_do
from trusts.membership.roles import OFFER as OFFERS


def may_ask(dataset: Dataset, actor: Actor) -> Decision:
    """Whether this organisation may ask for the dataset: its roles, and those of the provider. Two queries."""
    return parties_decision(dataset, actor.organisation_id)


def in_some_trust(lets: dict[UUID, Decision]) -> Decision:
    """Given `lets_in`: whether there is a trust to publish in. Who is in none is told so on the page itself."""
    said = list(lets.values())
    return ALLOW if not said or any(one.allowed for one in said) else worst_of(said)


def asking(dataset: Dataset, actor: Actor, label: str = "Ask for terms") -> list[Start]:
    if not asks(dataset, actor):
        return []
    url = f"{reverse('negotiation_new')}?{urlencode({'dataset': dataset.slug})}"
    return [Start("ask", label, url, may_ask(dataset, actor), "primary")]


def asks(dataset: Dataset, actor: Actor) -> bool:
    """Whether this person's own role is one that asks."""
    sides = {"provider_id": dataset.organisation_id, "consumer_id": actor.organisation_id}
    return may_create(NEGOTIATION, "ask", actor, dataset=dataset, **sides)


def offering(dataset: Dataset, actor: Actor, publishing: Decision, again: bool) -> list[Start]:
    """Terms for all members, and for one partner once the dataset is in a catalogue. `publishing`: whether the data allows it."""
    label, kind = ("Publish other terms", "") if again else ("Publish terms", "primary")
    lets = lets_in(actor.organisation_id, OFFERS)
    decision = publishing.and_(in_some_trust(lets))
    found = [Start("publish", label, reverse("offer_new", args=[dataset.slug]), decision, kind)]
    if dataset.state == "listed":
        decision = lets.get(dataset.trust_id, ALLOW)  # type: ignore[arg-type]
        found.append(
            Start("offer_to", "Offer to a partner", reverse("offer_to", args=[dataset.slug]), decision)
        )
    return found


def may_request(agreement: Agreement) -> Decision:
    """Whether the consumer's roles let it ask for something under its contract. Two queries."""
    return may_do(agreement.trust, agreement.consumer_id, ASK, under_contract=True)


def requesting(agreement: Agreement, actor: Actor) -> list[Start]:
    sides = {"agreement": agreement, "consumer_id": agreement.consumer_id}
    if not may_create(registry.entry("request").machine, "draft", actor, **sides):
        return []
    url = f"{reverse('request_new')}?{urlencode({'contract': agreement.pk})}"
    return [Start("request", "Request an export", url, may_request(agreement), "primary")]


def may_succeed(agreement: Agreement, kind: str) -> Decision:
    """A renewal begins something, by the roles of now; a change goes on with what is agreed. Two queries."""
    return ALLOW if kind == "amendment" else parties_decision(agreement.dataset, agreement.consumer_id)


def succeeding(agreement: Agreement, actor: Actor) -> list[Start]:
    if agreement.state != "in_force" or not succession.may_open(agreement, actor):
        return []
    pages = (
        ("amendment", "Propose a change", "contract_amend"),
        ("renewal", "Renew", "contract_renew"),
    )
    return [
        Start(kind, label, reverse(page, args=[agreement.pk]), may_succeed(agreement, kind))
        for kind, label, page in pages
    ]
