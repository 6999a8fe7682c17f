"""A portal of its own on each database, measured in a process of its own; and the figures kept beside those of before.

What is measured lives in bench/lists.py, bench/log.py and bench/log_pages.py: each has `measure()`, which works on the
database of its environment, and `section()`, which says the figures as a part of the benchmark's page.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.report import replaced

HERE = Path(__file__).resolve().parent


def on_each(module: str) -> dict[str, Any]:
    """Database → what `measure()` of `bench.<module>` came to there. Ends the program with its words if it fails."""
    from tests import servers

    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="ch-bench-") as folder:
        found["SQLite"] = _in_process(module, f"sqlite:///{folder}/bench.sqlite3", folder)
    with tempfile.TemporaryDirectory(prefix="ch-bench-") as folder, servers.postgres() as url:
        found["PostgreSQL"] = _in_process(module, url, folder)
    return found


def _in_process(module: str, url: str, folder: str) -> Any:
    env = {k: v for k, v in os.environ.items() if k not in ("DEMO", "DEBUG", "REDIS_URL")} | {
        "TESTING": "1", "DATABASE_URL": url, "COMMONHOLD_VAR": folder, "DJANGO_SETTINGS_MODULE": "portal.settings",
    }  # fmt: skip
    # What it says on the way goes to the terminal; its last line is the answer.
    done = subprocess.run(
        [sys.executable, "-m", f"bench.{module}", "--measure"], cwd=HERE.parent, env=env, stdout=subprocess.PIPE, text=True
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"bench.{module} on {url.split(':')[0]} failed")
    return json.loads(done.stdout.splitlines()[-1])


def keep(name: str, title: str, text: str, found: Any) -> None:
    """Put the section into the page in the place of the last one, and the figures beside the others."""
    page, figures = HERE / "results.md", HERE / "results.json"
    page.write_text(replaced(page.read_text(encoding="utf-8"), title, text), encoding="utf-8")
    kept = json.loads(figures.read_text(encoding="utf-8"))
    figures.write_text(json.dumps(kept | {name: found}, indent=2) + "\n", encoding="utf-8")


def command(
    about: str | None, find: Callable[[], Any], section: Callable[[Any], str], keep: Callable[[Any], None],
    measure: Callable[[], Any] | None = None,
) -> None:  # fmt: skip
    """`python -m bench.<module>` prints; `--write` keeps; `--measure` is how `on_each` starts it."""
    asked = argparse.ArgumentParser(description=about)
    asked.add_argument("--write", action="store_true", help="put the figures into the benchmark's page")
    if measure:
        asked.add_argument("--measure", action="store_true", help="on the database of the environment; JSON")
    given = asked.parse_args()
    if measure and given.measure:
        import django

        django.setup()
        print(json.dumps(measure()))
        return
    found = find()
    print(section(found))
    if given.write:
        keep(found)
