"""Everything that CI checks, in order, with servers of its own. `--quick` leaves out databases and browser."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests import servers

ROOT = Path(__file__).resolve().parent.parent
NEEDED = {"postgresql": "initdb", "redis-server": "redis-server", "chromium": "chromium"}
TYPED = ["kernel", "contracts/policies", "contracts/recipes"]
AT_ONCE = 2
totals = {"passed": 0, "failed": 0}


def install() -> None:
    """The programs the tests need: installed where we are root on Debian, else named."""
    missing = [package for package, program in NEEDED.items() if not servers.binary(program)]
    if not missing:
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"Installing {', '.join(missing)} …", flush=True)
        quiet = {"stdout": subprocess.DEVNULL, "env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}}
        subprocess.run(["apt-get", "update", "-qq"], check=True, **quiet)  # type: ignore[call-overload]
        subprocess.run(
            ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing], check=True, **quiet
        )  # type: ignore[call-overload]
        return
    sys.exit(f"These programs are missing: {', '.join(missing)}. On Debian: apt install {' '.join(missing)}")


@dataclass(frozen=True)
class Check:
    """One command with a title; it may need a server of its own while it runs."""

    title: str
    command: list[str]
    env: dict[str, str]
    redis: bool = False
    postgres: bool = False


stopping = threading.Event()
running: set[subprocess.Popen[str]] = set()


def perform(check: Check) -> tuple[Check, int, str, float]:
    """Run one check with its servers and a folder for its files; its exit code, output and seconds."""
    if stopping.is_set():
        return check, 0, "", 0.0
    started = time.monotonic()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="ch-test-"))
        env = check.env | {"COMMONHOLD_VAR": folder, "DATABASE_URL": f"sqlite:///{folder}/test.sqlite3"}
        if check.redis:
            env["REDIS_URL"] = stack.enter_context(servers.redis())
        if check.postgres:
            env["DATABASE_URL"] = stack.enter_context(servers.postgres())
        child = subprocess.Popen(
            check.command, cwd=ROOT, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        running.add(child)
        output, _ = child.communicate()
        running.discard(child)
    return check, child.returncode, output, time.monotonic() - started


def report(check: Check, code: int, output: str, seconds: float) -> bool:
    """Print one line for a check that held, everything for one that did not."""
    lines = [line for line in output.strip().splitlines() if line.strip()] or ["ok"]
    for count, word in re.findall(r"(\d+) (passed|failed)", lines[-1]):
        totals[word] += int(count)
    print(f"\n— {check.title}", flush=True)
    if code == 0 and "skipped" not in lines[-1]:
        print(f"  {lines[-1].strip('= ')}  ({seconds:.0f} s)", flush=True)
        return True
    print(output)
    if code == 0:
        print(f"{check.title}: something was skipped; nothing may be")
    return False


def together(checks: list[Check], at_once: int) -> None:
    """Run checks side by side, begun in their order; the first that fails ends the run."""
    with ThreadPoolExecutor(at_once) as pool:
        for done in as_completed([pool.submit(perform, check) for check in checks]):
            if stopping.is_set():
                continue
            if not report(*done.result()):
                stopping.set()
                for child in list(running):
                    child.terminate()
    if stopping.is_set():
        print(f"{totals['passed']} passed, {max(totals['failed'], 1)} failed")
        sys.exit(1)


def main() -> None:
    quick = "--quick" in sys.argv
    python, tools = sys.executable, Path(sys.executable).parent
    kept = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "REDIS_URL", "DEMO", "DEBUG")}
    env = kept | {"TESTING": "1", "DJANGO_SETTINGS_MODULE": "portal.settings", "PYTHONDONTWRITEBYTECODE": "1"}
    bare = {k: v for k, v in kept.items() if k not in ("TESTING", "SECRET_KEY")}
    manage = [python, "manage.py"]
    pytest = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    still = [
        Check("types", [str(tools / "mypy"), *TYPED], env),
        Check("lint", [str(tools / "ruff"), "check", "."], env),
        Check("format", [str(tools / "ruff"), "format", "--check", "."], env),
        Check("imports", [str(tools / "lint-imports")], env),
        Check("system check", [*manage, "check"], env),
        # As in a fresh clone, where nobody has set anything.
        Check("missing migrations", [*manage, "makemigrations", "--check", "--dry-run"], bare),
        Check("reference pages", [*manage, "reference", "--check"], env),
        Check("API description", [*manage, "openapi", "--check"], env),
    ]
    if quick:
        together(
            [*still, Check("tests on SQLite", [*pytest, "-m", "not ui and not slow and not strict"], env)],
            AT_ONCE,
        )
    else:
        install()
        together(still, AT_ONCE)
        # The longest first, so that none is left to run alone at the end.
        together(
            [
                Check("tests on SQLite", [*pytest, "-m", "not ui and not strict"], env, redis=True),
                Check("tests on PostgreSQL", [*pytest, "-m", "not ui and not pure and not rules"], env, redis=True, postgres=True),
                Check("browser tests", [*pytest, "-m", "ui"], env, redis=True),
            ],
            AT_ONCE,
        )  # fmt: skip
    print(f"\n{totals['passed']} passed, {totals['failed']} failed")


if __name__ == "__main__":
    main()
