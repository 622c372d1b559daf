"""`_memory.py`, and the memories that people use: SQL, the old buffer, one of their own."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pydantic
import pytest
from llama_index.core.base.llms.types import ChatMessage, MessageRole, TextBlock
from llama_index.core.llms import MockLLM
from llama_index.core.memory import (
    BaseMemory,
    ChatMemoryBuffer,
    FactExtractionMemoryBlock,
    InsertMethod,
    Memory,
    StaticMemoryBlock,
)
from llama_index.core.storage.chat_store import SimpleChatStore
from pydantic_core import PydanticSerializationError
from sqlalchemy.ext.asyncio import create_async_engine

from llama_index_twelvelabs._memory import bound, checked, empty_beside, has_answer, new_memory, recalled
from tests.llama_index_twelvelabs.chats import (
    FOLLOW_UP,
    QUESTION,
    THIRD,
    WAYS,
    aask,
    ask,
    assistant,
    bodies,
    engine_at,
    texts_sent,
    user,
)
from tests.llama_index_twelvelabs.memories import ListMemory
from twelvelabs_responses import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from llama_index.core.memory import BaseMemory

    from twelvelabs_responses.emulator import Emulator

ANSWER = {"session_id": "sess_1", "response_id": "resp_1", "knowledge_store_id": "ks_1"}
AWAITED = pytest.mark.parametrize("way", ["achat", "astream_chat"])


@asynccontextmanager
async def sql_memory(file: Path, **options: Any) -> AsyncIterator[Memory]:
    database = create_async_engine(f"sqlite+aiosqlite:///{file}")
    yield Memory.from_defaults(session_id="user-7", async_engine=database, **options)
    await database.dispose()


def test_an_answer_counts_for_its_own_store_only() -> None:
    messages = [user("Who?"), assistant("Rovers.", **ANSWER)]
    assert has_answer(messages, "ks_1")
    assert not has_answer(messages, "ks_2")
    assert not has_answer([assistant("Rovers.", **ANSWER, status="failed")], "ks_1")


def test_a_window_without_guidance_or_without_an_answer_gets_it_from_all_there_is() -> None:
    guidance, past = (ChatMessage(role=MessageRole.SYSTEM, content=each) for each in ("Be brief.", "Be long."))
    last = [user("Who?"), assistant("Rovers.", **ANSWER)]
    everything = [past, user("Hi."), *last]
    assert recalled([guidance, *last], everything, "ks_1") == [guidance, *last]
    assert recalled(last, everything, "ks_1") == [past, *last]
    assert recalled([guidance, user("Who?")], everything, "ks_1") == [guidance, *everything[1:]]
    assert recalled([], everything, "ks_1") == everything


@pytest.mark.parametrize(
    ("tail", "known_at"),
    [
        ([user("Then?"), assistant("", status="failed")], 2),
        (
            [
                user("Then?"),
                user("Or?"),
                assistant("", status="cancelled"),
                user("So?"),
                assistant("", status="failed"),
            ],
            2,
        ),
    ],
)
def test_a_session_is_told_again_of_first_turns_that_ended_without_an_answer(
    tail: list[ChatMessage], known_at: int
) -> None:
    head = [user("Who?"), assistant("Rovers.")]
    messages = bound([*head, *tail], "ks_1", "sess_2")
    assert messages[known_at] == assistant("", session_id="sess_2", response_id="", knowledge_store_id="ks_1")
    assert [*messages[:known_at], *messages[known_at + 1 :]] == [*head, *tail]


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [user("Who?"), assistant("Rovers.")],
        [user("Who?"), assistant("Rovers.", **ANSWER), user("Then?"), assistant("", status="failed")],
    ],
)
def test_a_session_that_stands_where_the_conversation_does_needs_no_word(messages: Sequence[ChatMessage]) -> None:
    assert bound(messages, "ks_1", "sess_1") == messages


@WAYS
def test_guidance_lasts_longer_than_the_window_of_a_memory(emulator: Emulator, way: str) -> None:
    engine = engine_at(emulator, memory=ChatMemoryBuffer.from_defaults(token_limit=300))
    ask(engine, QUESTION, way, [ChatMessage(role=MessageRole.SYSTEM, content="Answer in German.")])
    for _ in range(4):
        ask(engine, FOLLOW_UP, way)
    assert {body["instructions"] for body in bodies(emulator)} == {"Answer in German."}


@pytest.mark.parametrize("wrong", ["conversations.db", None, [user(QUESTION)]])
def test_what_is_no_memory_is_refused_as_such(wrong: Any) -> None:
    with pytest.raises(InvalidArgumentError, match=f"memory: got a {type(wrong).__name__}; allowed: a memory of Llama"):
        checked(wrong)


def test_a_fork_knows_the_facts_so_far_and_learns_by_itself() -> None:
    facts = FactExtractionMemoryBlock(llm=MockLLM(), facts=["Kim scored."])
    memory = Memory.from_defaults(session_id="user-7", memory_blocks=[facts])
    fork = empty_beside(memory)
    assert isinstance(fork, Memory)
    (learned,) = fork.memory_blocks
    assert isinstance(learned, FactExtractionMemoryBlock)
    learned.facts.append("Ola scored.")
    assert (facts.facts, learned.facts) == (["Kim scored."], ["Kim scored.", "Ola scored."])
    assert learned.llm is facts.llm


def test_a_fork_of_a_memory_stands_beside_it_in_the_same_store() -> None:
    buffer = ChatMemoryBuffer.from_defaults(chat_history=[user("Who?")], token_limit=900)
    beside = empty_beside(buffer)
    assert isinstance(beside, ChatMemoryBuffer)
    assert (beside.get_all(), beside.chat_store, beside.token_limit) == ([], buffer.chat_store, 900)
    with pytest.raises(InvalidArgumentError, match=r"a ListMemory cannot be copied; .*fork\(memory=\.\.\.\)"):
        empty_beside(ListMemory())


def test_the_memory_of_an_engine_that_was_given_none_is_empty() -> None:
    assert new_memory().get_all() == []
    assert new_memory() is not new_memory()


async def test_memory_blocks_guide_the_turn(emulator: Emulator, tmp_path: Path) -> None:
    block = StaticMemoryBlock(name="user", static_content=[TextBlock(text="The user supports Rovers.")])
    async with sql_memory(tmp_path / "chat.db", memory_blocks=[block]) as memory:
        await engine_at(emulator, memory=memory).achat(QUESTION)
    assert "The user supports Rovers." in bodies(emulator)[0]["instructions"]
    assert texts_sent(bodies(emulator)[0]) == [QUESTION]


def test_memory_blocks_in_a_past_message_are_refused() -> None:
    block = StaticMemoryBlock(name="user", static_content=[TextBlock(text="The user supports Rovers.")])
    memory = Memory.from_defaults(memory_blocks=[block], insert_method=InsertMethod.USER)
    with pytest.raises(InvalidArgumentError, match="memory: got memory blocks that are inserted into the user message"):
        checked(memory)


async def _conversation_over(memory: BaseMemory, emulator: Emulator, way: str) -> None:
    engine = engine_at(emulator, memory=memory)
    for question in (QUESTION, FOLLOW_UP):
        await aask(engine, question, way)
    assert [len(body["input"]) for body in bodies(emulator)] == [1, 1]
    assert bodies(emulator)[1]["session_id"] == emulator.exchanges[0].session_id
    assert [message.role.value for message in await memory.aget_all()] == ["user", "assistant"] * 2
    await engine.areset()
    assert await memory.aget_all() == []


@AWAITED
async def test_a_conversation_stands_in_a_sql_memory(emulator: Emulator, way: str, tmp_path: Path) -> None:
    async with sql_memory(tmp_path / "chat.db") as memory:
        await _conversation_over(memory, emulator, way)


@AWAITED
async def test_a_conversation_stands_in_a_buffer(emulator: Emulator, way: str) -> None:
    await _conversation_over(ChatMemoryBuffer.from_defaults(token_limit=9_000), emulator, way)


@WAYS
def test_a_conversation_stands_in_a_memory_of_somebodys_own(emulator: Emulator, way: str) -> None:
    memory = ListMemory()
    engine = engine_at(emulator, memory=memory)
    for question in (QUESTION, FOLLOW_UP):
        ask(engine, question, way)
    assert bodies(emulator)[1]["session_id"] == emulator.exchanges[0].session_id
    assert memory.called[:6] == ["get", "get_all", "put", "put", "get", "get_all"]
    engine.reset()
    assert engine.chat_history == []


@pytest.mark.parametrize("way", ["chat", "stream_chat"])
@pytest.mark.parametrize("in_a_loop", [False, True])
def test_blocking_methods_work_over_a_sql_memory_with_or_without_a_running_loop(
    emulator: Emulator, way: str, tmp_path: Path, *, in_a_loop: bool
) -> None:
    database = create_async_engine(f"sqlite+aiosqlite:///{tmp_path / 'chat.db'}")
    engine = engine_at(emulator, memory=Memory.from_defaults(session_id="user-7", async_engine=database))

    async def blocking() -> None:
        for question in (QUESTION, FOLLOW_UP):
            ask(engine, question, way)

    # Without a loop, LlamaIndex makes one in the main thread that nobody closes; in other threads it does not.
    asyncio.run(blocking() if in_a_loop else asyncio.to_thread(asyncio.run, blocking()))
    assert bodies(emulator)[1]["session_id"] == emulator.exchanges[0].session_id
    asyncio.run(database.dispose())


async def test_an_answer_that_has_left_the_window_is_found_all_the_same(emulator: Emulator, tmp_path: Path) -> None:
    async with sql_memory(tmp_path / "chat.db", token_limit=60, token_flush_size=10) as memory:
        engine = engine_at(emulator, memory=memory)
        await engine.achat(QUESTION)
        await memory.aput(user("Hello? " * 40))
        assert [message.role for message in await memory.aget()] == [MessageRole.USER]
        await engine.achat(FOLLOW_UP)
    assert bodies(emulator)[1]["session_id"] == emulator.exchanges[0].session_id
    assert texts_sent(bodies(emulator)[1]) == ["Hello? " * 40, FOLLOW_UP]


async def test_a_fork_of_a_sql_memory_stands_in_the_same_file(emulator: Emulator, tmp_path: Path) -> None:
    async with sql_memory(tmp_path / "chat.db") as memory:
        engine = engine_at(emulator, memory=memory)
        await engine.achat(QUESTION)
        fork = await engine.afork()
        await fork.achat(FOLLOW_UP)
        assert isinstance(fork.memory, Memory)
        key = fork.memory.session_id
        assert [len(await each.aget_all()) for each in (memory, fork.memory)] == [2, 4]
    assert key != "user-7"
    assert "session_id" not in bodies(emulator)[1]


_OTHER_PROCESS = """
import asyncio, sys
from llama_index.core.memory import Memory
from llama_index_twelvelabs import TwelveLabsChatEngine
from pydantic_core import PydanticSerializationError
from sqlalchemy.ext.asyncio import create_async_engine

