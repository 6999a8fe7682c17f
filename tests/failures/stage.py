"""A real broker, worker, scheduler and web server beside a test, on the test's own database and files."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from portal.celery import app
from portal.demo.supervisor import Supervisor
from tests import servers

LEASE = 4


def database_url() -> str:
    """DATABASE_URL of the database that this test uses."""
    known = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{known['NAME']}"
    return f"postgresql://{known['USER']}@/{known['NAME']}?host={known['HOST']}"


def until(true: Callable[[], Any], seconds: float, what: str) -> float:
    """Wait for something; returns how long it took. Fails the test with `what`."""
    started = time.monotonic()
    while not true():
        if time.monotonic() - started > seconds:
            raise AssertionError(f"after {seconds} s still not: {what}")
        time.sleep(0.05)
    return time.monotonic() - started


class Stage:
    """The servers of one test, watched by the portal's own supervisor: what dies is started again."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="ch-st-"))
        self.url = f"redis+socket://{self.folder}/redis.sock"
        self.redis: subprocess.Popen[bytes] | None = None
        env = {**os.environ, "TESTING": "1", "DATABASE_URL": database_url(), "REDIS_URL": self.url,
               "COMMONHOLD_VAR": str(settings.COMMONHOLD_VAR), "JOB_LEASE_SECONDS": str(LEASE)}  # fmt: skip
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.supervisor = Supervisor("127.0.0.1", port, env)
        self.watching: threading.Thread | None = None

    def broker(self) -> None:
        server = servers.binary("redis-server")
        assert server, "Redis is not installed"
        (self.folder / "redis.sock").unlink(missing_ok=True)
        self.redis = servers.start_redis(server, self.folder)

    def worker(self) -> None:
        self.supervisor.start_work()
        self._watch()

    def web(self) -> str:
        self.supervisor.start_web()
        self._watch()
        return f"http://127.0.0.1:{self.supervisor.port}"

    def _watch(self) -> None:
        if self.watching is None:
            self.watching = threading.Thread(target=self.supervisor.watch, daemon=True)
            self.watching.start()

    def kill(self, name: str) -> None:
        """SIGKILL, with all children: what a power cut or the out-of-memory killer does."""
        if name == "broker":
            assert self.redis is not None
            self.redis.kill()
            self.redis.wait(timeout=20)
            return
        child = next(c for c in self.supervisor.children if c.name == name)
        assert child.process is not None
        os.killpg(child.process.pid, signal.SIGKILL)

    def close(self) -> None:
        self.supervisor.stopping = True
        if self.watching is not None:
            self.watching.join(timeout=5)
        self.supervisor.stop()
        if self.redis is not None:
            self.redis.kill()
            self.redis.wait(timeout=20)
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self, name: str) -> str:
        file = Path(settings.COMMONHOLD_VAR) / "log" / f"{name}.log"
        return file.read_text(errors="replace")[-4000:] if file.exists() else ""


@contextmanager
def stage() -> Iterator[Stage]:
    """Servers on sockets of their own; the test's own process sends to the same broker."""
    made = Stage()
    before = app.conf.broker_url
    app.conf.broker_url = made.url
    _forget_connections()
    try:
        made.broker()
        yield made
    finally:
        made.close()
        app.conf.broker_url = before
        _forget_connections()


def _forget_connections() -> None:
    from kombu import pools

    pools.reset()
    app._pool = None
    app.amqp._producer_pool = None
