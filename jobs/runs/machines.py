"""Jobs: claimed by one worker at a time, by transition."""

from __future__ import annotations

from kernel.machine import Action, Machine, State
from kernel.registry import register
from kernel.roles import ANALYST, OWNER, STEWARD, side

NEW = frozenset({""})
SYSTEM = frozenset({"system"})
HOLDER = side("holder", OWNER, STEWARD)
ASKER = side("consumer", OWNER, STEWARD, ANALYST)
# Of the trust under whose contract it runs.
TRUSTEES = side("trustee", OWNER, STEWARD)
LIVE = frozenset({"queued", "running", "checking"})

JOB = register(
    Machine(
        name="job",
        model="runs.Job",
        label="job",
        states=(
            State("queued", "Queued", "active", "Waiting for a worker.", "system"),
            State("running", "Running", "active", "A worker is at it.", "system"),
            State(
                "checking", "Checking", "active", "The result is checked before anything leaves.", "system"
            ),
            State("done", "Done", "good", "Finished."),
            State(
                "failed",
                "Failed",
                "bad",
                "It could not finish; the job says why and what to do.",
                "holder",
            ),
            State("cancelled", "Cancelled", "neutral", "Stopped before the end. Nothing left."),
        ),
        final=frozenset({"done", "cancelled"}),
        creates=(Action("enqueue", "Queue", SYSTEM, NEW, to="queued", hidden=True, then=("job.queued",)),),
        actions=(
            Action("claim", "Claim", SYSTEM, frozenset({"queued"}), to="running", hidden=True),
            Action("check", "Check the result", SYSTEM, frozenset({"running"}), to="checking", hidden=True),
            Action(
                "finish",
                "Finish",
                SYSTEM,
                frozenset({"running", "checking"}),
                to="done",
                hidden=True,
                then=("job.done",),
            ),
            Action("fail", "Fail", SYSTEM, LIVE, to="failed", hidden=True, then=("job.failed",)),
            Action(
                "requeue",
                "Queue again",
                SYSTEM,
                frozenset({"running", "checking"}),
                to="queued",
                hidden=True,
                then=("job.queued",),
            ),
            Action("stop", "Stop", SYSTEM, LIVE, to="cancelled", hidden=True, then=("job.stopped",)),
            Action(
                "cancel",
                "Cancel",
                HOLDER | ASKER | TRUSTEES,
                LIVE | {"failed"},
                to="cancelled",
                asks=True,
                kind="danger",
                help="The work stops at once. An export that did not leave is given back to the contract.",
                then=("job.stopped",),
                done="Cancelled. Nothing left the portal.",
            ),
            Action(
                "retry",
                "Try again",
                HOLDER | ASKER,
                frozenset({"failed"}),
                to="queued",
                kind="primary",
                then=("job.queued",),
                done="Queued again.",
            ),
        ),
    )
)
