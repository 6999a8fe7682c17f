"""Mergers of organisations, for programs with a token."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from portal.api import serializers as out
from portal.api.views import KEY, MachineView
from trusts.mergers import services
from trusts.mergers.machines import MERGER


class Mergers(MachineView):
    machine, scope, serializer_class = MERGER, "organisation", out.MergerOut

    @extend_schema(request=out.MergerIn, responses={201: out.MergerOut}, parameters=[KEY])
    def create(self, request: Request) -> Response:
        """Propose that the token's organisation goes over into another, named by its short name."""
        self.needs("organisation")
        return self.created(services.propose(actor=self.actor, **self.valid(out.MergerIn, request)))
