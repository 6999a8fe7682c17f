"""What both doors share: find the object, fill the form, call the verb, keep the refusal."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.db import OperationalError
from django.http import Http404

from kernel import registry
from kernel.actor import Actor
from kernel.audit.record import record_refusal
from kernel.decision import Decision, Refused
from kernel.machine import Action, Machine
from kernel.roles import roles_of
from kernel.transition import Stale, facts_for


def holds_nul(value: Any) -> bool:
    """Whether any text in this JSON-like value contains U+0000."""
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, Mapping):
        return any(holds_nul(k) or holds_nul(v) for k, v in value.items())
    return isinstance(value, (list, tuple)) and any(holds_nul(v) for v in value)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a verb returns that only answers: shown once to who asked, and kept nowhere."""

    heading: str
    columns: list[str]
    rows: list[list[str]]
    note: str = "Shown once and kept nowhere; that you looked is in the audit trail."
    again: str = "Look more up"

    def as_list(self) -> list[dict[str, str]]:
        """Each row by its columns' names, for programs."""
        return [dict(zip([c.lower() for c in self.columns], row, strict=True)) for row in self.rows]


class ActionForm(forms.Form):
    """Base of every action's form. Knows the subject and the actor, for choices and checks."""

    def __init__(self, *args: Any, subject: Any = None, actor: Actor | None = None, **kwargs: Any) -> None:
        self.subject, self.actor = subject, actor
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        """Lists and objects are searched for NUL too, which no database keeps in text."""
        cleaned = super().clean() or self.cleaned_data
        for name, value in list(cleaned.items()):
            if holds_nul(value):
                self.add_error(name, "This holds a character (NUL) that no text may hold. Take it out.")
        return cleaned


class ReasonForm(ActionForm):
    """For actions that must say why: the reason goes into the event and to the other side."""

    reason = forms.CharField(
        label="Reason",
        widget=forms.Textarea(attrs={"rows": 3}),
        min_length=5,
        max_length=2000,
        help_text="Kept in the audit trail and shown to the parties concerned.",
    )


class NotValid(Exception):
    """The input has errors; `form` holds them and what was typed."""

    def __init__(self, form: forms.Form) -> None:
        super().__init__("The input has errors")
        self.form = form


@dataclass(frozen=True, slots=True)
class Offered:
    """An action and the decision on it, as pages read them."""

    action: Action
    decision: Decision

    @property
    def name(self) -> str:
        return self.action.name

    @property
    def label(self) -> str:
        return self.action.label

    @property
    def kind(self) -> str:
        return self.action.kind

    @property
    def enabled(self) -> bool:
        return self.decision.allowed

    @property
    def reasons(self) -> tuple[Any, ...]:
        return self.decision.reasons


@dataclass(frozen=True, slots=True)
class Start:
    """A page on which something begins, shown like a Choice: a link, or the reasons before anybody fills it in."""

    name: str
    label: str
    url: str
    decision: Decision
    kind: str = ""
    needs_form: ClassVar[bool] = True

    @property
    def enabled(self) -> bool:
        return self.decision.allowed

    @property
    def reasons(self) -> tuple[Any, ...]:
        return self.decision.reasons


@dataclass(frozen=True, slots=True)
class Choice(Offered):
    """One action as a page or API shows it: enabled, or not with the reasons."""

    machine: str
    subject_id: UUID

    @property
    def needs_form(self) -> bool:
        return self.action.asks

    @property
    def url(self) -> str:
        return f"/do/{self.machine}/{self.subject_id}/{self.action.name}/"


def choices(
    machine: Machine, subject: Any, actor: Actor, only: Collection[str] | None = None
) -> list[Choice]:
    """Every action whose role and state fit, each with the decision on it. Facts load once, if any is asked for.

    `only` names those that the page is about.
    """
    offered = machine.offered(subject.state, roles_of(actor, subject))
    offered = [action for action in offered if only is None or action.name in only]
    facts = facts_for(machine, subject, actor) if any(action.needs for action in offered) else None
    roles = roles_of(actor, subject)
    return [
        Choice(action, machine.decide(action, subject.state, roles, facts), machine.name, subject.pk)
        for action in offered
    ]


def commands(machine: Machine, subject: Any, actor: Actor) -> list[Choice]:
    """Every command on it, in the table's order: those of `choices`, and the others with the reason why not.

    Costs what `choices` costs: a role or a state that does not fit is answered by the table, without facts.
    """
    roles = roles_of(actor, subject)
    rows = [action for action in machine.actions if not action.hidden]
    asked = any(action.needs and machine.fits(action, subject.state, roles) for action in rows)
    facts = facts_for(machine, subject, actor) if asked else None
    return [
        Choice(action, machine.decide(action, subject.state, roles, facts), machine.name, subject.pk)
        for action in rows
    ]


def find_visible(machine: Machine, pk: UUID, actor: Actor) -> Any:
    """The object, or Http404 if this actor may not know that it exists."""
    selector = registry.entry(machine.name).visible
    if selector is None:
        raise Http404
    found = selector(actor).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def form_for(machine: Machine, action: str) -> type[ActionForm]:
    return registry.entry(machine.name).forms.get(action, ActionForm)


def _waited_too_long(problem: OperationalError) -> bool:
    """PostgreSQL's lock_timeout and SQLite's busy time-out: the row or the file was locked too long."""
    text = str(problem).lower()
    return "lock timeout" in text or "database is locked" in text


def perform(
    machine: Machine,
    action: str,
    subject: Any,
    *,
    actor: Actor,
    data: Mapping[str, Any],
    files: Any = None,
    seen: int | None = None,
) -> Any:
    """Validate the input and call the verb. Raises NotValid, Refused (Stale), Http404.

    A refusal is recorded after the roll-back, in its own transaction. A stale page is no
    refusal of a person and is not.
    """
    if not machine.has(action) or machine.action(action).hidden:
        raise Http404
    form = form_for(machine, action)(data, files, subject=subject, actor=actor)
    if not form.is_valid():
        raise NotValid(form)
    verb = registry.entry(machine.name).verbs[action]
    try:
        return verb(subject.pk, actor=actor, seen=seen, **form.cleaned_data)
    except Stale:
        raise
    except OperationalError as problem:
        if not _waited_too_long(problem):
            raise
        raise Refused.because(
            "busy",
            f"Someone else is working on {subject.title()} right now",
            remedy="Try again in a moment; nothing was changed",
        ) from problem
    except Refused as refused:
        record_refusal(machine.name, action, subject, actor, refused.decision)
        if refused.afterwards is not None:
            refused.afterwards()
        raise
