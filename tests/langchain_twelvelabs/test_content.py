from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import AIMessageChunk

from langchain_twelvelabs._content import BlockContent, Part, StringContent, answer_content
from twelvelabs_responses import (
    ContentPartDone,
    Message,
    OutputItemDone,
    OutputTextDelta,
    Response,
    ResponseEvent,
    TextPiece,
)

DELTA = OutputTextDelta(type="response.output_text.delta", delta="")
PART_DONE = ContentPartDone(type="response.content_part.done")
CALL: dict[str, Any] = {"type": "function_call", "name": "search", "call_id": "call_1", "arguments": "{}"}
CALL_BLOCK = {"type": "server_tool_call", "id": "call_1", "name": "search", "args": {}}
RESULT: dict[str, Any] = {"type": "function_call_output", "call_id": "call_1", "output": "3 clips"}
RESULT_BLOCK = {"type": "server_tool_result", "tool_call_id": "call_1", "status": "success", "output": "3 clips"}
MARKED = {"type": "video_citation", "start_index": 4, "end_index": 6, "item_id": "ksi_1"}
UNPLACED = {"type": "citation", "extras": {"kind": "video", "item_id": "ksi_1"}}
ANNOTATION = {**UNPLACED, "start_index": 4, "end_index": 7}


def final(text: str, *annotations: dict[str, Any]) -> dict[str, Any]:
    content = [{"type": "output_text", "text": text, "annotations": annotations}]
    return {"type": "message", "phase": "final_answer", "content": content}


def commentary(text: str) -> dict[str, Any]:
    return {"type": "message", "phase": "commentary", "content": [{"type": "output_text", "text": text}]}


def response(*output: dict[str, Any]) -> Response:
    return Response.model_validate({"output": output})


def done(item: dict[str, Any]) -> OutputItemDone:
    return OutputItemDone.model_validate({"type": "response.output_item.done", "item": item})


def piece(text: str, output_index: int = 0, content_index: int = 0, *, is_answer: bool = True) -> TextPiece:
    return TextPiece(text, output_index, content_index, is_answer=is_answer)


def completed(*output: dict[str, Any]) -> ResponseEvent:
    return ResponseEvent(type="response.completed", response=response(*output))


def summed(*parts: Part) -> Any:
    total = AIMessageChunk(content=parts[0].content)
    for part in parts[1:]:
        total += AIMessageChunk(content=part.content)
    return total.content


@pytest.mark.parametrize(
    ("include", "output_version", "shape"),
    [
        ((), None, StringContent),
        (None, "v0", StringContent),
        (("intermediate_outputs",), None, BlockContent),
        ((), "v1", BlockContent),
    ],
)
def test_configuration_alone_decides_the_shape(include: Any, output_version: str | None, shape: type) -> None:
    assert isinstance(answer_content(include, output_version), shape)


# -- a string ------------------------------------------------------------------------------------------------------

CITED = {
    "kind": "video",
    "item_id": "ksi_1",
    "collection_id": None,
    "start_sec": None,
    "end_sec": None,
    "title": None,
    "thumbnail_url": None,
    "hls_url": None,
    "start": 4,
    "end": 7,
}


def test_a_string_is_the_reply_alone() -> None:
    assert StringContent().whole(response(commentary("Looking."), CALL, final("Two."))) == Part("Two.")


def test_the_parts_of_a_reply_are_joined_and_their_citations_shifted() -> None:
    whole = StringContent().whole(response(final("🥅 "), final("Two [1].", MARKED)))
    assert whole == Part("🥅 Two [1].", {"citations": [{**CITED, "start": 6, "end": 9}]})


def test_a_streamed_string_is_the_whole_one() -> None:
    content = StringContent()
    assert content.more(DELTA, [piece("Looking.", is_answer=False), piece("T", 1), piece("wo", 1)]) == Part("Two")
    assert content.more(done(CALL), []) == Part("")
    assert content.more(DELTA, [piece(" [1].", 1)]) == Part(" [1].")
    assert content.rest(response(commentary("Looking."), final("Two [1].", MARKED))) == Part("", {"citations": [CITED]})


def test_citations_do_not_point_into_a_text_that_is_not_the_one_that_streamed() -> None:
    content = StringContent()
    content.more(DELTA, [piece("Three [1].")])
    assert content.rest(response(final("Two [1].", MARKED))) == Part(
        "", {"citations": [{**CITED, "start": None, "end": None}]}
    )


# -- blocks --------------------------------------------------------------------------------------------------------


