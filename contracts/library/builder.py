"""The recipe as a form, as sentences and as JSON: three views of the same steps, without script.

Steps are fields `step-<i>-name` and `step-<i>-<param>`; in the other views one field, `recipe_json`, carries
them. The button `do` changes the steps or the view and shows the page again. What cannot be read stays as it
was typed, with what is wrong beside it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from contracts.library import outline
from contracts.recipes.difference import compare
from contracts.recipes.recipe import Problem, Recipe
from contracts.recipes.steps import COMPARISONS, STEPS, Param, StepFault, StepKind

MOST, CHECKED = 40, 30
VIEWS = {"form": "Form", "words": "Sentences", "json": "JSON"}
GROUPS = {"columns": "Columns", "values": "Values", "rows": "Rows", "tables": "Tables", "privacy": "Privacy"}
ORDERED = {("reorder", "columns"), ("join_text", "columns")}
# What a choice is called where its code is no word.
WORDS = {
    "set_missing": "set missing", "ymd": "year, month, day", "dmy": "day, month, year", "mdy": "month, day, year",
    "drop": "drop the row", "stop": "stop the job", "flag": "flag the row", "keep": "keep as they are",
    "NFC": "composed (NFC)", "NFKC": "composed and plain (NFKC)", "lower": "lower case", "upper": "CAPITALS", "title": "Each Word",
    "left": "keep them", "inner": "drop them", "suppress": "remove its rows", "generalise": "make values coarser",
    "constant": "a value of your own", "median": "the middle value", "mode": "the most frequent value", "previous": "the value above",
    "band": "bands of numbers", "date": "part of a date", "prefix": "first characters", "topcode": "one group for the highest",
    "hierarchy": "by a table", "laplace": "Laplace", "gaussian": "normal (Gaussian)", "uniform": "uniform",
    "email": "e-mail addresses", "phone": "telephone numbers", "iban": "bank accounts (IBAN)", "card": "card numbers",
    "ip": "IP addresses", "url": "web addresses", "number": "other long numbers", **COMPARISONS,
}  # fmt: skip
# These codes are also the names of types, which stay what they are.
AS_THEY_ARE = frozenset({"cast", "parse_dates"})
Schema, Inputs = outline.Schema, outline.Inputs


@dataclass
class Draft:
    """Steps as they were typed. `text` is JSON that could not be read, `fault` says why.

    `fresh`: the step that this click added; nobody is told yet that it is not filled in.
    """

    steps: list[dict[str, Any]] = field(default_factory=list)
    view: str = "form"
    text: str | None = None
    fault: str = ""
    fresh: int = -1


class _Repeated(ValueError):
    pass


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise _Repeated(f"{min(twice)!r} stands twice in one object")
    return dict(pairs)


def _constant(word: str) -> Any:
    raise _Repeated(f"{word} is no value of JSON")


def from_text(text: str) -> tuple[list[dict[str, Any]], str]:
    """Steps from JSON (a list, or an exported recipe), and what is wrong with the text, with its place."""
    try:
        found = json.loads(text or "[]", parse_float=str, parse_constant=_constant, object_pairs_hook=_object)
    except json.JSONDecodeError as problem:
        return [], f"Line {problem.lineno}, column {problem.colno}: {problem.msg}."
    except _Repeated as problem:
        return [], f"{problem}."
    except RecursionError:
        return [], "The text is nested too deeply to be a recipe."
    except ValueError as problem:
        return [], f"{problem}."
    if isinstance(found, dict):
        found = found.get("steps")
    if not isinstance(found, list):
        return [], "A recipe is a list of steps, or an object with the list “steps”."
    if len(found) > MOST:
        return [], f"{len(found)} steps are too many; a recipe has at most {MOST}."
    steps = []
    for number, item in enumerate(found, start=1):
        if not isinstance(item, dict) or not isinstance(item.get("params", {}), dict):
            return [], f"Item {number}: a step is an object with “name” and “params”."
        if (
            not isinstance(item.get("name"), str)
            or item["name"] not in STEPS
            or not STEPS[item["name"]].offered
        ):
            return [], f"Item {number}: there is no step {item.get('name')!r}.{_meant(item.get('name'))}"
        if extra := sorted(set(item) - {"name", "params", "locked", "clause"}):
            return [], f"Item {number}: a step has no {extra[0]!r}; it has “name” and “params”."
        steps.append({"name": item["name"], "params": dict(item.get("params") or {})})
    return steps, ""


def _meant(name: Any) -> str:
    """The step that was probably meant, or where they are listed."""
    near = get_close_matches(name, STEPS, 1) if isinstance(name, str) else []
    return f" Did you mean {near[0]!r}?" if near else " The form lists all steps, with what each does."


def as_text(steps: list[dict[str, Any]]) -> str:
    """The steps as JSON that a person can read and change."""
    return json.dumps(steps, indent=2, ensure_ascii=False)


def read(post: Any) -> Draft:
    """What was posted, after the click on `do`. A click that cannot be followed leaves everything as it is."""
    view = post.get("view", "form")
    if "recipe_json" in post:
        text = post.get("recipe_json", "")
        steps, fault = from_text(text)
        if fault:
            return Draft([], "json", text, fault)
    else:
        steps, view = read_steps(post), "form"
    word, _, place = post.get("do", "").partition(":")
    if word == "view":
        view = place
    after = changed(steps, post.get("do", ""), post.get("add", ""))
    fresh = len(after) - 1 if word == "add" and len(after) > len(steps) else -1
    return Draft(after, view if view in VIEWS else "form", fresh=fresh)


def read_steps(post: Any) -> list[dict[str, Any]]:
    """Steps as typed, in order, empty parameters left out; text that cannot be read stays text."""
    steps: list[dict[str, Any]] = []
    for index in range(MOST):
        name = post.get(f"step-{index}-name")
        if name is None:
            break
        kind = STEPS.get(name)
        if kind is None:
            # A step that is not installed here: it goes along as it came, and can only be taken out.
            steps.append({"name": name, "params": _raw(post.get(f"step-{index}-raw", ""))})
            continue
        params = {p.name: _read(p, post, f"step-{index}-{p.name}") for p in kind.params}
        steps.append(
            {"name": name, "params": {k: v for k, v in params.items() if v not in (None, "", [], {})}}
        )
    return steps


def _raw(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}", parse_float=str)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _read(param: Param, post: Any, name: str) -> Any:
    if param.kind == "boolean":
        return True if post.get(name) else None
    if post.get(f"{name}-checks"):
        return post.getlist(name) if hasattr(post, "getlist") else post.get(name)
    text = post.get(name, "")
    if not text.strip():
        return None
    try:
        return param.read(text)
    except (StepFault, ValueError):
        return text


def shown(param: Param, value: Any) -> str:
    """A parameter's value as one line of text; what cannot be said so stays JSON."""
    if value in (None, "", [], {}):
        return ""
    if isinstance(value, str):
        return value
    try:
        return param.show(value)
    except (StepFault, ValueError, TypeError, KeyError, AttributeError):
        return json.dumps(value, ensure_ascii=False)


