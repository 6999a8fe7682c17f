"""The provider's robot: told of each request that is submitted, it answers those within its reach, and no others."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from contracts.sharing.answering import approve_by_robot
from contracts.sharing.models import Request
from kernel.decision import Refused
from trusts.organisations import robots

BECAUSE = "What is asked is no wider than the standing offer, and the engine has nothing against it."


def on_submitted(message: dict[str, Any]) -> None:
    """A request was submitted: answer it, or leave it to people. Safe to be told twice: it answers only what is new."""
    asked = (
        Request.objects.select_related("provider").filter(pk=UUID(message["id"]), state="submitted").first()
    )
    if asked is None or not robots.is_on(robots.APPROVES, asked.provider):
        return
    try:
        approve_by_robot(asked.pk, actor=robots.actor_for(robots.APPROVES, asked.provider), reason=BECAUSE)
    except Refused:
        return  # for people: its machine said why
