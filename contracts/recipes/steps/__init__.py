"""The kinds of steps: names, parameters, words, and the columns that come out. `jobs.pipeline` runs them."""

from contracts.recipes.schema import TYPES, Col, Schema, Shape
from contracts.recipes.steps import columns, privacy, rows, tables, values
from contracts.recipes.steps.base import COMPARISONS, GROUPS, Param, StepFault, StepKind

STEPS: dict[str, StepKind] = {
    kind.name: kind for part in (columns, values, rows, tables, privacy) for kind in part.KINDS
}
BUILT_IN = frozenset(STEPS)

__all__ = ["BUILT_IN", "COMPARISONS", "GROUPS", "STEPS", "TYPES", "Col", "Param", "Schema", "Shape", "StepFault", "StepKind"]  # fmt: skip
