"""What follows when a membership is suspended, comes back or ends: later stations register it, and it happens in
the same transaction."""

from __future__ import annotations

from collections.abc import Callable

from kernel.actor import Actor
from trusts.membership.models import Membership, Trust

# Called with the membership, the action (suspend, reinstate, leave, expel, or part with the trust) and who did it.
Follower = Callable[[Membership, str, Actor], None]
ACTIONS = frozenset({"suspend", "reinstate", "leave", "expel", "part"})

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


# Called with a trust that is being wound up, by the portal, in the same transaction.
Winder = Callable[[Trust, Actor], None]
# How many things of a trust still run that its charter lets run out.
Counter = Callable[[Trust], int]

_winders: list[Winder] = []
_counters: list[Counter] = []


def follows_winding_up(does: Winder) -> Winder:
    """Decorator: call this when a trust is wound up, before any membership ends."""
    if does not in _winders:
        _winders.append(does)
    return does


def follow_winding_up(trust: Trust, actor: Actor) -> None:
    for does in _winders:
        does(trust, actor)


def runs_out(counts: Counter) -> Counter:
    """Decorator: this function counts what of a trust still runs."""
    if counts not in _counters:
        _counters.append(counts)
    return counts


def running(trust: Trust) -> int:
    """How much of a trust still runs: it ends with the last of it."""
    return sum(counts(trust) for counts in _counters)
