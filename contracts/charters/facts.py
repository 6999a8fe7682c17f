"""Loads what the rules on exceptions read."""

from __future__ import annotations

from contracts.charters.machines import EXEMPTION
from contracts.charters.models import Exemption
from contracts.charters.rules import ExemptionFacts
from kernel.actor import Actor
from kernel.registry import loads_facts


@loads_facts(EXEMPTION)
def facts(exemption: Exemption, actor: Actor) -> ExemptionFacts:
    return ExemptionFacts(
        actor_id=actor.counts_as(exemption.author_id),
        author_id=exemption.author_id,
        second_missing=exemption.takes_second and exemption.second_id is None,
        vote_to_open=exemption.takes_vote and exemption.proposal_id is None,
        trustee_missing=exemption.takes_trustee and exemption.trustee_id is None,
    )
