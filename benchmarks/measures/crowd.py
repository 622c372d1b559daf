"""Async streams at once, 50 deltas a second each: 200, or half of them in a short run.

Beside other work 200 take all of a slow core, and then how late they are says nothing.
"""

from __future__ import annotations

from statistics import quantiles
from typing import TYPE_CHECKING

from benchmarks.figures import Figure, Row, ratio
from benchmarks.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.bench import Bench

_STREAMS = 200
_FEWER = 100
_NAMES = ("ByHand", "Core")
_PEERS = ("HttpxSse", "OpenAISdk", "OurChat", "OpenAIChat")


def crowd(bench: Bench) -> Iterator[Row]:
    """Yield the rows: CPU, and by how much the slowest of a hundred deltas is late."""
    scenario = Scenario(bench.extent.of(200), pace=20_000)
    count = _STREAMS if bench.extent.whole else _FEWER
    names = _NAMES + (_PEERS if bench.extent.whole else ())
    cpu: dict[str, list[float]] = {name: [] for name in names}
    late: dict[str, list[float]] = {name: [] for name in names}
    for name in names:
        # Warms up: what the first streams of a process cost is another measure.
        _taken(bench, name, Scenario(5, pace=20_000), count)
    for _ in range(3 if bench.extent.whole else 1):
        for name in names:
            microseconds, milliseconds = _taken(bench, name, scenario, count)
            cpu[name].append(microseconds)
            late[name].append(milliseconds)
    yield _row(f"{count} streams at once, CPU per delta", 1.1, cpu, "us")
    yield _row(f"{count} streams at once, p99 lag of a delta", 2.0, late, "ms")


def _taken(bench: Bench, name: str, scenario: Scenario, count: int) -> tuple[float, float]:
    url = bench.server.url(name, scenario)
    came = bench.worker(name).do("load", name=name, url=url, count=count)
    if len(came["lags"]) != count * scenario.deltas:
        raise RuntimeError(f"{name} gave {len(came['lags']):,} deltas of {count * scenario.deltas:,}")
    return came["seconds"] / (count * scenario.deltas) * 1e6, quantiles(came["lags"], n=100)[98] / 1e6


def _row(measure: str, limit: float, taken: dict[str, list[float]], unit: str) -> Row:
    figures = {name: Figure(tuple(values)) for name, values in taken.items()}
    ours = figures.pop("Core")
    value = ratio(ours, figures["ByHand"])
    return Row(measure, f"<= {limit:g} x by hand", value, limit, ours, figures, unit)
