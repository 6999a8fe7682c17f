"""A real broker, worker, scheduler and web server beside a test, on the test's own database and files."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from portal.celery import app
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
    """The servers of one test. Each part can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="ch-st-"))
        self.logs = folder
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.url = f"redis+socket://{self.folder}/redis.sock"
        self.env = {**os.environ, "TESTING": "1", "DATABASE_URL": database_url(), "REDIS_URL": self.url,
                    "COMMONHOLD_VAR": str(settings.COMMONHOLD_VAR), "JOB_LEASE_SECONDS": str(LEASE)}  # fmt: skip

    def broker(self) -> None:
        server = servers.binary("redis-server")
        assert server, "Redis is not installed"
        (self.folder / "redis.sock").unlink(missing_ok=True)
        self.running["broker"] = servers.start_redis(server, self.folder)

    def worker(self) -> None:
        celery = [sys.executable, "-m", "celery", "-A", "portal"]
        self._start("worker", [*celery, "worker", "-Q", "short,long", "-c", "2", "--without-gossip", "--without-mingle"])  # fmt: skip
        self._start("beat", [*celery, "beat", "--pidfile=", f"--schedule={self.folder}/schedule"])

    def web(self) -> str:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        granian = str(Path(sys.executable).parent / "granian")
        self._start("web", [granian, "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--workers", "1",
                            "--blocking-threads", "4", "--no-access-log", "portal.wsgi:application"])  # fmt: skip
        address = f"http://127.0.0.1:{port}"

        def answers() -> bool:
            try:
                return bool(urllib.request.urlopen(f"{address}/healthz", timeout=2).status == 200)
            except OSError:
                return False

        until(answers, 30, "the web server answers")
        return address

    def _start(self, name: str, command: list[str]) -> None:
        with (self.logs / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                command, env=self.env, cwd=settings.BASE_DIR, stdout=log, stderr=log, start_new_session=True
            )

    def kill(self, *names: str) -> None:
        """SIGKILL, with all children: what a power cut or the out-of-memory killer does."""
        for name in names:
            process = self.running.pop(name, None)
            if process is None:
                continue
            try:
                if name == "broker":
                    process.kill()
                else:
                    os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            finally:
                process.wait(timeout=20)

    def log(self, name: str) -> str:
        file = self.logs / f"{name}.log"
        return file.read_text(errors="replace")[-4000:] if file.exists() else ""


@contextmanager
def stage(folder: Path) -> Iterator[Stage]:
    """Servers on sockets of their own; the test's own process sends to the same broker."""
    made = Stage(folder)
    before = app.conf.broker_url
    app.conf.broker_url = made.url
    _forget_connections()
    try:
        made.broker()
        yield made
    finally:
        made.kill("web", "beat", "worker", "broker")
        app.conf.broker_url = before
        _forget_connections()
        shutil.rmtree(made.folder, ignore_errors=True)


def _forget_connections() -> None:
    from kombu import pools

    pools.reset()
    app._pool = None
    app.amqp._producer_pool = None
