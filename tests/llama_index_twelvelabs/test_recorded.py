"""What a user of the engines sees of each behaviour of the service, replayed from recordings."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from llama_index.core.base.response.schema import AsyncStreamingResponse, StreamingResponse

from llama_index_twelvelabs import TwelveLabsChatEngine, TwelveLabsQueryEngine, TwelveLabsStreamingChatResponse
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
    from tests.refusals import Refusal
    from tests.tape import Tape

pytestmark = [pytest.mark.vcr, pytest.mark.block_network]
QUERIES = ("query", "aquery", "stream_query", "astream_query")
WAYS = pytest.mark.parametrize("way", [*QUERIES, "chat", "achat", "stream_chat", "astream_chat"])
STREAMS = pytest.mark.parametrize("way", ["stream_query", "astream_query", "stream_chat", "astream_chat"])


class Answered(NamedTuple):
    """An answer, read to its end, and the text that a stream has told of it."""

    text: str
    response: Any


async def aread(response: Any) -> Answered:
    if isinstance(response, AsyncStreamingResponse):
        return Answered("".join([token async for token in response.response_gen]), response)
    if isinstance(response, TwelveLabsStreamingChatResponse):
        return Answered("".join([token async for token in response.async_response_gen()]), response)
    return Answered(str(response), response)


def read(response: Any) -> Answered:
    if isinstance(response, (StreamingResponse, TwelveLabsStreamingChatResponse)):
        return Answered("".join(response.response_gen), response)
    return Answered(str(response), response)


def ask(engine: Any, question: str, way: str) -> Answered:
    """Return the answer of a query or a chat engine, on each of the ways there are."""
    # A query engine streams or does not, a chat engine has a method for each.
    method = getattr(engine, way.replace("stream_", "") if way in QUERIES else way)

    async def awaited() -> Answered:
        return await aread(await method(question))

    return asyncio.run(awaited()) if way.startswith("a") else read(method(question))


def engine_of(tape: Tape, way: str, **options: Any) -> Any:
    if way in QUERIES:
        return TwelveLabsQueryEngine(tape.store, streaming="stream" in way, max_retries=tape.retries, **options)
    return TwelveLabsChatEngine(tape.store, max_retries=tape.retries, **options)


def answered(tape: Tape, way: str, **options: Any) -> Answered:
    return ask(engine_of(tape, way, **options), QUESTION, way)


@WAYS
def test_an_answer_comes_with_its_text_ids_and_usage(tape: Tape, way: str) -> None:
    text, response = answered(tape, way)
    told = tape.answer.response
    assert tape.sent == [tape.body(QUESTION, way=way)]
    assert text == tape.answer.text
    facts = response.metadata
    assert (facts["response_id"], facts["session_id"]) == (told["id"], told["session_id"])
    assert (facts["status"], facts["knowledge_store_id"]) == ("completed", tape.store)
    assert facts["usage"]["output_tokens"] == told["usage"]["output_tokens"]


@WAYS
def test_a_conversation_goes_on_in_its_session(tape: Tape, way: str) -> None:
    engine = engine_of(tape, way)
    _, first = ask(engine, QUESTION, way)
    session_id = first.metadata["session_id"]
    text, second = ask(engine.with_session(session_id) if way in QUERIES else engine, FOLLOW_UP, way)
    assert tape.sent == [tape.body(QUESTION, way=way), tape.body(FOLLOW_UP, way=way, session_id=session_id)]
    assert text == tape.answers[1].text
    assert second.metadata["session_id"] == session_id == tape.answers[0].response["session_id"]


@WAYS
def test_instructions_go_along(tape: Tape, way: str) -> None:
    text, _ = answered(tape, way, instructions="Answer in one sentence.")
    assert tape.sent == [tape.body(QUESTION, way=way, instructions="Answer in one sentence.")]
    assert text == tape.answer.text


@WAYS
def test_the_steps_to_an_answer_are_shown_if_included(tape: Tape, way: str) -> None:
    seen: list[Any] = []
    listening = {"on_event": seen.append} if "stream" in way else {}
    text, response = answered(tape, way, include=("intermediate_outputs",), **listening)
    assert tape.sent == [tape.body(QUESTION, way=way, include=["intermediate_outputs"])]
    assert [event.type for event in seen] == [frame["type"] for frame in tape.answer.frames]
    assert text == tape.answer.text
    if way not in QUERIES:
        called = [(source.tool_name, source.content) for source in response.sources]
        told = {
            kind: [item for item in tape.answer.items if item["type"] == kind]
            for kind in ("function_call", "function_call_output")
        }
        assert called == [(call["name"], output["output"]) for call, output in zip(*told.values(), strict=True)]


@pytest.mark.parametrize("way", ["query", "aquery"])
def test_a_typed_answer_is_an_object(tape: Tape, way: str) -> None:
    _, response = answered(tape, way, output_cls=Scorers)
    check_asked_for_scorers(tape, way)
    assert response.response == Scorers.model_validate_json(tape.answer.text)


@WAYS
def test_a_selection_goes_along_and_is_cited(tape: Tape, way: str) -> None:
    _, first = answered(tape, way)
    cited = first.source_nodes[0].node.metadata["item_id"]
    engine = engine_of(tape, way, selections=[Selection(kind="item", id=cited)])
    text, response = ask(engine, "Who scored in {{sel:0}}?", way)
    chosen = [{"kind": "item", "id": cited}]
    assert tape.sent[1] == tape.body("Who scored in {{sel:0}}?", way=way, selections=chosen)
    assert text == tape.answers[1].text
    assert {found.node.metadata["item_id"] for found in response.source_nodes} == {cited}


@WAYS
def test_annotations_are_citations(tape: Tape, way: str) -> None:
    text, response = answered(tape, way)
    for found, told in zip(response.source_nodes, tape.answer.annotations, strict=True):
        facts = found.node.metadata
        assert (facts["item_id"], facts["title"]) == (told["item_id"], told["title"])
        assert (facts.get("start_sec"), facts.get("end_sec")) == (told.get("start_sec"), told.get("end_sec"))
        assert facts["markers"] == [text[told["start_index"] : told["end_index"] + 1]]
    assert response.source_nodes


@WAYS
@OLDER_ERAS
def test_tags_of_earlier_services_are_citations(tape: Tape, way: str, era: str) -> None:
    text, response = answered(tape, way)
    (found,) = response.source_nodes
    assert text == tape.answer.text
    assert found.node.node_id == "ksi_00000000-0000-4000-8000-000000000002@65.000-80.000"
    assert found.node.get_content() == "ksi_00000000-0000-4000-8000-000000000002 (1:05-1:20)"
    assert found.node.metadata["markers"] == [TAG]
    assert ("model" in tape.answer.response) is (era == "april")


@WAYS
@CUT_SHORT
def test_an_answer_that_was_cut_short_is_no_error(tape: Tape, way: str) -> None:
    text, response = answered(tape, way)
    assert response.metadata["status"] == "incomplete"
    assert response.metadata["incomplete_details"] == {"reason": "max_output_tokens"}
    assert text == tape.answer.text == HALF_AN_ANSWER


@STREAMS
@CUT_SHORT_BY_AN_EVENT
def test_a_stream_may_say_by_its_last_event_that_it_was_cut_short(tape: Tape, way: str) -> None:
    text, response = answered(tape, way)
    assert response.metadata["status"] == "incomplete"
    assert text == tape.answer.text == HALF_AN_ANSWER
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
        answered(tape, way, session_id=LOST)
    check_lost(caught.value, tape, way)
