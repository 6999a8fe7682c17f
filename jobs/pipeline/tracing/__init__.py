"""Which export a leaked file came from: the rows that each export left out are looked for in the file."""

from jobs.pipeline.tracing.compare import compare
from jobs.pipeline.tracing.leak import read

__all__ = ["compare", "read"]
