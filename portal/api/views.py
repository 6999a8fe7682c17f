"""One kind of view for all machines: list, read, say what may be done, do it.

Every command goes through the same door as the browser's (`kernel.doors.perform`).
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, QueryDict
from django.utils.datastructures import MultiValueDict
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import GenericViewSet

from kernel import doors, registry
from kernel.actor import Actor
from kernel.machine import Machine
from kernel.rehearsal import rehearse
from portal.api.commands import listed, with_commands
from portal.api.idempotency import IdempotentPosts
from portal.api.serializers import ActionOut, ForetoldOut

KEY = OpenApiParameter(
    "Idempotency-Key", str, OpenApiParameter.HEADER, description="The same key twice does it once"
)


def flat(data: Any, form: Any) -> QueryDict:
    """JSON as form data: lists become repeated values, objects become JSON for JSON fields."""
    import json

    from django import forms

    post = QueryDict(mutable=True)
    declared = dict(form.fields.items())
    for name, value in dict(data).items():
        field = declared.get(name)
        if isinstance(field, forms.JSONField):
            post[name] = value if isinstance(value, str) else json.dumps(value)
        elif isinstance(value, (list, tuple)) and not isinstance(field, (forms.CharField,)):
            post.setlist(name, [str(v) for v in value])
        elif isinstance(value, (list, tuple)):
            post[name] = ", ".join(str(v) for v in value)
        elif value is True:
            post[name] = "on"
        elif value is not False and value is not None:
            post[name] = value if isinstance(value, str) else str(value)
    return post


class MachineView(IdempotentPosts, GenericViewSet):
    """Subclasses name machine, scope and serializer; visibility comes from the registry."""

    machine: Machine
    scope = "read"
    order = ("-created", "pk")
    related: tuple[str, ...] = ()

    @property
    def actor(self) -> Actor:
        found: Actor = self.request.user.actor  # type: ignore[union-attr]
        return found

    def needs(self, *scopes: str) -> None:
        held = self.actor.scopes or frozenset()
        if not held.intersection(scopes):
            raise PermissionDenied(
                f"The token needs the scope {' or '.join(scopes)}; create one that has it."
            )

    def get_queryset(self) -> Any:
        selector = registry.entry(self.machine.name).visible
        assert selector is not None
        if getattr(self, "swagger_fake_view", False):
            return registry.entry(self.machine.name).model._default_manager.none()
        found = selector(self.actor).order_by(*self.order)
        return found.prefetch_related(*self.related) if self.related else found

    def get_serializer_class(self) -> Any:
        """One object says what may be done with it; a row of a list does not."""
        kind = super().get_serializer_class()
        return with_commands(kind) if self.action in ("retrieve", "act") else kind

    def filtered(self, found: Any) -> Any:
        state = self.request.query_params.get("state")
        return found.filter(state=state) if state else found

    def asked_id(self, name: str) -> UUID | None:
        """The id that a query parameter names, if it is there. Raises ValidationError for what is none."""
        given = self.request.query_params.get(name)
        try:
            return UUID(given) if given else None
        except ValueError:
            raise ValidationError({name: ["This is not an id."]}) from None

    @extend_schema(parameters=[OpenApiParameter("state", str, description="Only objects in this state")])
    def list(self, request: Request) -> Response:
        self.needs("read", self.scope)
        page = self.paginate_queryset(self.filtered(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def retrieve(self, request: Request, pk: UUID) -> Response:
        self.needs("read", self.scope)
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(responses=ActionOut(many=True))
    def actions(self, request: Request, pk: UUID) -> Response:
        """Every command on it: whether it is allowed now, and if not the reasons. The same as `commands` of the object."""
        self.needs("read", self.scope)
        return Response(listed(self.machine, self.get_object(), self.actor, self.scope))

    @extend_schema(parameters=[OpenApiParameter("action", str, OpenApiParameter.PATH)], responses=ForetoldOut)
    def foretold(self, request: Request, pk: UUID, action: str) -> Response:
        """What a command would bring about elsewhere if it were done now: it is rehearsed and taken back, nothing changes.

        For commands that `actions` calls foretold. Takes what the command takes; titles are named to a token that may read.
        """
        self.needs(self.scope)
        subject = self.get_object()
        found = next((one for one in listed(self.machine, subject, self.actor, self.scope) if one["name"] == action), None)  # fmt: skip
        if found is None or not found["foretold"]:
            raise Http404("There is no such command on it that is foretold; see actions.")
        effects = rehearse(self.machine, action, subject, self.actor) if found["allowed"] else []
        reads = "read" in (self.actor.scopes or frozenset())
        told = [one.as_dict() | ({} if reads else {"named": []}) for one in effects]
        return Response(
            {"command": action, "allowed": found["allowed"], "reasons": found["reasons"], "effects": told}
        )

    @extend_schema(
        parameters=[KEY, OpenApiParameter("action", str, OpenApiParameter.PATH)],
        request=OpenApiTypes.OBJECT, responses={200: OpenApiTypes.OBJECT},
    )  # fmt: skip
    def act(self, request: Request, pk: UUID, action: str) -> Response:
        """Do it. Body: the action's fields, and `seen` with the version you read, to be refused if it moved."""
        self.needs(self.scope)
        subject = self.get_object()
        data = request.data if isinstance(request.data, (dict, MultiValueDict)) else {}
        seen = data.get("seen")
        post: Any = data
        if not isinstance(data, QueryDict):
            form = (
                doors.form_for(self.machine, action)(subject=subject, actor=self.actor)
                if self.machine.has(action)
                else None
            )
            post = flat(data, form) if form is not None else {}
        done = doors.perform(
            self.machine, action, subject, actor=self.actor, data=post, files=request.FILES,
            seen=int(seen) if str(seen).isdigit() else None,
        )  # fmt: skip
        body = self.answer(done, subject)
        if isinstance(done, doors.Shown):
            answer = Response(body | {"shown": done.as_list()}, headers={"Cache-Control": "no-store"})
            # A repetition with the same key is told that it was done, not what was seen.
            answer.kept = body  # type: ignore[attr-defined]
            return answer
        return Response(body)

    def answer(self, done: Any, subject: Any) -> Any:
        """The subject as it is now; if the verb made something else, its id too."""
        subject = self.get_queryset().filter(pk=subject.pk).first() or subject
        body = dict(self.get_serializer(subject).data)
        if getattr(done, "pk", None) not in (None, subject.pk):
            body["made"] = {"kind": type(done).__name__, "id": str(done.pk)}
        return body

    def valid(self, kind: type[BaseSerializer[Any]], request: Request) -> dict[str, Any]:
        found = kind(data=request.data)
        found.is_valid(raise_exception=True)
        return dict(found.validated_data)

    def created(self, subject: Any) -> Response:
        found = self.get_queryset().get(pk=subject.pk)
        return Response(self.get_serializer(found).data, status=status.HTTP_201_CREATED)