async def main(file, store, base_url, question):
    database = create_async_engine(f"sqlite+aiosqlite:///{file}")
    memory = Memory.from_defaults(session_id="user-7", async_engine=database)
    engine = TwelveLabsChatEngine(store, memory=memory, api_key="key-of-the-tests", base_url=base_url)
    await engine.achat(question)
    await engine.aclose()
    await database.dispose()

asyncio.run(main(*sys.argv[1:]))
"""


async def test_another_process_goes_on_with_the_conversation(emulator: Emulator, tmp_path: Path) -> None:
    async with sql_memory(tmp_path / "chat.db") as memory:
        await engine_at(emulator, memory=memory).achat(QUESTION)
    for question in (FOLLOW_UP, THIRD):
        arguments = [str(tmp_path / "chat.db"), emulator.knowledge_store_id, emulator.base_url, question]
        # Older cores make newer pydantics warn at import; what counts is that nothing is left open.
        command = [sys.executable, "-W", "ignore", "-W", "error::ResourceWarning", "-c", _OTHER_PROCESS, *arguments]
        done = await asyncio.to_thread(subprocess.run, command, capture_output=True, check=False, timeout=60)
        assert (done.returncode, done.stderr) == (0, b"")
    assert [texts_sent(body) for body in bodies(emulator)] == [[QUESTION], [FOLLOW_UP], [THIRD]]
    assert len({exchange.session_id for exchange in emulator.exchanges}) == 1
    assert [body.get("session_id") for body in bodies(emulator)][1:] == [emulator.exchanges[0].session_id] * 2


_PYDANTIC = tuple(map(int, pydantic.VERSION.split(".")[:2]))


@pytest.mark.xfail(
    _PYDANTIC >= (2, 14),
    raises=(TypeError, PydanticSerializationError),
    strict=True,
    reason="llama-index-core cannot write its chat store under pydantic 2.14: use Memory with a database",
)
def test_a_conversation_goes_on_from_a_chat_store_that_was_written_to_a_file(
    emulator: Emulator, tmp_path: Path
) -> None:
    store, file = SimpleChatStore(), tmp_path / "store.json"
    engine_at(emulator, memory=ChatMemoryBuffer.from_defaults(chat_store=store)).chat(QUESTION)
    store.persist(str(file))
    assert json.loads(file.read_text(encoding="utf-8"))
    read = SimpleChatStore.from_persist_path(str(file))
    engine_at(emulator, memory=ChatMemoryBuffer.from_defaults(chat_store=read)).chat(FOLLOW_UP)
    assert bodies(emulator)[1]["session_id"] == emulator.exchanges[0].session_id
