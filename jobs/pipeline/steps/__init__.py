"""The steps that a plan may name. Importing this package registers them."""

from jobs.pipeline.steps import columns, privacy, rows, values
from jobs.pipeline.steps.base import RUNNERS, Context, Runner

__all__ = ["RUNNERS", "Context", "Runner", "columns", "privacy", "rows", "values"]
