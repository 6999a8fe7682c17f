"""The recipe's three views say the same: form, sentences and JSON, for every kind of step."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.library import builder
from contracts.recipes.recipe import Recipe
from contracts.recipes.steps import STEPS, Param

pytestmark = pytest.mark.pure

TYPES = {"carrier": "text", "a, b": "text", "dep_delay": "integer", "fare": "decimal", "ratio": "number", "late": "boolean",
         "day": "date", "at": "timestamp", "back\\slash": "text", "x=y": "text", 'quo"te': "text"}  # fmt: skip
INPUTS = {"planes": {"tailnum": "text", "seats": "integer"}}
NAMES = st.sampled_from(list(TYPES))
WORDS = st.text(st.sampled_from("abc ,=;:\"'\\|-é1"), min_size=1, max_size=12).filter(
    lambda t: t.strip() == t
)
NUMBERS = st.decimals(-999, 999, allow_nan=False, places=2).map(str)


class Post(dict[str, list[str]]):
    """What a browser sends."""

    def get(self, name: str, default: Any = None) -> Any:
        found = super().get(name)
        return found[-1] if found else default

    def getlist(self, name: str) -> list[str]:
        return super().get(name) or []


def value_of(param: Param) -> st.SearchStrategy[Any]:
    kinds: dict[str, st.SearchStrategy[Any]] = {
        "column": NAMES, "columns": st.lists(NAMES, min_size=1, max_size=4, unique=True), "text": WORDS, "number": NUMBERS,
        "integer": st.integers(0, 12), "boolean": st.just(True), "choice": st.sampled_from(param.choices or ("",)),
        "mapping": st.dictionaries(WORDS, WORDS, min_size=1, max_size=3), "list": st.lists(WORDS, min_size=1, max_size=3, unique=True),
        "expression": st.sampled_from(["dep_delay > 5", "carrier = 'UA' and day is not missing", "dep_delay * 2"]),
        "order": st.lists(NAMES.flatmap(lambda n: st.sampled_from([n, f"-{n}"])), min_size=1, max_size=3, unique_by=lambda n: n.lstrip("-")),
        "rules": st.just([{"column": "carrier", "rule": "set", "values": ["UA", "AA"]}, {"column": "dep_delay", "rule": "range", "min": "-5", "max": "9"}]),
        "measures": st.just([{"column": "dep_delay", "how": "mean", "as": "mean_delay"}]),
        "input": st.just("planes"), "regex": st.sampled_from(["[0-9]+", "a, b|c", "q+$"]),
    }  # fmt: skip
    return kinds[param.kind]


@st.composite
def steps(draw: st.DrawFn) -> dict[str, Any]:
    kind = STEPS[draw(st.sampled_from(list(STEPS)))]
    return {
        "name": kind.name,
        "params": {p.name: draw(value_of(p)) for p in kind.params if p.required or draw(st.booleans())},
    }


def sent_back(page: dict[str, Any]) -> Post:
    """The fields of the page as a browser would send them, untouched."""
    post: Post = Post()
    for row in page["steps"]:
        post[f"step-{row['index']}-name"] = [row["kind"].name]
        for field in row["fields"]:
            name = field["name"]
            if field["checks"] is not None:
                post[f"{name}-checks"] = ["1"]
                post[name] = [c["name"] for c in field["checks"] if c["checked"]]
            elif field["param"].kind == "boolean":
                post |= {name: ["yes"]} if field["checked"] else {}
            else:
                post[name] = [field["value"]]
    return post


@given(st.lists(steps(), max_size=4), st.sampled_from([TYPES, None]))
@settings(max_examples=150, deadline=None)
def test_form_and_json_give_the_same_steps_back(
    given_steps: list[dict[str, Any]], types: dict[str, str] | None
) -> None:
    recipe, _ = Recipe.from_list(given_steps)
    plain = [{"name": s.name, "params": s.params} for s in recipe.steps]
    again = builder.read_steps(sent_back(builder.page(builder.Draft(plain), types, INPUTS)))
    read, problems = Recipe.from_list(again)
    assert not problems
    assert [s.params for s in read.steps] == [s.params for s in recipe.steps]
    assert read.hash == recipe.hash
    text, fault = builder.from_text(builder.as_text(plain))
    assert not fault
    assert Recipe.from_list(text)[0].hash == recipe.hash


@pytest.mark.parametrize("name", list(STEPS))
def test_an_empty_step_says_what_is_missing_and_can_be_filled_in(name: str) -> None:
    """Adding a step never fails; the page names each field, says a sentence, and keeps what cannot be read."""
    page = builder.page(builder.Draft([{"name": name, "params": {}}]), TYPES, INPUTS)
    assert page["steps"][0]["kind"].label
    assert all(f["param"].label for f in page["steps"][0]["fields"])
    if any(p.required for p in STEPS[name].params):
        assert page["problem_count"] == 1
    typed = {
        p.name: "(((" for p in STEPS[name].params if p.kind not in ("boolean", "choice", "column", "input")
    }
    post = Post({"step-0-name": [name], **{f"step-0-{n}": [text] for n, text in typed.items()}})
    kept = sent_back(builder.page(builder.Draft(builder.read_steps(post)), None))
    for param in STEPS[name].params:
        if param.name in typed:
            shown = kept.get(f"step-0-{param.name}")
            assert shown == "(((" or param.read(shown) == param.read("((("), param.name


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[\n  {"name": "trim",}\n]', "Line 2, column 19"), ("[1]", "Item 1"), ('[{"name": "nonsense"}]', "nonsense"), ("7", "list of steps"),
        ('[{"name": "trim", "params": []}]', "Item 1"), ("[NaN]", "NaN"), ("[" * 100_000, "nested"), ('[{"name": "trim", "name": "trim"}]', "twice"),
        (json.dumps([{"name": "trim"}] * 41), "at most 40"), ('[{"name": "trim", "columns": ["a"]}]', "columns"),
    ],
)  # fmt: skip
def test_json_that_cannot_be_read_says_where_and_stays(text: str, says: str) -> None:
    draft = builder.read(Post({"recipe_json": [text], "do": ["view:form"]}))
    assert says in draft.fault
    assert draft.view == "json"
    assert builder.page(draft, TYPES)["text"] == text


def test_steps_move_double_and_go() -> None:
    three = [{"name": n, "params": {}} for n in ("trim", "select", "filter")]
    names = lambda do, add="": [s["name"] for s in builder.changed(three, do, add)]  # noqa: E731
    assert names("up:1") == ["select", "trim", "filter"]
    assert names("down:0") == ["select", "trim", "filter"]
    assert names("double:2") == ["trim", "select", "filter", "filter"]
    assert names("remove:0") == ["select", "filter"]
    assert names("add", "rename") == ["trim", "select", "filter", "rename"]
    for harmless in ("up:0", "down:2", "remove:9", "add", "", "up:x", "up:-1"):
        assert names(harmless) == ["trim", "select", "filter"]
    assert len(builder.changed(three * 13 + three[:1], "add", "trim")) == 40
    full = three * 13 + three[:1]
    assert len(builder.changed(full, "double:0", "")) == 40


def test_a_step_that_is_not_there_is_answered_with_the_one_that_was_meant() -> None:
    assert builder.from_text('[{"name": "deduplicates"}]')[1].endswith("Did you mean 'deduplicate'?")
    assert builder.from_text('[{"name": "xyzzy"}]')[1].endswith(
        "The form lists all steps, with what each does."
    )


def test_columns_are_followed_past_a_wrong_step() -> None:
    given_steps = [
        {"name": "rename", "params": {"mapping": {"carrier": "airline"}}},
        {"name": "trim", "params": {"columns": ["carrier"]}},
        {"name": "select", "params": {"columns": ["airline", "day"]}},
    ]
    page = builder.page(builder.Draft(given_steps), {"carrier": "text", "day": "date"})
    assert [bool(row["problem"]) for row in page["outline"]] == [False, True, False]
    assert "carrier" in page["steps"][1]["fields"][0]["error"]
    assert page["final"] == [("airline", "text"), ("day", "date")]
    assert builder.needed_columns(given_steps) == ["carrier", "day"]
