"""CPU per delta of a stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.figures import Target, rows
from benchmarks.report import NAMES
from benchmarks.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.bench import Bench
    from benchmarks.figures import Figure, Row

_CUTS = ((0, "one event per network chunk"), (16 * 1024, "16 KiB chunks"))
_WAYS = (("stream", "sync"), ("astream", "async"))
_DECODERS = ("HttpxSse", "SseClient", "OpenAIDecoder", "ByHand")
_CORE = ("Raw", *_DECODERS, "ByHandOrjson", "Core", "OpenAISdk")
_PACED = ("Raw", "HttpxSse", "ByHand", "Core", "OpenAISdk")
_OPENAI = Target(0.2, "OpenAISdk", "openai")
# Another parser is another dependency, so it is no target; but it shows what one would bring.
_ORJSON = Target(None, "ByHandOrjson", NAMES["ByHandOrjson"])
_OFFICIAL = ("Core", "TwelveLabsSdk")
_OPENAI_CHAT = Target(0.45, "OpenAIChat", "ChatOpenAI")
_CHAT = (
    _OPENAI_CHAT,
    Target(1.6, "MadeChat", NAMES["MadeChat"]),
    Target(None, "MadeChatAndRaw", NAMES["MadeChatAndRaw"]),
    Target(None, "ReadyMadeChat", NAMES["ReadyMadeChat"]),
)
# Texts that are there come over no network, and on a busy machine that is what costs: a short run, which fails what is
# far off, holds us against both.
_QUICK_CHAT = (_OPENAI_CHAT, Target(1.6, "MadeChatAndRaw", NAMES["MadeChatAndRaw"]))
_LLAMA = (Target(0.5, "OpenAILLM", "OpenAIResponses"),)


def core(bench: Bench) -> Iterator[Row]:
    """Yield the rows of our own client."""
    deltas = bench.extent.of(10_000)
    for cut, chunks in _CUTS:
        for what, way in _WAYS:
            # sseclient-py has no async form.
            names = [name for name in _CORE if (name, what) != ("SseClient", "astream")]
            figures = _figures(bench, names, Scenario(deltas, cut=cut), what)
            best = min((name for name in names if name in _DECODERS), key=lambda name: figures[name].median)
            own = Target(1.5, best, f"{NAMES[best]}, the best of its kind") if cut else Target(1.7, "Raw", "raw httpx")
            measure = f"CPU per delta, core, {way}, {chunks}"
            yield from rows(measure, "Core", figures, (own, _ORJSON) if cut else (own, _OPENAI), "us")
    # Ten thousand deltas would take twelvelabs 15 s. Fewer for it alone would not be fair to it, nor very few to us:
    # what a stream costs once is shared by its deltas.
    few = 2_000 if bench.extent.whole else 750
    for what, way in _WAYS:
        figures = _figures(bench, _OFFICIAL, Scenario(few), what)
        targets = (Target(0.01, "TwelveLabsSdk", "twelvelabs"),)
        measure = f"CPU per delta, core, {way}, {_CUTS[0][1]}, {few:,} deltas in a stream"
        yield from rows(measure, "Core", figures, targets, "us")


def paced(bench: Bench) -> Iterator[Row]:
    """Yield the rows of streams that are slower than we are, so that each read gives one event."""
    scenario = Scenario(bench.extent.of(1_000), pace=1_000)
    for what, way in _WAYS if bench.extent.whole else ():

        def measured(name: str, what: str = what) -> float:
            return bench.cpu_per_delta(name, scenario, what)

        figures = bench.rounds(_PACED, measured, count=3)
        targets = (Target(1.7, "Raw", "raw httpx"),)
        yield from rows(f"CPU per delta, core, {way}, one event per read", "Core", figures, targets, "us")


def chat_model(bench: Bench) -> Iterator[Row]:
    """Yield the rows of LangChain's chat models."""
    names = ("OurChat", "OpenAIChat", "MadeChat", "ReadyMadeChat", "Raw")
    # LangChain keeps every chunk, and the garbage collector looks at all of them again and again: long answers show it.
    deltas = 10_000 if bench.extent.whole else 2_500
    for cut, chunks in _CUTS:
        for what, way in _WAYS:
            figures = _figures(bench, names, Scenario(deltas, cut=cut), what)
            figures["MadeChatAndRaw"] = figures["MadeChat"] + figures.pop("Raw")
            targets = _CHAT if bench.extent.whole else _QUICK_CHAT
            yield from rows(f"CPU per delta, ChatTwelveLabs, {way}, {chunks}", names[0], figures, targets, "us")


def llama(bench: Bench) -> Iterator[Row]:
    """Yield the rows of LlamaIndex's LLMs and of the query engine."""
    # As many for all: a message that holds all the text so far costs more, the more there is.
    deltas = bench.extent.of(2_000)
    yield from _adaptor(bench, "query engine", ("OurQueryEngine", "OpenAILLM", "ReadyMadeLLM"), _LLAMA, deltas)
    if bench.extent.whole:
        yield from _adaptor(bench, "LLM", ("OurLLM", "OpenAILLM", "ReadyMadeLLM"), _LLAMA, deltas)


def _adaptor(
    bench: Bench, title: str, names: tuple[str, ...], targets: tuple[Target, ...], deltas: int
) -> Iterator[Row]:
    for cut, chunks in _CUTS:
        for what, way in _WAYS:
            figures = _figures(bench, names, Scenario(deltas, cut=cut), what)
            yield from rows(f"CPU per delta, {title}, {way}, {chunks}", names[0], figures, targets, "us")


def _figures(bench: Bench, names: list[str] | tuple[str, ...], scenario: Scenario, what: str) -> dict[str, Figure]:
    def measured(name: str) -> float:
        return bench.cpu_per_delta(name, scenario, what)

    return bench.rounds(names, measured)
