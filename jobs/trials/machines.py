"""Dry runs: asked for by people through requests and recipes, made by the portal."""

from __future__ import annotations

from kernel.machine import Action, Machine, State
from kernel.registry import register

SYSTEM = frozenset({"system"})

TRIAL = register(
    Machine(
        name="trial",
        model="trials.Trial",
        label="dry run",
        states=(
            State("waiting", "Under way", "active", "A worker tries the plan on a sample.", "system"),
            State("done", "Done", "good", "The plan was tried on a sample. Nothing left the portal."),
        ),
        final=frozenset({"done"}),
        creates=(Action("start", "Try on a sample", SYSTEM, frozenset({""}), to="waiting", hidden=True),),
        actions=(
            Action("finish", "Finish the dry run", SYSTEM, frozenset({"waiting"}), to="done", hidden=True),
        ),
    )
)
