"""Shared fixtures. The database comes from DATABASE_URL; files go to a folder of the run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cast import Cast, assemble


@pytest.fixture(autouse=True)
def own_files(settings: Any, tmp_path: Path) -> None:
    """Each test keeps its files in a folder of its own."""
    settings.COMMONHOLD_VAR = tmp_path


@pytest.fixture(autouse=True)
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages are handed over by `worlds.drain`; the real broker has tests of its own."""
    from kernel import outbox

    monkeypatch.setattr(outbox, "_soon", lambda: None)
    kept = {topic: list(found) for topic, found in outbox._listeners.items()}
    outbox._listeners["job.queued"] = []
    for topic, found in outbox._listeners.items():
        outbox._listeners[topic] = [one for one in found if one.__name__ != "listener"]
    yield
    outbox._listeners.clear()
    outbox._listeners.update(kept)


@pytest.fixture
def cast(db: None) -> Cast:
    return assemble()
