"""How an answer is left before its end: pitfall 10."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core.callbacks import CallbackManager, LlamaDebugHandler

from tests.llama_index_twelvelabs.pitfalls.surfaces import (
    ENGINES,
    SURFACES,
    aopened,
    atexts,
    awhole,
    made,
    opened,
    texts,
)

if TYPE_CHECKING:
    from twelvelabs_responses.emulator import Emulator


def is_left(emulator: Emulator) -> bool:
    """Say whether the emulator sees within a second that its one client has hung up, and no connection is left."""
    return emulator.wait_until(
        lambda running: running.exchanges[-1].disconnected and not running.open_connections, timeout=1.0
    )


def listened(surface: str, emulator: Emulator) -> Any:
    """Return what is asked, with a handler that keeps all it hears: exceptions with their frames too."""
    return made(surface, emulator, callback_manager=CallbackManager([LlamaDebugHandler(print_trace_on_end=False)]))


# llama_index #12242, #13503
@SURFACES
@pytest.mark.parametrize("begun", [False, True])
def test_closing_a_stream_hangs_up(emulator: Emulator, surface: str, *, begun: bool) -> None:
    emulator.fault = "stall"
    stream = opened(listened(surface, emulator))
    if begun:
        next(iter(texts(stream)))
    stream.close()
    assert is_left(emulator)


# llama_index #12242, #13503
@SURFACES
@pytest.mark.parametrize("begun", [False, True])
async def test_closing_an_awaited_stream_hangs_up(emulator: Emulator, surface: str, *, begun: bool) -> None:
    emulator.fault = "stall"
    stream = await aopened(listened(surface, emulator))
    reading = atexts(stream)
    if begun:
        await anext(reading)
    await stream.aclose()
    assert await asyncio.to_thread(is_left, emulator)
    await reading.aclose()


# llama_index #12242, #13503
@ENGINES
def test_leaving_the_with_of_a_stream_hangs_up(emulator: Emulator, surface: str) -> None:
    emulator.fault = "stall"
    with opened(listened(surface, emulator)):
        pass
    assert is_left(emulator)


# llama_index #12242, #13503
@ENGINES
async def test_leaving_the_with_of_an_awaited_stream_hangs_up(emulator: Emulator, surface: str) -> None:
    emulator.fault = "stall"
    async with await aopened(listened(surface, emulator)):
        pass
    assert await asyncio.to_thread(is_left, emulator)


# llama_index #12242, #13503
@SURFACES
def test_a_stream_that_nobody_reads_any_more_hangs_up(emulator: Emulator, surface: str) -> None:
    emulator.fault = "slow"
    for _ in texts(opened(made(surface, emulator))):
        break
    assert is_left(emulator)


# llama_index #12242, #13503
@SURFACES
async def test_cancelling_who_reads_a_stream_hangs_up(emulator: Emulator, surface: str) -> None:
    async def read() -> None:
        async for _ in atexts(await aopened(asked)):
            came.set()

    emulator.fault = "stall"
    asked, came = listened(surface, emulator), asyncio.Event()
    reading = asyncio.create_task(read())
    await came.wait()
    reading.cancel()
    await asyncio.wait([reading])
    assert reading.cancelled()
    assert await asyncio.to_thread(is_left, emulator)


# llama_index #12242, #13503
@SURFACES
async def test_cancelling_who_awaits_an_answer_hangs_up(emulator: Emulator, surface: str) -> None:
    emulator.fault = "stall-headers"
    asking = asyncio.create_task(awhole(listened(surface, emulator)))
    assert await asyncio.to_thread(emulator.wait_until, lambda running: bool(running.exchanges))
    asking.cancel()
    await asyncio.wait([asking])
    assert asking.cancelled()
    assert await asyncio.to_thread(is_left, emulator)
