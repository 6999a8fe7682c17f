"""A third party's package: installed for real, offered only if an operator allows it, run by workers, refused when it lies."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

pytestmark = pytest.mark.pure
ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "docs" / "integrators" / "example-steps"
NAME = "commonhold-example-steps"


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The example as an installer leaves it: its module, and its metadata made from pyproject.toml."""
    about = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    target = tmp_path / "site"
    (module,) = [p for p in EXAMPLE.iterdir() if (p / "__init__.py").exists()]
    shutil.copytree(module, target / module.name)
    info = target / f"{about['name'].replace('-', '_')}-{about['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {about['name']}\nVersion: {about['version']}\n"
    )
    points = [
        f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in names.items())
        for group, names in about["entry-points"].items()
    ]
    (info / "entry_points.txt").write_text("\n".join(points))
    return target


def python(
    site: Path, code: str, allowed: str = NAME, more: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    env = {
        **os.environ,
        **(more or {}),
        "PYTHONPATH": f"{site}:{ROOT}",
        "STEP_PACKAGES": allowed,
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return subprocess.run(
        [sys.executable, "-c", code], env=env, cwd=ROOT, capture_output=True, text=True, timeout=60
    )


WEB = """
import json, sys
from contracts.recipes.plugins import load_plugins
from contracts.recipes.recipe import Recipe, check
assert Recipe.from_list([{"name": "miles_to_km", "params": {"columns": ["d"]}}])[1]
loaded = load_plugins(["Commonhold_Example.Steps"])
load_plugins(["commonhold-example-steps"])
recipe, problems = Recipe.from_list([{"name": "miles_to_km", "params": {"columns": "d"}}])
shape, none = check(recipe.steps, {"d": "integer"})
_, wrong = check(recipe.steps, {"d": "text"})
print(json.dumps([loaded, recipe.as_list(), recipe.sentences, shape.types(), len(none), wrong[0].text,
                  [m for m in ("pandas", "pyarrow", "duckdb") if m in sys.modules]]))
"""
WORKER = """
import json
import pandas as pd, pyarrow as pa
from jobs.pipeline.plugins import check_packages, load_runners
from jobs.pipeline.faults import StepError
from jobs.pipeline.steps import RUNNERS, Context
step = {"name": "miles_to_km", "params": {"columns": ["d"]}, "package": "commonhold-example-steps==1.0"}
check_packages([step, {"name": "trim", "params": {}}])
said = []
for other in ({**step, "package": "commonhold-example-steps==0.9"}, {**step, "package": ""}, {"name": "gone"}):
    try:
        check_packages([other])
    except StepError as fault:
        said.append(fault.code)
frame = pd.DataFrame({"d": pd.Series([1, None, 100], dtype=pd.ArrowDtype(pa.int64()))})
made = RUNNERS["miles_to_km"].make(frame, ctx=Context(), columns=["d"])
print(json.dumps([said, pa.array(made["d"]).to_pylist()]))
"""
CHILD = """
import json, sys
from pathlib import Path
import django
django.setup()
import pyarrow as pa, pyarrow.parquet as pq
from jobs.pipeline.faults import Fault
from jobs.runs.child import Child
folder = Path(sys.argv[1])
pq.write_table(pa.table({"d": pa.array([1, None, 100], pa.int64())}), folder / "in.parquet")
step = {"name": "miles_to_km", "params": {"columns": ["d"]}, "package": "commonhold-example-steps==1.0"}
quiet = {"progress": lambda *_, **__: None, "look": lambda: None}
said = []
for number, step in enumerate((step, {**step, "package": "commonhold-example-steps==0.9"})):
    child = Child(folder)
    args = {"plan": {"steps": [step]}, "source": folder / "in.parquet", "folder": folder / str(number)}
    try:
        result, _ = child.call("jobs.pipeline.engine:run", args, **quiet)
        said.append(pq.read_table(result["path"])["d"].to_pylist())
    except Fault as fault:
        said.append(fault.code)
    finally:
        child.end()
print(json.dumps(said))
"""


def test_a_job_runs_the_step_in_its_child_and_refuses_another_version(
    installed: Path, tmp_path: Path
) -> None:
    code = CHILD.replace("sys.argv[1]", repr(str(tmp_path)))
    more = {"DJANGO_SETTINGS_MODULE": "portal.settings", "TESTING": "1", "COMMONHOLD_VAR": str(tmp_path)}
    done = python(installed, code, more=more)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [[1.609344, None, 160.9344], "step.package"]


def test_an_allowed_package_is_offered_without_pandas_and_run_by_workers(installed: Path) -> None:
    web = python(installed, WEB)
    assert web.returncode == 0, web.stderr
    loaded, steps, words, types, problems, wrong, heavy = json.loads(web.stdout)
    package = f"{NAME}==1.0"
    assert loaded == [package]
    assert steps == [
        {
            "name": "miles_to_km",
            "params": {"columns": ["d"]},
            "locked": False,
            "clause": "",
            "package": package,
        }
    ]
    assert words == ["Turn d from miles into kilometres"]
    assert (types, problems, heavy) == ({"d": "number"}, 0, [])
    assert "not a number" in wrong
    worker = python(installed, WORKER)
    assert worker.returncode == 0, worker.stderr
    said, values = json.loads(worker.stdout)
    assert said == ["step.package"] * 3
    assert values == [1.609344, None, 160.9344]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"miles_to_km"', '"trim"', "Commonhold has a step of that name already"),
        ("            numbers,\n", "", "which columns come out must be declared"),
        ('"Multiply distances by 1.609344."', '""', "label, help and words must be declared"),
        ("offered = Offered()", "offered = 5", "has no list"),
        ("from contracts", "import nothing_at_all\nfrom contracts", "cannot be imported"),
    ],
)
def test_a_package_that_lies_is_named_and_offers_nothing(
    installed: Path, old: str, new: str, said: str
) -> None:
    module = installed / "commonhold_example_steps" / "__init__.py"
    text = module.read_text(encoding="utf-8")
    assert old in text
    module.write_text(text.replace(old, new, 1), encoding="utf-8")
    code = (
        "from contracts.recipes.plugins import PluginFault, load_plugins\nfrom contracts.recipes.steps import BUILT_IN, STEPS\n"
        f"try:\n    load_plugins(['{NAME}'])\nexcept PluginFault as fault:\n    print(fault)\nassert set(STEPS) == BUILT_IN"
    )
    done = python(installed, code)
    assert done.returncode == 0, done.stderr
    assert said in done.stdout
    assert NAME in done.stdout


def test_runners_that_were_not_declared_are_taken_back(installed: Path) -> None:
    run = installed / "commonhold_example_steps" / "run.py"
    run.write_text(
        run.read_text(encoding="utf-8")
        + '\n\n@batch("trim")\ndef trim(frame, **_):\n    return frame.head(0)\n'
    )
    code = ("from jobs.pipeline.plugins import PluginFault, load_runners\nfrom jobs.pipeline.steps import RUNNERS\nbefore = dict(RUNNERS)\n"
            "try:\n    load_runners()\nexcept PluginFault as fault:\n    print(fault)\nassert before == RUNNERS")  # fmt: skip
    done = python(installed, code)
    assert done.returncode == 0, done.stderr
    assert "declares ['miles_to_km']" in done.stdout


def test_a_package_that_is_not_there_stops_the_start_with_its_name(tmp_path: Path) -> None:
    env = {**os.environ, "STEP_PACKAGES": "steps-of-nobody", "TESTING": "1", "COMMONHOLD_VAR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "manage.py", "check"], env=env, cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode != 0
    assert "STEP_PACKAGES names steps-of-nobody" in done.stderr