def test_what_happens_is_told_as_it_happens_and_citations_at_the_end() -> None:
    content = BlockContent()
    told = [
        content.more(DELTA, [piece("Look", is_answer=False)]),
        content.more(DELTA, [piece("ing.", is_answer=False)]),
        content.more(done(CALL), []),
        content.more(done(RESULT), []),
        content.more(DELTA, [piece("Two", 3)]),
        content.more(PART_DONE, [piece(" [1].", 3)]),
        content.more(done(final("Two [1].", MARKED)), []),
    ]
    assert [part.content for part in told] == [
        [{"type": "reasoning", "reasoning": "Look", "index": 0}],
        [{"type": "reasoning", "reasoning": "ing.", "index": 0}],
        [{**CALL_BLOCK, "index": 1}],
        [{**RESULT_BLOCK, "index": 2}],
        [{"type": "text", "text": "Two", "index": 3}],
        [{"type": "text", "text": " [1].", "index": 3}],
        [],
    ]
    whole = response(commentary("Looking."), CALL, RESULT, final("Two [1].", MARKED))
    rest = content.rest(whole)
    assert rest.content == [
        {"type": "reasoning", "reasoning": "", "extras": {"phase": "commentary"}, "index": 0},
        {"type": "text", "text": "", "annotations": [ANNOTATION], "index": 3},
    ]
    assert summed(*told, rest) == BlockContent().whole(whole).content


def test_the_parts_of_an_answer_are_blocks_of_their_own_and_those_of_commentary_are_one() -> None:
    content = BlockContent()
    pieces = [piece("a", is_answer=False), piece("b", 0, 1, is_answer=False), piece("c", 1), piece("d", 1, 1)]
    assert [block["index"] for block in content.more(DELTA, pieces).content if isinstance(block, dict)] == [0, 0, 1, 2]


def test_two_blocks_of_the_same_text_keep_their_own_citations() -> None:
    content = BlockContent()
    content.more(DELTA, [piece("Two [1].", 0), piece("Two [1].", 1)])
    rest = content.rest(response(final("Two [1]."), final("Two [1].", MARKED)))
    # Both streamed the same; the first of the response is the first of the stream.
    assert rest.content == [{"type": "text", "text": "", "annotations": [ANNOTATION], "index": 1}]


def test_what_the_stream_left_out_is_told_at_the_end() -> None:
    content = BlockContent()
    content.more(DELTA, [piece("Two.")])
    chart = {"type": "example:chart", "id": "chart_1"}
    assert content.rest(response(CALL, RESULT, chart, final("Two."))).content == [
        {**CALL_BLOCK, "index": 1},
        {**RESULT_BLOCK, "index": 2},
        {"type": "non_standard", "value": chart, "index": 3},
    ]


def test_an_unknown_item_is_told_once() -> None:
    content = BlockContent()
    chart = {"type": "example:chart", "id": "chart_1"}
    assert content.more(done(chart), []).content == [{"type": "non_standard", "value": chart, "index": 0}]
    assert content.rest(response({**chart, "status": "completed"})).content == []


@pytest.mark.parametrize(
    "other",
    [{"type": "example:chart", "id": "chart_2"}, {"type": "example:map", "id": "chart_1"}, {"type": "example:chart"}],
)
def test_unknown_items_are_told_apart_by_their_kind_and_id(other: dict[str, Any]) -> None:
    content = BlockContent()
    chart = {"type": "example:chart", "id": "chart_1"}
    content.more(done(chart), [])
    assert content.rest(response(other, chart)).content == [{"type": "non_standard", "value": other, "index": 1}]


def test_a_response_in_one_piece_is_told_in_its_own_order() -> None:
    whole = (CALL, final("Two [1].", MARKED), RESULT)
    content = BlockContent()
    assert content.more(completed(*whole), [piece("Two [1].", 1)]).content == []
    assert content.rest(response(*whole)).content == BlockContent().whole(response(*whole)).content


def test_text_that_was_held_back_is_told_with_the_terminal_event() -> None:
    content = BlockContent()
    content.more(done(CALL), [])
    assert content.more(completed(), [piece("Looking.", 0, is_answer=False), piece("Two.", 2)]).content == [
        {"type": "reasoning", "reasoning": "Looking.", "index": 1},
        {"type": "text", "text": "Two.", "index": 2},
    ]


def test_annotations_do_not_point_into_a_text_that_is_not_the_one_that_streamed() -> None:
    content = BlockContent()
    content.more(DELTA, [piece("Three [1]."), piece("Looked.", 1, is_answer=False)])
    assert content.rest(response(commentary("Looking."), final("Two [1].", MARKED))).content == [
        {"type": "text", "text": "", "annotations": [UNPLACED], "index": 2}
    ]


def test_an_item_that_did_not_come_along_is_nothing() -> None:
    content = BlockContent()
    assert content.more(OutputItemDone(type="response.output_item.done"), []).content == []
    assert content.more(OutputItemDone(type="response.output_item.done", item=Message()), []).content == []
