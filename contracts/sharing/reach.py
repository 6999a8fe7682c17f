"""How far the provider's robot reaches: which requests it may answer with yes, and why the others wait for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contracts.negotiations.models import Offer
from contracts.policies.difference import compare, not_wider
from contracts.policies.terms import Terms, TermsError
from contracts.sharing.models import Request
from contracts.sharing.warnings import warnings_on
from kernel.decision import ALLOW, Decision, deny
from trusts.organisations import robots


def taken(request: Request) -> Terms:
    """What a request takes of its contract, as terms: its one purpose, place and format and its own columns, under
    every other clause as agreed."""
    found: dict[str, Any] = Terms.from_dict(request.agreement.terms).as_dict()
    found["purpose"] = {**found["purpose"], "any_of": [request.purpose]}
    found["columns"] = {"only": list(request.columns)}
    found["formats"] = {"any_of": [request.format]}
    if request.place:
        found["place"] = {**found.get("place", {}), "any_of": [request.place]}
    return Terms.from_dict(found)


def outside(request: Request) -> str:
    """Why a request is not wholly within the standing offer, as a sentence; empty if it is."""
    offers = Offer.objects.filter(
        dataset_id=request.agreement.dataset_id, provider_id=request.provider_id, state="published"
    )
    first = ""
    for offer in offers:
        try:
            changes = compare(Terms.from_dict(offer.terms), taken(request))
        except TermsError:
            continue
        if not_wider(changes):
            return ""
        wider = [one.label for one in changes if one.direction not in ("same", "narrower")]
        first = first or f"The request goes beyond offer {offer.ref}: {', '.join(wider)}"
    return first or "No offer of yours stands that the request could be compared with"


def reach(request: Request, stage: Mapping[str, Any]) -> Decision:
    """Whether the provider's robot may answer this request in its open stage. At most three queries."""
    if not robots.is_on(robots.APPROVES, request.provider):
        return deny("robot.off", "The provider's robot is switched off")
    if not stage.get("robot"):
        return deny("robot.charter", "The charter asks people in this stage of the review", source="charter")
    if request.previous or request.reviews.exists():
        return deny("robot.seen", "Somebody has looked at this request already")
    if request.stated:
        return deny("robot.stated", "The decision rests on what a person stated")
    if warnings_on(request):
        return deny("robot.warned", "Columns that may single somebody out stay together")
    if request.agreement.also:
        return deny("robot.several", "The contract covers several datasets, and an offer only one")
    if why := outside(request):
        return deny("robot.outside", why)
    return ALLOW
