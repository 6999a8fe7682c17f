"""A decision in plain English, for someone who never heard of ODRL."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from contracts.policies.deciding.parts import DutyReport, Premise, RuleReport
from contracts.policies.taxonomy import COUNTRIES, GROUPS, PURPOSES, listed, place_label, purpose_label

# left operand → what people call it, and the clause of the library that it comes from
OPERANDS: dict[str, tuple[str, str]] = {
    "purpose": ("purpose", "purpose"), "spatial": ("place", "place"), "dateTime": ("time", "period"),
    "count": ("number of uses", "exports"), "columns": ("columns", "columns"), "recipient": ("recipient", "recipient"),
    "fileFormat": ("file format", "formats"), "rows": ("number of rows", "rows_total"),
    "accessMode": ("kind of access", "access_mode"), "securityLevel": ("security level", "security_level"),
    "elapsedTime": ("time since the first delivery", "download_within"), "assignee": ("organisation", "party"),
    "target": ("data", "dataset"), "action": ("use", "action"), "minGroupSize": ("smallest group", "min_group_size"),
    "epsilonSpent": ("privacy budget used", "privacy_budget"), "payAmount": ("amount paid", "compensate"),
}  # fmt: skip
DUTIES = {
    "anonymize": "pseudonymise", "aggregate": "min_group_size", "delete": "delete_within", "attribute": "attribution",
    "compensate": "compensate", "watermark": "watermark", "inform": "inform_breach",
}  # fmt: skip
OPERATORS = {
    "eq": "is", "neq": "is not", "lt": "is below", "lteq": "is at most", "gt": "is above", "gteq": "is at least",
    "isA": "is a kind of", "hasPart": "contains", "isPartOf": "is part of", "isAllOf": "includes all of",
    "isAnyOf": "is one of", "isNoneOf": "is none of", "and": "all of these hold", "or": "one of these holds",
    "xone": "exactly one of these holds", "andSequence": "all of these hold, in this order",
}  # fmt: skip
TIMES = {"lt": "is before", "lteq": "is at the latest", "gt": "is after", "gteq": "is at or after"}
ACTIONS = {
    "use": "use", "read": "read", "distribute": "pass on", "transfer": "hand over", "reidentify": "find out who someone is in",
    "train": "train a model on", "sell": "sell", "delete": "delete the copies", "anonymize": "protect the identities",
    "aggregate": "sum up", "attribute": "credit the source", "compensate": "pay", "inform": "report",
    "watermark": "mark the copy", "display": "look at", "derive": "derive from", "infer": "run a model on",
    "evaluate": "evaluate a model on", "obtainConsent": "obtain consent", "export": "export",
}  # fmt: skip
SOURCES = {
    "request": "what was asked", "clock": "the clock", "ledger": "the portal's counter", "world": "the portal's records",
    "stated": "a reviewer", "not given": "nobody said it yet", "parts": "its parts",
}  # fmt: skip


def label(operand: str) -> str:
    """What people call a left operand."""
    if operand in OPERANDS:
        return OPERANDS[operand][0]
    last = re.split(r"[/#:]", operand)[-1] or operand
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", last).lower()


def clause_of(premise: Premise) -> str:
    """The clause of the library that a premise comes from; its operand's own name if it is none of ours."""
    if premise.name == "duty":
        return DUTIES.get(premise.left, premise.left)
    return OPERANDS.get(premise.left, ("", premise.left))[1]


def _one(operand: str, text: str) -> str:
    if operand == "purpose" and text in PURPOSES:
        return purpose_label(text)
    if operand == "spatial" and (text in GROUPS or text in COUNTRIES):
        return place_label(text)
    if operand == "recipient":
        return {"organisation": "the organisation", "named_people": "people named in the request"}.get(
            short(text), text
        )
    if operand == "dateTime":
        return moment(text)
    if operand == "action":
        return ACTIONS.get(text, text)
    if operand == "elapsedTime":
        return lasting(text) or text
    return text


def short(text: str) -> str:
    return re.split(r"[/#]", text)[-1]


def moment(text: str) -> str:
    """An instant or a day as people write it, with its zone."""
    try:
        if len(text) == 10:
            return f"{datetime.fromisoformat(text):%-d %B %Y}"
        found = datetime.fromisoformat(text)
    except ValueError:
        return text
    zone = "" if found.tzinfo is None else f" {found.tzname()}"
    return f"{found:%-d %B %Y, %H:%M}{zone}"


def said(operand: str, text: str, last: str = "and") -> str:
    """Values in words; long lists are cut."""
    items = [_one(operand, item) for item in text.split(", ")] if operand != "dateTime" else [moment(text)]
    if len(items) > 8:
        items = [*items[:7], f"{len(items) - 7} more"]
    return listed(items, last)


def requirement(premise: Premise) -> str:
    """What the condition asks for: `must be one of research or statistics`."""
    words = OPERATORS.get(premise.operator, premise.operator)
    if premise.left == "dateTime":
        words = TIMES.get(premise.operator, words)
    if premise.name == "duty":
        done = ACTIONS.get(premise.left, premise.left)
        return f"must {done} first" if premise.operator == "eq" else f"must {done} in time"
    if premise.operator in ("and", "or", "xone", "andSequence"):
        between = " or " if premise.operator in ("or", "xone") else " and "
        return between.join(
            f"the {label(p.left)} {requirement(p)}" if p.left else requirement(p) for p in premise.parts
        )
    words = (
        re.sub(r"^is\b", "must be", words) if words.startswith("is") else f"must {words.removesuffix('s')}"
    )
    if premise.operator == "isA" and premise.left == "recipient":
        words = "must be"
    if words in ("must be one of", "must be part of") and ", " not in premise.right:
        words = "must be" if premise.left != "assignee" else words
    return f"{words} {said(premise.left, premise.right, 'or')}"


