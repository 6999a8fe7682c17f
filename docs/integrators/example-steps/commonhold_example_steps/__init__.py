"""What the steps are: imported by the portal, so no pandas here."""

from __future__ import annotations

from contracts.recipes.schema import NUMERIC
from contracts.recipes.steps import StepKind
from contracts.recipes.steps.base import COLUMNS, typed


def numbers(schema, params, inputs):
    """Miles may be any numbers; kilometres are numbers."""
    typed(schema, params["columns"], NUMERIC, "columns")
    return {name: col.typed("number") if name in params["columns"] else col for name, col in schema.items()}


class Offered:
    kinds = (
        StepKind(
            "miles_to_km",
            "Miles to kilometres",
            "Multiply distances by 1.609344.",
            (COLUMNS,),
            lambda p: f"turn {', '.join(p['columns'])} from miles into kilometres",
            "values",
            "batch",
            numbers,
            # Said outright: without it a step counts as one that may remove rows.
            removes=lambda p: False,
        ),
    )

    def runners(self):
        """Workers call this; it registers `miles_to_km`."""
        from commonhold_example_steps import run

        return run


offered = Offered()
