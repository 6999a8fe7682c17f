"""Which actions on a membership are worth a button: what is possible, and what is not and why, without what has nothing to do."""

from __future__ import annotations

from kernel import doors
from kernel.actor import Actor
from trusts.membership.machines import CANDIDATE, MEMBERSHIP
from trusts.membership.models import Membership

# What would be said of a button that has nothing to do: it is left out.
NOTHING_TO_DO = {"membership.no_evidence", "membership.no_checks", "membership.no_condition", "membership.no_probation",
                 "membership.no_hearing", "membership.replied", "membership.no_notice", "membership.noticed",
                 "membership.no_notice_given", "membership.being_heard", "membership.probation_runs", "membership.no_role_asked"}  # fmt: skip


def fitting(membership: Membership, actor: Actor) -> list[doors.Choice]:
    """For the membership's own page."""
    found = doors.choices(MEMBERSHIP, membership, actor)
    return [one for one in found if not {reason.code for reason in one.reasons} & NOTHING_TO_DO]


def own(membership: Membership, actor: Actor) -> list[doors.Choice]:
    """What an organisation does about its own place, for the trust's page; who runs the trust acts on members elsewhere."""
    return [one for one in fitting(membership, actor) if one.action.by & CANDIDATE]
