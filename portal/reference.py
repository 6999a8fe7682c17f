"""The reference pages, written from the tables that the portal runs on: machines, clauses, steps."""

from __future__ import annotations

import json
from collections.abc import Callable

from contracts.policies.clauses import CLAUSES
from contracts.policies.moments import MOMENTS, rows
from contracts.policies.taxonomy import COUNTRIES, GROUPS, PURPOSES
from contracts.recipes.expressions import FUNCTIONS
from contracts.recipes.steps import COMPARISONS, STEPS, Param
from contracts.recipes.steps import GROUPS as STEP_GROUPS
from kernel import registry
from kernel.machine import Machine, describe_roles, mermaid


def machines() -> str:
    """Markdown: for each machine its diagram, states and actions."""
    parts = [
        "# States and actions",
        "",
        "Written by `manage.py reference --write` from the tables that the portal runs on. Do not edit.",
    ]
    for machine in registry.machines():
        parts += ["", *_section(machine)]
    return "\n".join(parts) + "\n"


def _section(machine: Machine) -> list[str]:
    lines = [f"## {machine.name}", "", "```mermaid", mermaid(machine), "```", ""]
    lines += ["| State | On screen | Means | Protocol |", "| --- | --- | --- | --- |"]
    lines += [f"| `{s.name}` | {s.label} | {s.means} | {s.protocol} |" for s in machine.states]
    lines += [
        "",
        "| Action | From | To | Who | Also needs | Tells |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for action in machine.creates + machine.actions:
        origins = ", ".join(f"`{o}`" if o else "(new)" for o in sorted(action.on))
        needs = ", ".join(f"`{rule.__name__}`" for rule in action.needs)
        tells = ", ".join(f"`{topic}`" for topic in action.then)
        to = f"`{action.to}`" if action.to else "(stays)"
        lines.append(
            f"| `{action.name}` | {origins} | {to} | {describe_roles(action.by)} | {needs} | {tells} |"
        )
    return lines


def rights() -> str:
    """Markdown: for each machine, what each role may ask for in each state."""
    parts = [
        "# Who may do what",
        "",
        "Written by `manage.py reference --write` from the tables that the portal runs on. Do not edit.",
        "",
        "One table for each kind of object: a role's commands in each state. *Side.role* is a role held in the organisation that is this "
        "side of the object; a single word is a personal tie. Rules may still say no, with their reasons; see [machines](machines.md). "
        "What the portal does by itself is `system`. The same tables make buttons, API answers and tests: `make matrix` asks every cell, "
        "also the empty ones.",
    ]
    for machine in registry.machines():
        roles = sorted({role for action in machine.actions for role in action.by})
        states = [s for s in machine.states if any(s.name in action.on for action in machine.actions)]
        parts += [
            "",
            f"## {machine.name}",
            "",
            f"| Role | {' | '.join(f'`{s.name}`' for s in states)} |",
            f"| --- | {' | '.join('---' for _ in states)} |",
        ]
        for role in roles:
            cells = (
                ", ".join(f"`{a.name}`" for a in machine.actions if machine.fits(a, s.name, [role]))
                for s in states
            )
            parts.append(f"| {role} | {' | '.join(cells)} |")
    return "\n".join(parts) + "\n"


_EXAMPLES = {
    "purpose": '{"any_of": ["research"]}',
    "recipient": '{"who": "named_people"}',
    "place": '{"any_of": ["EU"]}',
    "period": '{"from": "2027-01-01", "until": "2027-12-31", "zone": "Europe/Berlin"}',
    "columns": '{"only": ["carrier", "dest"]}',
    "exports": '{"at_most": 3}',
    "min_group_size": '{"k": 5, "by": ["dest"]}',
    "pseudonymise": '{"columns": ["tailnum"]}',
    "no_onward_transfer": "{}",
    "no_reidentification": "{}",
    "delete_within": '{"days": 30}',
    "attribution": '{"text": "Flights of 2013, Hudson Carriers"}',
    "only_rows": '{"conditions": [{"column": "carrier", "op": "in", "value": ["AA", "UA"]}]}',
    "rows_total": '{"at_most": 1000000}',
    "formats": '{"any_of": ["csv", "parquet"]}',
    "download_within": '{"days": 14}',
    "access_mode": '{"any_of": ["clean_room"]}',
    "security_level": '{"at_least": 3}',
    "onward_to": '{"names": ["Rheinrechner GmbH"]}',
    "generalise": '{"rules": [{"column": "born", "how": "date", "unit": "year"}]}',
    "aggregate_only": '{"k": 10}',
    "watermark": "{}",
    "no_ai_training": "{}",
    "compensate": '{"amount": "1200.00", "currency": "EUR"}',
    "report_use": '{"every_days": 90}',
    "inform_breach": '{"hours": 24}',
    "if_late": '{"then": ["notify_trust", "suspend_downloads"]}',
    "own": '{"clauses": [{"code": "call", "mood": "must", "en": "join the quarterly call", "de": "am Quartalsgespräch teilnehmen"}]}',
    "unexplained": '{"parts": [{"at": "duty", "node": {"action": "https://example.org/sing"}}]}',
}
_MOODS = {"may": "may", "may_not": "may not", "must": "must", "will": "will", "is": "is", "own": ""}


def terms() -> str:
    """Markdown: every clause with its value and sentence, the words they may use, every step."""
    lines = [
        "# Terms and recipes",
        "",
        "Written by `manage.py reference --write` from the lists that the portal runs on. Do not edit.",
        "",
        "## Clauses",
        "",
        "Terms are one JSON object: clause code → value. A clause that is left out is not agreed.",
        "*Enforced*: the portal makes it so. *Watched*: it opens a duty with a date. *Promised*: it binds by law only.",
        "",
        "| Code | Example value | In words: the partner … | Badge | How | Law |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for kind in CLAUSES.values():
        example = _EXAMPLES[kind.code]
        words = kind.words(kind.check(json.loads(example)))
        required = " (always needed)" if kind.required else ""
        lines.append(
            f"| `{kind.code}`{required} | `{example}` | {_MOODS[kind.voice or kind.mood]} {words} | {kind.badge} | {kind.enforced_by} | {kind.law} |"
        )
    lines += [
        "",
        "## Purposes",
        "",
        "A purpose includes those under it.",
        "",
        "| Code | Label | Under |",
        "| --- | --- | --- |",
    ]
    lines += [
        f"| `{c}` | {label} | {f'`{above}`' if above else ''} |" for c, (label, above) in PURPOSES.items()
    ]
    lines += ["", "## Places", ""]
    lines.append(f"Groups: {', '.join(f'`{c}`' for c in GROUPS)}. Countries by their two letters (ISO 3166-1): "
                 f"{', '.join(f'`{c}`' for c in COUNTRIES)}.")  # fmt: skip
    lines += ["", *_steps(), "", *_expressions()]
    lines += ["", "## Row filter", ""]
    lines.append('Conditions are `{"column": "carrier", "op": "eq", "value": ["UA"]}`; all must hold.')
    lines += ["", "| Code | In words |", "| --- | --- |"]
    lines += [f"| `{code}` | {words} |" for code, words in COMPARISONS.items()]
    return "\n".join(lines) + "\n"


_KINDS = {
    "column": "the name of a column",
    "columns": "a list of column names",
    "text": "text",
    "number": 'a number as text, such as `"12.5"`',
    "integer": "a whole number",
    "boolean": "true or false",
    "choice": "one of the words given",
    "mapping": 'pairs, such as `{"old": "new"}`',
    "list": "a list of texts",
    "expression": "an expression, see below",
    "order": 'a list of names, with `-` before one for the largest first: `["-day", "carrier"]`',
    "rules": '`{"column", "rule"}` with `rule` not_null, unique, range (`min`, `max`), pattern (`pattern`), set (`values`) or '
    "length (`min`, `max`)",
    "measures": '`{"column", "how", "as"}` with `how` count, distinct, sum, mean, min, max or median; count needs no column',
    "input": "the short name of a further dataset of the agreement",
}


def _steps() -> list[str]:
    lines = [
        "## Steps of a recipe",
        "",
        'A recipe is `{"recipe": 1, "steps": [{"name": "trim", "params": {"columns": ["dest"]}}]}` or just the list of steps. A contract '
        "adds steps of its own, locked. What does not fit the columns is refused before anything is sent: step, parameter, and what to do.",
        "",
        "| Parameter | Value |",
        "| --- | --- |",
        *(f"| {kind} | {words} |" for kind, words in _KINDS.items()),
    ]
    for group, label in STEP_GROUPS.items():
        kinds = [kind for kind in STEPS.values() if kind.group == group and not kind.package]
        if not kinds:
            continue
        lines += [
            "",
            f"### {label}",
            "",
            "| Step | What it does | Looks at | Parameters |",
            "| --- | --- | --- | --- |",
        ]
        for kind in kinds:
            params = "; ".join(_param(p) for p in kind.params) or "none"
            scope = "each row" if kind.scope == "batch" else "the whole table"
            lines.append(f"| `{kind.name}` | {kind.help} | {scope} | {params} |")
    return lines


def _param(param: Param) -> str:
    said = [param.kind] if not param.choices else [f"{param.kind}: {', '.join(param.choices)}"]
    if param.default not in (None, "", False):
        said.append(f"{param.default} if left out")
    elif not param.required:
        said.append("may be left out")
    return f"`{param.name}` ({', '.join(said)})"


def _expressions() -> list[str]:
    lines = [
        "## Expressions",
        "",
        "For `calculate`, `filter_by` and `drop_rows`. Parsed by the portal and checked against the columns; nothing is ever run as code.",
        "",
        "- Values: `12`, `12.5` (exact), `'text'` (a quote inside is written twice), `true`, `false`, `missing`, `date '2026-01-31'`, "
        "`timestamp '2026-01-31 08:30'`.",
        '- Columns: their name, or `"any name"` in double quotes.',
        "- `+ - * /` and `%` (remainder, with the sign of the left side). Integers and decimals stay exact and never wrap: what does not fit "
        "stops the job. `/`, and anything with a number, gives a number. By zero gives missing.",
        "- `= != < <= > >=`, `in (…)`, `not in (…)`, `between … and …`, `is missing`, `is not missing`, `and`, `or`, `not`, parentheses.",
        "- Missing is unknown: compared with anything it is missing, and rows whose condition is missing are not kept (and not dropped by "
        "`drop_rows`).",
        "",
        "| Function | Gives |",
        "| --- | --- |",
    ]
    for name, (least, most, words) in FUNCTIONS.items():
        letters = "abcdefghij"[: max(least, min(most, 2))]
        text = words.replace("{all}", "{0} and {1}").format(*letters, "")
        lines.append(f"| `{name}({', '.join(letters)}{', …' if most > 3 else ''})` | {text} |")
    lines += [
        "",
        "Patterns (`matches`, `replace`, `redact`, `validate`) are RE2: no lookaround and no references back, so that none can hang.",
    ]
    return lines


def enforcement() -> str:
    """Markdown: what each clause does at each moment."""
    lines = [
        "# What each clause does, and when",
        "",
        "Written by `manage.py reference --write` from `contracts/policies/moments.py`. Do not edit.",
        "",
        "Each filled cell is tested: `tests/test_moments.py::test_cell[clause-moment]`, for example "
        "`test_cell[purpose-request]`. A clause of the library without a row fails there.",
        "",
        f"| Clause | Badge | {' | '.join(MOMENTS.values())} |",
        f"| --- | --- | {' | '.join('---' for _ in MOMENTS)} |",
    ]
    for row in rows():
        said = " | ".join(text or "–" for _, text in row.cells)
        lines.append(f"| {row.label} (`{row.code}`) | {row.badge} | {said} |")
    lines += [
        "",
        "The moments, as they are named in the tests: " + ", ".join(f"`{code}`" for code in MOMENTS) + ".",
        "",
        "Besides the clauses, four things stop everything under a contract at once: it is suspended, it ends early, it runs "
        "out, or a party's membership in the trust is suspended or ends. Downloads are cut within a second, queued and running "
        "jobs stop, and both sides are told what must be done now.",
    ]
    return "\n".join(lines) + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "machines.md": machines,
    "rights.md": rights,
    "terms.md": terms,
    "enforcement.md": enforcement,
}
