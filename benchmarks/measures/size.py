"""What grows with an answer or a history: memory, and the cost of each part."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.figures import Figure, Row, Target, grown_row, rows
from benchmarks.processes import Worker
from benchmarks.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.bench import Bench

_MIB = 1024 * 1024
# A little less than the client's limit, as there is more in an answer than its text.
_BODY = 64 * _MIB - 8 * 1024
# Each line of 80 characters takes one byte more, as its end is escaped.
_TEXT_OF_A_BODY = 80 / 81
_ADAPTORS = (("ChatTwelveLabs", "OurChat"), ("LLM", "OurLLM"), ("query engine", "OurQueryEngine"))
_HISTORIES = ("LangChain, ours", "LangChain, others'", "LlamaIndex, ours", "LlamaIndex, others'")


def memory(bench: Bench) -> Iterator[Row]:
    """Yield the rows of memory: what the process takes at most, as a multiple of the text."""
    # Half of them in a short run, not fewer: what does not depend on them would count for too much.
    deltas = 200_000 if bench.extent.whole else 100_000
    scenario = Scenario(deltas, cut=16 * 1024)
    text = scenario.text_size
    came = _memory(bench, "Core", scenario, "stream")
    stream, unit = f"memory, stream of {deltas:,} deltas", "x its text"
    ours = Figure((came["resident"] / text,))
    held = f"Python's objects {came['held'] / text:.3g} x, as the last delta comes {came['at_last_delta'] / text:.3g} x"
    yield Row(f"{stream}, peak", "<= 8 x its text", ours.median, 8, ours, {}, unit, held)
    if bench.extent.whole:
        yield _beside_openai(bench, Scenario(deltas // 10, cut=16 * 1024))
    tenth = _memory(bench, "Core", Scenario(deltas // 10, size=scenario.size * 10, cut=16 * 1024), "stream")
    measure = f"{stream}, Python's objects beside those of as much text in a tenth of the deltas"
    theirs = {"a tenth of the deltas": Figure((tenth["held"] / text,))}
    ours = Figure((came["held"] / text,))
    yield Row(measure, "<= 1.1 x", came["held"] / tenth["held"], 1.1, ours, theirs, unit)
    size = bench.extent.of(_BODY)
    body = Scenario(size=int(size * _TEXT_OF_A_BODY))
    names = ["Core", "ByHand", "TwelveLabsSdk", "OpenAISdk"] if bench.extent.whole else ["Core"]
    bodies = {name: Figure((_memory(bench, name, body, "call")["resident"] / size,)) for name in names}
    ours = bodies.pop("Core")
    measure = f"memory, JSON body of {size / _MIB:.0f} MiB, peak"
    yield Row(measure, "<= 3 x its size", ours.median, 3, ours, bodies, "x its size")


def growth(bench: Bench) -> Iterator[Row]:
    """Yield the rows of growth: by how much a part costs more in one than in any smaller one."""
    most = 200_000 if bench.extent.whole else 20_000
    counts = [count for count in (1_000, 10_000, 50_000, 200_000) if count <= most]
    per_delta = {count: _per_delta(bench, "Core", Scenario(count, cut=16 * 1024)) for count in counts}
    yield grown_row(f"growth, cost of a delta, {counts[0]:,} to {counts[-1]:,} deltas, core", per_delta, "us")
    for cut in (1024, 16 * 1024):
        sizes = [1024, 16 * 1024, 256 * 1024, _MIB]
        per_kib = {size: _per_kib(bench, Scenario(4 * _MIB // size, size, cut)) for size in sizes}
        measure = f"growth, cost of a KiB of text, events of 1 KiB to 1 MiB in chunks of {cut // 1024} KiB, core"
        yield grown_row(measure, per_kib, "us")
    for title, name in _ADAPTORS if bench.extent.whole else ():
        counts = [1_000, 5_000, 20_000]
        per_delta = {count: _per_delta(bench, name, Scenario(count, cut=16 * 1024)) for count in counts}
        yield grown_row(f"growth, cost of a delta, {counts[0]:,} to {counts[-1]:,} deltas, {title}", per_delta, "us")


def histories(bench: Bench) -> Iterator[Row]:
    """Yield the rows of histories: the cost of 1,000 messages, and whether it grows with them alone."""
    for name in _HISTORIES:
        took = {count: _history(bench, name, count) for count in (250, 1_000, 4_000)}
        ours = took[1_000]
        yield Row(f"history of 1,000 messages, {name}", "< 5 ms", ours.median, 5, ours, {}, "ms")
        per_message = {count: Figure(tuple(ms / count * 1e3 for ms in each.values)) for count, each in took.items()}
        yield grown_row(f"history, cost of a message, 250 to 4,000, {name}", per_message, "us")


def _beside_openai(bench: Bench, scenario: Scenario) -> Row:
    """Return the row of both with as many deltas; 200,000 would take openai a minute."""
    both = ("Core", "OpenAISdk")
    peaks = {
        name: Figure((_memory(bench, name, scenario, "stream")["resident"] / scenario.text_size,)) for name in both
    }
    target = Target(None, "OpenAISdk", "openai")
    (row,) = rows(f"memory, stream of {scenario.deltas:,} deltas, peak", "Core", peaks, (target,), "x its text")
    return row


def _history(bench: Bench, name: str, count: int) -> Figure:
    seconds: list[float] = bench.worker("histories").do("history", name=name, count=count)
    return Figure(tuple(each * 1e3 for each in seconds))


def _per_delta(bench: Bench, name: str, scenario: Scenario) -> Figure:
    times = 3 if scenario.deltas < 100_000 else 1  # noqa: PLR2004 - one is long enough
    measured = [bench.cpu_per_delta(name, scenario, "stream") for _ in range(times + 1)]
    return Figure(tuple(measured[1:]))


def _per_kib(bench: Bench, scenario: Scenario) -> Figure:
    kib = scenario.size / 1024
    return Figure(tuple(each / kib for each in _per_delta(bench, "Core", scenario).values))


def _memory(bench: Bench, name: str, scenario: Scenario, what: str) -> dict[str, int]:
    # A process of its own, warmed up by a small answer.
    with Worker() as worker:
        small = bench.server.url(name, Scenario(10) if what == "stream" else Scenario(size=0))
        worker.do("cpu", name=name, url=small, what=what, times=1)
        came: dict[str, int] = worker.do("memory", name=name, url=bench.server.url(name, scenario), what=what)
    return came
