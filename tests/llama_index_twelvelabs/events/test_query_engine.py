"""What the query engine tells of each way of asking and of each end; `query_engine.txt` is all of it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from llama_index_twelvelabs import TwelveLabsQueryEngine
from tests.llama_index_twelvelabs.asking import QUESTION
from tests.llama_index_twelvelabs.events.golden import golden
from tests.llama_index_twelvelabs.events.recording import Recording, recorded
from tests.llama_index_twelvelabs.events.test_llm import FAULTS, STREAM_FAULTS
from twelvelabs_responses import ResponsesError

if TYPE_CHECKING:
    from twelvelabs_responses.emulator import Emulator

CASES = {f"{way}, {end}": (way, end) for way, end in product(["query", "aquery", "stream", "astream"], FAULTS)}
# A blocking call cannot be left.
del CASES["query, closed"]


def recording_of(emulator: Emulator, way: str, end: str) -> Recording:
    """Return what is told of one query."""
    emulator.fault = (STREAM_FAULTS if "stream" in way else FAULTS)[end]
    with recorded() as (recording, callbacks), suppress(ResponsesError, asyncio.CancelledError):
        engine = TwelveLabsQueryEngine(
            emulator.knowledge_store_id,
            api_key="key-of-the-tests",
            base_url=emulator.base_url,
            callback_manager=callbacks,
            streaming="stream" in way,
        )
        if way.startswith("a"):
            asyncio.run(awaited(engine, end, emulator))
        else:
            response: Any = engine.query(QUESTION)
            for _ in getattr(response, "response_gen", ()):
                if end == "closed":
                    response.close()
    return recording


async def awaited(engine: TwelveLabsQueryEngine, end: str, emulator: Emulator) -> None:
    task = asyncio.ensure_future(engine.aquery(QUESTION))
    if end == "closed" and emulator.fault == FAULTS["closed"]:
        await asyncio.to_thread(emulator.wait_until, lambda running: bool(running.exchanges))
        task.cancel()
    response: Any = await task
    if hasattr(response, "response_gen"):
        async for _ in response.response_gen:
            if end == "closed":
                await response.aclose()


@pytest.mark.parametrize("title", CASES)
def test_what_is_told_of_a_query_is_what_the_golden_file_says(emulator: Emulator, title: str) -> None:
    recording = recording_of(emulator, *CASES[title])
    assert recording.lines == golden("query_engine")[title]
    assert recording.open == {}
