"""The steps that a plan may name. Importing this package registers them."""

from jobs.pipeline.steps import (
    cells,
    coarser,
    columns,
    dates,
    generalise,
    groups,
    missing,
    numbers,
    privacy,
    rows,
    tables,
    text,
    validate,
    whole,
)
from jobs.pipeline.steps.base import RUNNERS, Context, Runner, runner_of

__all__ = [
    "RUNNERS", "Context", "Runner", "cells", "coarser", "columns", "dates", "generalise", "groups", "missing", "numbers", "privacy",
    "rows", "runner_of", "tables", "text", "validate", "whole",
]  # fmt: skip
