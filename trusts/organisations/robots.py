"""Robots: what the portal does by itself, each under a name of its own, and which of them an organisation can switch off.

What it does on a day that others rely on is `fixed`: listed with the reason, and on for everybody.
The table is the one place that knows them. A station that lets a robot act names it by `actor(code)` and leaves alone
what belongs to the organisations in `switched_off(code)`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import QuerySet

from kernel.actor import Actor, system
from kernel.decision import Refused
from kernel.doors import ReasonForm
from kernel.registry import asks_with, performs
from kernel.transition import transition
from trusts.organisations.machines import ORGANISATION
from trusts.organisations.models import Organisation

DOOR = "robot"
APPROVES = "approve"


@dataclass(frozen=True, slots=True)
class Robot:
    """`does` in words; `usual`: on where nothing was said; `fixed`: why it cannot be switched off, empty if it can."""

    code: str
    label: str
    does: str
    usual: bool = True
    off: str = ""
    fixed: str = ""

    @property
    def name(self) -> str:
        """How it is named as who acted."""
        return f"Robot “{self.label}”"


ROBOTS: tuple[Robot, ...] = (
    Robot(
        APPROVES, "Approve within the offer",
        "Answers a request for your data with yes, at once, if what it asks is no wider than your published offer, the engine has nothing "
        "against it, and the charter lets a robot answer in that stage of the review. Everything else waits for your people.",
        usual=False, off="Every request waits for your people.",
    ),
    Robot(
        "lapse_requests", "Let requests lapse", "Closes a request for your data that nobody moved on until its day was over.",
        off="Requests stay open after their day until somebody decides or withdraws.",
    ),
    Robot(
        "lapse_negotiations", "Let negotiations lapse", "Closes a negotiation about your data that nobody answered until its day was over.",
        off="Negotiations stay open after their day until somebody answers or withdraws.",
    ),
    Robot(
        "pass_late", "Pass late reviews to deputies",
        "When a stage of a review has taken longer than the charter gives it, asks the deputies of those who were asked, in their place.",
        fixed="It does so only where the charter says it for the stage.",
    ),
    Robot(
        "lapse_invitations", "Let invitations lapse", "Closes an invitation to your organisation that was not used in 14 days.",
        fixed="Its link is no longer good after that day, robot or not.",
    ),
    Robot(
        "lapse_unsigned", "Let unsigned contracts lapse", "Closes a contract that not every party signed in time.",
        fixed="The other parties rely on that day.",
    ),
    Robot(
        "end_deputyships", "End deputyships", "Closes a deputyship whose last day is over, or one of whose people has left.",
        fixed="The deputy's roles end on that day, robot or not.",
    ),
    Robot(
        "end_rights", "End rights", "Ends a right on one dataset or contract on its last day, or when its holder has left.",
        fixed="A right without an end would be more than what was granted.",
    ),
    Robot(
        "close_votes", "Close votes",
        "Counts a vote and closes it when its deadline is over, its result is certain or what it is about is gone; what was decided is done at once.",
        fixed="The charter gives every vote its last day, and the other members rely on it.",
    ),
    Robot(
        "end_memberships", "Let members leave", "Ends a membership when the notice that the member gave has run.",
        fixed="The member said that it leaves on that day; until then it can take the notice back.",
    ),
    Robot(
        "end_probations", "End probations", "Makes a member a full one when its probation is over and nobody ended the membership.",
        fixed="The charter says how long a probation takes.",
    ),
    Robot(
        "note_silences", "Note silence", "Tells those who govern a trust of a member that has done nothing for as long as the charter says.",
        fixed="The charter says after how many days, or that nobody is told.",
    ),
    Robot(
        "finish_trusts", "End trusts", "Ends a trust that is being wound up when its last contract is over.",
        fixed="Its members decided that it ends.",
    ),
    Robot(
        "begin_reviews", "Begin access reviews", "Asks your owners whether everybody still needs their roles.",
        fixed="Your owners say how often; where they say nothing, none begins.",
    ),
    Robot(
        "end_emergencies", "End emergency openings", "Closes what an operator opened in an emergency when its hour is over.",
        fixed="Nobody outside your organisation may read on for longer.",
    ),
    Robot(
        "abandon_uploads", "Clear unfinished uploads", "Gives up an upload that was not finished in time, and deletes what had arrived.",
        fixed="The portal keeps no halves of files.",
    ),
    Robot(
        "look_at_sources", "Look at sources", "Has a worker look whether data that stays where it is has changed.",
        fixed="Each source says how often; your stewards can set it to never.",
    ),
    Robot(
        "remind_negotiators", "Remind of answers and signatures", "Tells whoever is to answer or to sign that the last day is near.",
        fixed="Each person chooses in their own settings what they are told by mail.",
    ),
    Robot(
        "end_contracts", "End contracts", "Ends a contract when its last day is over, or when the first day of the one that follows it has come.",
        fixed="All parties signed that day.",
    ),
    Robot(
        "duties", "Watch duties",
        "Begins what a contract wants done, reminds of it and marks it late when its day is over; what the contract says follows then, such as a suspension.",
        fixed="The contract says when, and the other side relies on it.",
    ),
    Robot(
        "expire_exports", "Close downloads", "Closes an export when the days are over in which it may be fetched.",
        fixed="The contract says for how long it may be fetched.",
    ),
    Robot(
        "delete_copies", "Delete copies",
        "Deletes the portal's own copy of an export that may no longer be fetched, and what is left of a contract when it says so.",
        fixed="The contract says that it is deleted.",
    ),
    Robot(
        "tell_withdrawn", "Tell of withdrawn rows", "Tells who holds an export that rows of the data it was made from were withdrawn.",
        fixed="Who holds copies has to know, to do what the contract asks.",
    ),
)  # fmt: skip
BY_CODE = {robot.code: robot for robot in ROBOTS}


def actor(code: str) -> Actor:
    """The robot as who acts."""
    return system(BY_CODE[code].name, door=DOOR)


def actor_for(code: str, organisation: Organisation) -> Actor:
    """The robot as who acts for the organisation that switched it on."""
    return Actor(
        name=f"{BY_CODE[code].name} of {organisation.name}", organisation_id=organisation.pk,
        organisation_name=organisation.name, door=DOOR, is_system=True,
    )  # fmt: skip


def is_on(code: str, organisation: Organisation) -> bool:
    """Whether this robot acts for this organisation."""
    robot = BY_CODE[code]
    return True if robot.fixed else bool(organisation.robots.get(code, robot.usual))


def switched_off(code: str) -> QuerySet[Organisation, UUID]:
    """The ids of those that switched off a robot that is usually on."""
    return Organisation.objects.filter(**{f"robots__{code}": False}).values_list("pk", flat=True)


@performs(ORGANISATION, "switch_robot")
def switch_robot(
    organisation_id: UUID, *, actor: Actor, robot: str, on: bool, reason: str, seen: int | None = None
) -> Organisation:
    """Switch a robot on or off. Raises Refused for one that cannot be switched, or that is so already."""
    with transition(
        ORGANISATION, "switch_robot", organisation_id, actor=actor, seen=seen, reason=reason
    ) as change:
        found: Organisation = change.subject
        known = BY_CODE[robot]
        if known.fixed:
            raise Refused.because(
                "robot.fixed",
                f"“{known.label}” cannot be switched off: {known.fixed}",
                remedy="Nothing needs to be done",
                field="robot",
            )
        if is_on(robot, found) == on:
            raise Refused.because(
                "robot.already", f"“{known.label}” is {'on' if on else 'off'} already", remedy="Nothing needs to be done", field="on"
            )  # fmt: skip
        found.robots = {**found.robots, robot: on}
        change.detail = {"robot": known.label, "now": "on" if on else "off"}
    return found


@asks_with(ORGANISATION, "switch_robot")
class SwitchRobotForm(ReasonForm):
    robot = forms.ChoiceField(
        label="Robot", choices=[(one.code, one.label) for one in ROBOTS if not one.fixed]
    )
    on = forms.ChoiceField(label="From now on it is", choices=[("on", "on"), ("off", "off")])
    field_order = ("robot", "on", "reason")

    def clean_on(self) -> Any:
        return self.cleaned_data["on"] == "on"
