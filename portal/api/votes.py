"""Proposals to the members of a trust: opened here, voted on by the machine's actions."""

from __future__ import annotations

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from portal.api import serializers as out
from portal.api.views import KEY, MachineView
from trusts.membership import selectors as trusts
from trusts.membership.models import Membership
from trusts.proposals import services
from trusts.proposals.machines import PROPOSAL


class Proposals(MachineView):
    machine, scope, serializer_class = PROPOSAL, "trusts", out.TrustProposalOut

    @extend_schema(request=out.TrustProposalIn, responses={201: out.TrustProposalOut}, parameters=[KEY])
    def create(self, request: Request) -> Response:
        """Put something to the vote: `member` (a membership) to admit, expel or appoint; `given` with text, rules or governance for a charter."""
        self.needs("trusts")
        given = self.valid(out.TrustProposalIn, request)
        trust = get_object_or_404(trusts.trusts(self.actor), pk=given.pop("trust"))
        named = given.pop("member")
        known = Membership.objects.filter(trust=trust) if trust.pk in self.actor.trust_ids else Membership.objects.none()  # fmt: skip
        member = get_object_or_404(known, pk=named) if named else None
        return self.created(services.propose(actor=self.actor, trust=trust, member=member, **given))
