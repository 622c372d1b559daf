from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core.callbacks import CallbackManager, LlamaDebugHandler

from llama_index_twelvelabs._closing import aclosing_once
from tests.llama_index_twelvelabs.asking import QUESTION, STREAMS, disconnected, left_after_one, llm_at, user

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from twelvelabs_responses.emulator import Emulator

# The second keeps all it hears of, exceptions with their frames too.
LISTENERS = pytest.mark.parametrize("listeners", [[], [LlamaDebugHandler(print_trace_on_end=False)]])


@STREAMS
@LISTENERS
def test_a_closed_stream_closes_its_connection_whoever_keeps_its_events(
    emulator: Emulator, way: str, listeners: list[Any]
) -> None:
    emulator.fault = "slow"
    left_after_one(llm_at(emulator, callback_manager=CallbackManager(listeners)), [user(QUESTION)], way)
    assert disconnected(emulator)


@LISTENERS
async def test_a_closed_stream_does_not_wait_for_the_end_of_its_loop(emulator: Emulator, listeners: list[Any]) -> None:
    emulator.fault = "slow"
    llm = llm_at(emulator, callback_manager=CallbackManager(listeners))
    stream = await llm.astream_chat([user(QUESTION)])
    await anext(stream)
    await stream.aclose()
    assert await asyncio.to_thread(disconnected, emulator)


@LISTENERS
async def test_a_completion_closes_its_connection_too(emulator: Emulator, listeners: list[Any]) -> None:
    emulator.fault = "slow"
    llm = llm_at(emulator, callback_manager=CallbackManager(listeners))
    stream, astream = llm.stream_complete(QUESTION), await llm.astream_complete(QUESTION)
    next(stream)
    await anext(astream)
    stream.close()
    await astream.aclose()
    assert await asyncio.to_thread(disconnected, emulator)


@LISTENERS
async def test_a_cancelled_task_closes_its_connection(emulator: Emulator, listeners: list[Any]) -> None:
    emulator.fault = "stall"
    llm = llm_at(emulator, callback_manager=CallbackManager(listeners))
    stream = await llm.astream_chat([user(QUESTION)])
    while not (await anext(stream)).delta:
        pass
    task = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(disconnected, emulator)


def test_a_stream_that_nobody_begins_to_read_closes_its_connection_when_dropped(emulator: Emulator) -> None:
    emulator.fault = "slow"
    stream = llm_at(emulator).stream_chat([user(QUESTION)])
    del stream
    assert disconnected(emulator)


async def test_a_stream_that_is_closed_before_it_is_read_closes_its_connection(emulator: Emulator) -> None:
    emulator.fault = "slow"
    # Whoever observes holds the stream, so that it is not closed by being dropped.
    held: list[Any] = []
    llm = llm_at(emulator).observed(held.append)
    llm.stream_chat([user(QUESTION)]).close()
    assert await asyncio.to_thread(disconnected, emulator)
    await (await llm.astream_chat([user(QUESTION)])).aclose()
    assert await asyncio.to_thread(disconnected, emulator)


async def test_a_generator_that_is_being_closed_is_left_to_who_closes_it() -> None:
    async def items() -> AsyncGenerator[int, None]:
        try:
            yield 1
        finally:
            await may_end.wait()

    may_end, generator = asyncio.Event(), items()
    await anext(generator)
    closing = asyncio.ensure_future(generator.aclose())
    await asyncio.sleep(0)
    async with aclosing_once(generator):
        assert not closing.done()
    may_end.set()
    await closing


async def test_a_generator_that_nobody_closes_is_closed() -> None:
    async def items() -> AsyncGenerator[int, None]:
        yield 1
        yield 2

    async with aclosing_once(items()) as generator:
        assert await anext(generator) == 1
    assert await anext(generator, None) is None
