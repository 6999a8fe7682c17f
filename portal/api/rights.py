"""Rights on single objects: granted here, taken back by the actions `revoke` and `give_back`."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from kernel.doors import NotValid
from portal.api import serializers as out
from portal.api.views import KEY, MachineView
from trusts.rights import services
from trusts.rights.emergency_machine import EMERGENCY
from trusts.rights.forms import GrantForm
from trusts.rights.kinds import KINDS
from trusts.rights.machines import GRANT


class Emergencies(MachineView):
    """Openings that concern the token's organisation, to read and to judge. They begin in a browser, by a person."""

    machine, scope, serializer_class = EMERGENCY, "organisation", out.EmergencyOut


class Grants(MachineView):
    machine, scope, serializer_class = GRANT, "organisation", out.GrantOut

    @extend_schema(request=out.GrantIn, responses={201: out.GrantOut}, parameters=[KEY])
    def create(self, request: Request) -> Response:
        """Grant a person a right on one dataset or contract."""
        self.needs(self.scope)
        given = self.valid(out.GrantIn, request)
        machine, object_id = given.pop("machine"), given.pop("object")
        form = GrantForm(given, actor=self.actor, kinds=list(KINDS.values()))
        if not form.is_valid():
            raise NotValid(form)
        made = services.grant(actor=self.actor, machine=machine, object_id=object_id, **form.cleaned_data)
        return self.created(made)
