from __future__ import annotations

from benchmarks.chart import Bar, bars
from benchmarks.figures import Figure, Row


def test_the_bars_are_multiples_of_ours_under_the_name_of_the_measure() -> None:
    theirs = {"OpenAISdk": Figure((20.0,)), "Raw": Figure((4.0,)), "HttpxSse": Figure((5.0,))}
    row = Row("CPU per call, core, sync", "", 1, 1, Figure((8.0,)), theirs, "us")
    assert bars([row]) == [Bar("JSON call: core client"), Bar("raw httpx", 0.5), Bar("openai", 2.5)]


def test_a_bar_is_a_multiple_of_what_ours_was_beside_it() -> None:
    measure = "CPU per delta, core, sync, one event per network chunk"
    many = Row(measure, "", 1, 1, Figure((5.0,)), {"Raw": Figure((1.0,))}, "us")
    few = Row(
        f"{measure}, 2,000 deltas in a stream", "", 1, 1, Figure((8.0,)), {"TwelveLabsSdk": Figure((1_600.0,))}, "us"
    )
    assert bars([many, few])[1:] == [Bar("raw httpx", 0.2), Bar("twelvelabs", 200.0)]
