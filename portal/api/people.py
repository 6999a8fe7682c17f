"""The people of the token's organisation: places, deputies, groups. Commands are the machines' actions."""

from __future__ import annotations

from portal.api import serializers as out
from portal.api.views import MachineView
from trusts.organisations.machines import MEMBER
from trusts.organisations.people_machines import DEPUTYSHIP, GROUP


class People(MachineView):
    machine, scope, serializer_class = MEMBER, "organisation", out.PersonOut


class Deputyships(MachineView):
    machine, scope, serializer_class = DEPUTYSHIP, "organisation", out.DeputyshipOut


class Groups(MachineView):
    machine, scope, serializer_class, related = GROUP, "organisation", out.GroupOut, ("members",)
