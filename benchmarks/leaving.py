"""Ways to leave one of our streams before its end."""

from __future__ import annotations

import asyncio
import time
from functools import cache
from typing import TYPE_CHECKING

from benchmarks.scenario import KNOWLEDGE_STORE_ID, QUESTION
from benchmarks.subjects.langchain_ours import OurChat
from benchmarks.subjects.llama_ours import OurLLM, OurQueryEngine
from benchmarks.subjects.ours import Core
from llama_index_twelvelabs import TwelveLabsAsyncStreamingResponse, TwelveLabsStreamingResponse

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from benchmarks.subjects import Subject

# Kept: the end of a client closes its connections too, and would pass for what is measured.
_core, _chat, _llm, _query_engine = cache(Core), cache(OurChat), cache(OurLLM), cache(OurQueryEngine)


def leave(way: str, url: str, loop: asyncio.AbstractEventLoop) -> int:
    """Leave a stream in this way; return when that was begun, in nanoseconds of the monotonic clock."""
    if way in WAYS:
        return WAYS[way](url)
    return loop.run_until_complete(AWAYS[way](url))


def _close(url: str) -> int:
    with _core(url).client.stream(QUESTION, knowledge_store_id=KNOWLEDGE_STORE_ID) as stream:
        deltas = stream.text_deltas()
        next(deltas)
        now = time.monotonic_ns()
        stream.close()
    return now


def _leave_the_with(url: str) -> int:
    with _core(url).client.stream(QUESTION, knowledge_store_id=KNOWLEDGE_STORE_ID) as stream:
        deltas = stream.text_deltas()
        next(deltas)
        return time.monotonic_ns()


def _break_of_a_chat_model(url: str) -> int:
    now = 0
    for chunk in _chat(url).model.stream(QUESTION):
        if chunk.text:
            now = time.monotonic_ns()
            break
    return now


def _close_a_query(url: str) -> int:
    response = _query_engine(url).streaming.query(QUESTION)
    assert isinstance(response, TwelveLabsStreamingResponse)  # noqa: S101 - what a streaming engine gives
    next(response.response_gen)
    now = time.monotonic_ns()
    response.close()
    return now


async def _aclose(url: str) -> int:
    async with _core(url).aclient.stream(QUESTION, knowledge_store_id=KNOWLEDGE_STORE_ID) as stream:
        deltas = stream.text_deltas()
        await anext(deltas)
        now = time.monotonic_ns()
        await stream.aclose()
    return now


async def _leave_the_async_with(url: str) -> int:
    async with _core(url).aclient.stream(QUESTION, knowledge_store_id=KNOWLEDGE_STORE_ID) as stream:
        deltas = stream.text_deltas()
        await anext(deltas)
        return time.monotonic_ns()


async def _aclose_a_query(url: str) -> int:
    response = await _query_engine(url).streaming.aquery(QUESTION)
    assert isinstance(response, TwelveLabsAsyncStreamingResponse)  # noqa: S101 - what a streaming engine gives
    await anext(response.async_response_gen())
    now = time.monotonic_ns()
    await response.aclose()
    return now


def _cancelled(kept: Callable[[str], Subject]) -> Callable[[str], Awaitable[int]]:
    async def cancelled(url: str) -> int:
        begun = asyncio.Event()

        async def read() -> None:
            async for _ in kept(url).astream():
                begun.set()

        task = asyncio.create_task(read())
        await begun.wait()
        now = time.monotonic_ns()
        task.cancel()
        await asyncio.wait([task])
        return now

    return cancelled


WAYS: dict[str, Callable[[str], int]] = {
    "core, close()": _close,
    "core, leaving the with": _leave_the_with,
    "ChatTwelveLabs, break": _break_of_a_chat_model,
    "query engine, close()": _close_a_query,
}
AWAYS: dict[str, Callable[[str], Awaitable[int]]] = {
    "core, aclose()": _aclose,
    "core, leaving the async with": _leave_the_async_with,
    "core, task.cancel()": _cancelled(_core),
    "ChatTwelveLabs, task.cancel()": _cancelled(_chat),
    "LLM, task.cancel()": _cancelled(_llm),
    "query engine, aclose()": _aclose_a_query,
    "query engine, task.cancel()": _cancelled(_query_engine),
}
