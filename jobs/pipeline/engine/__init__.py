"""Run a plan over a table, batch by batch, in order and in bounded memory."""

from jobs.pipeline.engine.batches import one
from jobs.pipeline.engine.run import BATCH, RunResult, run
from jobs.pipeline.engine.source import CsvSource, ParquetSource
from jobs.pipeline.engine.stream import StepCount

__all__ = ["BATCH", "CsvSource", "ParquetSource", "RunResult", "StepCount", "one", "run"]
