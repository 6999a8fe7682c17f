"""What a policy would decide: a calculation on what is sent, nothing is kept."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from contracts.policies.deciding.documents import answer
from contracts.policies.deciding.facts import InputFault
from contracts.policies.language.faults import PolicyError
from portal.api.problems import problem


class EvaluateIn(serializers.Serializer[None]):
    policy = serializers.JSONField(help_text="ODRL as JSON-LD")  # type: ignore[assignment]
    request = serializers.JSONField(help_text="assignee, action, target, and further left operands")  # type: ignore[assignment]
    world = serializers.JSONField(required=False, help_text="now, members, duties, counters, facts")  # type: ignore[assignment]


class Evaluate(APIView):
    @extend_schema(request=EvaluateIn, responses={200: OpenApiTypes.OBJECT, 422: OpenApiTypes.OBJECT})
    def post(self, request: Request) -> Response:
        """Decide a policy for a request in a state of the world: permit, deny or needs_information, with every premise.

        Answers as `manage.py evaluate_policy --json`. 422 names the place of what cannot be read. Nothing is kept.
        """
        actor = request.user.actor  # type: ignore[union-attr]
        if "read" not in (actor.scopes or frozenset()):
            raise PermissionDenied("The token needs the scope read; create one that has it.")
        given = request.data if isinstance(request.data, dict) else {}
        missing = [name for name in ("policy", "request") if not isinstance(given.get(name), dict)]
        if missing:
            return _wrong(
                [
                    {
                        "where": name,
                        "text": "must be a JSON object",
                        "remedy": "Send policy, request and world",
                    }
                    for name in missing
                ]
            )
        try:
            return Response(answer(given["policy"], given["request"], given.get("world") or {}))
        except PolicyError as error:
            return _wrong(
                [
                    {"where": f"policy{f.pointer}", "text": f.text, "remedy": f.remedy}
                    for f in error.faults[:50]
                ]
            )
        except InputFault as fault:
            return _wrong([{"where": fault.where, "text": fault.text, "remedy": fault.remedy}])


def _wrong(faults: list[dict[str, str]]) -> Response:
    return problem("invalid", "The input has errors", status.HTTP_422_UNPROCESSABLE_ENTITY, faults=faults)
