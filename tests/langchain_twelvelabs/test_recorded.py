"""What a user of `ChatTwelveLabs` sees of each behaviour of the service, replayed from recordings."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.messages import HumanMessage, SystemMessage

from langchain_twelvelabs import ChatTwelveLabs, citations
from tests.langchain_twelvelabs.ways import WAYS, ask
from tests.recorded import (
    CUT_SHORT,
    CUT_SHORT_BY_AN_EVENT,
    ERROR_EVENTS,
    FAILED,
    HALF_AN_ANSWER,
    LOST,
    NO_SUCH_SESSION,
    OLDER_ERAS,
    TAG,
    Scorers,
    check_asked_for_scorers,
    check_failed,
    check_lost,
)
from tests.refusals import REFUSALS
from tests.tape import FOLLOW_UP, QUESTION
from twelvelabs_responses import ResponseFailedError, Selection, SessionError

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage, BaseMessage

    from tests.refusals import Refusal
    from tests.tape import Tape

pytestmark = [pytest.mark.vcr, pytest.mark.block_network]
STREAMS = pytest.mark.parametrize("way", ["stream", "astream"])


def model_of(tape: Tape, **options: Any) -> ChatTwelveLabs:
    return ChatTwelveLabs(knowledge_store_id=tape.store, max_retries=tape.retries, **options)


def answered(tape: Tape, way: str, **options: Any) -> AIMessage:
    return ask(model_of(tape, **options), QUESTION, way)


@WAYS
def test_an_answer_comes_with_its_text_ids_and_usage(tape: Tape, way: str) -> None:
    message = answered(tape, way)
    told = tape.answer.response
    assert tape.sent == [tape.body(QUESTION, way=way)]
    assert message.text == tape.answer.text
    facts = message.response_metadata
    assert (message.id, facts["response_id"], facts["session_id"]) == (told["id"], told["id"], told["session_id"])
    assert (facts["status"], facts["model_provider"]) == ("completed", "twelvelabs")
    assert message.usage_metadata is not None
    assert message.usage_metadata["output_tokens"] == told["usage"]["output_tokens"]


@WAYS
def test_a_conversation_goes_on_in_its_session(tape: Tape, way: str) -> None:
    history: list[BaseMessage] = [HumanMessage(QUESTION)]
    first = ask(model_of(tape), history, way)
    second = ask(model_of(tape), [*history, first, HumanMessage(FOLLOW_UP)], way)
    session_id = tape.answers[0].response["session_id"]
    assert tape.sent == [tape.body(QUESTION, way=way), tape.body(FOLLOW_UP, way=way, session_id=session_id)]
    assert second.text == tape.answers[1].text
    assert second.response_metadata["session_id"] == session_id


@WAYS
def test_instructions_go_along(tape: Tape, way: str) -> None:
    message = ask(model_of(tape), [SystemMessage("Answer in one sentence."), HumanMessage(QUESTION)], way)
    assert tape.sent == [tape.body(QUESTION, way=way, instructions="Answer in one sentence.")]
    assert message.text == tape.answer.text


@WAYS
def test_the_steps_to_an_answer_are_shown_if_included(tape: Tape, way: str) -> None:
    message = answered(tape, way, include=("intermediate_outputs",))
    assert tape.sent == [tape.body(QUESTION, way=way, include=["intermediate_outputs"])]
    told = tape.answer.items
    blocks: list[Any] = message.content_blocks
    calls = [(block["name"], block["id"]) for block in blocks if block["type"] == "server_tool_call"]
    outputs = [block["output"] for block in blocks if block["type"] == "server_tool_result"]
    assert calls == [(item["name"], item["call_id"]) for item in told if item["type"] == "function_call"]
    assert outputs == [item["output"] for item in told if item["type"] == "function_call_output"]
    assert (blocks[0]["type"], blocks[0]["reasoning"]) == ("reasoning", told[0]["content"][0]["text"])
    assert (blocks[-1]["type"], blocks[-1]["text"]) == ("text", tape.answer.text)


@WAYS
def test_a_typed_answer_is_an_object(tape: Tape, way: str) -> None:
    typed = model_of(tape).with_structured_output(Scorers)

    async def awaited() -> list[Any]:
        return [await typed.ainvoke(QUESTION)] if way == "ainvoke" else [part async for part in typed.astream(QUESTION)]

    if way.startswith("a"):
        answers = asyncio.run(awaited())
    else:
        answers = [typed.invoke(QUESTION)] if way == "invoke" else list(typed.stream(QUESTION))
    check_asked_for_scorers(tape, way)
    assert answers[-1] == Scorers.model_validate_json(tape.answer.text)


@WAYS
def test_a_selection_goes_along_and_is_cited(tape: Tape, way: str) -> None:
    cited = citations(answered(tape, way))[0].item_id or ""
    message = ask(model_of(tape), "Who scored in {{sel:0}}?", way, selections=[Selection(kind="item", id=cited)])
    chosen = [{"kind": "item", "id": cited}]
    assert tape.sent[1] == tape.body("Who scored in {{sel:0}}?", way=way, selections=chosen)
    assert message.text == tape.answers[1].text
    assert {citation.item_id for citation in citations(message)} == {cited}


@WAYS
def test_annotations_are_citations(tape: Tape, way: str) -> None:
    message = answered(tape, way)
    assert len(citations(message)) == len(tape.answer.annotations) > 0
    for citation, told in zip(citations(message), tape.answer.annotations, strict=True):
        assert (citation.item_id, citation.title) == (told["item_id"], told["title"])
        assert (citation.start_sec, citation.end_sec) == (told.get("start_sec"), told.get("end_sec"))
        assert (citation.start, citation.end) == (told["start_index"], told["end_index"] + 1)
        assert message.text[citation.start : citation.end].startswith("[")


@WAYS
@OLDER_ERAS
def test_tags_of_earlier_services_are_citations(tape: Tape, way: str, era: str) -> None:
    message = answered(tape, way)
    (citation,) = citations(message)
    assert message.text == tape.answer.text
    assert message.text[citation.start : citation.end] == TAG
    assert (citation.item_id, citation.time_range) == ("ksi_00000000-0000-4000-8000-000000000002", "1:05-1:20")
    assert ("model" in tape.answer.response) is (era == "april")


@WAYS
@CUT_SHORT
def test_an_answer_that_was_cut_short_is_no_error(tape: Tape, way: str) -> None:
    message = answered(tape, way)
    assert message.response_metadata["status"] == "incomplete"
    assert message.response_metadata["incomplete_details"] == {"reason": "max_output_tokens"}
    assert message.text == tape.answer.text == HALF_AN_ANSWER


@STREAMS
@CUT_SHORT_BY_AN_EVENT
def test_a_stream_may_say_by_its_last_event_that_it_was_cut_short(tape: Tape, way: str) -> None:
    message = answered(tape, way)
    assert message.response_metadata["status"] == "incomplete"
    assert message.text == tape.answer.text == HALF_AN_ANSWER
    assert tape.answer.frames[-1]["type"] == "response.incomplete"


@WAYS
@FAILED
def test_a_failed_answer_is_an_error_with_the_text_so_far(tape: Tape, way: str) -> None:
    with pytest.raises(ResponseFailedError) as caught:
        answered(tape, way)
    check_failed(caught.value, tape)


@STREAMS
@ERROR_EVENTS
def test_an_error_event_is_an_error_with_the_text_so_far(tape: Tape, way: str, fault: str) -> None:
    with pytest.raises(ResponseFailedError) as caught:
        answered(tape, way)
    check_failed(caught.value, tape)
    assert caught.value.text.startswith("(Emulator)")
    assert ("error" in tape.answer.frames[-1]) is (fault == "error-event")


@WAYS
@REFUSALS
def test_a_refusal_is_an_error_of_its_kind(tape: Tape, way: str, refusal: Refusal) -> None:
    with pytest.raises(refusal.error) as caught:
        answered(tape, way)
    assert tape.sent == [tape.body(QUESTION, way=way)]
    refusal.check(caught.value, tape)


@WAYS
@NO_SUCH_SESSION
def test_a_lost_session_is_an_error(tape: Tape, way: str) -> None:
    with pytest.raises(SessionError) as caught:
        ask(model_of(tape, session_id=LOST), QUESTION, way)
    check_lost(caught.value, tape, way)
