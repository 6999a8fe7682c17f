"""Witnesses of the log and the disagreements that were found, for programs with a token."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from portal.api import serializers as out
from portal.api.views import KEY, MachineView
from trusts.witnesses import services
from trusts.witnesses.machines import SPLIT_VIEW, WITNESS


class Witnesses(MachineView):
    machine, scope, serializer_class, order = WITNESS, "organisation", out.WitnessOut, ("name", "pk")

    @extend_schema(request=out.WitnessIn, responses={201: out.WitnessOut}, parameters=[KEY])
    def create(self, request: Request) -> Response:
        """Register a witness: both lines that `witness.py --register` prints. `outside`: of another party, by the operator."""
        self.needs("organisation")
        given = self.valid(out.WitnessIn, request)
        make = services.admit if given.pop("outside") else services.register
        return self.created(make(actor=self.actor, **given))

    @extend_schema(responses=out.ChallengeOut)
    def challenge(self, request: Request) -> Response:
        """The line for `witness.py --register`: good for the next registration of the token's organisation."""
        self.needs("read", self.scope)
        return Response(
            {"line": services.challenge(self.actor.organisation_id), "outside": services.challenge(None)}
        )


class SplitViews(MachineView):
    """Two checkpoints of the log that disagree, for ever."""

    machine, scope, serializer_class = SPLIT_VIEW, "read", out.SplitViewOut
