"""The benchmark compares like with like: all engines come to the same rows on a small piece of its data."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.check import content
from bench.data import make
from bench.engines import ENGINES

pytestmark = pytest.mark.pure


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_portal_and_peers_come_to_the_same_rows(form: str, tmp_path: Path) -> None:
    csv, parquet = make(tmp_path, 20_000)
    source = csv if form == "csv" else parquet
    found = {}
    for name, work in ENGINES.items():
        target = tmp_path / f"{name}.{form}"
        work(source, target)
        found[name] = content(target)
    assert len(set(found.values())) == 1, found
    rows = next(iter(found.values()))[0]
    assert 0 < rows < 20_000
