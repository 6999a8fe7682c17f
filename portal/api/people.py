"""The people of the token's organisation: places, deputies, groups. Commands are the machines' actions."""

from __future__ import annotations

from portal.api import serializers as out
from portal.api.views import MachineView
from trusts.organisations.access_machines import ACCESS_REVIEW, DOMAIN, JOINING
from trusts.organisations.machines import MEMBER
from trusts.organisations.people_machines import DEPUTYSHIP, GROUP
from trusts.organisations.sign_in_machines import PROVIDER


class People(MachineView):
    machine, scope, serializer_class = MEMBER, "organisation", out.PersonOut


class Deputyships(MachineView):
    machine, scope, serializer_class = DEPUTYSHIP, "organisation", out.DeputyshipOut


class Groups(MachineView):
    machine, scope, serializer_class, related = GROUP, "organisation", out.GroupOut, ("members",)


class Domains(MachineView):
    machine, scope, serializer_class = DOMAIN, "organisation", out.DomainOut


class JoinRequests(MachineView):
    machine, scope, serializer_class = JOINING, "organisation", out.JoinRequestOut


class AccessReviews(MachineView):
    """Answer with `person-<place>`: `keep` or `remove` for each of `people`, and a `reason` if any is removed."""

    machine, scope, serializer_class = ACCESS_REVIEW, "organisation", out.AccessReviewOut


class Providers(MachineView):
    machine, scope, serializer_class = PROVIDER, "organisation", out.ProviderOut
