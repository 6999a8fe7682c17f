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
    "admit": "admitted", "ask": "asked", "begin": "began", "cancel": "cancelled", "cut": "cut", "do": "did", "fall": "fell", "find": "found",
    "forget": "forgot", "give": "gave", "keep": "kept", "lay": "laid", "leave": "left", "let": "let", "make": "made", "put": "put", "read": "read",
    "run": "ran", "say": "said", "set": "set", "step": "stepped", "stop": "stopped", "submit": "submitted", "take": "took", "wind": "wound",
    "withdraw": "withdrew", "write": "wrote",
}  # fmt: skip
# Labels that do not begin with what was done.
WHOLE = {
    "agreed by the members": "was agreed to by the members", "agree: become one": "agreed: the two became one",
    "ask for no other role": "took back that it asks for another role", "ask or comment": "asked or commented",
    "could not be carried out": "could not carry it out", "could not be read": "could not read it", "do not admit": "did not admit",
    "drop the rule": "dropped the rule", "emergency openings": "allowed or switched off emergency openings", "end early": "ended it early",
    "evidence take": "took an evidence bundle", "expel": "expelled", "found it unchanged": "found it unchanged", "founding member": "became a founding member", "i am done": "said they are done",
    "it was justified": "found it justified", "it was not justified": "found it not justified", "merged into another": "merged into another organisation",
    "no longer ask for it": "no longer asks for it", "not heard from": "had not heard from it", "not passed: end the membership": "ended the membership: probation not passed",
    "person erase": "erased the name", "probation over": "ended the probation, its day was over", "rules for signing in": "set the rules for signing in",
    "set up your own sign-in": "set up its own sign-in", "sign with a key of your own": "signs with a key of its own from now on",
    "trial finish": "finished the dry run", "try again": "tried again", "try on my dataset": "tried it on a dataset",
    "let the portal sign for you": "lets the portal sign for it from now on",
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
