"""How long one waits: for the first token, for a connection, for the end of a stream that is left."""

from __future__ import annotations

import time
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.figures import Figure, Row
from benchmarks.report import NAMES
from benchmarks.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.bench import Bench

# Bytes of a network chunk, and microseconds between two events: enough for all chunks of one to be read.
_CUTS = ((0, 3_000, "one event"), (64, 3_000, "64 bytes"), (1, 20_000, "1 byte"))
_FIRST = ("RawStamps", "Core", "OpenAISdk", "OurChat", "OpenAIChat", "OurQueryEngine", "OpenAILLM")
_WAYS = (("stream", "sync"), ("astream", "async"))
_LEFT = (
    "core, close()",
    "core, leaving the with",
    "core, aclose()",
    "core, leaving the async with",
    "core, task.cancel()",
    "ChatTwelveLabs, break",
    "ChatTwelveLabs, task.cancel()",
    "LLM, task.cancel()",
    "query engine, close()",
    "query engine, aclose()",
    "query engine, task.cancel()",
)
_NANOSECONDS = 1e6
_PATIENCE = 2.0


def first_token(bench: Bench) -> Iterator[Row]:
    """Yield the rows of the first token: how much later it comes than with raw httpx."""
    asked = bench.extent.of(20)
    whole = bench.extent.whole
    for cut, pace, chunks in _CUTS:
        scenario = Scenario(1, cut=cut, pace=pace)
        names = _FIRST if whole and not cut else _FIRST[:2]
        for what, way in _WAYS:

            def lag(name: str, scenario: Scenario = scenario, what: str = what) -> float:
                url = bench.server.url(name, scenario)
                lags = bench.worker(name).do("first_lags", name=name, url=url, what=what, times=asked)
                return float(median(lags)) / _NANOSECONDS

            figures = bench.rounds(names, lag, count=3)
            raw = figures["RawStamps"].median
            behind = {
                name: Figure(tuple(each - raw for each in figure.values))
                for name, figure in figures.items()
                if name != "RawStamps"
            }
            ours = behind.pop("Core")
            measure = f"first token, core, {way}, network chunks of {chunks}: later than raw httpx"
            note = f"raw httpx: {figures['RawStamps'].text('ms')} behind the server's clock"
            yield Row(measure, "<= 1 ms", ours.median, 1.0, ours, behind, "ms", note)


def connections(bench: Bench) -> Iterator[Row]:
    """Yield the rows of connections: ten streams in a row, and 200 at once."""
    # A stream that ends as those of TwelveLabs do, for the others too; and for those beside it one that does not.
    scenario = Scenario(20, done=True)
    of_openai = ("OpenAISdk", "OpenAIChat", "OpenAILLM") if bench.extent.whole else ()
    names = ("TwelveLabsSdk", *of_openai) if bench.extent.whole else ()
    peers = {name: _ten(bench, name, scenario) for name in names}
    peers |= {f"{NAMES[name]} without [DONE]": _ten(bench, name, Scenario(20)) for name in of_openai}
    for title, name in (("core", "Core"), ("ChatTwelveLabs", "OurChat"), ("query engine", "OurQueryEngine")):
        ours = _ten(bench, name, scenario)
        theirs = peers if name == "Core" else {}
        yield Row(f"connections of ten streams in a row, {title}", "1", ours.median, 1, ours, theirs, "")
    peers = {name: _together(bench, name) for name in (("OpenAISdk", "TwelveLabsSdk") if bench.extent.whole else ())}
    for title, name in (("core", "Core"), ("ChatTwelveLabs", "OurChat"), ("query engine", "OurQueryEngine")):
        ours = _together(bench, name)
        waiting = Figure((200 - ours.median,))
        theirs = {peer: Figure((200 - figure.median,)) for peer, figure in peers.items()} if name == "Core" else {}
        yield Row(f"streams of 200 at once that wait, {title}", "0", waiting.median, 0, waiting, theirs, "")


def leaving(bench: Bench) -> Iterator[Row]:
    """Yield the rows of streams that are left: how long until the server sees it."""
    scenario = Scenario(2_000, pace=2_000)
    worker = bench.worker("leaving")
    for way in _LEFT:
        url = bench.server.url("Core", scenario)
        taken: list[float] = []
        for _ in range(bench.extent.of(10)):
            bench.server.counts(reset=True)
            begun = worker.do("cancel", way=way, url=url)
            taken.append((_lost_at(bench) - begun) / _NANOSECONDS)
        figure = Figure(tuple(taken))
        yield Row(f"cancel, {way}: until the server sees it", "<= 50 ms", figure.median, 50, figure, {}, "ms")


def _lost_at(bench: Bench) -> float:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        if lost := bench.server.counts()["lost_at"]:
            return float(lost[0])
        time.sleep(0.01)
    return float("inf")


def _ten(bench: Bench, name: str, scenario: Scenario) -> Figure:
    url = bench.server.url(name, scenario)
    values: list[float] = []
    for what, _ in _WAYS:
        bench.worker(name).do("cpu", name=name, url=url, what=what, times=1)
        bench.server.counts(reset=True)
        bench.worker(name).do("cpu", name=name, url=url, what=what, times=10)
        values.append(float(bench.server.counts()["connections"]))
    return Figure((max(values),))


def _together(bench: Bench, name: str) -> Figure:
    scenario = Scenario(3, wait_for=200)
    bench.server.counts(reset=True)
    size = bench.worker(name).do("at_once", name=name, url=bench.server.url(name, scenario), count=200)
    if size != 200 * scenario.text_size:
        raise RuntimeError(f"{name} gave {size:,} characters of {200 * scenario.text_size:,}")
    return Figure((float(bench.server.counts()["most_at_once"]),))
