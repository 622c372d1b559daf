"""CPU per call that is answered with JSON, over a connection that is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.figures import Target, rows
from benchmarks.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.bench import Bench
    from benchmarks.figures import Row

_WAYS = (("call", "sync"), ("acall", "async"))
_MEASURES = (
    ("core", ("Core", "Raw", "ByHand", "TwelveLabsSdk", "OpenAISdk"), Target(1.35, "Raw", "raw httpx")),
    ("ChatTwelveLabs.invoke", ("OurChat", "OpenAIChat"), Target(0.6, "OpenAIChat", "ChatOpenAI")),
    ("query engine", ("OurQueryEngine", "OpenAILLM"), Target(0.6, "OpenAILLM", "OpenAIResponses")),
    ("LLM", ("OurLLM", "OpenAILLM"), Target(0.6, "OpenAILLM", "OpenAIResponses")),
)


def calls(bench: Bench) -> Iterator[Row]:
    """Yield the rows."""
    times, scenario = bench.extent.of(150), Scenario(size=0)
    for title, names, target in _MEASURES:
        for what, way in _WAYS:

            def measured(name: str, what: str = what) -> float:
                return bench.cpu_per_call(name, scenario, what, times)

            for name in names:
                bench.check_call(name, scenario, what)
            figures = bench.rounds(names, measured)
            yield from rows(f"CPU per call, {title}, {way}", names[0], figures, (target,), "us")
