"""Traces: asked for by the data's holder, done by a worker."""

from __future__ import annotations

from kernel.machine import Action, Machine, State
from kernel.registry import register
from kernel.roles import OWNER, STEWARD, side

SYSTEM = frozenset({"system"})

TRACE = register(
    Machine(
        name="trace",
        model="tracing.Trace",
        label="trace of a leaked file",
        states=(
            State("waiting", "Under way", "active", "A worker compares the file with the exports.", "system"),
            State("done", "Done", "good", "The file was compared with the exports."),
        ),
        final=frozenset({"done"}),
        creates=(
            Action(
                "ask", "Trace a leaked file", side("holder", OWNER, STEWARD), frozenset({""}), to="waiting"
            ),
            Action(
                "told_at_shell",
                "Trace a leaked file at the shell",
                SYSTEM,
                frozenset({""}),
                to="done",
                hidden=True,
            ),
        ),
        actions=(
            Action("finish", "Finish the trace", SYSTEM, frozenset({"waiting"}), to="done", hidden=True),
        ),
    )
)
