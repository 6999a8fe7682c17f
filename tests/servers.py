"""Real servers for the tests: PostgreSQL and Redis on sockets of their own, an OpenID provider; stopped at the end."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def binary(name: str) -> str | None:
    """Where a server's program is; PostgreSQL's are not on the PATH in Debian."""
    found = shutil.which(name)
    if found:
        return found
    others = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(others[-1]) if others else None


@contextmanager
def postgres() -> Iterator[str]:
    """DATABASE_URL of a fresh PostgreSQL. As root it runs as the user `postgres`, as it insists."""
    folder = Path(tempfile.mkdtemp(prefix="ch-pg-"))
    prefix: list[str] = []
    if os.geteuid() == 0:
        account = pwd.getpwnam("postgres")
        os.chown(folder, account.pw_uid, account.pw_gid)
        prefix = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    data = folder / "data"
    initdb, server = binary("initdb"), binary("postgres")
    assert initdb and server, "PostgreSQL is not installed"
    subprocess.run([*prefix, initdb, "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"],
                   check=True, stdout=subprocess.DEVNULL, cwd=folder)  # fmt: skip
    options = [
        "-c",
        "fsync=off",
        "-c",
        "full_page_writes=off",
        "-c",
        "listen_addresses=",
        "-c",
        "max_connections=60",
    ]
    log = (folder / "log").open("wb")
    running = subprocess.Popen(
        [*prefix, server, "-D", data, "-k", folder, *options], stdout=log, stderr=log, cwd=folder
    )
    try:
        ready = binary("pg_isready")
        for _ in range(200):
            if ready and subprocess.run([ready, "-q", "-h", folder]).returncode == 0:
                break
            time.sleep(0.1)
        yield f"postgresql://postgres@/postgres?host={folder}"
    finally:
        running.terminate()
        running.wait(timeout=30)
        log.close()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def redis() -> Iterator[str]:
    """URL of a fresh Redis on a Unix socket, with an append-only file like the one in use."""
    folder = Path(tempfile.mkdtemp(prefix="ch-rd-"))
    server = binary("redis-server")
    assert server, "Redis is not installed"
    running = start_redis(server, folder)
    try:
        yield f"redis+socket://{folder}/redis.sock"
    finally:
        running.terminate()
        running.wait(timeout=10)
        shutil.rmtree(folder, ignore_errors=True)


def start_redis(server: str, folder: Path) -> subprocess.Popen[bytes]:
    socket = folder / "redis.sock"
    running = subprocess.Popen(
        [server, "--port", "0", "--unixsocket", socket, "--unixsocketperm", "700", "--dir", folder,
         "--appendonly", "yes", "--save", "", "--maxmemory-policy", "noeviction"],
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    for _ in range(100):
        if socket.exists():
            return running
        time.sleep(0.05)
    raise RuntimeError("Redis did not start")


@contextmanager
def openid_provider() -> Iterator[str]:
    """The issuer of a real OpenID provider in a process of its own. `PUT /users/<sub>` with claims makes a person there."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port)]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    issuer = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            with suppress(OSError):
                urllib.request.urlopen(f"{issuer}/.well-known/openid-configuration", timeout=2).close()
                break
            time.sleep(0.1)
        yield issuer
    finally:
        running.terminate()
        running.wait(10)
