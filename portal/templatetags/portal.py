"""Tags of the portal's pages: state pills, charts, hashes."""

from __future__ import annotations

from typing import Any

from django import template

from contracts.policies.taxonomy import COUNTRIES, GROUPS, PURPOSES, place_label, purpose_label
from contracts.recipes.steps import STEPS
from jobs.pipeline.clock import told
from kernel import registry
from portal.charts import number
from portal.personas import Card, cards
from portal.templatetags import charts
from trusts.organisations.selectors import joinable

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
def stop(text: Any) -> str:
    """A sentence with its full stop, whether or not it came with one."""
    return str(text) if str(text).endswith((".", "?", "!", "…")) else f"{text}."


@register.filter
def counted(value: Any) -> str:
    """A count with thousands marked; a dash where nothing was counted yet."""
    return "–" if value is None or value == "" else f"{int(value):,}"


@register.filter
def by_chance(value: Any) -> str:
    """A probability for people: it never looks like a certainty."""
    if value < 0.001:
        return "below 0.1 %"
    return f"{100 * value:.1f} %" if value < 0.995 else "about 100 %"


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
        label = machine.action(event.action).label
    except KeyError:
        label = f"{event.machine} {event.action}"
    if "refused" in event.detail:
        return f"was refused: {label.lower()}"
    return past(label)


PAST = {
    "ask": "asked", "begin": "began", "cut": "cut", "do": "did", "forget": "forgot", "give": "gave", "keep": "kept", "lay": "laid", "set": "set", "leave": "left", "make": "made", "put": "put",
    "read": "read", "run": "ran", "submit": "submitted", "stop": "stopped", "take": "took", "withdraw": "withdrew", "write": "wrote",
}  # fmt: skip
WHOLE = {
    "evidence take": "took an evidence bundle", "person erase": "erased the name",
    "ask or comment": "asked or commented", "could not be read": "could not read it", "do not admit": "did not admit",
    "end early": "ended it early", "drop the rule": "dropped the rule", "founding member": "became a founding member", "try again": "tried again", "try on my dataset": "tried it on a dataset", "expel": "expelled",
}  # fmt: skip


@register.filter
def past(label: str) -> str:
    """An action's label as what happened: "Upload a version" becomes "uploaded a version"."""
    label = label.lower()
    if label in WHOLE:
        return WHOLE[label]
    verb, _, rest = label.partition(" ")
    if verb in PAST:
        done = PAST[verb]
    elif verb.endswith("e"):
        done = f"{verb}d"
    elif verb.endswith("y") and verb[-2:-1] not in "aeiou":
        done = f"{verb[:-1]}ied"
    elif verb == "admit":
        done = "admitted"
    else:
        done = f"{verb}ed"
    return f"{done} {rest}".strip()


@register.filter
def plain(value: Any) -> str:
    """A measured value without needless decimals; times as people write them, other text as it is."""
    if isinstance(value, str):
        return told(value)
    text = number(value)
    return text.replace(",", "") if isinstance(value, (int, float)) and abs(value) < 10_000 else text


@register.filter
def premise(given: dict[str, Any]) -> str:
    """A premise of the engine's advice in words."""
    left, right = given.get("left"), given.get("right")
    if left in (True, "True"):
        return f"yes, {right}"
    if left in (False, "False"):
        return f"no, not {right}"
    return f"{told(str(left))} {given.get('operator', '')} {right}"


@register.filter
def step_label(name: str) -> str:
    """What a step of a recipe is called on pages."""
    return STEPS[name].label if name in STEPS else name


@register.filter
def purpose_words(code: str) -> str:
    return purpose_label(code) if code in PURPOSES else code


@register.filter
def place_words(code: str) -> str:
    return place_label(code) if code in COUNTRIES or code in GROUPS else code


@register.simple_tag
def personas() -> list[Card]:
    """{% personas as cards %}: the demo's people to sign in as."""
    return cards()


@register.filter
def rule_words(rule: Any) -> str:
    """A quality rule as a sentence."""
    from trusts.datasets.expectations import sentence

    return sentence(rule)


@register.simple_tag
def ways_in(user: Any) -> dict[str, Any]:
    """Organisations that this person may ask to join, and those they asked. Three queries."""
    asked = list(user.join_requests.filter(state="asked").select_related("organisation"))
    waiting = {one.organisation_id for one in asked}
    return {"asked": asked, "joinable": [o for o in joinable(user) if o.pk not in waiting]}
