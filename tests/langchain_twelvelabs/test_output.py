from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk

from langchain_twelvelabs._content import BlockContent, StringContent
from langchain_twelvelabs._output import AnswerChunks, answer_message, citations
from langchain_twelvelabs.testing import check_chunks, total
from twelvelabs_responses import (
    Citation,
    Keepalive,
    OutputItemDone,
    OutputTextDelta,
    Response,
    ResponseEvent,
    TextPiece,
)

if TYPE_CHECKING:
    from langchain_twelvelabs._content import AnswerContent

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
                    {"type": "output_text", "text": "🥅 Yes. "},
                    {
                        "type": "output_text",
                        "text": "🧤 Two [1].",
                        "annotations": [
                            {"type": "video_citation", "start_index": 6, "end_index": 8, "item_id": "ksi_1"}
                        ],
                    },
                ],
            }
        ],
    }
)
BEGUN = RESPONSE.model_copy(update={"output": (), "usage": None, "status": "in_progress", "created_at": "earlier"})
CREATED = ResponseEvent(type="response.created", response=BEGUN)
DELTA = OutputTextDelta(type="response.output_text.delta", delta="")
PIECES = [TextPiece("🥅 Yes. ", 0, 0, is_answer=True), TextPiece("🧤 Two [1].", 0, 1, is_answer=True)]
IN_BOTH_SHAPES = pytest.mark.parametrize("shape", [StringContent, BlockContent])


def made(shape: type[AnswerContent], response: Response = RESPONSE, model: str | None = "jockey1.0") -> AIMessage:
    return answer_message(response, model, shape())


def streamed(shape: type[AnswerContent], created: ResponseEvent = CREATED) -> list[Any]:
    chunks = AnswerChunks("jockey1.0", shape())
    told = [chunks.of(created, []), chunks.of(created, [])]
    told += [chunks.of(DELTA, [piece]) for piece in PIECES]
    return [chunk for chunk in told if chunk is not None] + [chunks.last(RESPONSE)]


@IN_BOTH_SHAPES
def test_an_answer_says_where_its_session_stands(shape: type[AnswerContent]) -> None:
    answer = made(shape)
    assert answer.id == "resp_1"
    assert answer.text == "🥅 Yes. 🧤 Two [1]."
    assert answer.response_metadata == {
        "model_provider": "twelvelabs",
        "model_name": "jockey1.0",
        "session_id": "sess_1",
        "response_id": "resp_1",
        "knowledge_store_id": "ks_1",
        "status": "completed",
        "created_at": "2026-08-01T09:00:00Z",
    }
    assert answer.usage_metadata == {"input_tokens": 9, "output_tokens": 4, "total_tokens": 13}


def test_an_answer_has_the_shape_it_was_to_have() -> None:
    assert made(StringContent).content == "🥅 Yes. 🧤 Two [1]."
    assert [block["type"] for block in made(BlockContent).content if isinstance(block, dict)] == ["text", "text"]
    assert made(StringContent, Response()).content == ""
    assert made(BlockContent, Response()).content == []


def test_the_model_that_the_service_names_is_the_one_that_counts() -> None:
    named = made(StringContent, RESPONSE.model_copy(update={"model": "jockey2.0"}))
    assert named.response_metadata["model_name"] == "jockey2.0"


def test_an_answer_that_was_cut_short_says_why() -> None:
    cut = Response.model_validate({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}})
    message = made(StringContent, cut, None)
    assert message.response_metadata == {
        "model_provider": "twelvelabs",
        "status": "incomplete",
        "incomplete_details": {"reason": "max_output_tokens"},
    }


@IN_BOTH_SHAPES
def test_citations_slice_their_markers_out_of_the_text(shape: type[AnswerContent]) -> None:
    assert citations(made(shape)) == [Citation(kind="video", item_id="ksi_1", start=13, end=16)]
    assert made(shape).text[13:16] == "[1]"
    assert citations(total(streamed(shape))) == citations(made(shape))


def test_citations_of_many_blocks_slice_their_markers_out_of_the_joined_text() -> None:
    annotation = {"type": "video_citation", "start_index": 3, "end_index": 5}
    parts = [{"type": "output_text", "text": f"🥅 {name}[1]", "annotations": [annotation]} for name in "abc"]
    answer = made(BlockContent, Response.model_validate({"output": [{"type": "message", "content": parts}]}))
    assert [(found.start, found.end) for found in citations(answer)] == [(3, 6), (9, 12), (15, 18)]
    assert answer.text == "🥅 a[1]🥅 b[1]🥅 c[1]"


def test_an_answer_without_citations_has_none() -> None:
    assert citations(made(StringContent, Response())) == []
    unknown = {"type": "text", "text": "Two.", "annotations": [{"type": "non_standard_annotation", "value": {}}]}
    assert citations(AIMessage([unknown], response_metadata={"model_provider": "twelvelabs"})) == []


