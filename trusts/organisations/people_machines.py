"""Who stands in for whom, and named groups of people."""

from __future__ import annotations

from kernel.machine import Action, Machine, State
from kernel.registry import register
from kernel.roles import OWNER, STEWARD, side

NEW = frozenset({""})
OWNERS = side("own", OWNER)
KEEPERS = side("own", OWNER, STEWARD)

DEPUTYSHIP = register(
    Machine(
        name="deputyship",
        model="organisations.Deputyship",
        label="deputyship",
        states=(
            State("standing", "Agreed", "good", "The deputy holds the person's roles from its first to its last day."),
            State("ended", "Ended", "neutral", "The deputy holds their own roles only."),
        ),
        final=frozenset({"ended"}),
        creates=(
            Action(
                "name", "Name a deputy", OWNERS | {"self"}, NEW, to="standing",
                then=("deputyship.named",), hidden=True,
            ),
        ),
        actions=(
            Action(
                "end", "End", OWNERS | {"self", "deputy"}, frozenset({"standing"}), to="ended", kind="danger",
                help="From now on the deputy holds their own roles only.",
                done="Ended. The deputy holds their own roles only.",
            ),
            Action("lapse", "Lapse", frozenset({"system"}), frozenset({"standing"}), to="ended", hidden=True),
        ),
    )
)  # fmt: skip

GROUP = register(
    Machine(
        name="group",
        model="organisations.PeopleGroup",
        label="group",
        states=(
            State("active", "In use", "good", "It can be chosen wherever people are named."),
            State("dissolved", "Dissolved", "neutral", "It can no longer be chosen. Who was named stays named."),
        ),
        final=frozenset({"dissolved"}),
        creates=(Action("form", "Make a group", KEEPERS, NEW, to="active", hidden=True),),
        actions=(
            Action("change", "Change", KEEPERS, frozenset({"active"}), asks=True, done="The group is changed."),
            Action(
                "dissolve", "Dissolve", KEEPERS, frozenset({"active"}), to="dissolved", kind="danger",
                help="Nobody loses a right by it; who was named stays named.",
            ),
        ),
    )
)  # fmt: skip
