"""Everything that CI checks, in order, with servers of its own. `--quick` leaves out databases and browser."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from tests import servers

ROOT = Path(__file__).resolve().parent.parent
NEEDED = {"postgresql": "initdb", "redis-server": "redis-server", "chromium": "chromium"}
TYPED = ["kernel", "contracts/policies", "contracts/recipes"]
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


def step(title: str, command: list[str], env: dict[str, str]) -> None:
    """Run one check; the first that fails ends the run with its output."""
    started = time.monotonic()
    print(f"\n— {title}", flush=True)
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    output = done.stdout + done.stderr
    for count, word in re.findall(
        r"(\d+) (passed|failed)", output.splitlines()[-1] if output.strip() else ""
    ):
        totals[word] += int(count)
    if "skipped" in (output.splitlines()[-1] if output.strip() else ""):
        print(output)
        sys.exit(f"{title}: something was skipped; nothing may be")
    if done.returncode:
        print(output)
        print(f"{totals['passed']} passed, {max(totals['failed'], 1)} failed")
        sys.exit(done.returncode)
    last = [line for line in output.strip().splitlines() if line.strip()][-1:] or ["ok"]
    print(f"  {last[0].strip('= ')}  ({time.monotonic() - started:.0f} s)", flush=True)


def main() -> None:
    quick = "--quick" in sys.argv
    python, tools = sys.executable, Path(sys.executable).parent
    with tempfile.TemporaryDirectory(prefix="ch-test-") as folder, ExitStack() as stack:
        env = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "REDIS_URL", "DEMO", "DEBUG")}
        env |= {"TESTING": "1", "COMMONHOLD_VAR": folder, "DJANGO_SETTINGS_MODULE": "portal.settings",
                "PYTHONDONTWRITEBYTECODE": "1", "DATABASE_URL": f"sqlite:///{folder}/test.sqlite3"}  # fmt: skip
        manage = [python, "manage.py"]
        step("lint", [str(tools / "ruff"), "check", "."], env)
        step("format", [str(tools / "ruff"), "format", "--check", "."], env)
        step("types", [str(tools / "mypy"), *TYPED], env)
        step("imports", [str(tools / "lint-imports")], env)
        step("system check", [*manage, "check"], env)
        step("missing migrations", [*manage, "makemigrations", "--check", "--dry-run"], env)
        step("reference pages", [*manage, "reference", "--check"], env)
        step("API description", [*manage, "openapi", "--check"], env)
        pytest = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        if quick:
            step("tests on SQLite", [*pytest, "-m", "not ui and not slow"], env)
        else:
            install()
            env["REDIS_URL"] = stack.enter_context(servers.redis())
            step("tests on SQLite", [*pytest, "-m", "not ui"], env)
            with servers.postgres() as url:
                step(
                    "tests on PostgreSQL",
                    [*pytest, "-m", "not ui and not pure and not rules"],
                    {**env, "DATABASE_URL": url},
                )
            step("browser tests", [*pytest, "-m", "ui"], env)
    print(f"\n{totals['passed']} passed, {totals['failed']} failed")


if __name__ == "__main__":
    main()
