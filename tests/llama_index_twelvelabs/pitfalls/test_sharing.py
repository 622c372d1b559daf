"""Conversations that get mixed, and what may be shared: pitfalls 11, 12."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core.base.llms.types import ChatMessage

from llama_index_twelvelabs import TwelveLabsChatEngine, TwelveLabsQueryEngine
from llama_index_twelvelabs._memory import new_memory
from tests.llama_index_twelvelabs.asking import FOLLOW_UP, QUESTION, answers, llm_at, user
from tests.llama_index_twelvelabs.chats import (
    THIRD,
    WAYS,
    aask,
    ask,
    bodies,
    engine_at,
    kept,
)
from tests.llama_index_twelvelabs.engines import engine_at as query_engine_at
from tests.llama_index_twelvelabs.pitfalls.surfaces import (
    aopened,
    atexts,
    made,
    opened,
    texts,
)
from twelvelabs_responses import SessionError

if TYPE_CHECKING:
    from collections.abc import Callable

    from twelvelabs_responses.emulator import Emulator


# llama_index #13227, #16059, livekit/agents #696
@pytest.mark.parametrize("way", ["chat", "stream_chat"])
def test_two_threads_hold_two_conversations_over_one_llm(emulator: Emulator, way: str) -> None:
    llm, together = llm_at(emulator), Barrier(2, timeout=5)

    def talk(_number: int) -> set[str]:
        messages, sessions = list[ChatMessage](), set[str]()
        for question in (QUESTION, FOLLOW_UP, THIRD):
            together.wait()
            *_, told = answers(llm, [*messages, user(question)], way)
            messages += [user(question), told.message]
            sessions.add(told.message.additional_kwargs["twelvelabs"]["session_id"])
        return sessions

    check_two(talk, emulator)


# llama_index #13227, #16059, livekit/agents #696
def test_two_threads_ask_one_query_engine_and_go_on_by_themselves(emulator: Emulator) -> None:
    engine, together = query_engine_at(emulator), Barrier(2, timeout=5)

    def talk(_: int) -> set[Any]:
        together.wait()
        first: Any = engine.query(QUESTION)
        bound = engine.with_session(first.session_id)
        together.wait()
        return {first.session_id, *(getattr(bound.query(each), "session_id", None) for each in (FOLLOW_UP, THIRD))}

    check_two(talk, emulator)
    assert engine.llm.session_id is None


# llama_index #13227, #16059, livekit/agents #696
@pytest.mark.parametrize("way", ["chat", "stream_chat"])
def test_two_threads_hold_two_conversations_over_one_chat_engines_connections(emulator: Emulator, way: str) -> None:
    engine, together = engine_at(emulator), Barrier(2, timeout=5)
    engines = [engine.with_memory(new_memory()) for _ in range(2)]

    def talk(number: int) -> set[str]:
        for question in (QUESTION, FOLLOW_UP, THIRD):
            together.wait()
            ask(engines[number], question, way)
        return {said.additional_kwargs["twelvelabs"]["session_id"] for said in engines[number].chat_history[1::2]}

    check_two(talk, emulator)


def check_two(talk: Callable[[int], set[Any]], emulator: Emulator) -> None:
    """Check that two who talk at once have one session each, and tell it of three turns each."""
    with ThreadPoolExecutor(2) as pool:
        talks = [pool.submit(talk, number) for number in range(2)]
    assert [each.exception() for each in talks] == [None, None]
    (first,), (second,) = (each.result() for each in talks)
    assert first != second
    told = [exchange.session_id for exchange in emulator.exchanges]
    assert (told.count(first), told.count(second)) == (3, 3)


# llama_index #13227, #16059, livekit/agents #696
@pytest.mark.parametrize("way", ["achat", "astream_chat"])
async def test_two_tasks_hold_two_conversations(emulator: Emulator, way: str) -> None:
    engine = engine_at(emulator)
    engines = [engine.with_memory(new_memory()) for _ in range(2)]
    for question in (QUESTION, FOLLOW_UP, THIRD):
        await asyncio.gather(*(aask(each, question, way) for each in engines))
    await engine.aclose()
    sessions = [
        {said.additional_kwargs["twelvelabs"]["session_id"] for said in each.chat_history[1::2]} for each in engines
    ]
    assert [len(each) for each in sessions] == [1, 1]
    assert sessions[0] != sessions[1]


# llama_index #13227: a session that one user's engine was given is not that of the next user
def test_another_memory_begins_another_session(emulator: Emulator) -> None:
    first = engine_at(emulator).chat(QUESTION)
    engine = engine_at(emulator, session_id=(first.metadata or {})["session_id"])
    engine.with_memory(new_memory()).chat(QUESTION)
    assert ["session_id" in body for body in bodies(emulator)] == [False, False]


# llama_index #13375. Decided: the LLM and the query engine may be shared; a chat engine is one conversation.
@pytest.mark.parametrize("surface", ["llm", "query"])
def test_threads_may_read_streams_of_one_engine_at_once(emulator: Emulator, surface: str) -> None:
    shared = made(surface, emulator)
    streams = [opened(shared) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(lambda stream: "".join(texts(stream)), streams))
    assert len({exchange.session_id for exchange in emulator.exchanges}) == 8
    assert {text[:10] for text in read} == {"(Emulator)"}
    assert len(set(read)) == 1


# llama_index #13375
@pytest.mark.parametrize("surface", ["llm", "query"])
async def test_tasks_may_read_streams_of_one_engine_at_once(emulator: Emulator, surface: str) -> None:
    async def read() -> str:
        return "".join([text async for text in atexts(await aopened(shared))])

    shared = made(surface, emulator)
    assert len(set(await asyncio.gather(*(read() for _ in range(8))))) == 1
    assert len({exchange.session_id for exchange in emulator.exchanges}) == 8
    await shared.aclose()


# llama_index #13375
@WAYS
def test_a_chat_engine_refuses_a_second_turn_at_once_and_sends_nothing(emulator: Emulator, way: str) -> None:
    engine = engine_at(emulator)
    with engine.stream_chat(QUESTION) as response:
        with ThreadPoolExecutor(1) as pool, pytest.raises(SessionError, match="under way, nothing was sent"):
            pool.submit(ask, engine, FOLLOW_UP, way).result()
        assert list(response.response_gen)
    assert len(emulator.exchanges) == 1
    assert kept(engine) == [("user", QUESTION), ("assistant", "completed")]


# llama_index #13375: it is stated where people look
def test_what_may_be_shared_is_stated() -> None:
    assert "threads, tasks and users may share one engine" in " ".join((TwelveLabsQueryEngine.__doc__ or "").split())
    assert "One engine is one conversation, one turn at a time" in (TwelveLabsChatEngine.__doc__ or "")
