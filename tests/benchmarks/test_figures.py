from __future__ import annotations

import pytest

from benchmarks.figures import Figure, Row, Target, grown_row, rows, significant


def row(value: float, limit: float) -> Row:
    return Row("a measure", "a target", value, limit, Figure((value,)), {}, "us")


def test_two_figures_are_added_round_by_round() -> None:
    assert Figure((1.0, 2.0)) + Figure((10.0, 30.0)) == Figure((11.0, 32.0))


def test_a_figure_says_its_median_and_its_ends() -> None:
    assert Figure((3.0, 1.0, 20.0)).text("us") == "3 (1 to 20) us"
    assert Figure((2.0, 2.0)).text("") == "2"


@pytest.mark.parametrize(("value", "verdict"), [(1.0, "met"), (1.01, "missed"), (2.0, "missed"), (2.01, "far off")])
def test_over_twice_its_target_is_far_off(value: float, verdict: str) -> None:
    assert row(value, 1.0).verdict == verdict


def test_what_has_no_target_can_miss_none() -> None:
    (made,) = rows("m", "ours", {"ours": Figure((6.0,)), "floor": Figure((2.0,))}, (Target(None, "floor", "it"),), "us")
    assert (made.value, made.target, made.verdict, made.is_far_off) == (3.0, "x it (no target)", "", False)


def test_ours_is_divided_by_theirs() -> None:
    figures = {"ours": Figure((6.0,)), "raw": Figure((4.0,)), "peer": Figure((60.0,))}
    first, second = rows("m", "ours", figures, (Target(1.7, "raw", "raw httpx"), Target(0.2, "peer", "a peer")), "us")
    assert (first.value, first.target, first.verdict) == (1.5, "<= 1.7 x raw httpx", "met")
    assert (second.value, list(second.theirs)) == (0.1, ["peer"])
    assert list(first.theirs) == ["raw", "peer"]


@pytest.mark.parametrize(
    ("costs", "value", "note"),
    [
        # The first is dear for what each stream costs once, which would hide what grows after it.
        ((9.0, 5.0, 6.0, 8.0), 1.6, "grows most from 2 to 8"),
        ((4.0, 6.0, 3.0, 4.0), 1.5, "grows most from 1 to 2"),
        ((4.0, 3.0, 2.0, 1.0), 0.75, "grows most from 1 to 2"),
    ],
)
def test_growth_is_the_worst_of_all_pairs(costs: tuple[float, ...], value: float, note: str) -> None:
    grown = grown_row("m", {size: Figure((cost,)) for size, cost in zip((1, 2, 4, 8), costs, strict=True)}, "us")
    assert (grown.value, grown.note) == (value, note)


def test_growth_shows_what_costs_more_beside_all_others() -> None:
    grown = grown_row("m", {1_000: Figure((2.0,)), 5_000: Figure((1.0,)), 20_000: Figure((3.0,))}, "us")
    assert (grown.ours.median, list(grown.theirs), grown.verdict) == (3.0, ["of 1,000", "of 5,000"], "far off")


@pytest.mark.parametrize(("value", "text"), [(0.01234, "0.0123"), (12.34, "12.3"), (1_234.5, "1,234"), (0, "0")])
def test_three_digits_say_enough(value: float, text: str) -> None:
    assert significant(value) == text
