"""The robots of the token's organisation, to read. They are switched with the organisation's action `switch_robot`."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal import robots as shown
from portal.api.waiting import reader
from trusts.organisations.models import Organisation


class RobotOut(serializers.Serializer[Any]):
    code = serializers.CharField()
    name = serializers.CharField(help_text="How the audit trail names it")
    does = serializers.CharField()
    on = serializers.BooleanField()
    switchable = serializers.BooleanField()
    times = serializers.IntegerField(help_text="How often it acted on what concerns the organisation")
    last = serializers.DateTimeField(allow_null=True)


class RobotsOut(serializers.Serializer[Any]):
    count = serializers.IntegerField()
    results = RobotOut(many=True)


class Robots(APIView):
    @extend_schema(responses=RobotsOut)
    def get(self, request: Request) -> Response:
        """Every robot: what it does, whether it is on, and how often it acted."""
        actor = reader(request)
        organisation = Organisation.objects.get(pk=actor.organisation_id)
        rows = [
            {"code": one.robot.code, "name": one.name, "does": one.robot.does, "on": one.on,
             "switchable": not one.robot.fixed, "times": one.times, "last": one.last}
            for one in shown.rows(organisation, actor)
        ]  # fmt: skip
        return Response(RobotsOut({"count": len(rows), "results": rows}).data)