def changed(steps: list[dict[str, Any]], do: str, add: str) -> list[dict[str, Any]]:
    """The steps after one click: `add`, `remove:2`, `up:2`, `down:2`, `double:2`."""
    word, _, place = do.partition(":")
    index = int(place) if place.isdigit() else -1
    steps = list(steps)
    if word == "add" and add in STEPS and STEPS[add].offered and len(steps) < MOST:
        steps.append({"name": add, "params": {}})
    elif not 0 <= index < len(steps):
        return steps
    elif word == "remove":
        steps.pop(index)
    elif word == "double" and len(steps) < MOST:
        steps.insert(index + 1, json.loads(json.dumps(steps[index])))
    elif word == "up" and index > 0:
        steps[index - 1], steps[index] = steps[index], steps[index - 1]
    elif word == "down" and index < len(steps) - 1:
        steps[index + 1], steps[index] = steps[index], steps[index + 1]
    return steps


def page(draft: Draft, types: Schema | None, inputs: Inputs | None = None) -> dict[str, Any]:
    """Everything that `library/_builder.html` shows, in whichever view."""
    rows = outline.follow(draft.steps, types, inputs)
    bad = [p for i, row in enumerate(rows) for p in row.problems if i != draft.fresh]
    return {
        "view": draft.view, "views": VIEWS, "most": MOST, "groups": groups(), "fault": draft.fault,
        "text": draft.text if draft.text is not None else as_text(draft.steps),
        "steps": [_row(i, row, len(rows), inputs or {}, i == draft.fresh) for i, row in enumerate(rows)], "full": len(rows) >= MOST,
        "sentences": [_sentence(row) for row in rows], "schema_known": types is not None,
        "outline": [_outlined(i, row, i == draft.fresh) for i, row in enumerate(rows)], "problem_count": len(bad), "unfinished": draft.fresh >= 0 and bool(rows[draft.fresh].problems),
        "final": list(rows[-1].after.items()) if rows else list((types or {}).items()),
    }  # fmt: skip


def groups() -> dict[str, list[StepKind]]:
    """Group label → its steps, in the catalogue's order."""
    found: dict[str, list[StepKind]] = {label: [] for label in GROUPS.values()}
    for kind in (kind for kind in STEPS.values() if kind.offered):
        found.setdefault(GROUPS.get(kind.group, kind.group.capitalize()), []).append(kind)
    return {label: kinds for label, kinds in found.items() if kinds}


def _outlined(index: int, row: outline.Row, fresh: bool) -> dict[str, Any]:
    return {
        "label": f"{index + 1}. {outline.label_of(row.step)}", "count": len(row.after), "changes": outline.changes(row.before, row.after),
        "problem": "" if fresh else " ".join(p.text for p in row.problems),
    }  # fmt: skip


