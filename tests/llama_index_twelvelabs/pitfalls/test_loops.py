"""Event loops, threads and time: pitfalls 5, 6, 7, 8, 24."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from tests.llama_index_twelvelabs.asking import FOLLOW_UP, QUESTION
from tests.llama_index_twelvelabs.chats import aask, engine_at
from tests.llama_index_twelvelabs.memories import AwaitedMemory
from tests.llama_index_twelvelabs.pitfalls.surfaces import (
    STREAMS,
    SURFACES,
    answer,
    aopened,
    atexts,
    awhole,
    made,
    opened,
    text_of,
    texts,
    whole,
)
from twelvelabs_responses import StreamInterruptedError
from twelvelabs_responses.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Callable


# llama_index #20433, #13827, #12946, #13904
@SURFACES
def test_event_loops_may_follow_each_other(emulator: Emulator, surface: str) -> None:
    async def asked() -> str:
        text = text_of(await awhole(shared))
        stream = await aopened(shared)
        return text if text == "".join([piece async for piece in atexts(stream)]) else ""

    shared = made(surface, emulator)
    assert [asyncio.run(asked())[:10] for _ in range(3)] == ["(Emulator)"] * 3


# llama_index #20433, #13827, #12946, #13904. A chat engine is one conversation, so its loops only follow each other.
@pytest.mark.parametrize("surface", ["llm", "query"])
def test_event_loops_side_by_side_may_share(emulator: Emulator, surface: str) -> None:
    def asked(_: int) -> str:
        return text_of(asyncio.run(awhole(shared)))[:10]

    shared = made(surface, emulator)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(asked, range(8))) == ["(Emulator)"] * 8


@pytest.fixture
def asked_for_loops(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note whenever the test's own thread asks for an event loop or makes one."""
    noted, thread = list[str](), threading.get_ident()
    for name in ("get_event_loop", "new_event_loop", "run"):
        real: Callable[..., Any] = getattr(asyncio, name)

        def noting(*args: Any, name: str = name, real: Callable[..., Any] = real, **options: Any) -> Any:
            if threading.get_ident() == thread:
                noted.append(name)
            return real(*args, **options)

        monkeypatch.setattr(asyncio, name, noting)
    return noted


# llama_index #13495, #7244
@SURFACES
def test_blocking_calls_neither_make_an_event_loop_nor_ask_for_one(
    emulator: Emulator, surface: str, asked_for_loops: list[str]
) -> None:
    asked = made(surface, emulator)
    assert text_of(whole(asked)) == "".join(texts(opened(asked)))
    asked.close()
    assert asked_for_loops == []


# llama_index #13495, #7244
@SURFACES
async def test_what_is_made_in_one_loop_serves_threads_without_one_and_other_loops(
    emulator: Emulator, surface: str
) -> None:
    asked = made(surface, emulator)
    text = text_of(await awhole(asked))
    for way in ("whole", "stream", "awhole", "astream"):
        assert (await asyncio.to_thread(answer, asked, way))[0] == text
    await asked.aclose()


async def longest_gap_during(work: asyncio.Future[Any]) -> float:
    """Return the longest time, in seconds, that a task had to wait that wants to run each 10 ms."""
    longest, last = 0.0, time.monotonic()
    while not work.done():
        await asyncio.sleep(0.01)
        now = time.monotonic()
        longest, last = max(longest, now - last), now
    return longest


# llama_index #22635, #20794, #22369, #21159, #21961. A loop that is blocked stands still for the whole 0.5 s.
@SURFACES
@pytest.mark.parametrize("way", ["awhole", "astream"])
async def test_other_tasks_go_on_while_an_answer_is_awaited(surface: str, way: str) -> None:
    with Emulator(think=0.5) as emulator:
        asked = made(surface, emulator)

        async def awaited() -> str:
            if way == "awhole":
                return text_of(await awhole(asked))
            return "".join([text async for text in atexts(await aopened(asked))])

        work = asyncio.ensure_future(awaited())
        assert await longest_gap_during(work) < 0.25
        assert (await work).startswith("(Emulator)")
        await asked.aclose()


async def read_all(stream: Any) -> None:
    async for _ in atexts(stream):
        pass


def silent_for(seconds: float, asked: Any, way: str) -> tuple[float, float]:
    """Return how long a stream was read that says nothing more, and the CPU time of the whole process meanwhile."""

    async def awaited() -> tuple[float, float]:
        stream = await aopened(asked)
        began = time.monotonic(), time.process_time()
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(read_all(stream), seconds)
        return time.monotonic() - began[0], time.process_time() - began[1]

    if way == "astream":
        return asyncio.run(awaited())
    # The generator that an LLM gives cannot be closed while it is read; the stream below it can.
    streams: list[Any] = []
    stream = opened(asked.observed(streams.append) if hasattr(asked, "observed") else asked)
    began = time.monotonic(), time.process_time()
    threading.Timer(seconds, (streams or [stream])[0].close).start()
    with suppress(StreamInterruptedError):
        for _ in texts(stream):
            pass
    return time.monotonic() - began[0], time.process_time() - began[1]


# llama_index #10290, #8051
@SURFACES
@STREAMS
def test_waiting_for_a_silent_stream_costs_no_cpu_time_and_no_thread(
    emulator: Emulator, surface: str, way: str
) -> None:
    emulator.fault = "stall"
    threads = threading.active_count()
    wall, cpu = silent_for(1.0, made(surface, emulator), way)
    assert wall >= 0.9
    assert cpu / wall < 0.05
    assert threading.active_count() <= threads + 1  # the timer's


# llama_index #15293
@pytest.mark.parametrize("way", ["achat", "astream_chat"])
async def test_awaited_methods_call_only_the_awaited_methods_of_a_memory(emulator: Emulator, way: str) -> None:
    memory, other = AwaitedMemory(), AwaitedMemory()
    engine = engine_at(emulator, memory=memory)
    for question in (QUESTION, FOLLOW_UP):
        await aask(engine, question, way)
    await aask(await engine.afork(other), QUESTION, way, memory.held)
    await engine.areset()
    await engine.aclose()
    assert (memory.called, other.called) == ([], [])
    assert (len(memory.held), len(other.held)) == (0, 6)
