"""No step slips past the contract: what a column was made from counts, not what it is called."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from contracts.policies.terms import Terms
from contracts.recipes.compile import Plan, compile_plan, plan_words
from contracts.recipes.recipe import Recipe
from contracts.recipes.steps import STEPS
from jobs.pipeline import gates
from jobs.pipeline.steps.privacy import pseudonym
from kernel.decision import Refused

pytestmark = pytest.mark.pure
TYPES = {
    "carrier": "text",
    "tailnum": "text",
    "dest": "text",
    "delay": "integer",
    "day": "date",
    "salary": "integer",
}
PLANES = {"planes": {"tail": "text", "carrier": "text", "seats": "integer"}}
BASE: dict[str, Any] = {
    "purpose": {"any_of": ["research"]},
    "period": {"from": "2027-01-01", "until": "2027-12-31", "zone": "Europe/Berlin"},
    "recipient": {"who": "organisation"},
}
ALLOWED = ["carrier", "tailnum", "delay", "day"]
SECRET = {"pseudonymise": {"columns": ["tailnum"]}}
SMALL = {"min_group_size": {"k": 5, "by": ["dest"]}}


def plan(steps: list[tuple[str, dict[str, Any]]], *, asked: list[str] | None = None, rows: list[dict[str, Any]] | None = None,
         inputs: Any = None, **clauses: Any) -> Plan:  # fmt: skip
    recipe, problems = Recipe.from_list([{"name": n, "params": p} for n, p in steps])
    assert not problems, problems
    terms = Terms.from_dict({**BASE, "columns": {"only": ALLOWED}, **clauses})
    return compile_plan(terms, recipe=recipe, columns=asked or ALLOWED, row_filter=rows or [], types=TYPES, output_format="csv",
                        input_sha256="0" * 64, policy_hash="1" * 64, inputs=inputs)  # fmt: skip


def refused(*args: Any, **kwargs: Any) -> list[Any]:
    with pytest.raises(Refused) as caught:
        plan(*args, **kwargs)
    return list(caught.value.decision.reasons)


def touching(column: str) -> list[tuple[str, dict[str, Any]]]:
    """Every way of naming a column in a step, whether or not its type fits."""
    quoted = f'"{column}"'
    return [
        ("select", {"columns": ["carrier", column]}), ("drop", {"columns": [column]}), ("rename", {"mapping": {column: "x"}}),
        ("reorder", {"columns": [column]}), ("cast", {"column": column, "to": "text"}), ("split", {"column": column, "separator": "-", "into": ["p"]}),
        ("join_text", {"columns": ["carrier", column], "separator": "-", "into": "x"}), ("calculate", {"into": "x", "expression": f"concat('', {quoted})"}),
        ("trim", {"columns": [column]}), ("case", {"columns": [column], "to": "lower"}), ("normalise", {"columns": [column]}),
        ("replace", {"columns": [column], "find": "a"}), ("map_values", {"column": column, "table": {"1": "2"}}),
        ("parse_dates", {"column": column, "to": "date"}), ("to_zone", {"column": column, "zone": "UTC"}), ("round", {"columns": [column], "digits": 0}),
        ("clip", {"column": column, "min": "0"}), ("fill_missing", {"columns": [column], "with": "constant", "value": "0"}),
        ("redact", {"columns": [column], "patterns": ["email"]}), ("filter", {"column": column, "op": "eq", "value": ["1"]}),
        ("filter_by", {"expression": f"{quoted} is not missing"}), ("drop_rows", {"expression": f"{quoted} = '1'"}),
        ("drop_missing", {"columns": [column]}), ("range_check", {"column": column, "min": "1", "on_fail": "drop"}),
        ("deduplicate", {"columns": [column]}), ("deduplicate", {"columns": ["carrier"], "order_by": [f"-{column}"]}),
        ("deduplicate_near", {"columns": [column]}), ("sort", {"by": [column]}),
        ("validate", {"rules": [{"column": column, "rule": "set", "values": ["1"]}], "on_fail": "drop"}),
        ("join", {"with": "planes", "on": {column: "tail"}, "columns": ["seats"]}),
        ("group", {"by": [column], "measures": [{"how": "count", "as": "n"}]}),
        ("group", {"by": ["carrier"], "measures": [{"column": column, "how": "max", "as": "n"}]}),
        ("mask", {"column": column}), ("pseudonymise", {"columns": [column]}), ("tokenise", {"columns": [column]}),
        ("generalise", {"column": column, "how": "prefix", "length": 1}), ("perturb", {"column": column, "scale": "1", "seed": 1}),
        ("suppress_small_groups", {"by": [column], "k": 2}), ("k_anonymity", {"columns": [column], "k": 2}),
        ("l_diversity", {"columns": ["day"], "sensitive": column, "l": 2}), ("t_closeness", {"columns": [column], "sensitive": "day", "t": "0.1"}),
        ("suppress_cells", {"by": [column], "count": "delay", "k": 2}),
    ]  # fmt: skip


def test_every_step_that_names_columns_is_in_the_attack() -> None:
    assert {name for name, _ in touching("x")} == {name for name, kind in STEPS.items() if kind.offered} - {
        "sample"
    }


@pytest.mark.parametrize("column", ["dest", "salary"])
def test_a_column_outside_the_contract_cannot_be_touched_by_any_step(column: str) -> None:
    for step in touching(column):
        reasons = refused([step], inputs=PLANES, **SMALL)
        assert any(column in r.text for r in reasons), step
        for r in reasons:
            assert r.field.startswith("recipe.0"), (step, r)


def test_grouping_columns_do_not_decide_what_equal_rows_are_and_outlast_a_selection() -> None:
    made = plan([("deduplicate", {}), ("select", {"columns": ["carrier"]})], **SMALL)
    steps = {s.name: s.params for s in made.steps if not s.locked}
    assert steps["deduplicate"]["columns"] == ALLOWED
    assert steps["select"]["columns"] == ["carrier", "dest"]
    assert [s.name for s in made.steps][-2:] == ["suppress_small_groups", "select"]
    assert made.demands["columns"] == ["carrier"]


KEEPS = {"select", "drop", "rename", "reorder", "trim", "drop_missing", "deduplicate", "deduplicate_near", "sort", "mask", "pseudonymise",
         "suppress_small_groups", "k_anonymity", "l_diversity", "t_closeness", "suppress_cells", "filter_by"}  # fmt: skip


@pytest.mark.parametrize("before", [[], [("rename", {"mapping": {"tailnum": "who"}})]])
def test_a_pseudonym_is_moved_and_counted_but_never_taken_apart_or_compared(before: list[Any]) -> None:
    name = "who" if before else "tailnum"
    let = set()
    for step in touching(name):
        try:
            made = plan([*before, step], inputs=PLANES, **SECRET)
        except Refused as refusal:
            assert all(r.code in ("terms.pseudonymise", "recipe.step") for r in refusal.decision.reasons)
            continue
        let.add(step[0])
        names = [s.name for s in made.steps]
        assert names.index("pseudonymise") < len(names) - 1 or step[0] == "pseudonymise"
        assert next(s for s in made.steps if s.name == "pseudonymise").locked
    assert let == {*KEEPS, "group"}
    assert (
        refused([], rows=[{"column": "tailnum", "op": "eq", "value": ["N1"]}], **SECRET)[0].code
        == "terms.pseudonymise"
    )
    for step in [("filter_by", {"expression": f"{name} = 'p_1'"}), ("calculate", {"into": "x", "expression": f"length({name})"}),
                 ("filter", {"column": name, "op": "contains", "value": ["p_"]}),
                 ("fill_missing", {"columns": [name], "with": "constant", "value": "N1"}),
                 ("k_anonymity", {"columns": [name], "k": 2, "on_fail": "generalise"})]:  # fmt: skip
        assert {r.code for r in refused([*before, step], **SECRET)} == {"terms.pseudonymise"}, step


def test_the_gate_looks_for_pseudonyms_where_they_are_and_not_where_they_were_counted() -> None:
    renamed = plan(
        [
            ("rename", {"mapping": {"tailnum": "who", "carrier": "tailnum"}}),
            ("mask", {"column": "who", "keep_end": 4}),
        ],
        **SECRET,
    )
    assert renamed.demands["pseudonyms"] == ["who"]
    counted = plan(
        [
            (
                "group",
                {"by": ["carrier"], "measures": [{"column": "tailnum", "how": "distinct", "as": "planes"}]},
            )
        ],
        **SECRET,
    )
    assert counted.demands["pseudonyms"] == []


def test_a_join_takes_only_what_may_be_taken_and_pseudonyms_meet_pseudonyms() -> None:
    join = ("join", {"with": "planes", "on": {"carrier": "carrier"}, "columns": ["seats"]})
    rich = {
        "planes": {"sha256": "f" * 64, "types": PLANES["planes"], "columns_allowed": ["carrier", "seats"]}
    }
    made = plan([join], inputs=rich)
    assert made.as_dict()["inputs"] == rich
    assert made.demands["columns"] == [*ALLOWED, "seats"]
    assert "inputs" not in plan([], inputs=rich).as_dict()
    narrow = {"planes": {**rich["planes"], "columns_allowed": ["carrier"]}}
    assert "no column seats" in refused([join], inputs=narrow)[0].text
    assert (
        "no column tail"
        in refused(
            [("join", {"with": "planes", "on": {"carrier": "tail"}, "columns": ["seats"]})], inputs=rich
        )[0].text
    )
    by_tail = ("join", {"with": "planes", "on": {"tailnum": "tail"}, "columns": ["seats"]})
    assert refused([by_tail], inputs=PLANES, **SECRET)[0].code == "terms.pseudonymise"
    both = {"planes": {"tailnum": "text", "seats": "integer"}}
    taken = plan(
        [("join", {"with": "planes", "on": {"tailnum": "tailnum"}, "columns": ["seats"]})],
        inputs=both,
        **SECRET,
    )
    assert taken.demands["pseudonyms"] == ["tailnum"]


def test_small_groups_go_before_a_summary_and_small_cells_after_it() -> None:
    made = plan([("filter", {"column": "delay", "op": "gt", "value": ["1"]}),
                 ("group", {"by": ["carrier"], "measures": [{"column": "delay", "how": "mean", "as": "mean"}]})], **SMALL)  # fmt: skip
    names = [s.name for s in made.steps]
    at = names.index("group")
    assert names[at - 2 : at + 2] == ["filter", "suppress_small_groups", "group", "suppress_cells"]
    before, summary, cells = made.steps[at - 1 : at + 2]
    assert (before.params, before.locked) == ({"by": ["dest"], "k": 5}, True)
    assert summary.params["measures"][-1] == {"how": "count", "as": "rows"}
    assert cells.params == {"by": ["carrier"], "count": "rows", "values": ["mean"], "k": 5}
    assert (cells.locked, cells.clause) == (True, "min_group_size")
    assert made.demands["min_count"] == {"column": "rows", "k": 5}
    assert made.demands["min_group"] == {}
    own = plan([("group", {"by": ["carrier"], "measures": [{"how": "count", "as": "n"}]})], **SMALL)
    assert own.demands["min_count"] == {"column": "n", "k": 5}


def test_a_join_cannot_make_a_small_group_look_large() -> None:
    join = ("join", {"with": "planes", "on": {"carrier": "carrier"}, "columns": ["seats"]})
    made = plan(
        [("drop_missing", {"columns": ["delay"]}), join, ("sort", {"by": ["delay"]})], inputs=PLANES, **SMALL
    )
    names = [s.name for s in made.steps]
    assert names.index("suppress_small_groups") == names.index("join") - 1 > names.index("drop_missing")
    for later in [("filter", {"column": "delay", "op": "gt", "value": ["1"]}), ("sample", {"rows": 5, "seed": 1}), ("deduplicate", {}),
                  ("group", {"by": ["carrier"], "measures": [{"how": "count", "as": "n"}]})]:  # fmt: skip
        assert {r.code for r in refused([join, later], inputs=PLANES, **SMALL)} == {"terms.min_group_size"}
    inner = ("join", {**join[1], "how": "inner"})
    assert refused([inner], inputs=PLANES, **SMALL)[0].code == "terms.min_group_size"


def test_a_copy_of_a_grouping_column_is_grouped_by_too() -> None:
    only = {"columns": {"only": [*ALLOWED, "dest"]}}
    made = plan([("calculate", {"into": "copy", "expression": "upper(dest)"}), ("replace", {"columns": ["dest"], "find": ".*", "regex": True})],
                asked=[*ALLOWED, "dest"], **only, **SMALL)  # fmt: skip
    last = next(s for s in made.steps if s.name == "suppress_small_groups")
    assert last.params["by"] == ["dest", "copy"]
    lost = refused([("drop", {"columns": ["dest"]})], asked=[*ALLOWED, "dest"], **only, **SMALL)
    assert lost[0].code == "terms.min_group_size"


def test_a_column_that_was_not_asked_for_leaves_in_no_other_shape() -> None:
    only = {"columns": {"only": [*ALLOWED, "dest"]}}
    made = plan(
        [
            ("join_text", {"columns": ["carrier", "dest"], "into": "both"}),
            ("rename", {"mapping": {"dest": "to"}}),
        ],
        **only,
        **SMALL,
    )
    assert made.demands["columns"] == ALLOWED
    assert made.steps[-1].params == {"columns": ALLOWED}


def test_plans_of_plain_recipes_keep_their_shape() -> None:
    made = plan([("trim", {"columns": ["carrier"]}), ("rename", {"mapping": {"carrier": "airline"}})],
                rows=[{"column": "delay", "op": "gte", "value": ["10"]}], **SECRET, **SMALL)  # fmt: skip
    assert [s.as_dict() for s in made.steps] == [
        {"name": "filter", "params": {"column": "delay", "op": "gte", "value": ["10"]}, "locked": False, "clause": ""},
        {"name": "select", "params": {"columns": ["carrier", "tailnum", "dest", "delay", "day"]}, "locked": True, "clause": "columns"},
        {"name": "pseudonymise", "params": {"columns": ["tailnum"]}, "locked": True, "clause": "pseudonymise"},
        {"name": "trim", "params": {"columns": ["carrier"]}, "locked": False, "clause": ""},
        {"name": "rename", "params": {"mapping": {"carrier": "airline"}}, "locked": False, "clause": ""},
        {"name": "suppress_small_groups", "params": {"by": ["dest"], "k": 5}, "locked": True, "clause": "min_group_size"},
        {"name": "select", "params": {"columns": ["airline", "tailnum", "delay", "day"]}, "locked": True, "clause": "columns"},
    ]  # fmt: skip
    assert made.demands == {
        "columns": ["airline", "tailnum", "delay", "day"],
        "pseudonyms": ["tailnum"],
        "min_group": {"k": 5, "by": []},
    }
    assert set(made.as_dict()) == {"steps", "format", "input_sha256", "policy_hash", "demands"}
    assert all(line["text"] for line in plan_words(made.as_dict()))
    assert plan_words({"steps": [{"name": "gone", "params": {}, "locked": False, "clause": ""}]})[0][
        "text"
    ].startswith("gone")


def test_the_gate_stops_a_count_that_is_too_small(tmp_path: Path) -> None:
    pq.write_table(
        pa.table({"carrier": ["UA", "AA", "B6"], "n": pa.array([7, None, 4])}), tmp_path / "out.parquet"
    )
    demands = {"columns": ["carrier", "n"], "min_count": {"column": "n", "k": 5}}
    assert [f.code for f in gates.check(tmp_path / "out.parquet", demands)] == ["gate.min_count"]
    assert not gates.check(tmp_path / "out.parquet", {**demands, "min_count": {"column": "n", "k": 4}})


def test_the_gate_takes_columns_by_their_exact_names_and_knows_a_pseudonym_from_a_word(
    tmp_path: Path,
) -> None:
    """“pace” is written in the letters of a pseudonym; names that differ by case alone are two columns."""
    made, out = pseudonym(b"k", "who", "N1"), tmp_path / "out.parquet"
    pq.write_table(pa.table({"WHO": ["x", "x"], "who": [made, made[:3] + "*" * 27 + made[30:]]}), out)
    demands = {"columns": ["WHO", "who"], "pseudonyms": ["who"], "min_group": {"by": ["who"], "k": 1}}
    assert gates.check(out, demands) == []
    assert [f.code for f in gates.check(out, {**demands, "pseudonyms": ["WHO"]})] == ["gate.pseudonyms"]
    pq.write_table(pa.table({"WHO": ["x", "x"], "who": ["pace", "p_1"]}), out)
    found = gates.check(out, {**demands, "min_group": {"by": ["who"], "k": 2}})
    assert [f.code for f in found] == ["gate.pseudonyms", "gate.min_group_size"]
    assert "2 values" in found[0].text
    assert [p.name for p in tmp_path.iterdir()] == ["out.parquet"], "no scratch is left"


ANY = list(
    itertools.chain.from_iterable(touching(n) for n in ("carrier", "tailnum", "dest", "delay", "x", "n"))
)


@settings(max_examples=250, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate])
@given(st.lists(st.sampled_from([*ANY, ("sample", {"rows": 3, "seed": 1})]), min_size=1, max_size=4))
def test_whatever_is_combined_the_plan_is_refused_or_keeps_its_locks(
    steps: list[tuple[str, dict[str, Any]]],
) -> None:
    try:
        made = plan(steps, inputs=PLANES, **SECRET, **SMALL)
    except Refused as refusal:
        assert all(r.code and r.text and r.field for r in refusal.decision.reasons)
        return
    locked = [s.name for s in made.steps if s.locked]
    assert locked[:2] == ["select", "pseudonymise"]
    assert "suppress_small_groups" in locked
    names = [s.name for s in made.steps]
    at = next(i for i, s in enumerate(made.steps) if s.locked and s.name == "suppress_small_groups")
    removing = [i for i, s in enumerate(made.steps) if not s.locked and STEPS[s.name].removes(s.params)]
    first = names.index("group") if "group" in names else len(names)
    assert all(i < at or i >= first for i in removing)
    if "group" in names:
        assert names[first + 1] == "suppress_cells"
        assert made.steps[first + 1].params["k"] >= 5
    assert not {"dest", "salary"} & set(made.demands["columns"])
