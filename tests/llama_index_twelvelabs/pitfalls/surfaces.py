"""The LLM and both engines at the emulator, asked and read in the same words, so that one test body runs for all."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from llama_index_twelvelabs import TwelveLabsLLM, TwelveLabsQueryEngine
from tests.llama_index_twelvelabs import chats, engines
from tests.llama_index_twelvelabs.asking import QUESTION, llm_at, user

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator

    from twelvelabs_responses.emulator import Emulator

KINDS: dict[str, Callable[..., Any]] = {"llm": llm_at, "query": engines.engine_at, "chat": chats.engine_at}
SURFACES = pytest.mark.parametrize("surface", KINDS)
ENGINES = pytest.mark.parametrize("surface", ["query", "chat"])
WAYS = pytest.mark.parametrize("way", ["whole", "awhole", "stream", "astream"])
STREAMS = pytest.mark.parametrize("way", ["stream", "astream"])


def made(surface: str, emulator: Emulator, **options: Any) -> Any:
    return KINDS[surface](emulator, **options)


def opened(asked: Any, question: str = QUESTION) -> Any:
    """Return the stream that a blocking call gives."""
    if isinstance(asked, TwelveLabsQueryEngine):
        return asked.streaming_view().query(question)
    return asked.stream_chat(_said(asked, question))


async def aopened(asked: Any, question: str = QUESTION) -> Any:
    """Return the stream that an awaited call gives."""
    if isinstance(asked, TwelveLabsQueryEngine):
        return await asked.streaming_view().aquery(question)
    return await asked.astream_chat(_said(asked, question))


def whole(asked: Any, question: str = QUESTION) -> Any:
    """Return the answer that a blocking call gives."""
    if isinstance(asked, TwelveLabsQueryEngine):
        return asked.query(question)
    return asked.chat(_said(asked, question))


async def awhole(asked: Any, question: str = QUESTION) -> Any:
    """Return the answer that an awaited call gives."""
    if isinstance(asked, TwelveLabsQueryEngine):
        return await asked.aquery(question)
    return await asked.achat(_said(asked, question))


def texts(stream: Any) -> Iterator[str]:
    """Return the texts of an open stream."""
    if hasattr(stream, "response_gen"):
        read: Iterator[str] = stream.response_gen
        return read
    return (chunk.delta or "" for chunk in stream)


async def atexts(stream: Any) -> AsyncGenerator[str, None]:
    """Yield the texts of an open stream."""
    if hasattr(stream, "async_response_gen"):
        async for text in stream.async_response_gen():
            yield text
        return
    async for chunk in stream:
        yield chunk.delta or ""


def answer(asked: Any, way: str, question: str = QUESTION) -> tuple[str, Any]:
    """Return the text, read to its end, and what the call has given (of the LLM's stream, its last)."""

    async def awaited() -> tuple[str, Any]:
        if way == "awhole":
            return text_of(given := await awhole(asked, question)), given
        stream = await aopened(asked, question)
        if isinstance(asked, TwelveLabsLLM):
            return joined([chunk async for chunk in stream])
        return "".join([text async for text in atexts(stream)]), stream

    if way.startswith("a"):
        return asyncio.run(awaited())
    if way == "whole":
        return text_of(given := whole(asked, question)), given
    stream = opened(asked, question)
    return joined(list(stream)) if isinstance(asked, TwelveLabsLLM) else ("".join(texts(stream)), stream)


def joined(chunks: list[Any]) -> tuple[str, Any]:
    """Return the text of an LLM's stream, and its last chat response."""
    return "".join(chunk.delta or "" for chunk in chunks), chunks[-1]


def text_of(given: Any) -> str:
    """Return the text of a whole answer."""
    return given.message.content or "" if hasattr(given, "message") else str(given)


def facts_of(given: Any) -> dict[str, Any]:
    """Return what is known of an answer besides its text."""
    facts: dict[str, Any] = given.additional_kwargs if hasattr(given, "message") else given.metadata
    return facts


def _said(asked: Any, question: str) -> Any:
    return [user(question)] if isinstance(asked, TwelveLabsLLM) else question
