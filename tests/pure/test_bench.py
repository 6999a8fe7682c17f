"""The benchmark runs and its contenders come to the same rows."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from bench import work
from portal.demo.data import packed

pytestmark = pytest.mark.pure


def test_portal_and_peers_come_to_the_same_rows(tmp_path: Path) -> None:
    (tmp_path / "flights.csv.gz").write_bytes(packed("flights", 3000)[1])
    work.intake(tmp_path)
    (tmp_path / "intake.parquet").rename(tmp_path / "flights.parquet")
    work.profile(tmp_path)
    work.recipe(tmp_path)
    work.pandas_alone(tmp_path)
    work.duckdb_alone(tmp_path)
    rows = {n: pq.read_metadata(tmp_path / f"{n}.parquet").num_rows for n in ("result", "pandas", "duckdb")}
    assert len(set(rows.values())) == 1, rows
    assert 0 < rows["result"] < 3000
