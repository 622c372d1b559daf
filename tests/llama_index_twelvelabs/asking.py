"""An LLM at the emulator, and the four ways to ask it, so that one test body runs for all."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core.base.llms.types import ChatMessage, MessageRole

from llama_index_twelvelabs import TwelveLabsLLM

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llama_index.core.base.llms.types import ChatResponse

    from twelvelabs_responses.emulator import Emulator

QUESTION = "Which clips show a goal?"
FOLLOW_UP = "And what is the penalty for?"
WAYS = pytest.mark.parametrize("way", ["chat", "achat", "stream_chat", "astream_chat"])
STREAMS = pytest.mark.parametrize("way", ["stream_chat", "astream_chat"])


def llm_at(emulator: Emulator, **options: Any) -> TwelveLabsLLM:
    settings = {"api_key": "key-of-the-tests", "base_url": emulator.base_url} | options
    return TwelveLabsLLM(emulator.knowledge_store_id, **settings)


def bodies(emulator: Emulator) -> list[dict[str, Any]]:
    """Return what was sent, in order."""
    return [exchange.body or {} for exchange in emulator.exchanges]


def disconnected(emulator: Emulator) -> bool:
    """Return whether the emulator sees within a second that all have hung up."""
    return emulator.wait_until(lambda running: all(exchange.disconnected for exchange in running.exchanges), timeout=1)


def user(text: str) -> ChatMessage:
    return ChatMessage(role=MessageRole.USER, content=text)


def answers(llm: Any, messages: Sequence[ChatMessage], way: str, **options: Any) -> list[ChatResponse]:
    """Return what a call gives, on each of the four ways there are; a whole answer is a list of one."""

    async def awaited() -> list[ChatResponse]:
        if way == "achat":
            return [await llm.achat(messages, **options)]
        return [chunk async for chunk in await llm.astream_chat(messages, **options)]

    if way == "chat":
        return [llm.chat(messages, **options)]
    if way == "stream_chat":
        return list(llm.stream_chat(messages, **options))
    return asyncio.run(awaited())


def left_after_one(llm: Any, messages: Sequence[ChatMessage], way: str, **options: Any) -> ChatResponse:
    """Return the first chat response of a stream that is closed after it; not even its loop ends for it."""

    async def awaited() -> ChatResponse:
        stream = await llm.astream_chat(messages, **options)
        first: ChatResponse = await anext(stream)
        await stream.aclose()
        return first

    if way == "astream_chat":
        return asyncio.run(awaited())
    stream = llm.stream_chat(messages, **options)
    first: ChatResponse = next(stream)
    stream.close()
    return first
