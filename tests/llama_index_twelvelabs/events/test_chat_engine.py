"""What the chat engine tells of each way of asking and of each end; `chat_engine.txt` is all of it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core.memory import ChatMemoryBuffer

from llama_index_twelvelabs import TwelveLabsChatEngine
from tests.llama_index_twelvelabs.asking import QUESTION
from tests.llama_index_twelvelabs.events.golden import golden
from tests.llama_index_twelvelabs.events.recording import Recording, recorded
from tests.llama_index_twelvelabs.events.test_llm import FAULTS, STREAM_FAULTS
from twelvelabs_responses import ResponsesError

if TYPE_CHECKING:
    from twelvelabs_responses.emulator import Emulator

WAYS = ("chat", "achat", "stream_chat", "astream_chat")
CASES = {f"{way}, {end}": (way, end) for way, end in product(WAYS, FAULTS)}
# A blocking call cannot be left.
del CASES["chat, closed"]


def recording_of(emulator: Emulator, way: str, end: str) -> Recording:
    """Return what is told of one turn."""
    emulator.fault = (STREAM_FAULTS if "stream" in way else FAULTS)[end]
    with recorded() as (recording, callbacks), suppress(ResponsesError, asyncio.CancelledError):
        engine = TwelveLabsChatEngine(
            emulator.knowledge_store_id,
            memory=ChatMemoryBuffer.from_defaults(token_limit=9_000),
            api_key="key-of-the-tests",
            base_url=emulator.base_url,
            callback_manager=callbacks,
        )
        if way.startswith("a"):
            asyncio.run(awaited(engine, way, end, emulator))
        elif way == "chat":
            engine.chat(QUESTION)
        else:
            response = engine.stream_chat(QUESTION)
            for _ in response.response_gen:
                if end == "closed":
                    response.close()
    return recording


async def awaited(engine: TwelveLabsChatEngine, way: str, end: str, emulator: Emulator) -> None:
    task = asyncio.ensure_future(getattr(engine, way)(QUESTION))
    if end == "closed" and emulator.fault == FAULTS["closed"]:
        await asyncio.to_thread(emulator.wait_until, lambda running: bool(running.exchanges))
        task.cancel()
    response: Any = await task
    if way == "astream_chat":
        async for _ in response.async_response_gen():
            if end == "closed":
                await response.aclose()


@pytest.mark.parametrize("title", CASES)
def test_what_is_told_of_a_turn_is_what_the_golden_file_says(emulator: Emulator, title: str) -> None:
    recording = recording_of(emulator, *CASES[title])
    assert recording.lines == golden("chat_engine")[title]
    assert recording.open == {}
