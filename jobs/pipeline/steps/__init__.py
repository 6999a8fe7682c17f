"""The steps that a plan may name. Importing this package registers them."""

from jobs.pipeline.steps import (
    cells,
    chance,
    coarser,
    columns,
    dates,
    generalise,
    groups,
    missing,
    numbers,
    privacy,
    redact,
    rows,
    tables,
    text,
    validate,
    watermark,
    whole,
)
from jobs.pipeline.steps.base import RUNNERS, Context, Runner, runner_of

__all__ = [
    "RUNNERS", "Context", "Runner", "cells", "chance", "coarser", "columns", "dates", "generalise", "groups", "missing", "numbers", "privacy",
    "redact", "rows", "runner_of", "tables", "text", "validate", "watermark", "whole",
]  # fmt: skip
