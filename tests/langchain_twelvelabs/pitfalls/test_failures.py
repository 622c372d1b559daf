"""What passes for a whole answer and is none, waits for ever, or is sent twice: pitfalls 4, 5, 15, 16, 18."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from langchain_core.exceptions import ModelError
from langchain_core.messages import HumanMessage

from langchain_twelvelabs.testing import QUESTION
from tests.langchain_twelvelabs.scripted_answers import (
    LONG,
    MODES,
    PLAIN,
    STREAM,
    Chunks,
    frames,
    models,
    over,
)
from tests.langchain_twelvelabs.ways import WAYS, ask
from twelvelabs_responses import (
    APIConnectionError,
    APITimeoutError,
    InternalServerError,
    ProtocolError,
    ResponseFailedError,
    ResponsesError,
    StreamInterruptedError,
)

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

    from langchain_twelvelabs import ChatTwelveLabs
    from twelvelabs_responses.emulator import Emulator

STREAMS = pytest.mark.parametrize("way", ["stream", "astream"])


# langchain #39039, #39041, #39178, #39701
@STREAMS
@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        ("failed", ResponseFailedError, "the response failed: server_error"),
        ("error-event", ResponseFailedError, "the response failed: server_error"),
        ("error-frame", ResponseFailedError, "the response failed: server_error"),
        ("end-early", StreamInterruptedError, "the stream ended before the response did"),
        ("done-early", StreamInterruptedError, "the stream ended before the response did"),
        ("cut", StreamInterruptedError, "the connection broke before the response ended"),
        ("malformed-event", ProtocolError, "an event of the stream is not JSON"),
    ],
)
def test_a_stream_that_fails_raises_with_its_ids_and_the_text_so_far(
    model: ChatTwelveLabs, emulator: Emulator, fault: str, kind: type[ResponsesError], words: str, way: str
) -> None:
    emulator.fault = fault
    with pytest.raises(kind, match=words) as caught:
        ask(model, QUESTION, way)
    exchange = emulator.exchanges[-1]
    assert isinstance(caught.value, ModelError)
    assert (caught.value.response_id, caught.value.session_id) == (exchange.response_id, exchange.session_id)
    assert caught.value.text.startswith("(Emulator)")


# langchain #39039, #39041, #39178, #39701
@WAYS
@pytest.mark.parametrize("fault", ["500", "failed", "empty-body", "html"])
def test_no_answer_that_failed_ends_as_if_all_were_well(
    model: ChatTwelveLabs, emulator: Emulator, fault: str, way: str
) -> None:
    emulator.fault = fault
    with pytest.raises((InternalServerError, ResponseFailedError, ProtocolError, StreamInterruptedError)) as caught:
        ask(model, QUESTION, way)
    assert isinstance(caught.value, ModelError)


# langchain #33840
@WAYS
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("fault", ["incomplete", "incomplete-event"])
def test_an_answer_that_was_cut_short_says_so_and_why(
    model: ChatTwelveLabs, emulator: Emulator, fault: str, mode: str, way: str
) -> None:
    emulator.fault = fault
    facts = ask(model.model_copy(update=MODES[mode]), QUESTION, way).response_metadata
    assert (facts["status"], facts["incomplete_details"]) == ("incomplete", {"reason": "max_output_tokens"})


# langchain #33840
@STREAMS
def test_the_event_alone_says_that_an_answer_was_cut_short(way: str) -> None:
    *events, last = PLAIN.events
    cut = {"type": "response.incomplete", "response": {**last["response"], "status": None}}
    answer = ask(models(replace(PLAIN, events=(*events, cut)), "default")(), QUESTION, way)
    assert answer.response_metadata["status"] == "incomplete"


# langchain #36949, #35597, #36056
@WAYS
def test_no_wait_is_endless_and_minutes_of_silence_are_put_up_with(way: str) -> None:
    patience: list[Any] = []

    def reply(request: httpx.Request) -> httpx.Response:
        patience.append(request.extensions["timeout"])
        return httpx.Response(200, headers={"content-type": "application/json"}, content=PLAIN.json_body())

    ask(over(reply)(), QUESTION, way)
    assert patience == [{"connect": 10.0, "read": 300.0, "write": 300.0, "pool": 10.0}]


# langchain #36949, #35597, #36056
@STREAMS
def test_a_stream_of_nothing_but_keepalives_stalls_in_the_end(monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    # Ten minutes may pass, here a minute with each look at the clock.
    monkeypatch.setattr("twelvelabs_responses._stream.monotonic", count(0.0, 60.0).__next__)
    begun, *rest = frames(PLAIN)
    alive = [b'data: {"type": "keepalive"}\n\n'] * 11
    model = over(lambda _: httpx.Response(200, headers=STREAM, stream=Chunks([begun, *alive, *rest])))()
    with pytest.raises(APITimeoutError, match="nothing but keepalives for 660 s"):
        ask(model, QUESTION, way)


# langchain #36949, #35597, #36056
@WAYS
@pytest.mark.parametrize("fault", ["stall", "stall-headers"])
def test_silence_ends_with_the_timeout(emulator: Emulator, model: ChatTwelveLabs, fault: str, way: str) -> None:
    impatient = type(model)(
        knowledge_store_id=emulator.knowledge_store_id,
        api_key="key-of-the-tests",
        base_url=emulator.base_url,
        timeout=0.5,
    )
    emulator.fault = fault
    with pytest.raises(APITimeoutError) as caught:
        ask(impatient, QUESTION, way)
    assert caught.value.ambiguous


# anthropic-sdk-java #370, langchain #40688
@WAYS
@pytest.mark.parametrize("fault", ["500:once", "502-html:once", "503:once", "drop:once"])
def test_a_turn_that_the_service_may_have_taken_is_not_sent_again_and_the_next_begins_anew(
    model: ChatTwelveLabs, emulator: Emulator, fault: str, way: str
) -> None:
    history: list[BaseMessage] = [HumanMessage(QUESTION)]
    history += [ask(model, history, way), HumanMessage("And then?")]
    emulator.fault = fault
    with pytest.raises((InternalServerError, APIConnectionError)) as caught:
        ask(model, history, way)
    assert isinstance(caught.value, ModelError)
    assert not caught.value.is_retryable
    assert len(emulator.exchanges) == 2
    retried = ask(model, history, way)
    assert retried.response_metadata["session_id"] != history[1].response_metadata["session_id"]


# anthropic-sdk-java #370, langchain #40688
@WAYS
def test_a_turn_that_the_service_has_not_begun_is_sent_again_in_its_session(
    model: ChatTwelveLabs, emulator: Emulator, way: str
) -> None:
    history: list[BaseMessage] = [HumanMessage(QUESTION)]
    history += [ask(model, history, way), HumanMessage("And then?")]
    emulator.fault = "503-retry-after:once"
    answer = ask(model, history, way)
    assert [exchange.status for exchange in emulator.exchanges] == [200, 503, 200]
    assert answer.response_metadata["session_id"] == history[1].response_metadata["session_id"]


# litellm #37956
@STREAMS
@pytest.mark.parametrize("mode", MODES)
def test_of_two_ids_of_one_response_the_first_holds_and_a_warning_names_both(mode: str, way: str) -> None:
    *events, last = LONG.events
    renamed = {**last, "response": {**last["response"], "id": "resp_2"}}
    with pytest.warns(UserWarning, match="resp_1.*resp_2"):
        answer = ask(models(replace(LONG, events=(*events, renamed)), mode)(), QUESTION, way)
    assert (answer.id, answer.response_metadata["response_id"]) == ("resp_1", "resp_1")
