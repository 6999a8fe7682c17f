"""What waits and what the token's owner was told, for programs that show it elsewhere."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kernel.actor import Actor
from portal.inbox import LIMIT, ME, OTHERS, gather, load
from portal.notices import write

MOST = 200


class WaitingOut(serializers.Serializer[Any]):
    """One waiting thing. `id` and `kind_of_object` are those of the object itself; do what waits with its own actions."""

    kind = serializers.CharField(help_text="The area of work, as the inbox's filter names it")
    what = serializers.CharField(help_text="What is to be done, in words")
    kind_of_object = serializers.CharField()
    id = serializers.UUIDField()
    title = serializers.CharField()
    state = serializers.CharField()
    who = serializers.CharField(help_text="The other side; among what waits for others, who moves next")
    since = serializers.DateTimeField()
    due = serializers.DateTimeField(allow_null=True)
    url = serializers.URLField()


class InboxOut(serializers.Serializer[Any]):
    count = serializers.IntegerField()
    results = WaitingOut(many=True)


class NoticeOut(serializers.Serializer[Any]):
    """One thing that the token's owner was told as one of its organisation."""

    id = serializers.UUIDField()
    topic = serializers.CharField()
    text = serializers.CharField()
    title = serializers.CharField()
    kind_of_object = serializers.CharField()
    object = serializers.UUIDField()
    created = serializers.DateTimeField()
    read = serializers.DateTimeField(allow_null=True)
    url = serializers.URLField()


class NoticesOut(serializers.Serializer[Any]):
    count = serializers.IntegerField()
    results = NoticeOut(many=True)


def reader(request: Request) -> Actor:
    actor: Actor = request.user.actor  # type: ignore[union-attr]
    if "read" not in (actor.scopes or frozenset()):
        raise PermissionDenied("The token needs the scope read; create one that has it.")
    return actor


def _choice(request: Request, name: str, known: tuple[str, ...]) -> str:
    given = request.query_params.get(name, known[0])
    if given not in known:
        raise ValidationError({name: [f"Not one of {', '.join(known)}."]})
    return given


class Inbox(APIView):
    @extend_schema(
        responses=InboxOut,
        parameters=[
            OpenApiParameter("waits_for", enum=[ME, OTHERS], description="me, or others who move next")
        ],
    )
    def get(self, request: Request) -> Response:
        """What waits for the token's owner, or what the organisation waits for; soonest first. `count` is of all, up to 1,000; at most 200 are listed."""
        actor = reader(request)
        lines = gather(actor, _choice(request, "waits_for", (ME, OTHERS)))
        found = load(actor, lines[:LIMIT])
        rows = [
            {"kind": one.kind, "what": one.verb, "kind_of_object": one.machine.name, "id": one.subject.pk, "title": one.subject.title(),
             "state": one.subject.state, "who": one.counterpart, "since": one.since, "due": one.due,
             "url": f"{settings.SITE_URL}{one.subject.get_absolute_url()}"}
            for one in found
        ]  # fmt: skip
        return Response(InboxOut({"count": len(lines), "results": rows}).data)


class Notices(APIView):
    @extend_schema(
        responses=NoticesOut,
        parameters=[
            OpenApiParameter("show", enum=["unread", "all"], description="unread, or all that are kept")
        ],
    )
    def get(self, request: Request) -> Response:
        """What the token's owner was told, newest first, at most 200. Reading it here marks nothing as read."""
        found = write.of(reader(request))
        if _choice(request, "show", ("unread", "all")) == "unread":
            found = found.filter(read=None)
        rows = [
            {"id": one.pk, "topic": one.topic, "text": one.text, "title": one.title, "kind_of_object": one.machine,
             "object": one.subject_id, "created": one.created, "read": one.read, "url": f"{settings.SITE_URL}{one.url}"}
            for one in found[:MOST]
        ]  # fmt: skip
        return Response(NoticesOut({"count": len(rows), "results": rows}).data)
