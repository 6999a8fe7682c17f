"""Stopping what runs, for programs: the same list and the same verbs as the page."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal import stop as reading
from portal.api.waiting import reader

MOST = 200


class RunningOut(serializers.Serializer[Any]):
    kind = serializers.CharField(help_text="agreement or job")
    id = serializers.UUIDField()
    title = serializers.CharField()
    state = serializers.CharField()
    since = serializers.DateTimeField()


class RunningListOut(serializers.Serializer[Any]):
    count = serializers.IntegerField()
    results = RunningOut(many=True)


class StopIn(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=["agreement", "job"])
    id = serializers.UUIDField()
    do = serializers.ChoiceField(choices=[reading.STOP, reading.RESUME], default=reading.STOP)
    reason = serializers.CharField(required=False, default="", max_length=2000)


class StateOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    state = serializers.CharField()


class Running(APIView):
    @extend_schema(responses=RunningListOut)
    def get(self, request: Request) -> Response:
        """What runs now and may be stopped by the token's owner: contracts in force, then jobs, at most 200 of each."""
        found = reading.lists(reading.Reach.of(reader(request)))
        rows = [
            {"kind": kind, "id": one.pk, "title": one.title(), "state": one.state, "since": one.created}
            for kind, name in (("agreement", "contracts"), ("job", "jobs"))
            for one in found[name][:MOST]
        ]
        count = sum(found[name].count() for name in ("contracts", "jobs"))
        return Response(RunningListOut({"count": count, "results": rows}).data)

    @extend_schema(request=StopIn, responses=StateOut)
    def post(self, request: Request) -> Response:
        """Stop a contract or a job at once, with a reason; or resume a contract."""
        actor = request.user.actor  # type: ignore[union-attr]
        if "negotiations" not in (actor.scopes or frozenset()):
            raise PermissionDenied("The token needs the scope negotiations; create one that has it.")
        given = StopIn(data=request.data)
        given.is_valid(raise_exception=True)
        data = given.validated_data
        done = reading.perform(
            actor,
            reading.Reach.of(actor),
            do=data["do"],
            kind=data["kind"],
            pk=data["id"],
            reason=data["reason"],
        )
        return Response(StateOut({"id": done.pk, "state": done.state}).data)
