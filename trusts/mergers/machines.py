"""How a merger begins and who says yes to it."""

from __future__ import annotations

from kernel.machine import Action, Machine, State
from kernel.registry import register
from kernel.roles import OWNER, side
from trusts.mergers.rules import (
    another_person,
    nothing_between,
    one_at_a_time,
    trusts_stay_run,
    two_that_exist,
)

LEAVING, INTO = side("leaving", OWNER), side("into", OWNER)
PROPOSED = frozenset({"proposed"})

MERGER = register(
    Machine(
        name="merger",
        model="mergers.Merger",
        label="merger",
        states=(
            State("proposed", "Proposed", "active", "An owner of the other organisation has to agree or decline.", "into"),
            State("done", "Merged", "good", "The two are one from here on. Contracts stand under the name they were signed in."),
            State("declined", "Declined", "neutral", "The other organisation did not agree. Nothing was changed."),
            State("withdrawn", "Withdrawn", "neutral", "It was taken back. Nothing was changed."),
        ),
        final=frozenset({"done", "declined", "withdrawn"}),
        creates=(
            Action("propose", "Propose a merger", LEAVING, frozenset({""}), to="proposed", needs=(two_that_exist, one_at_a_time),
                   then=("merger.proposed",), kind="primary"),
        ),
        actions=(
            Action(
                "agree", "Agree: become one", INTO, PROPOSED, to="done", kind="danger",
                needs=(two_that_exist, another_person, trusts_stay_run, nothing_between), then=("merger.answered",), foretold=True, asks=True,
                help="It cannot be undone. What follows is below.", done="The two are one from now on.",
            ),
            Action("decline", "Decline", INTO, PROPOSED, to="declined", asks=True, then=("merger.answered",), done="Declined. The other side has been told."),
            Action("withdraw", "Take back", LEAVING, PROPOSED, to="withdrawn", done="Taken back."),
        ),
    )
)  # fmt: skip
