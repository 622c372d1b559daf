from __future__ import annotations

from benchmarks.figures import Figure, Row
from benchmarks.report import lines, met


def test_a_row_is_printed_with_its_verdict_and_who_it_is_compared_with() -> None:
    row = Row("CPU", "<= 1 x raw httpx", 3, 1, Figure((6.0,)), {"Raw": Figure((2.0,))}, "us", "a note")
    assert list(lines(row)) == [
        "far off         3  CPU: <= 1 x raw httpx",
        "                   ours 6 us; raw httpx 2 (a note)",
    ]


def test_only_targets_are_counted() -> None:
    rows = [Row("m", "t", 1.5, limit, Figure((1.0,)), {}, "us") for limit in (2.0, 1.0, None)]
    assert met(rows) == "1 of 2 targets are met."
