"""What follows when a membership is suspended, comes back or ends: later stations register it, and it happens in
the same transaction."""

from __future__ import annotations

from collections.abc import Callable

from kernel.actor import Actor
from trusts.membership.models import Membership

# Called with the membership, the action (suspend, reinstate, leave or expel) and who did it.
Follower = Callable[[Membership, str, Actor], None]
ACTIONS = frozenset({"suspend", "reinstate", "leave", "expel"})

_followers: list[Follower] = []


def follows(does: Follower) -> Follower:
    """Decorator: call this inside the transaction of such a change; what it raises undoes the change."""
    if does not in _followers:
        _followers.append(does)
    return does


def follow(membership: Membership, action: str, actor: Actor) -> None:
    """Let everything follow that is registered."""
    for does in _followers if action in ACTIONS else ():
        does(membership, action, actor)
