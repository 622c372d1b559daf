"""What LangChain's adding up of chunks corrupts: pitfalls 1, 2, 3, 10, 11, 12."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import HumanMessage
from langgraph.graph import START, MessagesState, StateGraph

from langchain_twelvelabs.testing import QUESTION, check_equal_on_every_path, check_tokens_on_every_path, total
from tests.langchain_twelvelabs.scripted_answers import (
    IN_EVERY_MODE,
    LONG,
    MODES,
    PHASELESS,
    documented,
    message,
    models,
    streamed,
    text,
)
from tests.langchain_twelvelabs.ways import WAYS, ask

if TYPE_CHECKING:
    from tests.wire_strategies import Told

# LangChain's own word about its third protocol.
pytestmark = pytest.mark.filterwarnings("ignore:The method .* is in beta")

USAGE = {"input_tokens": 9, "output_tokens": 4, "total_tokens": 13}


# langchain #38366, #30379; langchainjs #11054
@WAYS
def test_each_string_of_the_metadata_is_told_on_one_chunk_so_the_sum_is_that_of_invoke(way: str) -> None:
    assert ask(models(LONG, "default")(), QUESTION, way).response_metadata == {
        "model_provider": "twelvelabs",
        "model_name": "jockey1.0",
        "session_id": "sess_1",
        "response_id": "resp_1",
        "knowledge_store_id": "ks_1",
        "status": "completed",
    }


# langchain #30429, databricks-ai-bridge #638, langchainjs #10159
@WAYS
def test_usage_is_told_on_one_chunk_so_the_sum_is_the_services_count(way: str) -> None:
    begun, *events = LONG.events
    counted = {**begun, "response": {**begun["response"], "usage": {"input_tokens": 9, "output_tokens": 0}}}
    answer = replace(LONG, events=(counted, *events))
    assert ask(models(answer, "default")(), QUESTION, way).usage_metadata == USAGE


# langgraph #4848, langgraphjs #1219
@IN_EVERY_MODE
@WAYS
def test_a_stream_tells_its_usage_without_being_asked(mode: str, way: str) -> None:
    assert ask(models(LONG, mode)(), QUESTION, way).usage_metadata == USAGE


# langchain #16913
@pytest.mark.parametrize(
    ("mode", "answer"),
    [(mode, answer) for mode in MODES for answer in (LONG, PHASELESS) if documented(answer, mode)],
)
def test_each_chunk_is_told_to_the_callbacks_once_and_before_the_caller(mode: str, answer: Told) -> None:
    check_tokens_on_every_path(models(answer, mode))


# langgraphjs #1321, #798; threadplane #176
@IN_EVERY_MODE
def test_a_graph_shows_one_message_with_one_id(mode: str) -> None:
    model = models(LONG, mode)()
    builder = StateGraph(MessagesState)
    builder.add_node("ask", lambda state: {"messages": [model.invoke(state["messages"])]})
    builder.add_edge(START, "ask")
    asked = MessagesState(messages=[HumanMessage(QUESTION)])
    told_chunks: list[Any] = [chunk for chunk, _ in builder.compile().stream(asked, stream_mode="messages")]
    expected = models(LONG, mode)().invoke(QUESTION)
    assert {chunk.id for chunk in told_chunks} == {"resp_1"}
    assert total(told_chunks).content_blocks == expected.content_blocks
    assert total(told_chunks).usage_metadata == expected.usage_metadata
    assert len(told_chunks) == len(list(models(LONG, mode)().stream(QUESTION)))


# langchain #35984, langchainjs #10691, langchain-litellm #218
@settings(deadline=None, max_examples=15)
@given(parts=st.lists(st.tuples(st.sampled_from(["commentary", "final_answer"]), st.integers(1, 3)), max_size=4))
def test_each_part_of_the_reply_and_each_commentary_is_one_block_however_many_chunks_tell_it(
    parts: list[tuple[str, int]],
) -> None:
    told = [
        (phase, [f"Part {at} of message {number}." for at in range(count)])
        for number, (phase, count) in enumerate(parts)
    ]
    output = [
        message(phase, *(text(words) for words in texts), id=f"msg_{number}")
        for number, (phase, texts) in enumerate(told)
    ]
    expected: list[tuple[str, str]] = []
    for phase, texts in told:
        expected += [("reasoning", "".join(texts))] if phase == "commentary" else [("text", words) for words in texts]
    for answer in check_equal_on_every_path(models(streamed(*output), "include")).by_path.values():
        blocks = [(block["type"], block.get("text") or block.get("reasoning")) for block in answer.content_blocks]
        assert blocks == expected
