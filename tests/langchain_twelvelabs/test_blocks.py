from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk

from langchain_twelvelabs._blocks import annotated_citation, answer_blocks, citation_annotation, item_block
from twelvelabs_responses import Citation, FunctionCall, FunctionCallOutput, Response, UnknownItem

MARKED: dict[str, Any] = {"type": "video_citation", "start_index": 6, "end_index": 8, "item_id": "ksi_1"}
ANNOTATION: dict[str, Any] = {
    "type": "citation",
    "start_index": 6,
    "end_index": 9,
    "extras": {"kind": "video", "item_id": "ksi_1"},
}
WHOLE = Citation(
    kind="video",
    item_id="ksi_1",
    collection_id="ksic_1",
    start_sec=1.5,
    end_sec=9.0,
    title="Final",
    thumbnail_url="https://example.com/a.jpg",
    hls_url="https://example.com/a.m3u8",
    start=6,
    end=9,
)


def text(value: str, *annotations: dict[str, Any]) -> dict[str, Any]:
    return {"type": "output_text", "text": value, "annotations": annotations}


def message(phase: str | None, *content: dict[str, Any]) -> dict[str, Any]:
    return {"type": "message", "content": content} | ({"phase": phase} if phase else {})


def blocks(*output: dict[str, Any]) -> list[dict[str, Any]]:
    return answer_blocks(Response.model_validate({"output": output}))


CALL: dict[str, Any] = {"type": "function_call", "name": "search", "call_id": "call_1", "arguments": '{"query":"goal"}'}
RESULT: dict[str, Any] = {"type": "function_call_output", "call_id": "call_1", "output": "3 clips"}
CALL_BLOCK = {"type": "server_tool_call", "id": "call_1", "name": "search", "args": {"query": "goal"}}
RESULT_BLOCK = {"type": "server_tool_result", "tool_call_id": "call_1", "status": "success", "output": "3 clips"}


def test_everything_the_service_did_is_a_block_in_its_place() -> None:
    made = blocks(
        message("commentary", text("Looking.")),
        CALL,
        RESULT,
        {"type": "example:map", "places": ["goal line"]},
        message("thinking_aloud", text("Hm.")),
        message("final_answer", text("🥅 Two [1].", MARKED), text("Both late.")),
    )
    assert made == [
        {"type": "reasoning", "reasoning": "Looking.", "extras": {"phase": "commentary"}, "index": 0},
        {**CALL_BLOCK, "index": 1},
        {**RESULT_BLOCK, "index": 2},
        {"type": "non_standard", "value": {"type": "example:map", "places": ["goal line"]}, "index": 3},
        {"type": "reasoning", "reasoning": "Hm.", "extras": {"phase": "thinking_aloud"}, "index": 4},
        {"type": "text", "text": "🥅 Two [1].", "annotations": [ANNOTATION], "index": 5},
        {"type": "text", "text": "Both late.", "index": 6},
    ]


def test_an_annotation_slices_the_marker_out_of_its_own_block() -> None:
    first, second = blocks(
        message("final_answer", text("Yes. "), text("🥅👩‍👧 [1].", MARKED | {"start_index": 5, "end_index": 7}))
    )
    assert "annotations" not in first
    (found,) = second["annotations"]
    assert second["text"][found["start_index"] : found["end_index"]] == "[1]"


def test_text_without_a_phase_stands_where_a_stream_can_tell_what_it_is() -> None:
    looking, answer = message(None, text("Looking.")), message(None, text("Two."))
    assert [block["type"] for block in blocks(looking, CALL, RESULT, answer)] == [
        "server_tool_call",
        "server_tool_result",
        "reasoning",
        "text",
    ]
    final = message("final_answer", text("Two."))
    assert [block["type"] for block in blocks(looking, CALL, final, RESULT)] == [
        "server_tool_call",
        "text",
        "text",
        "server_tool_result",
    ]
    assert [block["type"] for block in blocks(final, looking, CALL)] == ["text", "text", "server_tool_call"]


