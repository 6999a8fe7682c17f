"""Loads what the rules on requests read, in a constant number of queries."""

from __future__ import annotations

from contracts.negotiations.selectors import standing
from contracts.sharing.advice import advise
from contracts.sharing.machines import REQUEST
from contracts.sharing.models import Request
from contracts.sharing.rules import RequestFacts
from kernel.actor import Actor
from kernel.registry import loads_facts
from trusts.organisations.models import OrganisationMember


@loads_facts(REQUEST)
def facts(request: Request, actor: Actor) -> RequestFacts:
    both = OrganisationMember.objects.filter(
        user_id=actor.user_id, organisation_id=request.consumer_id, state="active"
    ).exists()
    people = request.named.count() if not request._state.adding else 0
    return RequestFacts(
        actor_id=actor.user_id, author_id=request.author_id, actor_is_of_consumer=both,
        standing=standing(request.agreement), advice=advise(request, people),
    )  # fmt: skip
