"""How a turn is lost, changed or told twice: pitfalls 9, 23, 27."""

from __future__ import annotations

import asyncio
import copy
import json
import string
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from llama_index.core.base.llms.types import ChatMessage, MessageRole
from llama_index.core.memory import StaticMemoryBlock

from llama_index_twelvelabs._request import chat_request
from tests.llama_index_twelvelabs.asking import FOLLOW_UP, QUESTION, answers, llm_at, user
from tests.llama_index_twelvelabs.chats import (
    STREAMS,
    THIRD,
    WAYS,
    ask,
    bodies,
    engine_at,
    kept,
    leave_early,
    texts_sent,
)
from tests.llama_index_twelvelabs.pitfalls.surfaces import (
    SURFACES,
    answer,
    facts_of,
    made,
)
from twelvelabs_responses import Client

if TYPE_CHECKING:
    from llama_index_twelvelabs._request import ChatRequest
    from twelvelabs_responses.emulator import Emulator


# llama_index #20895
@STREAMS
def test_a_turn_that_nobody_reads_is_kept_from_the_first_moment(emulator: Emulator, way: str) -> None:
    async def awaited() -> list[tuple[str, str]]:
        async with await engine.astream_chat(QUESTION):
            return kept(engine)

    def blocking() -> list[tuple[str, str]]:
        with engine.stream_chat(QUESTION):
            return kept(engine)

    emulator.fault = "slow"
    engine = engine_at(emulator)
    assert (asyncio.run(awaited()) if way == "astream_chat" else blocking()) == [("user", QUESTION)]
    assert kept(engine) == [("user", QUESTION), ("assistant", "cancelled")]


# llama_index #20895
@STREAMS
def test_a_stream_that_is_left_is_kept_with_its_text_and_session(emulator: Emulator, way: str) -> None:
    emulator.fault = "slow"
    engine = engine_at(emulator)
    left = leave_early(engine, QUESTION, way)
    said = engine.chat_history[-1]
    assert said.content == str(left) != ""
    assert said.additional_kwargs["twelvelabs"]["session_id"] == emulator.exchanges[0].session_id


# llama_index #10349, #12264. LlamaIndex's memory puts a `session_id` of its own on what it flushes to its blocks.
@WAYS
def test_the_marker_stays_when_llama_indexs_memory_writes_its_own_beside_it(emulator: Emulator, way: str) -> None:
    llm = llm_at(emulator)
    *_, said = answers(llm, [user(QUESTION)], way)
    messages = [user(QUESTION), said.message]
    block = StaticMemoryBlock(name="videos", static_content="The user supports Rovers.")
    asyncio.run(block.aput(messages, from_short_term_memory=True, session_id="user-7"))
    assert said.message.additional_kwargs["session_id"] == "user-7"
    answers(llm, [*messages, user(FOLLOW_UP)], way)
    assert bodies(emulator)[1].get("session_id") == emulator.exchanges[0].session_id


# llama_index #10349, #12264
@WAYS
def test_what_a_memory_is_given_is_small_and_json_under_one_name(emulator: Emulator, way: str) -> None:
    engine = engine_at(emulator)
    ask(engine, QUESTION, way)
    asked, said = engine.chat_history
    exchange = emulator.exchanges[0]
    ids = {"session_id": exchange.session_id, "response_id": exchange.response_id}
    marker = {**ids, "knowledge_store_id": emulator.knowledge_store_id, "status": "completed"}
    assert (asked.additional_kwargs, said.additional_kwargs) == ({}, {"twelvelabs": marker})
    assert json.loads(json.dumps(said.additional_kwargs)) == said.additional_kwargs


# llama_index #10349, #12264
@SURFACES
@pytest.mark.parametrize("way", ["whole", "stream"])
def test_what_is_told_besides_the_text_is_json(emulator: Emulator, surface: str, way: str) -> None:
    _, given = answer(made(surface, emulator), way)
    assert json.loads(json.dumps(facts_of(given))) == facts_of(given)


