"""Every role × state × command of every machine, asked of the real decision.

A role is asked by an actor who holds it towards the real object and nothing else, so that the object's sides, the roles
relative to them and the machine's decision are tested together. Which roles there are is not taken from the actions:
every side of the object with every role of an organisation, personal ties, operators, the portal, and a stranger.
"""

from __future__ import annotations

import copy
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kernel import registry
from kernel.actor import Actor, system
from kernel.machine import Machine
from kernel.roles import ANYONE, OPERATOR, ROLE_LABELS, SYSTEM_ROLE, roles_of
from kernel.transition import may
from tests.matrix.situations import UNSEEN

RIGHTS = Path(__file__).with_name("rights.csv")
RIGHTS_HEADER = ["machine", "state", "command", "roles"]
TIES = {SYSTEM_ROLE, ANYONE, OPERATOR}


def roles_for(machine: Machine) -> list[str]:
    """Every role that a person can be in towards such an object."""
    named = {role for action in machine.creates + machine.actions for role in action.by}
    sides = {role.split(".")[0] for role in named if "." in role}
    return sorted(named | TIES | {f"{side}.{role}" for side in sides for role in ROLE_LABELS})


def holder_of(role: str, subject: Any) -> Actor:
    """Someone who is this to the subject; where it has no such side, someone who is nothing to it."""
    if role == SYSTEM_ROLE:
        return system()
    if role in (ANYONE, OPERATOR):
        return Actor(user_id=uuid.uuid4(), name="Somebody", is_operator=role == OPERATOR)
    side, _, held = role.partition(".")
    if not held:
        return Actor(
            user_id=next((u for u in subject.people().get(side, []) if u), uuid.uuid4()), name="Somebody"
        )
    sides = {**subject.overseers(), **subject.parties()}
    organisation = next((o for o in sides.get(side, []) if o), uuid.uuid4())
    return Actor(user_id=uuid.uuid4(), name="Somebody", organisation_id=organisation, roles=frozenset({held}))


@dataclass
class Asked:
    """What was asked so far: the roles that a command is open to, by machine, state and command."""

    cells: int = 0
    open_to: dict[tuple[str, str, str], set[str]] = field(default_factory=dict)

    def of(self, machine: Machine, subject: Any) -> None:
        """Ask everything about this object in its state, and in those that nobody meets."""
        self._ask(machine, subject)
        for name, state in UNSEEN:
            if name == machine.name and not any(key[:2] == (name, state) for key in self.open_to):
                unseen = copy.copy(subject)
                unseen.state = state
                self._ask(machine, unseen)

    def _ask(self, machine: Machine, subject: Any) -> None:
        for role in roles_for(machine):
            actor = holder_of(role, subject)
            held = roles_of(actor, subject)
            for action in machine.actions:
                self.cells += 1
                answer = may(machine, action.name, subject, actor)
                codes = {reason.code for reason in answer.reasons}
                found = self.open_to.setdefault((machine.name, subject.state, action.name), set())
                if codes & {f"{machine.name}.role", f"{machine.name}.state"}:
                    assert not answer.allowed
                elif role in held:
                    found.add(role)
                else:
                    # Not by the role asked for, which the subject does not know now, but as somebody.
                    found.add(ANYONE)

    @property
    def generated(self) -> int:
        """How many cells the tables make, whatever was asked."""
        return sum(len(m.states) * len(m.actions) * len(roles_for(m)) for m in registry.machines())

    def lines(self) -> list[list[str]]:
        return [[*key, " ".join(sorted(roles))] for key, roles in self.open_to.items() if roles]

    def summary(self) -> str:
        machines = len(registry.machines())
        return (
            f"{self.generated} cells (role × state × command of {machines} machines), {self.cells} asserted"
        )
