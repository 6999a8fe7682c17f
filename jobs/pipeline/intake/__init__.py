"""Any supported file to one canonical, typed Parquet; nothing is changed or dropped in silence."""

from jobs.pipeline.intake.convert import to_parquet
from jobs.pipeline.intake.looking import sniff
from jobs.pipeline.reading import Intake, Reading, Sniffed

__all__ = ["Intake", "Reading", "Sniffed", "sniff", "to_parquet"]
