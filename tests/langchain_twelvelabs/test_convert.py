from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from langchain_twelvelabs._convert import Conversation, MessageChunks, answer_message, citations, conversation
from twelvelabs_responses import (
    Citation,
    InputItem,
    InvalidArgumentError,
    OutputTextDelta,
    Response,
    ResponseEvent,
    Session,
    TextPiece,
)

RESPONSE = Response.model_validate(
    {
        "id": "resp_1",
        "status": "completed",
        "session_id": "sess_1",
        "knowledge_store_id": "ks_1",
        "created_at": "2026-08-01T09:00:00Z",
        "usage": {"input_tokens": 9, "output_tokens": 4},
        "output": [
            {
                "type": "message",
                "phase": "final_answer",
                "content": [
                    {
                        "type": "output_text",
                        "text": "🥅 Two [1].",
                        "annotations": [
                            {
                                "type": "video_citation",
                                "start_index": 6,
                                "end_index": 8,
                                "item_id": "ksi_1",
                                "title": "Final",
                            }
                        ],
                    }
                ],
            }
        ],
    }
)
ANSWER = answer_message(RESPONSE, "jockey1.0")
CITED: dict[str, Any] = {
    "kind": "video",
    "item_id": "ksi_1",
    "collection_id": None,
    "start_sec": None,
    "end_sec": None,
    "title": "Final",
    "thumbnail_url": None,
    "hls_url": None,
    "start": 6,
    "end": 9,
}


def test_an_answer_says_where_its_session_stands() -> None:
    assert ANSWER.content == "🥅 Two [1]."
    assert ANSWER.id == "resp_1"
    assert ANSWER.response_metadata == {
        "model_provider": "twelvelabs",
        "model_name": "jockey1.0",
        "session_id": "sess_1",
        "response_id": "resp_1",
        "knowledge_store_id": "ks_1",
        "status": "completed",
        "created_at": "2026-08-01T09:00:00Z",
    }
    assert ANSWER.usage_metadata == {"input_tokens": 9, "output_tokens": 4, "total_tokens": 13}


def test_the_model_that_the_service_names_is_the_one_that_counts() -> None:
    named = answer_message(RESPONSE.model_copy(update={"model": "jockey2.0"}), "jockey1.0")
    assert named.response_metadata["model_name"] == "jockey2.0"


def test_an_answer_that_was_cut_short_says_why() -> None:
    cut = Response.model_validate({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}})
    message = answer_message(cut, None)
    assert message.response_metadata["status"] == "incomplete"
    assert message.response_metadata["incomplete_details"] == {"reason": "max_output_tokens"}


def test_citations_slice_their_markers_out_of_the_text() -> None:
    assert ANSWER.additional_kwargs == {"citations": [CITED]}
    assert citations(ANSWER) == [Citation(**CITED)]
    assert ANSWER.text[6:9] == "[1]"


def test_a_message_without_citations_has_none() -> None:
    assert citations(AIMessage("Hello")) == []
    assert answer_message(Response(), None).additional_kwargs == {}


def test_usage_that_is_missing_or_half_is_not_made_up() -> None:
    assert answer_message(Response(), None).usage_metadata is None
    half = Response.model_validate({"usage": {"input_tokens": 9}})
    assert answer_message(half, None).usage_metadata is None


def test_only_what_follows_the_last_answer_of_this_store_is_sent() -> None:
    messages = [
        SystemMessage("Be brief."),
        HumanMessage("Any goals?"),
        ANSWER,
        HumanMessage("Who?"),
        HumanMessage("When?"),
    ]
    assert conversation(messages, "ks_1") == Conversation(
        instructions="Be brief.",
        session=Session("sess_1", "resp_1", "ks_1"),
        input=(InputItem(content="Who?"), InputItem(content="When?")),
    )


def test_system_messages_count_wherever_they_stand() -> None:
    messages = [SystemMessage("One."), HumanMessage("Any goals?"), ANSWER, SystemMessage("Two."), HumanMessage("Who?")]
    assert conversation(messages, "ks_1").instructions == "One.\n\nTwo."


def test_a_conversation_that_has_not_begun_has_no_session() -> None:
    assert conversation([HumanMessage("Any goals?")], "ks_1") == Conversation(
        instructions=None, session=None, input=(InputItem(content="Any goals?"),)
    )


FOREIGN: list[dict[str, Any]] = [
    {"model_provider": "openai", "session_id": "sess_1", "knowledge_store_id": "ks_1"},
    {"model_provider": "twelvelabs", "session_id": "sess_1", "knowledge_store_id": "ks_2"},
    {"model_provider": "twelvelabs", "knowledge_store_id": "ks_1"},
    {},
]


@pytest.mark.parametrize("facts", FOREIGN)
def test_an_answer_of_another_model_or_store_is_not_dropped_in_silence(facts: dict[str, Any]) -> None:
    messages = [HumanMessage("Hi"), AIMessage("Hello", response_metadata=facts), HumanMessage("Who?")]
    with pytest.raises(InvalidArgumentError, match="a new ai message"):
        conversation(messages, "ks_1")


@pytest.mark.parametrize(
    "content",
    [
        "Who?",
        ["Who?"],
        [{"type": "text", "text": "Who?"}],
        [{"type": "text", "text": "Wh"}, {"type": "text", "text": "o?"}],
    ],
)
def test_text_is_read_in_every_shape_that_langchain_has(content: Any) -> None:
    assert conversation([HumanMessage(content)], "ks_1").input == (InputItem(content="Who?"),)


@pytest.mark.parametrize("messages", [[], [ANSWER], [HumanMessage("Any goals?"), ANSWER]])
def test_nothing_new_to_ask_is_refused(messages: list[BaseMessage]) -> None:
    with pytest.raises(InvalidArgumentError, match="nothing after the last answer"):
        conversation(messages, "ks_1")


def test_media_is_refused_by_its_type() -> None:
    image = HumanMessage([{"type": "text", "text": "Who?"}, {"type": "image", "url": "https://example.com/a.png"}])
    with pytest.raises(InvalidArgumentError, match="a block of type image"):
        conversation([image], "ks_1")


def test_a_stream_says_each_fact_on_one_chunk_and_its_id_on_all() -> None:
    created = ResponseEvent(type="response.created", response=RESPONSE.model_copy(update={"output": ()}))
    delta = OutputTextDelta(type="response.output_text.delta", delta="")
    chunks = MessageChunks("jockey1.0")
    made = [
        *chunks.of(created, []),
        *chunks.of(created, []),
        *chunks.of(
            delta, [TextPiece("Looking.", 0, 0, is_answer=False), TextPiece("🥅 Two [1].", 1, 0, is_answer=True)]
        ),
        chunks.last(RESPONSE),
    ]
    assert [chunk.text for chunk in made] == ["", "🥅 Two [1].", ""]
    assert {chunk.id for chunk in made} == {"resp_1"}
    total = made[0] + made[1] + made[2]
    assert total.response_metadata == ANSWER.response_metadata
    assert total.usage_metadata == ANSWER.usage_metadata
    assert total.additional_kwargs == ANSWER.additional_kwargs
    assert total.text == ANSWER.text
