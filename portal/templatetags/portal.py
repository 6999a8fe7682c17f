"""Tags of the portal's pages: state pills, charts, hashes."""

from __future__ import annotations

from typing import Any

from django import template

from kernel import registry
from portal.templatetags import charts

register = template.Library()


@register.inclusion_tag("components/pill.html")
def state_pill(subject: Any) -> dict[str, Any]:
    """The subject's state in the machine's words."""
    return {"shown": registry.machine_for(subject).state(subject.state)}


@register.simple_tag
def state_of(subject: Any) -> Any:
    return registry.machine_for(subject).state(subject.state)


# The chart tags are here as well, so that a page loads one library.
register.tags.update(charts.register.tags)


@register.filter
def percent_of(part: Any, whole: Any) -> str:
    try:
        return f"{100 * float(part) / float(whole):.1f} %"
    except (TypeError, ValueError, ZeroDivisionError):
        return "–"


@register.filter
def short(value: Any) -> str:
    """First and last digits of a hash."""
    text = str(value)
    return f"{text[:8]}…{text[-4:]}" if len(text) > 14 else text


@register.filter
def state_means(subject: Any) -> str:
    """What the subject's state means, in one sentence."""
    return registry.machine_for(subject).state(subject.state).means


@register.filter
def state_protocol(subject: Any) -> str:
    return registry.machine_for(subject).state(subject.state).protocol


@register.filter
def without_edit(choices: Any) -> list[Any]:
    """The edit button has a page of its own."""
    return [choice for choice in choices if choice.name != "edit"]


@register.filter
def sentence(event: Any) -> str:
    """What happened in words: the action's label, lower-cased, or what was refused."""
    try:
        machine = registry.entry(event.machine).machine
        label = machine.action(event.action).label.lower()
    except KeyError:
        label = f"{event.machine} {event.action}"
    if "refused" in event.detail:
        return f"was refused: {label}"
    return label