def test_what_says_nothing_is_no_block() -> None:
    assert blocks(message("commentary", text("")), message("final_answer", text(""))) == []
    assert blocks(message("commentary"), message("final_answer")) == []


def test_what_commentary_cites_is_kept_for_its_joined_text() -> None:
    at_once = MARKED | {"start_index": 0, "end_index": 2}
    (block,) = blocks(message("commentary", text("See "), text("[1]", at_once), text("[2]", at_once)))
    found = [(each["start_index"], each["end_index"]) for each in block["extras"]["annotations"]]
    assert [block["reasoning"][start:end] for start, end in found] == ["[1]", "[2]"]


def test_commentary_without_a_phase_has_no_extras() -> None:
    assert blocks(message(None, text("Looking.")), message(None, text("Two."))) == [
        {"type": "reasoning", "reasoning": "Looking.", "index": 0},
        {"type": "text", "text": "Two.", "index": 1},
    ]


def test_an_annotation_in_an_unknown_shape_is_kept_as_it_came() -> None:
    odd = {"type": "video_citation", "start_index": "six"}
    (block,) = blocks(message(None, text("Two.", odd)))
    assert block["annotations"] == [{"type": "non_standard_annotation", "value": odd}]


def test_a_citation_without_text_is_kept() -> None:
    (block,) = blocks(message(None, text("", {"type": "video_citation", "item_id": "ksi_1"})))
    assert block == {
        "type": "text",
        "text": "",
        "annotations": [{"type": "citation", "extras": {"kind": "video", "item_id": "ksi_1"}}],
        "index": 0,
    }


def test_an_unknown_part_is_kept_at_the_end() -> None:
    refusal = {"type": "refusal", "refusal": "I cannot see that."}
    made = blocks(message("commentary", refusal), message("final_answer", text("Two.")))
    assert made == [
        {"type": "text", "text": "Two.", "index": 0},
        {"type": "non_standard", "value": refusal, "index": 1},
    ]


def test_an_unknown_part_does_not_stand_in_the_way_of_the_text_beside_it() -> None:
    refusal = {"type": "refusal", "refusal": "I cannot see that.", "text": "No.", "annotations": ()}
    made = blocks(message("commentary", refusal, text("Looking.")), message("final_answer", text("Two."), refusal))
    assert [block["type"] for block in made] == ["reasoning", "text", "non_standard", "non_standard"]
    assert (made[0]["reasoning"], made[1]["text"]) == ("Looking.", "Two.")


def test_a_tag_is_a_citation_as_well() -> None:
    (block,) = blocks(message(None, text('Two <vref id="1" start="00:10" end="00:12"></vref>.')))
    assert block["annotations"] == [
        {
            "type": "citation",
            "start_index": 4,
            "end_index": 50,
            "extras": {"kind": "video", "item_id": "ksi_1", "start_sec": 10.0, "end_sec": 12.0},
        }
    ]


@pytest.mark.parametrize("arguments", ["not JSON", "[1]", "7", pytest.param('{"a":' * 100_000, id="too deep")])
def test_arguments_that_are_no_object_are_kept_as_they_came(arguments: str) -> None:
    call = FunctionCall(name="search", call_id="call_1", arguments=arguments)
    assert item_block(call) == {**CALL_BLOCK, "args": {}, "extras": {"arguments": arguments}}


def test_a_call_and_a_result_that_say_nothing_are_blocks_all_the_same() -> None:
    assert item_block(FunctionCall()) == {"type": "server_tool_call", "id": "", "name": "", "args": {}}
    assert item_block(FunctionCallOutput()) == {**RESULT_BLOCK, "tool_call_id": "", "output": None}


@pytest.mark.parametrize(("status", "said"), [("completed", "success"), ("incomplete", "error"), ("failed", "error")])
def test_a_result_that_was_cut_short_is_an_error(status: str, said: str) -> None:
    assert item_block(FunctionCallOutput(status=status))["status"] == said


