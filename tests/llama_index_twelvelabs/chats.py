"""A chat engine at the emulator, and one way to call all four of its methods."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core.base.llms.types import ChatMessage, MessageRole

from llama_index_twelvelabs import TwelveLabsChatEngine, TwelveLabsStreamingChatResponse

if TYPE_CHECKING:
    from twelvelabs_responses.emulator import Emulator

QUESTION = "Which clips show a goal?"
FOLLOW_UP = "And what is the penalty for?"
THIRD = "Who saves it?"
WAYS = pytest.mark.parametrize("way", ["chat", "achat", "stream_chat", "astream_chat"])
STREAMS = pytest.mark.parametrize("way", ["stream_chat", "astream_chat"])


def engine_at(emulator: Emulator, **options: Any) -> TwelveLabsChatEngine:
    settings = {"api_key": "key-of-the-tests", "base_url": emulator.base_url} | options
    return TwelveLabsChatEngine(emulator.knowledge_store_id, **settings)


def ask(engine: TwelveLabsChatEngine, message: str, way: str, chat_history: list[ChatMessage] | None = None) -> Any:
    """Return the response, read to its end, in each of the four ways there are."""
    if way in ("achat", "astream_chat"):
        return asyncio.run(aask(engine, message, way, chat_history))
    response = getattr(engine, way)(message, chat_history)
    if isinstance(response, TwelveLabsStreamingChatResponse):
        assert "".join(response.response_gen) == str(response)
    return response


async def aask(
    engine: TwelveLabsChatEngine, message: str, way: str, chat_history: list[ChatMessage] | None = None
) -> Any:
    response = await getattr(engine, way)(message, chat_history)
    if isinstance(response, TwelveLabsStreamingChatResponse):
        assert "".join([text async for text in response.async_response_gen()]) == str(response)
    return response


def leave_early(engine: TwelveLabsChatEngine, message: str, way: str) -> TwelveLabsStreamingChatResponse:
    """Return the response of a stream that was closed after its third piece of text."""

    async def left() -> TwelveLabsStreamingChatResponse:
        async with await engine.astream_chat(message) as response:
            texts = response.async_response_gen()
            assert [await anext(texts) for _ in range(3)]
        return response

    if way == "astream_chat":
        return asyncio.run(left())
    with engine.stream_chat(message) as response:
        texts = response.response_gen
        assert [next(texts) for _ in range(3)]
    return response


def opened(engine: TwelveLabsChatEngine, way: str) -> TwelveLabsStreamingChatResponse:
    """Return the response as it is when the call returns, its stream closed."""

    async def awaited() -> TwelveLabsStreamingChatResponse:
        async with await engine.astream_chat(QUESTION) as response:
            assert response.metadata["status"] == "in_progress"
            return response

    if way == "astream_chat":
        return asyncio.run(awaited())
    with engine.stream_chat(QUESTION) as response:
        assert response.metadata["status"] == "in_progress"
        return response


def kept(engine: TwelveLabsChatEngine) -> list[tuple[str, str]]:
    """Return what the memory holds: who said it, and how its turn ended (for the user: what)."""
    return [
        (message.role.value, message.additional_kwargs.get("twelvelabs", {}).get("status") or message.content or "")
        for message in engine.chat_history
    ]


def bodies(emulator: Emulator) -> list[dict[str, Any]]:
    """Return what was sent, in order."""
    return [exchange.body or {} for exchange in emulator.exchanges]


def texts_sent(body: dict[str, Any]) -> list[str]:
    return [item["content"] for item in body["input"]]


def user(text: str) -> ChatMessage:
    return ChatMessage(role=MessageRole.USER, content=text)


def assistant(text: str, **facts: Any) -> ChatMessage:
    marker = {"twelvelabs": facts} if facts else {}
    return ChatMessage(role=MessageRole.ASSISTANT, content=text, additional_kwargs=marker)
