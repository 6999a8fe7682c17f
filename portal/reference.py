"""The reference page of all machines, written from the tables themselves."""

from __future__ import annotations

from kernel import registry
from kernel.machine import Machine, describe_roles, mermaid


def page() -> str:
    """Markdown: for each machine its diagram, states and actions."""
    parts = [
        "# States and actions",
        "",
        "Written by `manage.py machines --write` from the tables that the portal runs on. Do not edit.",
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
