"""Any supported file to one canonical, typed Parquet; nothing is changed or dropped in silence."""

from jobs.pipeline.intake.convert import to_parquet, write_parquet
from jobs.pipeline.reading import Intake, Reading, Sniffed

__all__ = ["Intake", "Reading", "Sniffed", "to_parquet", "write_parquet"]
