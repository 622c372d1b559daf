from __future__ import annotations

from benchmarks.chart import Bar, bars
from benchmarks.figures import Figure, Row


def test_the_bars_are_multiples_of_ours_under_the_name_of_the_measure() -> None:
    theirs = {"OpenAISdk": Figure((20.0,)), "Raw": Figure((4.0,)), "ByHand": Figure((5.0,))}
    row = Row("CPU per call, core, sync", "", 1, 1, Figure((8.0,)), theirs, "us")
    assert bars([row]) == [Bar("JSON call: core client"), Bar("raw httpx", 0.5), Bar("openai", 2.5)]