def _sentence(row: outline.Row) -> dict[str, str]:
    text = row.read.words if row.read else f"{outline.label_of(row.step)}: not complete yet"
    return {"text": text, "problem": " ".join(f"{p.text} {p.remedy}" for p in row.problems)}


def _row(index: int, row: outline.Row, count: int, inputs: Inputs, fresh: bool = False) -> dict[str, Any]:
    kind, params = STEPS.get(row.step["name"]), row.step.get("params", {})
    if kind is None:
        return {
            "index": index, "kind": {"name": row.step["name"], "label": row.step["name"] or "A step without a name"}, "fields": [],
            "raw": json.dumps(params), "first": index == 0, "last": index == count - 1,
            "elsewhere": row.problems, "live": [f"step-{index}-problems"],
        }  # fmt: skip
    names = {p.name for p in kind.params}
    fields = []
    for param in kind.params:
        wrong = [p for p in row.problems if p.field.split(".")[0] == param.name]
        made = _field(kind, param, f"step-{index}-{param.name}", params.get(param.name), row.before, inputs)
        fields.append(
            {**made, "error": "" if fresh else " ".join(f"{p.text} {p.remedy}".strip() for p in wrong)}
        )
    return {
        "index": index, "kind": kind, "fields": fields, "first": index == 0, "last": index == count - 1,
        "elsewhere": [p for p in row.problems if p.field.split(".")[0] not in names and not fresh],
        "live": [f"step-{index}-problems", *(f"{f['name']}-e" for f in fields if f["param"].kind != "boolean")],
    }  # fmt: skip


HINTS = {"columns": "Names, separated by commas.", "mapping": "Pairs like old=new, separated by commas."}
WIDE = ("columns", "mapping", "list", "expression", "order", "rules", "measures")


def _field(
    kind: StepKind, param: Param, name: str, value: Any, before: Schema, inputs: Inputs
) -> dict[str, Any]:
    """One parameter as the page shows it: check boxes, a list to choose from, or text."""
    field: dict[str, Any] = {
        "param": param, "name": name, "value": shown(param, value), "checks": None, "options": None, "blank": "–", "checked": value is True,
        "wide": param.kind in WIDE, "help": param.help or HINTS.get(param.kind, ""),
    }  # fmt: skip
    if param.kind == "choice":
        words = {} if kind.name in AS_THEY_ARE and param.name == "to" else WORDS
        field["options"] = _options([(c, words.get(c, c)) for c in param.choices], value)
        field["blank"] = f"as usual: {words.get(param.default, param.default)}" if param.default else "–"
    elif param.kind == "list" and param.choices and isinstance(value, list | None):
        ticked = [str(v) for v in value or []]
        boxes = [(c, WORDS.get(c, c)) for c in param.choices] + [
            (v, f"{v} (not there)") for v in ticked if v not in param.choices
        ]
        field["checks"] = [
            {"name": c, "label": label, "type": "", "checked": c in ticked} for c, label in boxes
        ]
        field["help"] = param.help if param.help != ", ".join(param.choices) else ""
    elif param.kind == "column" and before:
        field["options"] = _options([(n, n) for n in before], value)
    elif param.kind == "input" and inputs:
        field["options"] = _options([(n, n) for n in inputs], value)
    elif param.kind == "columns" and _fits_boxes(kind, param, value, before):
        ticked, field["help"] = set(value or []), param.help
        boxes = [*before.items(), *((n, "not there") for n in value or [] if n not in before)]
        field["checks"] = [{"name": n, "type": t, "checked": n in ticked} for n, t in boxes]
    return field


def _options(known: list[tuple[str, str]], value: Any) -> list[tuple[str, str]]:
    """What can be chosen, and what was chosen even if it is not there any more."""
    text = str(value or "")
    return known if not text or text in dict(known) else [*known, (text, f"{text} (not there)")]


def _fits_boxes(kind: StepKind, param: Param, value: Any, before: Schema) -> bool:
    """Few columns, in an order that boxes can say: as they are, then those that are not there."""
    if not 0 < len(before) <= CHECKED or (kind.name, param.name) in ORDERED:
        return False
    if value in (None, ""):
        return True
    if not isinstance(value, list) or not all(isinstance(n, str) for n in value):
        return False
    return value == [n for n in before if n in set(value)] + [n for n in value if n not in before]


def problems(steps: list[dict[str, Any]], types: Schema, inputs: Inputs | None = None) -> list[Problem]:
    """Everything that is wrong with the steps on these columns."""
    return [p for row in outline.follow(steps, types, inputs) for p in row.problems]


def sentences(steps: list[dict[str, Any]]) -> list[dict[str, str]]:
    """The steps in words."""
    return [_sentence(row) for row in outline.follow(steps, None)]


def needed_columns(steps: list[dict[str, Any]]) -> list[str]:
    return outline.needed_columns(steps)


def differences(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> list[str]:
    """What was removed, changed, moved and added, in words; empty if the steps are the same."""
    return compare(Recipe.from_list(old)[0], Recipe.from_list(new)[0])
