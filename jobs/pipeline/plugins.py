"""The half of third parties' steps that runs: loaded where data is worked on, never in web processes.

Which packages: the environment variable STEP_PACKAGES, as for the portal.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from contracts.recipes.plugins import PluginFault, allowed_points, opened, package_of
from jobs.pipeline.faults import StepError
from jobs.pipeline.steps.base import RUNNERS

LOADED: dict[str, str] = {}
"""Step → the `name==version` that runs it."""


def wanted() -> list[str]:
    """The packages that the operator allows."""
    return [name.strip() for name in os.environ.get("STEP_PACKAGES", "").split(",") if name.strip()]


def load_runners(allowed: Iterable[str] | None = None) -> dict[str, str]:
    """Register the runners of the allowed packages; returns step → package.

    Raises PluginFault, leaving RUNNERS as it was, if a package registers other names than it declares.
    """
    for point in allowed_points(wanted() if allowed is None else allowed).values():
        package = package_of(point)
        offered = opened(point)
        names = {kind.name for kind in offered.kinds}
        if names and all(LOADED.get(name) == package for name in names):
            continue
        before = dict(RUNNERS)
        try:
            offered.runners()
        except Exception as problem:
            _restore(before)
            raise PluginFault(f"The runners of {package} cannot be loaded: {problem!r}.") from problem
        touched = {name for name, runner in RUNNERS.items() if before.get(name) is not runner}
        if touched != names or touched & set(before):
            _restore(before)
            raise PluginFault(
                f"{package} runs {sorted(touched)} but declares {sorted(names)}, or runs a step that exists."
            )
        LOADED.update(dict.fromkeys(names, package))
    return dict(LOADED)


def _restore(before: dict[str, Any]) -> None:
    RUNNERS.clear()
    RUNNERS.update(before)


def check_packages(steps: Iterable[Mapping[str, Any]]) -> None:
    """Raises StepError unless each step can run here, by the very package that the plan was made with."""
    try:
        load_runners()
    except PluginFault as problem:
        raise StepError("step.package", str(problem), "Tell the operator of this worker.") from problem
    for index, step in enumerate(steps):
        agreed, here = step.get("package", ""), LOADED.get(step["name"], "")
        if step["name"] in RUNNERS and agreed == here:
            continue
        said = agreed or "as a step of the portal"
        has = here or ("its own" if step["name"] in RUNNERS else "no such step")
        raise StepError(
            "step.package", f"Step {index + 1} ({step['name']}) was agreed with {said}; this worker has {has}.",
            "Tell the operator: the same packages belong on all workers (STEP_PACKAGES).", step=index,
        )  # fmt: skip
