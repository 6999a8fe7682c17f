"""Measure a Parquet file: what its columns hold, where gaps lie, what repeats and what may identify someone."""

from __future__ import annotations

from jobs.pipeline.profile.measure import profile
from jobs.pipeline.profile.personal import likely_personal

__all__ = ["likely_personal", "profile"]
