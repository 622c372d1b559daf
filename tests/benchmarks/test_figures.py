from __future__ import annotations

import pytest

from benchmarks.figures import Figure, Row, Target, rows, significant


def row(value: float, limit: float) -> Row:
    return Row("a measure", "a target", value, limit, Figure((value,)), {}, "us")


def test_a_figure_says_its_median_and_its_ends() -> None:
    assert Figure((3.0, 1.0, 20.0)).text("us") == "3 (1 to 20) us"
    assert Figure((2.0, 2.0)).text("") == "2"


@pytest.mark.parametrize(("value", "verdict"), [(1.0, "met"), (1.01, "missed"), (2.0, "missed"), (2.01, "far off")])
def test_over_twice_its_target_is_far_off(value: float, verdict: str) -> None:
    assert row(value, 1.0).verdict == verdict


def test_ours_is_divided_by_theirs() -> None:
    figures = {"ours": Figure((6.0,)), "raw": Figure((4.0,)), "peer": Figure((60.0,))}
    first, second = rows("m", "ours", figures, (Target(1.7, "raw", "raw httpx"), Target(0.2, "peer", "a peer")), "us")
    assert (first.value, first.target, first.verdict) == (1.5, "<= 1.7 x raw httpx", "met")
    assert (second.value, list(second.theirs)) == (0.1, ["peer"])
    assert list(first.theirs) == ["raw", "peer"]


@pytest.mark.parametrize(("value", "text"), [(0.01234, "0.0123"), (12.34, "12.3"), (1_234.5, "1,234"), (0, "0")])
def test_three_digits_say_enough(value: float, text: str) -> None:
    assert significant(value) == text
