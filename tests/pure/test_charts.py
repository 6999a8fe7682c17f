"""Charts are geometry: what is drawn follows from the numbers alone."""

from __future__ import annotations

from itertools import pairwise

import pytest

from jobs.pipeline.clock import told
from portal import charts


def test_the_tallest_bar_fills_the_height_and_all_stand_on_the_axis() -> None:
    bars = charts.histogram([0, 1, 2, 3], [5, 10, 0])
    assert [bar.height for bar in bars] == [51, 102, 0]
    assert {bar.y + bar.height for bar in bars} == {charts.HEIGHT - charts.PAD}
    assert bars[1].label == "1 to 2"


@pytest.mark.parametrize(("edges", "counts"), [([], []), ([1], []), ([0, 1], [3, 4])])
def test_numbers_that_do_not_fit_together_draw_nothing(edges: list[int], counts: list[int]) -> None:
    assert charts.histogram(edges, counts) == []
    assert charts.before_after({"edges": edges, "counts": counts}, {"edges": [0, 1], "counts": [1]}) == []


def test_a_column_with_one_value_or_only_zeros_is_still_drawn() -> None:
    assert charts.histogram([4, 4], [7])[0].height == 102
    assert (
        charts.before_after({"edges": [4, 4], "counts": [7]}, {"edges": [4, 4], "counts": [0]})[1].height == 0
    )


def test_before_and_after_share_one_axis_and_one_scale() -> None:
    bars = charts.before_after({"edges": [0, 10, 20], "counts": [4, 8]}, {"edges": [0, 10], "counts": [4]})
    before, after = [b for b in bars if b.tone == "before"], [b for b in bars if b.tone == "after"]
    assert before[0].height == after[0].height == 51
    assert after[0].x + after[0].width < before[1].x


def test_missingness_is_a_share_of_all_rows_and_knows_an_empty_table() -> None:
    assert [bar.value for bar in charts.missing([("a", 0), ("b", 25)], 50)] == [0, 50]
    assert charts.missing([("a", 0)], 0)[0].width == 0
    assert charts.missing([("b", 25)], 50)[0].width == charts.LONG / 2


def test_bands_without_gaps_leave_the_strip_bare() -> None:
    assert [bar.label for bar in charts.bands([0, 0.5, 0])] == ["band 2"]


def test_weeks_keep_the_last_year_and_the_place_of_a_quiet_week() -> None:
    bars = charts.weeks([(f"w{i}", i % 2) for i in range(60)])
    assert len(bars) == 53
    assert bars[0].label == "w7"
    assert bars[1].height == 0


def test_a_rule_that_got_worse_is_marked_and_values_stay_on_the_scale() -> None:
    better, worse = charts.dumbbell([("complete", 90, 99), ("range", 100, 140 / 2)], threshold=95)
    assert (better.worse, worse.worse) == (False, True)
    assert charts.LABEL <= worse.after_x <= charts.LABEL + charts.LONG
    assert better.threshold_x == charts.LABEL + charts.LONG * 0.95


@pytest.mark.parametrize(
    ("values", "start"), [((97, 99), 90), ((91, 99), 80), ((5, 99), 0), ((100, 100), 90)]
)
def test_the_scale_starts_at_a_round_number_below_all_values(values: tuple[float, float], start: int) -> None:
    assert charts.dumbbell_scale([("rule", *values)]) == start


def test_a_sparkline_needs_two_points_and_survives_a_flat_series() -> None:
    assert charts.sparkline([1]) is None
    flat = charts.sparkline([2, 2, 2])
    assert flat is not None
    assert flat.last_y == 25


def _nodes(*keys: str) -> list[dict[str, str]]:
    return [{"key": key, "title": key.upper(), "kind": "version"} for key in keys]


def test_every_edge_of_a_graph_runs_from_left_to_right() -> None:
    drawn = charts.graph(_nodes("a", "b", "c", "d"), [("a", "b"), ("b", "c"), ("a", "c"), ("c", "d")])
    assert {node.key: node.depth for node in drawn.nodes} == {"a": 0, "b": 1, "c": 2, "d": 3}
    assert len(drawn.edges) == 4
    assert next(node for node in drawn.nodes if node.key == "c").parents == ("B", "A")


def test_boxes_of_one_layer_do_not_overlap() -> None:
    drawn = charts.graph(_nodes("a", *(f"n{i}" for i in range(9))), [("a", f"n{i}") for i in range(9)])
    tops = sorted(node.y for node in drawn.nodes if node.depth == 1)
    assert all(b - a >= charts.NODE_HEIGHT for a, b in pairwise(tops))


def test_a_large_graph_says_how_much_is_left_out_and_a_circle_does_not_hang() -> None:
    assert charts.graph(_nodes(*(f"n{i}" for i in range(75))), []).folded == 15
    assert len(charts.graph(_nodes("a", "b"), [("a", "b"), ("b", "a")]).nodes) == 2
    assert charts.graph([], []).nodes == ()


@pytest.mark.parametrize(("value", "text"), [(12.0, "12"), (3.5, "3.5"), (1400, "1,400"), ("x", "x")])
def test_axis_numbers_are_short(value: object, text: str) -> None:
    assert charts.number(value) == text


def test_one_value_before_and_after_is_seen() -> None:
    same = {"edges": [2013, 2013], "counts": [7]}
    before, after = charts.before_after(same, {**same, "counts": [14]})
    assert after.width > charts.WIDTH / 2 and (before.height, after.height) == (51, 102)


def test_times_are_written_as_people_write_them() -> None:
    assert charts.day(0) == "1970-01-01" and charts.day(-86_400 * 366) == "1968-12-31"
    assert charts.day(1e18) == "1,000,000,000,000,000,000", "beyond the calendar it stays a number"
    assert told("2013-01-02 13:00:00+00") == "2013-01-02 13:00 UTC"
    assert told("2026-11-24T12:52+00:00") == "2026-11-24 12:52 UTC"
    assert told("2013-01-02 13:00:05.25") == "2013-01-02 13:00:05.25"
    assert told("2013-01-02 13:00:00+05:30") == "2013-01-02 13:00:00+05:30", "another zone is left as it is"
