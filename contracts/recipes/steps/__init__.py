"""The kinds of steps: names, parameters, words, columns after. Data only; `jobs.pipeline` runs them."""

from __future__ import annotations

from contracts.recipes.steps import cells, columns, privacy, rows, tables
from contracts.recipes.steps.base import (
    BATCH,
    TYPES,
    WHOLE,
    Around,
    Col,
    Origin,
    Param,
    Schema,
    StepKind,
    schema_of,
)
from contracts.recipes.steps.faults import StepFault
from contracts.recipes.steps.rows import COMPARISONS

GROUPS = {
    "columns": "Columns", "values": "Values", "rows": "Rows", "tables": "Tables", "privacy": "Privacy", "other": "From other packages",
}  # fmt: skip
STEPS: dict[str, StepKind] = {
    kind.name: kind for kind in (*columns.ALL, *cells.ALL, *rows.ALL, *tables.ALL, *privacy.ALL)
}

__all__ = [
    "BATCH", "COMPARISONS", "GROUPS", "STEPS", "TYPES", "WHOLE", "Around", "Col", "Origin", "Param", "Schema", "StepFault", "StepKind", "schema_of",
]  # fmt: skip
