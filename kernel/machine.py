"""A machine is a table: which action, by whom, from where, to where, and what it needs.

The table is data. Buttons, pages, the API, tests and the reference documents all read it; none
of them knows a rule of its own. A machine checks itself when it is built.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from kernel.decision import ALLOW, Decision, deny, worst_of

Rule = Callable[[Any], Decision]


@dataclass(frozen=True, slots=True)
class State:
    """One state in the user's words.

    `tone` is one of neutral, active, good, care, bad. `means` says in one sentence what it
    means for the reader. `mover` names the side that moves next, empty if nobody must.
    `protocol` is the name used outside (Dataspace Protocol 2025-1), where there is one.
    """

    name: str
    label: str
    tone: str = "neutral"
    means: str = ""
    mover: str = ""
    protocol: str = ""


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that may be done. Without `to` it is recorded and the state stays.

    `needs` are pure rules (facts → Decision). `then` are topics published with the change.
    `kind` is primary, plain or danger. `asks` says that the action wants a form filled in
    before it can be done. `foretold`: its page says before what follows elsewhere. `hidden` actions are for the system and never shown as a button.
    """

    name: str
    label: str
    by: frozenset[str]
    on: frozenset[str]
    to: str | None = None
    needs: tuple[Rule, ...] = ()
    then: tuple[str, ...] = ()
    kind: str = "plain"
    asks: bool = False
    hidden: bool = False
    help: str = ""
    done: str = ""
    foretold: bool = False


class BadMachine(Exception):
    """The table contradicts itself; the text says where."""


@dataclass(frozen=True)
class Machine:
    """A named table of states and actions for one model (`app_label.Model`).

    `creates` are the ways such an object comes to be; each names its first state in `to`, and
    its `on` holds the empty text, the state of what does not exist yet.
    """

    name: str
    model: str
    label: str
    states: tuple[State, ...]
    final: frozenset[str]
    creates: tuple[Action, ...]
    actions: tuple[Action, ...]
    _by_name: dict[str, Action] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        names = [state.name for state in self.states]
        if len(set(names)) != len(names):
            raise BadMachine(f"{self.name}: a state is listed twice")
        if not self.creates or any(not action.to for action in self.creates):
            raise BadMachine(f"{self.name}: each way to create must name a first state")
        for action in self.creates + self.actions:
            if action.name in self._by_name:
                raise BadMachine(f"{self.name}: action {action.name!r} is listed twice")
            self._by_name[action.name] = action
            unknown = (action.on | ({action.to} if action.to else set())) - set(names) - {""}
            if unknown:
                raise BadMachine(f"{self.name}.{action.name}: unknown state {sorted(unknown)}")
            if action.to and action.on & self.final:
                raise BadMachine(f"{self.name}.{action.name}: leaves a final state")
            if not action.by:
                raise BadMachine(f"{self.name}.{action.name}: nobody may do it")
        self._check_reachable(set(names))

    def _check_reachable(self, names: set[str]) -> None:
        if not self.final <= names:
            raise BadMachine(f"{self.name}: a final state is not a state")
        frontier = {a.to for a in self.creates if a.to}
        reached = set(frontier)
        while frontier:
            frontier = {a.to for a in self.actions if a.to and a.on & frontier} - reached
            reached |= frontier
        if names - reached:
            raise BadMachine(f"{self.name}: unreachable {sorted(names - reached)}")
        stuck = {n for n in names - self.final if not any(a.to and n in a.on for a in self.actions)}
        if stuck:
            raise BadMachine(f"{self.name}: no way out of {sorted(stuck)}, and they are not final")

    def action(self, name: str) -> Action:
        """The action of this name. Raises KeyError."""
        return self._by_name[name]

    def has(self, name: str) -> bool:
        return name in self._by_name

    def state(self, name: str) -> State:
        return next(state for state in self.states if state.name == name)

    def fits(self, action: Action, state: str, roles: Iterable[str]) -> bool:
        """Whether role and state allow even asking: the cheap test, without facts."""
        return state in action.on and bool(action.by.intersection(roles))

    def decide(self, action: Action, state: str, roles: Iterable[str], facts: Any) -> Decision:
        """May this be done? Role and state first, then every rule; all reasons are kept."""
        if not action.by.intersection(roles):
            return deny(
                f"{self.name}.role",
                f"{action.label} is for {describe_roles(action.by)}",
                remedy="Ask someone with that role",
            )
        if state not in action.on:
            return deny(
                f"{self.name}.state",
                f"{action.label} is not possible: this {self.label} is {self.state(state).label.lower()}",
                remedy="Reload the page to see what can be done now",
            )
        return worst_of(rule(facts) for rule in action.needs) if action.needs else ALLOW

    def offered(self, state: str, roles: Iterable[str]) -> list[Action]:
        """The actions whose role and state fit, in the table's order."""
        held = frozenset(roles)
        return [a for a in self.actions if not a.hidden and self.fits(a, state, held)]


def describe_roles(roles: Iterable[str]) -> str:
    """`{"provider.steward", "system"}` → "the provider's steward or the portal itself"."""
    words = []
    for role in sorted(roles):
        if "." in role:
            owner, name = role.split(".", 1)
            words.append(f"the {owner}'s {'people' if name == 'member' else name}")
        else:
            words.append(
                {"system": "the portal itself", "anyone": "anyone signed in"}.get(role, f"the {role}")
            )
    return " or ".join(words) if words else "nobody"


def mermaid(machine: Machine) -> str:
    """The machine as a Mermaid state diagram, for the reference documents."""
    lines = ["stateDiagram-v2"]
    lines += [f"    [*] --> {action.to}: {action.label}" for action in machine.creates]
    for state in machine.states:
        lines.append(f"    {state.name}: {state.label}")
    for action in machine.actions:
        for origin in sorted(action.on):
            if action.to and action.to != origin:
                lines.append(f"    {origin} --> {action.to}: {action.label}")
    lines += [f"    {name} --> [*]" for name in sorted(machine.final)]
    return "\n".join(lines)
