"""Each step of the asker against the contract: by the originals a column was made from, not by its name.

Three rules. A column kept for grouping only may not be named by any step. A pseudonym may be moved, counted
and compared with pseudonyms, not taken apart or compared with a value. Where rows can no longer be counted
after a step, small groups are removed before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from contracts.policies.taxonomy import listed
from contracts.recipes.recipe import Problem, Step, made_columns
from contracts.recipes.schema import Col, Schema, Shape
from contracts.recipes.steps import STEPS
from kernel.decision import Reason


def faults(problems: list[Problem]) -> list[Reason]:
    """Problems of steps as reasons, each with the field it stands at."""
    return [
        Reason(
            "recipe.step", p.text, p.remedy, "", f"recipe.{p.step}.{p.field}" if p.step >= 0 else "row_filter"
        )
        for p in problems
    ]


def further_columns(inputs: Mapping[str, Mapping[str, Any]], secret: set[str]) -> dict[str, Schema]:
    """The columns of each further dataset that may be joined; those that leave as pseudonyms are pseudonyms."""
    found: dict[str, Schema] = {}
    for alias, given in inputs.items():
        rich = isinstance(given.get("types"), Mapping)
        types: Mapping[str, str] = given["types"] if rich else given
        allowed = set(given.get("columns_allowed", types)) if rich else set(types)
        shape = Shape.of({n: t for n, t in types.items() if n in allowed}, alias).columns
        found[alias] = {n: c.covered("pseudonym") if n in secret else c for n, c in shape.items()}
    return found


@dataclass
class Guard:
    """Visits the steps in order, `offset` of them from before the asker's. `reasons` is why not.

    settled: small groups are removed already. by: the columns they were told apart by. counted: the column
    with the number of rows in each group of a summary. cells: no figure of a summary stands for fewer rows.
    results_only: single rows may not leave, so nothing may bring rows in again after a summary.
    """

    offset: int
    hidden: set[str]
    group: dict[str, Any]
    others: dict[str, Schema]
    cells: int = 0
    results_only: bool = False
    reasons: list[Reason] = field(default_factory=list)
    settled: bool = False
    by: list[str] = field(default_factory=list)
    counted: str = ""
    count_touched: bool = False
    joined: bool = False
    secret: frozenset[str] = frozenset()
    _steps: list[Step] = field(default_factory=list)

    def steps(self) -> list[Step]:
        """The asker's steps with the locked ones that stand among them."""
        return self._steps

    def is_secret(self, col: Col) -> bool:
        """Whether a pseudonym of the contract has a part in the column."""
        return bool(col.origins & self.secret)

    def visit(self, index: int, step: Step, shape: Shape) -> Step:
        """Judge one step on the columns before it; returns it as it will run."""
        if index < self.offset:
            return step
        if index == self.offset:
            self.secret = self._secrets(shape)
        place = index - self.offset
        names = {where: [n for n in found if n in shape.columns] for where, found in step.reads.items()}
        self._unhidden(step, place, names, shape)
        self._pseudonyms(step, place, names, shape)
        step = self._kept(step, shape)
        self._rows(step, place, shape)
        self._results(step, place)
        if step.name == "group" and self.cells and not self.counted:
            return self._summed(step, shape)
        if self.counted and (
            self.counted in {n for found in names.values() for n in found} or step.name == "group"
        ):
            self.count_touched = True
        self._steps.append(step)
        return step

    def _secrets(self, shape: Shape) -> frozenset[str]:
        columns = [*shape.columns.values(), *(c for other in self.others.values() for c in other.values())]
        return frozenset[str]().union(*(c.origins for c in columns if c.cover == "pseudonym"))

    def _unhidden(self, step: Step, place: int, names: Mapping[str, list[str]], shape: Shape) -> None:
        for where, found in names.items():
            touched = [n for n in found if shape.columns[n].origins & self.hidden]
            if touched:
                text = f"Step {place + 1}: {listed(touched)} is not in the contract."
                self.reasons += faults([Problem(place, where, text, "It is used for grouping only.")])
        taken = [n for n in made_columns(step) if n in self.hidden]
        if taken and "group" not in {s.name for s in self._steps}:
            text = f"Step {place + 1}: the name {listed(taken)} is taken by a column that is not in the contract."
            self.reasons += faults([Problem(place, "into", text, "Choose another name.")])

    def _pseudonyms(self, step: Step, place: int, names: Mapping[str, list[str]], shape: Shape) -> None:
        kind = STEPS[step.name]
        for where, found in names.items():
            blunt = [n for n in found if self.is_secret(shape.columns[n]) and not kind.bears(step.params, n)]
            if blunt:
                self._no_pseudonym(place, where, listed(blunt))
        if step.name == "join":
            other = self.others.get(step.params["with"], {})
            for left, right in step.params["on"].items():
                if (
                    left in shape.columns
                    and right in other
                    and self.is_secret(shape.columns[left]) != self.is_secret(other[right])
                ):
                    self._no_pseudonym(place, "on", f"{left} = {right}")

    def _no_pseudonym(self, place: int, where: str, what: str) -> None:
        text = (
            f"Step {place + 1}: {what} leaves as a pseudonym only and cannot be changed or compared that way"
        )
        self.reasons.append(Reason("terms.pseudonymise", text, "Take the step out", "clause pseudonymise", f"recipe.{place}.{where}"))  # fmt: skip

    def _kept(self, step: Step, shape: Shape) -> Step:
        """Columns kept for grouping only outlast a selection, and play no part in what equal rows are."""
        behind = [n for n, c in shape.columns.items() if c.origins & self.hidden]
        if not behind:
            return step
        if step.name == "select":
            return replace(step, params={"columns": [*step.params["columns"], *behind]})
        if step.name == "deduplicate" and "columns" not in step.params:
            seen = [n for n in shape.columns if n not in behind]
            return replace(step, params={**step.params, "columns": seen})
        return step

    def _results(self, step: Step, place: int) -> None:
        """After summing up, a join would bring single rows of another dataset in."""
        if self.results_only and self.counted and (step.name == "join" or STEPS[step.name].package):
            text = f"Step {place + 1}: after summing up, this step could bring single rows in again"
            self.reasons.append(Reason("terms.aggregate_only", text, "Join before you sum up", "clause aggregate_only", f"recipe.{place}"))  # fmt: skip

    def _rows(self, step: Step, place: int, shape: Shape) -> None:
        """A join may double rows, so that k rows are not k of the provider's: nothing may go after it."""
        if not self.group or self.counted:
            return
        gone = STEPS[step.name].removes(step.params)
        # What a third party's step does to rows is not known here: it counts as a join.
        doubles = step.name == "join" or bool(STEPS[step.name].package)
        if (doubles or self.joined) and gone:
            what = f"{'this' if doubles else 'a join before this'} step, which may double or drop rows"
            text = f"Step {place + 1}: the contract's smallest group cannot be kept with {what}"
            remedy = "Join with “left” after all steps that remove or group rows"
            self.reasons.append(
                Reason("terms.min_group_size", text, remedy, "clause min_group_size", f"recipe.{place}")
            )
        elif doubles and not self.joined:
            self._suppress(shape)
            self.joined = True

    def group_columns(self, shape: Shape) -> list[str]:
        """The present columns that tell the contract's groups apart. One that is lost becomes a reason."""
        found: list[str] = []
        lost: list[str] = []
        for name in self.group["by"]:
            made = shape.made_from({name})
            found += [n for n in made if n not in found]
            lost += [] if made else [name]
        if lost:
            text = f"The recipe removes {listed(lost)}, which the contract groups by"
            remedy = "Keep it in the recipe; it is taken out at the end"
            self.reasons.append(
                Reason("terms.min_group_size", text, remedy, "clause min_group_size", "recipe")
            )
        self.by = found
        return found

    def _suppress(self, shape: Shape) -> None:
        if by := self.group_columns(shape):
            self._steps.append(
                Step("suppress_small_groups", {"by": by, "k": self.group["k"]}, True, "min_group_size")
            )
        self.settled = True

    def _summed(self, step: Step, shape: Shape) -> Step:
        """The summary between the two locked steps: small groups before it, small cells after it."""
        if self.group and not self.settled:
            self._suppress(shape)
        if self.results_only and step.params["by"]:
            # The names of small groups are a result too: their rows go before they are counted.
            own = {"by": list(step.params["by"]), "k": self.cells}
            self._steps.append(Step("suppress_small_groups", own, True, "aggregate_only"))
        clause = "min_group_size" if self.group else "aggregate_only"
        measures = list(step.params["measures"])
        counts = [m["as"] for m in measures if m["how"] == "count" and not m.get("column")]
        if not counts:
            taken = {m["as"] for m in measures} | set(step.params["by"])
            name = next(n for n in ("rows", *(f"rows_{i}" for i in range(2, 999))) if n not in taken)
            measures.append({"how": "count", "as": name})
            counts = [name]
            step = replace(step, params={**step.params, "measures": measures})
        self.counted = counts[0]
        values = [m["as"] for m in measures if m["as"] != self.counted]
        cells: dict[str, Any] = {"by": step.params["by"], "count": self.counted, "k": self.cells}
        self._steps += [
            step,
            Step("suppress_cells", cells | ({"values": values} if values else {}), True, clause),
        ]
        return step
