"""The rules of the house hold, and the checks that guard them can fail."""

from __future__ import annotations

import ast
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from contracts.recipes.steps import STEPS as OFFERED
from kernel import registry

ROOT = Path(settings.BASE_DIR)
PACKAGES = ("kernel", "trusts", "contracts", "jobs", "portal")


def test_a_wrong_import_is_caught(tmp_path: Path) -> None:
    """The import contracts are green here and red once the kernel imports a station."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    linter = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    env = {**os.environ, "PYTHONPATH": str(tmp_path)}
    good = subprocess.run(linter, cwd=tmp_path, env=env, capture_output=True, text=True)
    assert good.returncode == 0, good.stdout
    planted = tmp_path / "kernel" / "outbox.py"
    planted.write_text(planted.read_text() + "\nfrom trusts.datasets import models  # noqa\n")
    bad = subprocess.run(linter, cwd=tmp_path, env=env, capture_output=True, text=True)
    assert bad.returncode != 0
    assert "The road runs one way" in bad.stdout


def test_no_state_is_written_outside_the_kernel() -> None:
    """`x.state = …` and `.update(state=…)` stand in kernel/transition.py, and before the first save in `_open`."""
    found = []
    for package in PACKAGES:
        for file in (ROOT / package).rglob("*.py"):
            if "migrations" in file.parts:
                continue
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Assign) and any(
                    isinstance(t, ast.Attribute) and t.attr == "state" for t in node.targets
                ):
                    found.append(file.relative_to(ROOT).as_posix())
                call = isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "update"
                if call and any(k.arg == "state" for k in node.keywords):
                    found.append(file.relative_to(ROOT).as_posix())
    assert set(found) <= {"kernel/transition.py", "contracts/negotiations/services.py"}, found
    assert found.count("contracts/negotiations/services.py") <= 1


def test_every_step_that_is_offered_can_be_run_and_no_other() -> None:
    from jobs.pipeline.steps import RUNNERS

    assert set(OFFERED) == set(RUNNERS)


def test_every_action_has_words_for_the_person_who_sees_it() -> None:
    for machine in registry.machines():
        for state in machine.states:
            assert state.label, f"{machine.name}.{state.name}"
            assert state.means, f"{machine.name}.{state.name}"
        for action in machine.actions:
            assert action.label, f"{machine.name}.{action.name}"


def test_tests_cannot_reach_the_network() -> None:
    with pytest.raises(RuntimeError, match="this machine only"):
        socket.create_connection(("192.0.2.1", 80), timeout=1)


def test_the_repository_names_no_registry_and_no_machine() -> None:
    """Pins carry hashes and no host; nothing points to a place on somebody's disk."""
    for file in (ROOT / "requirements").glob("*.txt"):
        text = file.read_text(encoding="utf-8")
        assert "--hash=sha256:" in text, file
        assert "://" not in text.replace("# ", ""), file
        assert "index-url" not in text, file


def test_the_operators_table_names_every_setting() -> None:
    """What the code reads from the environment is explained, and nothing else is."""
    table = (
        (ROOT / "docs/operators/operate.md")
        .read_text(encoding="utf-8")
        .split("## Settings")[1]
        .split("\n## ")[0]
    )
    told = {
        name
        for line in table.splitlines()
        if line.startswith("|")
        for name in re.findall(r"`([A-Z][A-Z0-9_]+)`", line.split("|")[1])
    }
    read = set()
    for file in [*(ROOT / "portal").rglob("*.py"), *(ROOT / "jobs").rglob("*.py")]:
        text = file.read_text(encoding="utf-8")
        read |= set(
            re.findall(
                r"""env\.(?:text|flag|number|words|secret|roots|bucket|choice)\(\s*"([A-Z0-9_]+)\"""", text
            )
        )
        read |= set(re.findall(r"""os\.environ\.get\("([A-Z0-9_]+)\"""", text))
    files = {f"{name}_FILE" for name in read}
    assert read - told == set(), "read, but not explained"
    assert told - read - files == set(), "explained, but not read"