def test_what_other_models_cite_is_not_taken_for_ours() -> None:
    theirs = {"type": "text", "text": "Two.", "annotations": [{"type": "citation", "url": "https://example.com"}]}
    assert citations(AIMessage([theirs])) == []
    assert citations(AIMessage("Two.", additional_kwargs={"citations": [{"start": 0, "document_ids": ["1"]}]})) == []


def test_blocks_that_are_no_text_move_no_citation() -> None:
    thought = {"type": "reasoning", "reasoning": "Looking.", "index": 9}
    answer = made(BlockContent)
    assert isinstance(answer.content, list)
    answer.content.insert(1, thought)
    assert citations(answer) == citations(made(BlockContent))


def test_usage_that_is_missing_or_half_is_not_made_up() -> None:
    assert made(StringContent, Response()).usage_metadata is None
    for half in ({"input_tokens": 9}, {"output_tokens": 4}):
        assert made(StringContent, Response.model_validate({"usage": half})).usage_metadata is None


@IN_BOTH_SHAPES
def test_a_stream_says_each_fact_on_one_chunk_and_its_id_on_all(shape: type[AnswerContent]) -> None:
    chunks = streamed(shape)
    check_chunks(chunks)
    assert [chunk.text for chunk in chunks] == ["", "🥅 Yes. ", "🧤 Two [1].", ""]
    assert {chunk.id for chunk in chunks} == {"resp_1"}
    assert [sorted(chunk.response_metadata) for chunk in chunks] == [
        ["knowledge_store_id", "model_provider", "response_id", "session_id"],
        ["model_provider"],
        ["model_provider"],
        ["created_at", "model_name", "model_provider", "status"],
    ]
    assert [chunk.usage_metadata is None for chunk in chunks] == [True, True, True, False]


@IN_BOTH_SHAPES
def test_the_chunks_add_up_to_the_answer(shape: type[AnswerContent]) -> None:
    added, whole = total(streamed(shape)), made(shape)
    assert added.content == whole.content
    assert added.content_blocks == whole.content_blocks
    assert added.response_metadata == whole.response_metadata
    assert added.usage_metadata == whole.usage_metadata
    assert added.additional_kwargs == whole.additional_kwargs


@IN_BOTH_SHAPES
def test_what_the_first_event_did_not_say_the_last_chunk_does(shape: type[AnswerContent]) -> None:
    bare = ResponseEvent(type="response.created", response=Response(id="resp_1"))
    chunks = streamed(shape, bare)
    check_chunks(chunks)
    assert total(chunks).response_metadata == made(shape).response_metadata
    assert chunks[-1].response_metadata["session_id"] == "sess_1"


def test_the_id_stays_as_the_stream_first_told_it() -> None:
    chunks = AnswerChunks(None, StringContent())
    told = [chunks.of(DELTA, PIECES), chunks.of(CREATED, PIECES)]
    told.append(chunks.of(ResponseEvent(type="response.in_progress", response=Response()), PIECES))
    told.append(chunks.of(ResponseEvent(type="response.in_progress", response=Response(id="resp_2")), PIECES))
    assert [chunk.id for chunk in told if chunk is not None] == [None, "resp_1", "resp_1", "resp_1"]


def test_what_the_service_does_is_a_chunk_of_its_own_as_it_is_done() -> None:
    call = {"type": "function_call", "name": "search", "call_id": "call_1"}
    done = OutputItemDone.model_validate({"type": "response.output_item.done", "item": call})
    chunk = AnswerChunks(None, BlockContent()).of(done, [])
    assert chunk is not None
    assert chunk.content == [{"type": "server_tool_call", "id": "call_1", "name": "search", "args": {}, "index": 0}]
    assert AnswerChunks(None, StringContent()).of(done, []) is None


def test_two_chunks_are_as_langchain_makes_them_and_share_nothing_that_can_be_changed() -> None:
    chunks = AnswerChunks(None, StringContent())
    event = OutputTextDelta(type="response.output_text.delta", delta="x")
    first, second = (chunks.of(event, [TextPiece(text, 0, 0, is_answer=True)]) for text in ("One", "Two"))
    assert first == AIMessageChunk(content="One", response_metadata={"model_provider": "twelvelabs"})
    assert second == AIMessageChunk(content="Two", response_metadata={"model_provider": "twelvelabs"})
    shared = [name for name, value in first if value is getattr(second, name) and isinstance(value, dict | list)]
    assert shared == []


def test_an_update_that_says_nothing_makes_no_chunk() -> None:
    chunks = AnswerChunks(None, StringContent())
    assert chunks.of(Keepalive(type="keepalive"), []) is None
    assert chunks.of(ResponseEvent(type="response.in_progress"), []) is None
    assert chunks.of(DELTA, [TextPiece("Looking.", 0, 0, is_answer=False)]) is None
