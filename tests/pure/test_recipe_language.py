"""Steps as data: one form, one line of text, columns known before anything runs, differences in words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from contracts.recipes.difference import compare
from contracts.recipes.recipe import Recipe, check, used_columns
from contracts.recipes.steps import GROUPS, STEPS, Param, StepFault
from kernel.canonical import canonical_bytes

pytestmark = pytest.mark.pure
FAST = settings(max_examples=200, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate])

TYPES = {"carrier": "text", "a, b": "text", "delay": "integer", "fare": "decimal", "ratio": "number", "late": "boolean",
         "day": "date", "at": "timestamp", "x=y": "text", 'quo"te': "text"}  # fmt: skip
INPUTS = {"planes": {"tailnum": "text", "seats": "integer", "carrier": "text"}}
NAMES = st.sampled_from(list(TYPES))
WORDS = st.text(st.sampled_from("abc ,=;:()\"'\\|-é1\n"), min_size=1, max_size=10)
ORDER = st.lists(
    NAMES.flatmap(lambda n: st.sampled_from([n, f"-{n}"])),
    min_size=1,
    max_size=3,
    unique_by=lambda n: n.lstrip("-"),
)
RULES = st.lists(
    st.one_of(
        st.fixed_dictionaries({"column": NAMES, "rule": st.sampled_from(["not_null", "unique"])}),
        st.fixed_dictionaries({"column": NAMES, "rule": st.just("set"), "values": st.lists(WORDS, min_size=1, max_size=3, unique=True)}),
        st.fixed_dictionaries({"column": NAMES, "rule": st.just("range"), "min": WORDS}, optional={"max": WORDS}),
        st.fixed_dictionaries({"column": NAMES, "rule": st.just("pattern"), "pattern": st.sampled_from(["^N[0-9]+$", "a b;c", '"x"'])}),
        st.fixed_dictionaries({"column": NAMES, "rule": st.just("length"), "max": st.just("3")}),
    ), min_size=1, max_size=3,
)  # fmt: skip
MEASURES = st.lists(
    st.fixed_dictionaries(
        {"how": st.just("count"), "as": WORDS.filter(str.strip)}, optional={"column": NAMES}
    ),
    min_size=1,
    max_size=3,
)


def value_of(param: Param) -> st.SearchStrategy[Any]:
    kinds: dict[str, st.SearchStrategy[Any]] = {
        "column": NAMES, "columns": st.lists(NAMES, min_size=1, max_size=4, unique=True), "text": WORDS, "boolean": st.booleans(),
        "number": st.decimals(-999, 999, places=2).map(str), "integer": st.integers(param.least or 0, min(param.most or 12, 12)),
        "choice": st.sampled_from(param.choices or ("",)), "mapping": st.dictionaries(WORDS, WORDS, min_size=1, max_size=3),
        "list": st.lists(st.sampled_from(param.choices) if param.choices else WORDS, min_size=1, max_size=3, unique=True),
        "expression": st.sampled_from(["delay > 5", "carrier = 'UA' and not is_missing(day)", '"a, b" in (\'x\',\'y\')']),
        "order": ORDER, "rules": RULES, "measures": MEASURES, "input": st.just("planes"),
    }  # fmt: skip
    return kinds[param.kind]


def params_of(name: str) -> st.SearchStrategy[dict[str, Any]]:
    needed = {p.name: value_of(p) for p in STEPS[name].params if p.required}
    other = {p.name: value_of(p) for p in STEPS[name].params if not p.required}
    return st.fixed_dictionaries(needed, optional=other)


@pytest.mark.parametrize("name", list(STEPS))
@settings(max_examples=40, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate])
@given(data=st.data())
def test_every_step_has_one_form_a_line_of_text_and_a_sentence(name: str, data: st.DataObject) -> None:
    kind = STEPS[name]
    given_params = data.draw(params_of(name))
    try:
        params = kind.check(given_params)
    except StepFault as fault:
        assert fault.text
        assert fault.field in {p.name for p in kind.params}
        return
    assert kind.check(json.loads(json.dumps(params))) == params
    for param in kind.params:
        if param.name in params:
            assert param.read(param.show(params[param.name])) == params[param.name], param.show(
                params[param.name]
            )
    spoken = {
        p.name: p.show(v)
        for p, v in ((p, params.get(p.name)) for p in kind.params)
        if v is not None and p.kind != "mapping"
    }
    read = {n: next(p for p in kind.params if p.name == n).read(t) for n, t in spoken.items()}
    assert kind.check({**{n: v for n, v in params.items() if n not in read}, **read}) == params
    assert canonical_bytes(params)
    assert kind.words(params)
    assert kind.help
    assert kind.group in GROUPS
    recipe, problems = Recipe.from_list([{"name": name, "params": params}])
    if not kind.offered:
        assert "comes from the contract" in problems[0].text
        return
    assert not problems
    shape, problems = check(recipe.steps, TYPES, INPUTS)
    if not problems:
        assert set(used_columns(recipe.steps[0])) <= set(TYPES)
        known = set(TYPES) | {f"planes.{n}" for n in INPUTS["planes"]}
        assert all(col.origins <= known for col in shape.columns.values())
    else:
        assert problems[0].text.startswith("Step 1 (")
        assert problems[0].remedy


FAULTY = [
    ("select", {"columns": ["nowhere"]}, "columns", "no column nowhere"),
    ("drop", {"columns": list(TYPES)}, "columns", "no column would be left"),
    ("rename", {"mapping": {"delay": "fare"}}, "mapping", "two columns"),
    ("cast", {"column": "day", "to": "boolean"}, "to", "cannot be read as boolean"),
    ("split", {"column": "delay", "separator": ",", "into": ["p", "q"]}, "column", "not text"),
    ("split", {"column": "carrier", "separator": ",", "into": ["p", "p"]}, "into", "stands twice"),
    ("join_text", {"columns": ["carrier"], "separator": " ", "into": "fare"}, "into", "already"),
    ("calculate", {"into": "z", "expression": "carrier + 1"}, "expression", "needs numbers"),
    ("case", {"columns": ["delay"], "to": "lower"}, "columns", "not text"),
    ("map_values", {"column": "delay", "table": {"1": "one"}}, "table", "not a value of delay"),
    ("to_zone", {"column": "day", "zone": "Europe/Berlin"}, "column", "not timestamp"),
    ("round", {"columns": ["carrier"], "digits": 2}, "columns", "not a number"),
    ("clip", {"column": "day", "min": "5"}, "min", "not a value of day"),
    ("clip", {"column": "delay", "min": "5", "max": "2"}, "max", "more than"),
    ("fill_missing", {"columns": ["carrier"], "with": "median"}, "with", "not a number"),
    ("fill_missing", {"columns": ["delay"], "with": "constant", "value": "1.5"}, "value", "not a value"),
    ("filter", {"column": "delay", "op": "gt", "value": ["soon"]}, "value", "not a value"),
    ("filter", {"column": "delay", "op": "gt"}, "value", "has no value"),
    ("filter_by", {"expression": "delay + 1"}, "expression", "not true or false"),
    ("range_check", {"column": "carrier", "min": "1", "on_fail": "drop"}, "column", "not a number or date"),
    ("validate", {"rules": [{"column": "delay", "rule": "set", "values": ["x"]}], "on_fail": "stop"}, "rules", "not a value"),
    ("join", {"with": "moon", "on": {"carrier": "carrier"}, "columns": ["seats"]}, "with", "no further dataset"),
    ("join", {"with": "planes", "on": {"delay": "tailnum"}, "columns": ["seats"]}, "on", "is integer"),
    ("join", {"with": "planes", "on": {"carrier": "carrier"}, "columns": ["carrier"]}, "columns", "already"),
    ("group", {"by": ["carrier"], "measures": [{"column": "day", "how": "mean", "as": "m"}]}, "measures", "not a number"),
    ("generalise", {"column": "day", "how": "band", "width": "5"}, "column", "not a number"),
    ("suppress_cells", {"by": ["carrier"], "count": "fare", "k": 5}, "count", "not integer"),
]  # fmt: skip
REFUSED = [
    ("replace", {"columns": ["carrier"], "find": "(a)\\1", "regex": True}, "find", "refers back"),
    ("replace", {"columns": ["carrier"], "find": "a", "with": "\\2", "regex": True}, "with", "no group"),
    ("redact", {"columns": ["carrier"], "patterns": ["secrets"]}, "patterns", "none of"),
    ("sample", {"seed": 1}, "fraction", "either"),
    ("sample", {"fraction": "1.5", "seed": 1}, "fraction", "above 0"),
    ("parse_dates", {"column": "carrier", "to": "date", "format": "%d.%q"}, "format", "cannot be used"),
    ("generalise", {"column": "day", "how": "band"}, "width", "needs width"),
    ("l_diversity", {"columns": ["day"], "sensitive": "day", "l": 2}, "sensitive", "one of the columns that tell"),
    ("filter_by", {"expression": "delay >"}, "expression", "at character 8"),
    ("select", {"columns": ["a"], "rows": 1}, "rows", "no parameter"),
    ("to_zone", {"column": "at", "zone": "Mars/Base"}, "zone", "no time zone"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "params", "field", "said"), FAULTY)
def test_what_does_not_fit_the_columns_is_refused_before_anything_runs(
    name: str, params: dict[str, Any], field: str, said: str
) -> None:
    recipe, problems = Recipe.from_list([{"name": name, "params": params}])
    assert not problems
    _, problems = check(recipe.steps, TYPES, INPUTS)
    assert [p.field for p in problems] == [field]
    assert said in problems[0].text
    assert problems[0].remedy


@pytest.mark.parametrize(("name", "params", "field", "said"), REFUSED)
def test_parameters_that_never_work_are_refused_when_given(
    name: str, params: dict[str, Any], field: str, said: str
) -> None:
    _, problems = Recipe.from_list([{"name": name, "params": params}])
    assert [p.field for p in problems] == [field]
    assert said in problems[0].text


def recipe(*steps: tuple[str, dict[str, Any]]) -> Recipe:
    found, problems = Recipe.from_list([{"name": name, "params": params} for name, params in steps])
    assert not problems, problems
    return found


def test_every_problem_is_said_once_and_what_follows_from_it_is_not() -> None:
    steps = recipe(
        ("calculate", {"into": "hours", "expression": "minutes / 60"}),
        ("round", {"columns": ["hours"], "digits": 1}),
        ("cast", {"column": "day", "to": "integer"}),
        ("round", {"columns": ["day"], "digits": 1}),
        ("generalise", {"column": "carrier", "how": "topcode", "at": "5"}),
    )
    _, problems = check(steps.steps, TYPES)
    assert [(p.step, p.field) for p in problems] == [(0, "expression"), (2, "to"), (4, "column")]


def test_columns_and_their_origins_are_known_without_running() -> None:
    steps = recipe(
        ("rename", {"mapping": {"carrier": "airline"}}),
        ("join_text", {"columns": ["airline", "a, b"], "separator": "-", "into": "both"}),
        ("generalise", {"column": "delay", "how": "band", "width": "10"}),
        ("join", {"with": "planes", "on": {"airline": "carrier"}, "columns": ["seats"]}),
        ("group", {"by": ["both"], "measures": "count() as rows, sum(seats) as seats, mean(ratio) as r"}),
    )
    shape, problems = check(steps.steps, TYPES, INPUTS)
    assert not problems
    assert shape.types() == {"both": "text", "rows": "integer", "seats": "integer", "r": "number"}
    assert shape.columns["both"].origins == {"carrier", "a, b"}
    assert shape.columns["seats"].origins == {"planes.seats"}
    assert shape.columns["rows"].origins == frozenset()


def test_equal_recipes_have_one_hash_and_a_document_is_read_back() -> None:
    one = recipe(("clip", {"column": "fare", "min": "1"}), ("sample", {"fraction": "0.50", "seed": "7"}),
                 ("cast", {"column": "delay", "to": "text", "on_fail": "stop"}), ("filter_by", {"expression": "(delay)>5.0"}))  # fmt: skip
    same = recipe(("clip", {"column": "fare", "min": "1", "max": None}), ("sample", {"fraction": ".5", "seed": 7, "rows": ""}),
                  ("cast", {"column": "delay", "to": "text"}), ("filter_by", {"expression": "delay > 5"}))  # fmt: skip
    assert one.hash == same.hash
    again, problems = Recipe.read(json.loads(json.dumps(one.document())))
    assert not problems
    assert again == one
    assert again.sentences == one.sentences
    assert Recipe.read([{"name": s.name, "params": s.params} for s in one.steps])[0] == one
    for rubbish in (
        None,
        5,
        {"recipe": 2, "steps": []},
        {"recipe": 1},
        [5],
        [{"name": ["x"]}],
        [{"name": "trim", "params": 7}],
    ):
        assert Recipe.read(rubbish)[1]


def test_the_difference_of_two_recipes_is_said_in_words() -> None:
    old = recipe(("trim", {"columns": ["carrier"]}), ("cast", {"column": "delay", "to": "decimal"}), ("sort", {"by": ["day"]}),
                 ("drop", {"columns": ["late"]}))  # fmt: skip
    new = recipe(("sort", {"by": ["day"]}), ("trim", {"columns": ["carrier"]}),
                 ("cast", {"column": "delay", "to": "number", "on_fail": "set_missing"}), ("round", {"columns": ["ratio"], "digits": 2}))  # fmt: skip
    assert compare(old, old) == []
    said = compare(old, new)
    assert "Step 3, “Change type”, was step 2: type changed from decimal to number." in said
    assert "Step 1, “Sort”, was step 3: Sort by day." in said
    assert "Step 4, “Drop columns”, is removed: Drop late." in said
    assert "Step 4, “Round”, is added: Round ratio to 2 digits." in said
    assert len(said) == 5


@FAST
@given(
    st.lists(st.sampled_from(["trim", "drop", "sort"]), max_size=6),
    st.lists(st.sampled_from(["trim", "drop", "sort"]), max_size=6),
)
def test_the_difference_is_empty_just_for_recipes_that_do_the_same(a: list[str], b: list[str]) -> None:
    made = [
        [(n, {"by": ["day"]} if n == "sort" else {"columns": ["carrier"]}) for n in names] for names in (a, b)
    ]
    one, other = (recipe(*steps) for steps in made)
    assert (compare(one, other) == []) is (one.hash == other.hash)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(allow_nan=False) | st.text(max_size=8) | st.sampled_from([*TYPES, "\ud800", "1e999"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["column", "rule", "how", "as", "values", "min", "x"]), inner, max_size=4),
    max_leaves=6,
)  # fmt: skip


@pytest.mark.parametrize("name", list(STEPS))
@settings(max_examples=20, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate])
@given(data=st.data())
def test_rubbish_in_a_parameter_is_a_problem_and_no_crash(name: str, data: st.DataObject) -> None:
    params = data.draw(params_of(name))
    for one in data.draw(
        st.lists(st.sampled_from([p.name for p in STEPS[name].params]), min_size=1, max_size=2)
    ):
        params[one] = data.draw(JSON)
    read, problems = Recipe.from_list([{"name": name, "params": params}])
    if not problems:
        assert len(read.hash) == 64
        _, problems = check(read.steps, TYPES, INPUTS)
    assert all(p.text and p.field for p in problems)
