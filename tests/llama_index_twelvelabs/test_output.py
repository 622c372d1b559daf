from __future__ import annotations

import json

from llama_index.core.base.llms.types import MessageRole
from llama_index.core.callbacks.token_counting import get_tokens_from_response

from llama_index_twelvelabs._output import ChatResponses, chat_response, response_facts
from twelvelabs_responses import Response, TextPiece

PART = {"type": "output_text", "text": '<vref id="1" start="00:03" end="00:09"/>'}
WHOLE = Response.model_validate(
    {
        "id": "resp_1",
        "status": "incomplete",
        "session_id": "sess_1",
        "knowledge_store_id": "ks_1",
        "incomplete_details": {"reason": "max_output_tokens"},
        "usage": {"input_tokens": 9, "output_tokens": 4},
        "created_at": "2026-08-01T09:00:00Z",
        "output": [{"type": "message", "content": [PART]}],
    }
)
MARKER = {"session_id": "sess_1", "response_id": "resp_1", "knowledge_store_id": "ks_1"}


def piece(text: str, *, is_answer: bool = True) -> TextPiece:
    return TextPiece(text=text, is_answer=is_answer, output_index=0, content_index=0)


def test_facts_are_never_empty() -> None:
    assert response_facts(Response()) == {"status": "in_progress"}


def test_facts_are_flat_and_json() -> None:
    facts = response_facts(WHOLE)
    assert json.loads(json.dumps(facts)) == facts
    (cited,) = facts.pop("citations")
    assert (cited["item_id"], cited["start_sec"], cited["end_sec"]) == ("ksi_1", 3.0, 9.0)
    assert facts == {
        "status": "incomplete",
        "session_id": "sess_1",
        "response_id": "resp_1",
        "knowledge_store_id": "ks_1",
        "incomplete_details": {"reason": "max_output_tokens"},
        "usage": {"input_tokens": 9, "output_tokens": 4},
        "created_at": "2026-08-01T09:00:00Z",
    }


def test_a_whole_response_is_marked_and_keeps_what_the_service_sent() -> None:
    whole = chat_response(WHOLE)
    assert (whole.message.content, whole.message.additional_kwargs) == (PART["text"], {"twelvelabs": MARKER})
    assert whole.message.role is MessageRole.ASSISTANT
    assert whole.additional_kwargs == response_facts(WHOLE)
    assert type(whole.raw) is dict
    assert Response.model_validate(whole.raw) == WHOLE


def test_llama_index_counts_the_tokens_of_a_whole_response() -> None:
    assert get_tokens_from_response(chat_response(WHOLE)) == (9, 4)


def test_a_stream_tells_its_session_first_then_the_text_and_all_the_rest_at_its_end() -> None:
    told = ChatResponses()
    first = told.first(WHOLE)
    assert (first.delta, first.message.content, first.message.additional_kwargs) == ("", "", {"twelvelabs": MARKER})
    deltas = [told.of([piece("Two ")]), told.of([piece("goals"), piece(".")])]
    assert [(each.delta, each.message.content) for each in deltas if each] == [
        ("Two ", "Two "),
        ("goals.", "Two goals."),
    ]
    assert [(each.message.role, each.additional_kwargs) for each in deltas if each] == [(MessageRole.ASSISTANT, {})] * 2
    last = told.last(WHOLE)
    assert last.delta == ""
    assert last == chat_response(WHOLE).model_copy(update={"delta": ""})


def test_commentary_is_a_thought_and_no_part_of_the_text() -> None:
    told = ChatResponses()
    commentary = told.of([piece("Look", is_answer=False), piece("ing.", is_answer=False)])
    assert commentary is not None
    assert (commentary.delta, commentary.message.content) == ("", "")
    assert commentary.additional_kwargs == {"thinking_delta": "Looking."}
    both = told.of([piece("Found.", is_answer=False), piece("Two.")])
    assert both is not None
    assert (both.delta, both.message.content, both.additional_kwargs) == ("Two.", "Two.", {"thinking_delta": "Found."})


def test_an_update_that_says_nothing_makes_no_chat_response() -> None:
    assert ChatResponses().of([]) is None