def failing(premises: Iterable[Premise]) -> list[Premise]:
    """The smallest premises that stand in the way: those inside a joined one rather than the whole."""
    found: list[Premise] = []
    for one in premises:
        if one.holds is True:
            continue
        inner = failing(one.parts)
        found += inner if inner and one.operator not in ("or", "xone") else [one]
    return found


def unsaid(premises: Iterable[Premise]) -> list[str]:
    """Left operands that nobody has said a value of and that no portal can know by itself, such as a term of a
    foreign profile: a person has to say what is so."""
    found: list[str] = []
    for one in premises:
        if one.parts:
            found += unsaid(one.parts) if one.holds is None else []
        elif (
            one.holds is None
            and one.value is None
            and one.left
            and one.name != "duty"
            and one.left not in OPERANDS
        ):
            found.append(one.left)
    return list(dict.fromkeys(found))


def sentence(premise: Premise) -> tuple[str, str]:
    """What is wrong with it, and what would be right."""
    name = label(premise.left)
    if premise.name == "duty":
        done = ACTIONS.get(premise.left, premise.left)
        if premise.holds is False:
            return f"The duty to {done} was violated", "Make good for it first"
        return f"The duty to {done} must be fulfilled first", "Fulfil it, and have that recorded"
    if premise.left == "" and premise.parts:
        state = "It is not known whether this holds:" if premise.holds is None else "This does not hold:"
        return f"{state} {requirement(premise)}", "Meet one of these conditions"
    need = f"The terms allow {said(premise.left, premise.right, 'or')}"
    if premise.value is None:
        verb = "are" if name.endswith("s") else "is"
        return f"The {name} {verb} not said yet", f"The {name} {requirement(premise)}"
    value = said(premise.left, premise.value)
    if premise.holds is None:
        return f"It is not known whether the {name} {value} fits", f"The {name} {requirement(premise)}"
    match premise.left, premise.operator:
        case "columns", "isAnyOf":
            inside = set(premise.right.split(", "))
            extra = [c for c in premise.value.split(", ") if c not in inside]
            return f"The terms do not include {listed(extra) or value}", "Take the columns out or negotiate"
        case "dateTime", "gteq" | "gt":
            return "The contract has not begun", f"Wait until {moment(premise.right)}"
        case "dateTime", "lt" | "lteq":
            return "The contract's period is over", "Negotiate another period"
        case "count", "lteq" | "lt":
            return f"All {premise.right} exports of the contract are used", "Negotiate more exports"
        case "purpose", "isAnyOf" | "isA" | "eq" | "isPartOf":
            return f"The purpose “{value}” is outside the contract", need
        case "spatial", "isAnyOf" | "isPartOf" | "eq":
            return f"{value[:1].upper()}{value[1:]} is outside the contract", need
        case "assignee", _:
            return f"The terms are not made for {value}", f"They are made for {premise.right}"
        case "target", _:
            return f"The terms are not about {value}", f"They are about {premise.right}"
        case "action", _:
            return (
                f"The terms do not speak of “{value}”",
                f"They speak of “{said('action', premise.right, 'or')}”",
            )
    return f"The {name} is {value}", f"It {requirement(premise)}"


def reason_of(rule: RuleReport) -> str:
    """Why a rule is in effect or not, in one or two sentences."""
    what = said("action", ", ".join(rule.actions), "or") if rule.actions else "do anything with"
    kind = {
        "permission": f"permission to {what}",
        "prohibition": f"ban on: {what}",
        "obligation": f"duty to {what}",
    }
    name = kind.get(rule.kind, rule.kind)
    if rule.holds is True:
        return f"The {name} applies."
    causes = "; ".join(sentence(premise)[0] for premise in failing(rule.premises))
    if rule.holds is None and rule.kind == "prohibition":
        return f"The {name} is taken to apply, because something is not known: {causes}."
    state = "cannot be relied on yet" if rule.holds is None else "does not apply"
    return f"The {name} {state}: {causes}."


def duty_words(duty: DutyReport) -> str:
    """`delete the copies, within 30 days`, or `…, at the latest 30 July 2027, 00:00 UTC`."""
    text = (
        listed([ACTIONS.get(a, label(a)) for a in duty.action.split(", ")], "or") if duty.action else "a duty"
    )
    if duty.within and lasting(duty.within):
        return f"{text}, within {lasting(duty.within)}"
    return f"{text}, at the latest {moment(duty.deadline)}" if duty.deadline else text


def lasting(text: str) -> str:
    """A duration in words: `30 days`; empty for one that has several parts."""
    match = re.fullmatch(r"P(T?)(\d+)([YMWDHS])", text)
    names = {"Y": "year", "M": "month", "W": "week", "D": "day", "TH": "hour", "TM": "minute", "TS": "second"}
    name = names.get(match[1] + match[3]) if match else None
    return f"{match[2]} {name}{'s' if match[2] != '1' else ''}" if match and name else ""


def verdict_words(verdict: str) -> str:
    return {"permit": "Allowed", "deny": "Not allowed", "needs_information": "More must be known first"}[
        verdict
    ]
