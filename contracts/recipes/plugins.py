"""Steps of third parties: installed Python packages that an operator allows.

A package offers an object under the entry point group `commonhold.steps`, with `kinds` (StepKinds, data only)
and `runners()`, which imports the module that runs them; only workers call it (`jobs.pipeline.plugins`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from contracts.recipes.steps import BUILT_IN, GROUPS, STEPS, StepKind
from contracts.recipes.steps.base import undeclared_removal, undeclared_shape

GROUP = "commonhold.steps"


class PluginFault(Exception):
    """A package's steps cannot be offered: which package, why, and what to do."""


def allowed_points(allowed: Iterable[str]) -> dict[str, EntryPoint]:
    """Distribution name → its entry point, for the allowed ones. Raises PluginFault for one that is not there."""
    found: dict[str, EntryPoint] = {}
    wanted = {_plain(name): name for name in allowed}
    for point in entry_points(group=GROUP):
        name = _plain(point.dist.name) if point.dist else ""
        if name in wanted and name not in found:
            found[name] = point
    missing = [given for name, given in wanted.items() if name not in found]
    if missing:
        raise PluginFault(f"STEP_PACKAGES names {', '.join(missing)}, which offers no steps here. "
                          "Install it, or take it out of STEP_PACKAGES.")  # fmt: skip
    return found


def package_of(point: EntryPoint) -> str:
    """Name and version of what offers the steps."""
    assert point.dist is not None
    return f"{point.dist.name}=={point.dist.version}"


def opened(point: EntryPoint) -> Any:
    """The object that a package offers. Raises PluginFault if it cannot be imported or is no such object."""
    try:
        found = point.load()
    except Exception as problem:
        raise PluginFault(
            f"{package_of(point)} cannot be imported: {problem!r}. Install a version that works."
        ) from problem
    if not isinstance(getattr(found, "kinds", None), (list, tuple)) or not callable(
        getattr(found, "runners", None)
    ):
        raise PluginFault(f"{package_of(point)}: {point.value} has no list “kinds” and function “runners”.")
    return found


def load_plugins(allowed: Iterable[str]) -> list[str]:
    """Register the kinds of the allowed packages; returns `name==version` of each.

    Raises PluginFault, and registers nothing of the package, if a kind has a name that is taken or does not
    declare what it says and which columns come out. Loading again is harmless.
    """
    loaded = []
    for point in allowed_points(allowed).values():
        package = package_of(point)
        kinds = {k.name: k for k in (_judged(kind, package) for kind in opened(point).kinds)}
        STEPS.update(kinds)
        loaded.append(package)
    return loaded


def unload_plugins() -> None:
    """Only the built-in steps remain."""
    for name in [name for name in STEPS if name not in BUILT_IN]:
        del STEPS[name]


def _judged(kind: Any, package: str) -> StepKind:
    if not isinstance(kind, StepKind):
        raise PluginFault(f"{package} offers {kind!r}, which is no StepKind.")
    where = f"{package}, step {kind.name!r}"
    taken = STEPS.get(kind.name)
    if taken is not None and taken.package != package:
        raise PluginFault(f"{where}: {taken.package or 'Commonhold'} has a step of that name already.")
    if not kind.name.isidentifier() or kind.name != kind.name.lower():
        raise PluginFault(f"{where}: the name must be lower-case letters, digits and “_”.")
    if not kind.label or not kind.help or not _callable(kind.words):
        raise PluginFault(f"{where}: label, help and words must be declared.")
    if undeclared_shape(kind):
        raise PluginFault(f"{where}: which columns come out must be declared (shaper).")
    if kind.scope not in ("batch", "whole"):
        raise PluginFault(f"{where}: the scope is batch or whole.")
    group = kind.group if kind.group in GROUPS else "other"
    if undeclared_removal(kind):
        return replace(kind, package=package, group=group, removes=lambda params: True)
    return replace(kind, package=package, group=group)


def _callable(found: Callable[..., Any] | None) -> bool:
    return callable(found)


def _plain(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")
