"""How a failure looks like success, or says too little: pitfalls 20, 21."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from pydantic import BaseModel

from tests.llama_index_twelvelabs.engines import engine_at
from tests.llama_index_twelvelabs.pitfalls.surfaces import (
    ENGINES,
    STREAMS,
    SURFACES,
    WAYS,
    answer,
    aopened,
    facts_of,
    made,
    opened,
)
from twelvelabs_responses import (
    APIConnectionError,
    IncompleteResponseError,
    ProtocolError,
    ResponseFailedError,
    ResponsesError,
    StreamInterruptedError,
)

if TYPE_CHECKING:
    from twelvelabs_responses.emulator import Emulator


class Summary(BaseModel):
    text: str = ""


STREAM_FAULTS = {
    "failed": ResponseFailedError,
    "error-event": ResponseFailedError,
    "cut": StreamInterruptedError,
    "end-early": StreamInterruptedError,
    "malformed-event": ProtocolError,
}

WORDS = {
    "400-flat": "400 parameter_invalid: the emulator was asked to refuse this",
    "404-endpoint": "404 endpoint_not_exists: .* ask TwelveLabs for it",
    "429-quota": "429 plan_limit_exceeded: .* waiting a minute will not help",
    "502-html": "502: 502 Bad Gateway",
    "failed": r"the response failed: server_error: .* \(response {response}, session {session}\)",
    "failed-bare": r"the response failed: the service gave no reason \(response {response}, session {session}\)",
}


# langchain #39039, #33840, pipecat #5138
@SURFACES
@STREAMS
@pytest.mark.parametrize("fault", STREAM_FAULTS)
def test_a_stream_that_fails_raises_with_its_ids_and_the_text_so_far(
    emulator: Emulator, surface: str, way: str, fault: str
) -> None:
    emulator.fault = fault
    with pytest.raises(STREAM_FAULTS[fault]) as caught:
        answer(made(surface, emulator), way)
    assert isinstance(caught.value, ResponsesError)
    exchange = emulator.exchanges[0]
    assert (caught.value.session_id, caught.value.response_id) == (exchange.session_id, exchange.response_id)
    assert caught.value.text.startswith("(Emulator)")


# langchain #39039, #33840, pipecat #5138
@SURFACES
@pytest.mark.parametrize("way", ["whole", "awhole"])
@pytest.mark.parametrize(("fault", "error"), [("failed", ResponseFailedError), ("cut-json", APIConnectionError)])
def test_an_answer_that_failed_raises(
    emulator: Emulator, surface: str, way: str, fault: str, error: type[ResponsesError]
) -> None:
    emulator.fault = fault
    with pytest.raises(error) as caught:
        answer(made(surface, emulator), way)
    assert caught.value.ambiguous


# langchain #39039, #33840, pipecat #5138. Decided: it is flagged; raised where an object is asked for.
@SURFACES
@WAYS
@pytest.mark.parametrize("fault", ["incomplete", "incomplete-event"])
def test_an_answer_that_was_cut_short_says_so_and_why(emulator: Emulator, surface: str, way: str, fault: str) -> None:
    emulator.fault = fault
    text, given = answer(made(surface, emulator), way)
    assert text.startswith("(Emulator)")
    assert facts_of(given)["status"] == "incomplete"
    assert facts_of(given)["incomplete_details"] == {"reason": "max_output_tokens"}


# langchain #39039, #33840, pipecat #5138
@pytest.mark.parametrize("way", ["whole", "awhole"])
def test_an_object_of_an_answer_that_was_cut_short_is_refused_with_its_text(emulator: Emulator, way: str) -> None:
    emulator.fault = "incomplete"
    with pytest.raises(IncompleteResponseError) as caught:
        answer(engine_at(emulator, output_cls=Summary), way)
    assert caught.value.text
    assert caught.value.reason == "max_output_tokens"


# langchain #39039, #33840, pipecat #5138
@ENGINES
def test_who_reads_a_failed_stream_again_is_told_again(emulator: Emulator, surface: str) -> None:
    emulator.fault = "cut"
    response = opened(made(surface, emulator))
    read_again = str if surface == "query" else lambda again: list(again.response_gen)
    for read in (lambda first: list(first.response_gen), read_again):
        with pytest.raises(StreamInterruptedError):
            read(response)
    assert response.metadata["status"] == "failed"


# langchain #39039, #33840, pipecat #5138
async def test_who_awaits_a_failed_stream_again_is_told_again(emulator: Emulator) -> None:
    emulator.fault = "cut"
    response = await aopened(engine_at(emulator))
    for _ in range(2):
        with pytest.raises(StreamInterruptedError):
            await response.get_response()
    with pytest.raises(StreamInterruptedError):
        str(response)
    assert response.metadata["status"] == "failed"


# llama_index #20904: SubQuestionQueryEngine goes on without the answer, and a line in a log is all that is left
@SURFACES
@WAYS
@pytest.mark.parametrize("fault", WORDS)
def test_the_words_of_an_error_say_what_failed_and_where(
    emulator: Emulator, surface: str, way: str, fault: str
) -> None:
    emulator.fault = fault
    with pytest.raises(ResponsesError) as caught:
        answer(made(surface, emulator, max_retries=0), way)
    exchange = emulator.exchanges[0]
    words = WORDS[fault].format(response=exchange.response_id, session=exchange.session_id)
    assert re.match(words, str(caught.value))
    assert "\n" not in str(caught.value)


# llama_index #20904
@SURFACES
@STREAMS
@pytest.mark.parametrize("fault", ["cut", "end-early"])
def test_the_words_of_a_stream_that_broke_say_which_it_was(
    emulator: Emulator, surface: str, way: str, fault: str
) -> None:
    emulator.fault = fault
    with pytest.raises(StreamInterruptedError) as caught:
        answer(made(surface, emulator), way)
    exchange = emulator.exchanges[0]
    assert str(caught.value).endswith(f"(response {exchange.response_id}, session {exchange.session_id})")