def test_an_unknown_item_is_kept_as_it_came() -> None:
    item = UnknownItem.model_validate({"type": "example:map", "id": "map_1", "places": []})
    assert item_block(item) == {"type": "non_standard", "value": {"type": "example:map", "id": "map_1", "places": []}}


@pytest.mark.parametrize(
    "citation", [WHOLE, Citation(kind="text"), Citation(kind="collection", collection_id="ksic_1")]
)
def test_a_citation_survives_being_an_annotation(citation: Citation) -> None:
    assert annotated_citation(citation_annotation(citation)) == citation


def test_what_readers_of_standard_citations_look_for_stands_where_they_look() -> None:
    assert citation_annotation(WHOLE) == {
        "type": "citation",
        "url": "https://example.com/a.m3u8",
        "title": "Final",
        "start_index": 6,
        "end_index": 9,
        "extras": {
            "kind": "video",
            "item_id": "ksi_1",
            "collection_id": "ksic_1",
            "start_sec": 1.5,
            "end_sec": 9.0,
            "thumbnail_url": "https://example.com/a.jpg",
        },
    }


# -- LangChain's translator ----------------------------------------------------------------------------------------

OURS = {"model_provider": "twelvelabs"}
CITED = {"citations": [{"kind": "video", "item_id": "ksi_1", "start": 6, "end": 9}]}
MESSAGES = pytest.mark.parametrize("kind", [AIMessage, AIMessageChunk])


@MESSAGES
def test_a_string_is_one_text_block_with_its_citations(kind: type[AIMessage]) -> None:
    answer = kind("🥅 Two [1].", response_metadata=OURS, additional_kwargs=CITED)
    assert answer.content_blocks == [{"type": "text", "text": "🥅 Two [1].", "annotations": [ANNOTATION], "index": 0}]


@MESSAGES
def test_a_string_without_citations_is_one_plain_text_block(kind: type[AIMessage]) -> None:
    assert kind("Two.", response_metadata=OURS).content_blocks == [{"type": "text", "text": "Two.", "index": 0}]


@MESSAGES
def test_an_empty_string_is_no_block_unless_it_brings_citations(kind: type[AIMessage]) -> None:
    assert kind("", response_metadata=OURS).content_blocks == []
    (block,) = kind("", response_metadata=OURS, additional_kwargs=CITED).content_blocks
    assert block == {"type": "text", "text": "", "annotations": [ANNOTATION], "index": 0}


@MESSAGES
def test_blocks_are_what_they_are(kind: type[AIMessage]) -> None:
    content: list[Any] = [{**CALL_BLOCK, "index": 0}, {"type": "text", "text": "Two.", "index": 1}]
    assert kind(content, response_metadata=OURS).content_blocks == content


@MESSAGES
def test_a_string_that_somebody_put_among_the_blocks_is_text(kind: type[AIMessage]) -> None:
    answer = kind(["Note.", {"type": "text", "text": "Two.", "index": 0}], response_metadata=OURS)
    assert answer.content_blocks[0] == {"type": "text", "text": "Note."}


@MESSAGES
def test_a_citation_that_a_later_version_wrote_is_kept_and_read(kind: type[AIMessage]) -> None:
    cited = [{"kind": "video", "item_id": "ksi_1", "start": 6, "end": 9, "speaker": "Kim"}]
    answer = kind("Goal: [1].", response_metadata=OURS, additional_kwargs={"citations": cited})
    (block,) = answer.content_blocks
    annotation = {**ANNOTATION, "extras": {**ANNOTATION["extras"], "speaker": "Kim"}}
    assert block["annotations"] == [annotation]  # type: ignore[typeddict-item]  # a text block
    assert annotated_citation(annotation) == Citation(kind="video", item_id="ksi_1", start=6, end=9)


@MESSAGES
def test_client_side_calls_that_somebody_added_are_not_lost(kind: type[AIMessage]) -> None:
    answer = kind("Two.", response_metadata=OURS, tool_calls=[{"name": "add", "args": {}, "id": "1"}])
    assert [block["type"] for block in answer.content_blocks] == ["text", "tool_call"]
