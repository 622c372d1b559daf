"""What a user of the core sees of each behaviour of the service, replayed from recordings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

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
from tests.twins import AwaitedStream, twin
from twelvelabs_responses import (
    FunctionCall,
    FunctionCallOutput,
    Message,
    ResponseFailedError,
    Retry,
    Selection,
    SessionError,
    Stream,
)

if TYPE_CHECKING:
    from tests.refusals import Refusal
    from tests.tape import Tape
    from twelvelabs_responses import Response

pytestmark = [pytest.mark.vcr, pytest.mark.block_network]
WAYS = pytest.mark.parametrize("way", ["create", "acreate", "stream", "astream"])
STREAMS = pytest.mark.parametrize("way", ["stream", "astream"])


def ask(tape: Tape, question: str, way: str, *, retries: int | None = None, **options: Any) -> Response:
    """Return the response, on each of the four ways there are."""
    name = "AsyncClient" if way.startswith("a") else "Client"
    with twin(name, retry=Retry(max_retries=tape.retries if retries is None else retries)) as client:
        method = client.stream if way.endswith("stream") else client.create
        answered = method(question, knowledge_store_id=tape.store, **options)
        if not isinstance(answered, (Stream, AwaitedStream)):
            return answered
        with answered as stream:
            text = "".join(stream.text_deltas())
        assert text == stream.response.text
        return stream.response


@WAYS
def test_an_answer_comes_with_its_text_ids_and_usage(tape: Tape, way: str) -> None:
    response = ask(tape, QUESTION, way)
    told = tape.answer.response
    assert tape.sent == [tape.body(QUESTION, way=way)]
    assert response.text == tape.answer.text
    assert (response.status, response.id) == ("completed", told["id"])
    assert (response.session_id, response.knowledge_store_id) == (told["session_id"], tape.store)
    assert response.usage is not None
    assert response.usage.output_tokens == told["usage"]["output_tokens"]


@WAYS
def test_a_conversation_goes_on_in_its_session(tape: Tape, way: str) -> None:
    session_id = ask(tape, QUESTION, way).session_id
    second = ask(tape, FOLLOW_UP, way, session_id=session_id)
    assert tape.sent == [tape.body(QUESTION, way=way), tape.body(FOLLOW_UP, way=way, session_id=session_id)]
    assert [answer.response["session_id"] for answer in tape.answers] == [session_id, session_id]
    assert (second.session_id, second.text) == (session_id, tape.answers[1].text)


@WAYS
def test_instructions_go_along(tape: Tape, way: str) -> None:
    response = ask(tape, QUESTION, way, instructions="Answer in one sentence.")
    assert tape.sent == [tape.body(QUESTION, way=way, instructions="Answer in one sentence.")]
    assert response.text == tape.answer.text


@WAYS
def test_the_steps_to_an_answer_are_shown_if_included(tape: Tape, way: str) -> None:
    response = ask(tape, QUESTION, way, include=["intermediate_outputs"])
    assert tape.sent == [tape.body(QUESTION, way=way, include=["intermediate_outputs"])]
    for item, told in zip(response.output, tape.answer.items, strict=True):
        match item:
            case Message():
                assert (item.phase, item.text) == (told["phase"], told["content"][0]["text"])
            case FunctionCall():
                assert (item.name, item.arguments) == (told["name"], told["arguments"])
            case FunctionCallOutput():
                assert item.output == told["output"]
    assert {item.type for item in response.output} == {"message", "function_call", "function_call_output"}
    assert response.text == tape.answer.text


@WAYS
def test_a_typed_answer_is_an_object(tape: Tape, way: str) -> None:
    response = ask(tape, QUESTION, way, output_schema=Scorers)
    check_asked_for_scorers(tape, way)
    assert response.parsed(Scorers) == Scorers.model_validate_json(tape.answer.text)


@WAYS
def test_a_selection_goes_along_and_is_cited(tape: Tape, way: str) -> None:
    cited = ask(tape, QUESTION, way).citations[0].item_id or ""
    response = ask(tape, "Who scored in {{sel:0}}?", way, selections=[Selection(kind="item", id=cited)])
    chosen = [{"kind": "item", "id": cited}]
    assert tape.sent[1] == tape.body("Who scored in {{sel:0}}?", way=way, selections=chosen)
    assert response.text == tape.answers[1].text
    assert {citation.item_id for citation in response.citations} == {cited}


@WAYS
def test_annotations_are_citations(tape: Tape, way: str) -> None:
    response = ask(tape, QUESTION, way)
    assert len(response.citations) == len(tape.answer.annotations) > 0
    for citation, told in zip(response.citations, tape.answer.annotations, strict=True):
        assert f"{citation.kind}_citation" == told["type"]
        assert (citation.item_id, citation.title) == (told["item_id"], told["title"])
        assert (citation.start_sec, citation.end_sec) == (told.get("start_sec"), told.get("end_sec"))
        assert (citation.start, citation.end) == (told["start_index"], told["end_index"] + 1)
        assert response.text[citation.start : citation.end].startswith("[")


@WAYS
@OLDER_ERAS
def test_tags_of_earlier_services_are_citations(tape: Tape, way: str, era: str) -> None:
    response = ask(tape, QUESTION, way)
    (citation,) = response.citations
    assert response.text == tape.answer.text
    assert response.text[citation.start : citation.end] == TAG
    assert (citation.item_id, citation.time_range) == ("ksi_00000000-0000-4000-8000-000000000002", "1:05-1:20")
    assert response.model == ("jockey1.0" if era == "april" else None)


@WAYS
@CUT_SHORT
def test_an_answer_that_was_cut_short_is_no_error(tape: Tape, way: str) -> None:
    response = ask(tape, QUESTION, way)
    assert response.status == "incomplete"
    assert response.incomplete_details is not None
    assert response.incomplete_details.reason == "max_output_tokens"
    assert response.text == tape.answer.text == HALF_AN_ANSWER


@STREAMS
@CUT_SHORT_BY_AN_EVENT
def test_a_stream_may_say_by_its_last_event_that_it_was_cut_short(tape: Tape, way: str) -> None:
    response = ask(tape, QUESTION, way)
    assert response.status == "incomplete"
    assert response.text == tape.answer.text == HALF_AN_ANSWER
    assert tape.answer.frames[-1]["type"] == "response.incomplete"


@WAYS
@FAILED
def test_a_failed_answer_is_an_error_with_the_text_so_far(tape: Tape, way: str) -> None:
    with pytest.raises(ResponseFailedError) as caught:
        ask(tape, QUESTION, way)
    check_failed(caught.value, tape)


@STREAMS
@ERROR_EVENTS
def test_an_error_event_is_an_error_with_the_text_so_far(tape: Tape, way: str, fault: str) -> None:
    with pytest.raises(ResponseFailedError) as caught:
        ask(tape, QUESTION, way)
    check_failed(caught.value, tape)
    assert caught.value.text.startswith("(Emulator)")
    assert ("error" in tape.answer.frames[-1]) is (fault == "error-event")


@WAYS
@REFUSALS
def test_a_refusal_is_an_error_of_its_kind(tape: Tape, way: str, refusal: Refusal) -> None:
    with pytest.raises(refusal.error) as caught:
        ask(tape, QUESTION, way)
    assert tape.sent == [tape.body(QUESTION, way=way)]
    refusal.check(caught.value, tape)


@WAYS
@NO_SUCH_SESSION
def test_a_lost_session_is_an_error(tape: Tape, way: str) -> None:
    with pytest.raises(SessionError) as caught:
        ask(tape, QUESTION, way, session_id=LOST)
    check_lost(caught.value, tape, way)


@WAYS
@pytest.mark.emulated(era="latest", fault="503-retry-after:once")
def test_what_was_refused_before_it_began_is_asked_again(tape: Tape, way: str) -> None:
    response = ask(tape, QUESTION, way, retries=1)
    assert tape.sent == [tape.body(QUESTION, way=way)] * 2
    assert [answer.status for answer in tape.answers] == [503, 200]
    assert response.text == tape.answers[1].text
