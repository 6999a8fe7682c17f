"""Shared fixtures. The database comes from DATABASE_URL; files go to a folder of the test."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cast import Cast, assemble

# Playwright keeps an event loop; Django's ORM refuses to work inside one unless told.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

APPEND_ONLY = (
    "audit_event",
    "audit_eventparty",
    "audit_leaf",
    "audit_checkpoint",
    "audit_subtree",
    "audit_portalkey",
    "witnesses_witness",
    "witnesses_cosignature",
    "witnesses_splitview",
)


@pytest.fixture(scope="session", autouse=True)
def no_network() -> Iterator[None]:
    """Tests speak with this machine only."""
    real = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in (
            "127.0.0.1",
            "::1",
            "localhost",
        ):
            raise RuntimeError(f"A test tried to reach {address[0]}; tests speak with this machine only")
        return real(self, address)

    socket.socket.connect = guarded  # type: ignore[method-assign]
    yield
    socket.socket.connect = real  # type: ignore[method-assign]


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Between transactional tests the database is emptied, which the append-only triggers refuse:
    they are set aside for just that moment and stand during every test."""
    from django.db import connection
    from django.db.backends.base.operations import BaseDatabaseOperations

    original = type(connection.ops).execute_sql_flush

    def flush(self: BaseDatabaseOperations, statements: list[str]) -> None:
        with connection.cursor() as cursor:
            for table in APPEND_ONLY:
                if connection.vendor == "postgresql":
                    cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            kept = []
            if connection.vendor == "sqlite":
                cursor.execute(
                    "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' "
                    "AND (name LIKE 'audit_%' OR name LIKE 'witnesses_%')"
                )
                kept = cursor.fetchall()
                for name, _ in kept:
                    cursor.execute(f"DROP TRIGGER {name}")
        original(self, statements)
        with connection.cursor() as cursor:
            for table in APPEND_ONLY:
                if connection.vendor == "postgresql":
                    cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
            for _, sql in kept:
                cursor.execute(sql)

    type(connection.ops).execute_sql_flush = flush  # type: ignore[method-assign]


@pytest.fixture(autouse=True)
def own_files(settings: Any, tmp_path: Path) -> None:
    """Each test keeps its files in a folder of its own; jobs run in the test's process unless it says otherwise."""
    settings.COMMONHOLD_VAR = tmp_path
    settings.JOB_ISOLATION = "none"


@pytest.fixture(autouse=True)
def by_hand(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages are handed over by `worlds.drain`; tests marked slow use the real broker."""
    if request.node.get_closest_marker("slow"):
        return
    from kernel import outbox

    monkeypatch.setattr(outbox, "_soon", lambda message_id: None)
    # A copy, so that what a test puts in its place cannot leave the real one without its listeners.
    local = {
        topic: [one for one in found if one.__name__ not in ("listener", "send_to_worker")]
        for topic, found in outbox._listeners.items()
    }
    monkeypatch.setattr(outbox, "_listeners", local)


@pytest.fixture
def cast(db: None) -> Cast:
    return assemble()


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Debian's Chromium; a missing one fails the test that needs it."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if path is None:
        pytest.fail("Chromium is not installed; on Debian: apt install chromium")
    flags = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync"
    return {**browser_type_launch_args, "executable_path": path, "args": flags.split()}
