"""What the LLM tells of each way of asking and of each end that it may come to; `llm.txt` is all of it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core.prompts import PromptTemplate
from pydantic import BaseModel

from tests.llama_index_twelvelabs.asking import QUESTION, llm_at, user
from tests.llama_index_twelvelabs.events.golden import golden
from tests.llama_index_twelvelabs.events.recording import Recording, recorded
from twelvelabs_responses import ResponsesError

if TYPE_CHECKING:
    from collections.abc import Callable

    from twelvelabs_responses.emulator import Emulator

STREAM_FAULTS = {"ok": None, "refused": "400-flat", "failed": "failed", "cut": "cut", "closed": "slow"}
FAULTS = STREAM_FAULTS | {"cut": "cut-json", "closed": "stall-headers"}


class Goals(BaseModel):
    summary: str


ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "chat": ([user(QUESTION)],),
    "complete": (QUESTION,),
    "structured_predict": (Goals, PromptTemplate(QUESTION)),
}
PREFIXES = ("", "a", "stream_", "astream_")
CASES = {f"{prefix}chat, {end}": (prefix, "chat", end) for prefix, end in product(PREFIXES, FAULTS)} | {
    f"{prefix}{method}, {end}": (prefix, method, end)
    for method, prefix, end in product(["complete", "structured_predict"], PREFIXES, ["ok", "cut"])
}
# A blocking call cannot be left.
del CASES["chat, closed"]


def recording_of(emulator: Emulator, prefix: str, method: str, end: str) -> Recording:
    """Return what is told of one call."""
    emulator.fault = (STREAM_FAULTS if "stream" in prefix else FAULTS)[end]
    with recorded() as (recording, callbacks), suppress(ResponsesError, asyncio.CancelledError):
        called = getattr(llm_at(emulator, callback_manager=callbacks), prefix + method)
        if prefix.startswith("a"):
            asyncio.run(awaited(called, ARGUMENTS[method], end, emulator))
        elif prefix:
            for _ in (stream := called(*ARGUMENTS[method])):
                if end == "closed":
                    stream.close()
        else:
            called(*ARGUMENTS[method])
    return recording


async def awaited(called: Callable[..., Any], arguments: tuple[Any, ...], end: str, emulator: Emulator) -> None:
    task = asyncio.ensure_future(called(*arguments))
    if end == "closed" and emulator.fault == FAULTS["closed"]:
        await asyncio.to_thread(emulator.wait_until, lambda running: bool(running.exchanges))
        task.cancel()
    result = await task
    if "stream" in called.__name__:
        async for _ in result:
            if end == "closed":
                await result.aclose()


@pytest.mark.parametrize("title", CASES)
def test_what_is_told_of_a_call_is_what_the_golden_file_says(emulator: Emulator, title: str) -> None:
    recording = recording_of(emulator, *CASES[title])
    assert recording.lines == golden("llm")[title]
    assert recording.open == {}
