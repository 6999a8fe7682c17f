"""The reference pages, written from the tables that the portal runs on: machines, clauses, steps."""

from __future__ import annotations

import json
from collections.abc import Callable

from contracts.policies.clauses import CLAUSES
from contracts.policies.taxonomy import COUNTRIES, GROUPS, PURPOSES
from contracts.recipes.steps import COMPARISONS, STEPS
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
}
_MOODS = {"may": "may", "may_not": "may not", "must": "must"}


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
        "| Code | Example value | In words: the partner … | Badge | How |",
        "| --- | --- | --- | --- | --- |",
    ]
    for kind in CLAUSES.values():
        example = _EXAMPLES[kind.code]
        words = kind.words(kind.check(json.loads(example)))
        required = " (always needed)" if kind.required else ""
        lines.append(
            f"| `{kind.code}`{required} | `{example}` | {_MOODS[kind.mood]} {words} | {kind.badge} | {kind.enforced_by} |"
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
    lines += [
        "",
        "## Steps of a recipe",
        "",
        'A recipe is a list of steps: `[{"name": "trim", "params": {"columns": ["dest"]}}]`. A contract adds steps of its own, locked.',
        "",
    ]
    lines += ["| Step | What it does | Parameters |", "| --- | --- | --- |"]
    for step in STEPS.values():
        params = "; ".join(
            f"`{p.name}` ({p.kind}{', may be left out' if not p.required else ''}"
            f"{': ' + ', '.join(p.choices) if p.choices else ''})"
            for p in step.params
        )
        lines.append(f"| `{step.name}` | {step.help} | {params or 'none'} |")
    lines += ["", "## Row filter", ""]
    lines.append('Conditions are `{"column": "carrier", "op": "eq", "value": ["UA"]}`; all must hold.')
    lines += ["", "| Code | In words |", "| --- | --- |"]
    lines += [f"| `{code}` | {words} |" for code, words in COMPARISONS.items()]
    return "\n".join(lines) + "\n"


PAGES: dict[str, Callable[[], str]] = {"machines.md": machines, "terms.md": terms}
