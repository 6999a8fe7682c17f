"""What may be done with an object now by this token, and why the rest may not: part of every object."""

from __future__ import annotations

from functools import cache
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from kernel import doors
from kernel.actor import Actor
from kernel.decision import Reason
from kernel.machine import Machine
from portal.api.serializers import CommandsOut


def listed(machine: Machine, subject: Any, actor: Actor, scope: str) -> list[dict[str, Any]]:
    """Each command with the decision on it. A token that lacks the scope is refused each of them for that reason too."""
    unscoped = scope not in (actor.scopes or frozenset())
    missing = Reason("token.scope", f"The token lacks the scope {scope}", remedy="Create a token that has it")
    return [
        {
            "name": one.name,
            "label": one.label,
            "allowed": one.enabled and not unscoped,
            "foretold": one.action.foretold,
            "reasons": [r.as_dict() for r in (*([missing] if unscoped else []), *one.reasons)],
        }
        for one in doors.commands(machine, subject, actor)
    ]


@cache
def with_commands(kind: type[Any]) -> type[Any]:
    """The same serializer with `commands`. On lists it is left out: it would cost the facts of every row."""

    @extend_schema_field(CommandsOut)
    def get_commands(self: Any, subject: Any) -> dict[str, Any]:
        view = self.context["view"]
        found = listed(view.machine, subject, view.actor, view.scope)
        return {
            "allowed": [one["name"] for one in found if one["allowed"]],
            "refused": [
                {"command": one["name"], "reasons": one["reasons"]} for one in found if not one["allowed"]
            ],
        }

    meta = type("Meta", (kind.Meta,), {"fields": [*kind.Meta.fields, "commands"]})
    return type(
        kind.__name__.removesuffix("Out") + "WithCommandsOut",
        (kind,),
        {
            "__doc__": kind.__doc__,
            "commands": serializers.SerializerMethodField(),
            "get_commands": get_commands,
            "Meta": meta,
        },
    )