DEFAULTS: dict[str, Any] = {
    "knowledge_store_id": "ks_1",
    "model": None,
    "instructions": None,
    "include": (),
    "selections": (),
    "request_metadata": None,
    "session_id": None,
    "on_stale_session": "fork",
    "extra_body": None,
}
MARKED = {"session_id": "sess_1", "response_id": "resp_1", "knowledge_store_id": "ks_1"}
TEXTS = st.text(string.ascii_letters + string.digits, min_size=6, max_size=12)
TURNS = st.lists(st.tuples(st.lists(TEXTS, min_size=1, max_size=3), st.sampled_from(["ours", "theirs", "system"])))


# llama_index #19087, #18406
@given(turns=TURNS, asked=st.lists(TEXTS, min_size=1, max_size=4))
def test_every_new_user_message_reaches_the_wire_once_and_in_order(
    turns: list[tuple[list[str], str]], asked: list[str]
) -> None:
    messages: list[ChatMessage] = []
    numbered = 0
    for said, then in turns:
        for text in said:
            numbered += 1
            messages.append(user(f"({numbered}:{text})"))
        facts = MARKED | {"response_id": f"resp_{numbered}"} if then == "ours" else {}
        role = MessageRole.SYSTEM if then == "system" else MessageRole.ASSISTANT
        extra = {"twelvelabs": facts} if facts else {}
        messages.append(ChatMessage(role=role, content="Said.", additional_kwargs=extra))
    messages += [user(f"(new {number}:{text})") for number, text in enumerate(asked)]
    before = copy.deepcopy(messages)
    sent = "".join(item.content for item in _request_of(messages).input)
    assert messages == before
    new = _since_our_last_answer(messages)
    assert [sent.count(text) for text in new] == [1] * len(new)
    assert all(sent.index(earlier) < sent.index(later) for earlier, later in pairwise(new))


def _request_of(messages: list[ChatMessage]) -> ChatRequest:
    client = Client(api_key="key-of-the-tests")
    with chat_request(messages, defaults=DEFAULTS, call={}, client=client) as request:
        return request


def _since_our_last_answer(messages: list[ChatMessage]) -> list[str]:
    ours = [index for index, message in enumerate(messages) if "twelvelabs" in message.additional_kwargs]
    since = messages[ours[-1] + 1 :] if ours else messages
    return [message.content or "" for message in since if message.role is MessageRole.USER]


# llama_index #19087, #18406
@WAYS
def test_the_messages_that_a_caller_gives_are_left_as_they_are(emulator: Emulator, way: str) -> None:
    first = llm_at(emulator).chat([user(QUESTION)]).message
    given = [user(QUESTION), first]
    before = copy.deepcopy(given)
    engine = engine_at(emulator)
    ask(engine, FOLLOW_UP, way, given)
    answers(llm_at(emulator), [*given, user(THIRD)], way)
    assert given == before
    assert len(engine.chat_history) == 4


# llama_index #19087, #18406
@pytest.mark.parametrize("awaited", [False, True])
def test_a_fork_leaves_the_messages_it_comes_from_as_they_are(emulator: Emulator, *, awaited: bool) -> None:
    engine = engine_at(emulator)
    engine.chat(QUESTION)
    before = copy.deepcopy(engine.chat_history)
    fork = asyncio.run(engine.afork()) if awaited else engine.fork()
    fork.chat(FOLLOW_UP)
    assert engine.chat_history == before
    assert "session_id" not in bodies(emulator)[1]


# llama_index #19087, #18406
@WAYS
def test_each_question_of_a_conversation_is_sent_once(emulator: Emulator, way: str) -> None:
    engine = engine_at(emulator)
    for question in (QUESTION, FOLLOW_UP, THIRD):
        ask(engine, question, way)
    assert [texts_sent(body) for body in bodies(emulator)] == [[QUESTION], [FOLLOW_UP], [THIRD]]
