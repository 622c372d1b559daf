"""Many conversations at once, over one client."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from llama_index_twelvelabs._memory import new_memory
from tests.llama_index_twelvelabs.chats import QUESTION, aask, ask, bodies, engine_at
from twelvelabs_responses.emulator import Emulator

if TYPE_CHECKING:
    from llama_index_twelvelabs import TwelveLabsChatEngine, TwelveLabsStreamingChatResponse

CONVERSATIONS, TURNS = 50, 3


def questions(number: int) -> list[str]:
    return [f"Conversation {number}, turn {turn}: which clips show a goal?" for turn in range(TURNS)]


def check_that_none_heard_of_another(emulator: Emulator, engines: list[TwelveLabsChatEngine]) -> None:
    """Check that each request held one message, in the session of its own conversation, and each memory its own."""
    asked: dict[Any, list[str]] = defaultdict(list)
    for exchange, body in zip(emulator.exchanges, bodies(emulator), strict=True):
        assert body.get("session_id") in (None, exchange.session_id)
        asked[exchange.session_id] += [item["content"] for item in body["input"]]
    assert sorted(asked.values()) == sorted(questions(number) for number in range(CONVERSATIONS))
    for number, engine in enumerate(engines):
        said = engine.chat_history
        assert [message.content for message in said[::2]] == questions(number)
        (session_id,) = {message.additional_kwargs["twelvelabs"]["session_id"] for message in said[1::2]}
        assert asked[session_id] == questions(number)


@pytest.mark.parametrize("way", ["chat", "stream_chat"])
def test_fifty_conversations_in_threads_do_not_hear_of_each_other(emulator: Emulator, way: str) -> None:
    engine = engine_at(emulator)
    engines = [engine.with_memory(new_memory()) for _ in range(CONVERSATIONS)]

    def talk(number: int) -> None:
        for question in questions(number):
            ask(engines[number], question, way)

    with ThreadPoolExecutor(CONVERSATIONS) as threads:
        list(threads.map(talk, range(CONVERSATIONS)))
    engine.close()
    check_that_none_heard_of_another(emulator, engines)


@pytest.mark.parametrize("way", ["achat", "astream_chat"])
async def test_fifty_conversations_in_tasks_do_not_hear_of_each_other(emulator: Emulator, way: str) -> None:
    engine = engine_at(emulator)
    engines = [engine.with_memory(new_memory()) for _ in range(CONVERSATIONS)]

    async def talk(number: int) -> None:
        for question in questions(number):
            await aask(engines[number], question, way)

    await asyncio.gather(*map(talk, range(CONVERSATIONS)))
    await engine.aclose()
    check_that_none_heard_of_another(emulator, engines)


async def test_streams_that_are_read_in_turns_do_not_mix(emulator: Emulator) -> None:
    engine = engine_at(emulator)
    engines = [engine.with_memory(new_memory()) for _ in range(5)]
    animals = ["an otter", "a goal", "a penalty", "a keeper", "a corner"]
    alone = [str(await engine.achat(f"Which clips show {animal}?", [])) for animal in animals]
    asked = zip(engines, animals, strict=True)
    responses = [await each.astream_chat(f"Which clips show {animal}?") for each, animal in asked]
    readers = {place: response.async_response_gen() for place, response in enumerate(responses)}
    while readers:
        for place in list(readers):
            if await anext(readers[place], None) is None:
                del readers[place]
    assert [str(response) for response in responses] == alone
    await engine.aclose()


async def beats_during(work: asyncio.Future[Any]) -> tuple[int, float]:
    """Return how often a task of 10 ms ran meanwhile, and the longest time it had to wait, in seconds."""
    beats, longest, last = 0, 0.0, time.monotonic()
    while not work.done():
        await asyncio.sleep(0.01)
        now = time.monotonic()
        beats, longest, last = beats + 1, max(longest, now - last), now
    return beats, longest


@pytest.mark.parametrize("way", ["achat", "astream_chat"])
async def test_other_tasks_go_on_while_an_answer_is_awaited(way: str) -> None:
    with Emulator(think=0.5) as emulator:
        engine = engine_at(emulator)
        beats, longest = await beats_during(asyncio.ensure_future(aask(engine, QUESTION, way)))
        await engine.aclose()
    assert beats >= 10
    assert longest < 0.25  # a call that blocks the loop takes the whole 0.5 s


def test_event_loops_that_follow_each_other_share_one_engine(emulator: Emulator) -> None:
    async def left(engine: TwelveLabsChatEngine) -> TwelveLabsStreamingChatResponse:
        return await engine.astream_chat(QUESTION)

    engine = engine_at(emulator)
    for _ in range(3):
        assert str(asyncio.run(aask(engine, QUESTION, "achat"))).startswith("(Emulator)")
    assert asyncio.run(left(engine)).metadata["status"] == "cancelled"
    assert len(engine.chat_history) == 8
