from __future__ import annotations

from benchmarks.figures import Figure, Row
from benchmarks.report import lines


def test_a_row_is_printed_with_its_verdict_and_who_it_is_compared_with() -> None:
    row = Row("CPU", "<= 1 x raw httpx", 3, 1, Figure((6.0,)), {"Raw": Figure((2.0,))}, "us", "a note")
    assert list(lines(row)) == [
        "far off         3  CPU: <= 1 x raw httpx",
        "                   ours 6 us; raw httpx 2 (a note)",
    ]
