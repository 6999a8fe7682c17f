"""A dry run as one person may see it."""

from __future__ import annotations

from typing import Any

from contracts.recipes.compile import plan_words
from contracts.sharing.services import plan_of
from jobs.runs.shown import failure
from jobs.trials.masking import masked
from jobs.trials.models import Trial
from jobs.trials.selectors import sees_all
from kernel.actor import Actor
from kernel.decision import Refused


def result_for(trial: Trial, actor: Actor) -> dict[str, Any]:
    """The counts: exact for the people of the data's holder, masked for everybody else."""
    if not trial.result:
        return {}
    return dict(trial.result) if sees_all(trial, actor) else masked(trial.result, trial.plan)


def is_stale(trial: Trial) -> bool:
    """Whether the recipe, the request or its data changed since."""
    if trial.request is not None:
        try:
            return plan_of(trial.request).hash != trial.plan_hash
        except Refused:
            return True
    return trial.recipe is not None and trial.recipe.number != trial.recipe.recipe.number


def shown(trial: Trial, actor: Actor) -> dict[str, Any]:
    """For the page: steps in words with their counts, the estimate, rows if this person may see them."""
    result, words = result_for(trial, actor), plan_words(trial.plan)
    steps = [
        {**words[at], **step, "reasons": list(step["reasons"].items())}
        for at, step in enumerate(result.get("steps", []))
    ]
    stopped = dict(result.get("stopped") or {})
    if stopped and (stopped.get("step") or 0) < len(words):
        stopped["words"] = words[stopped.get("step") or 0]["text"]
    rows = _table(trial.rows) if sees_all(trial, actor) and trial.rows else None
    return {
        "trial": trial, "result": result, "trial_steps": steps, "stopped": stopped, "rows": rows, "stale": is_stale(trial),
        "over_sampled": any(s["whole"] and s["removed"] for s in steps), "job": trial.job, "failure": failure(trial.job, actor) if trial.job else {},
        "waiting": trial.state == "waiting" and (trial.job is None or trial.job.state in ("queued", "running", "checking")),
        "minutes": _time(result.get("estimated_seconds")),
    }  # fmt: skip


def _table(rows: dict[str, Any]) -> dict[str, Any]:
    """Before and after under one head: the columns from before, then those that were added."""
    before, after = rows["before"], rows["after"]
    if not rows["paired"]:
        first = {"label": "Before", "names": before, "rows": [r["before"] for r in rows["rows"]]}
        return {**rows, "parts": [first, {"label": "After", "names": after, "rows": rows["result"]}]}
    names = [*before, *(n for n in after if n not in before)]
    pairs = []
    for row in rows["rows"]:
        old = dict(zip(before, row["before"], strict=True))
        new = dict(zip(after, row["after"] or [], strict=False))
        cells = [(new.get(n, ""), n in new and (n not in old or old[n] != new[n])) for n in names]
        pairs.append(
            {
                "row": row["row"],
                "before": [old.get(n, "") for n in names],
                "after": cells,
                "removed": row["removed"],
            }
        )
    return {**rows, "names": names, "pairs": pairs}


def _time(seconds: int | None) -> str:
    if seconds is None:
        return ""
    if seconds < 60:
        return "under a minute"
    minutes = round(seconds / 60)
    return (
        f"about {minutes} minute{'' if minutes == 1 else 's'}"
        if minutes < 90
        else f"about {round(minutes / 60)} hours"
    )
