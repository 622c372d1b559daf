from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from llama_index_twelvelabs._calls import Calls
from tests.llama_index_twelvelabs.asking import (
    QUESTION,
    STREAMS,
    WAYS,
    answers,
    bodies,
    disconnected,
    left_after_one,
    user,
)
from twelvelabs_responses import Client, InvalidArgumentError, ResponseEvent, StreamInterruptedError, client_twins

if TYPE_CHECKING:
    from twelvelabs_responses import AsyncStream, ResponseStreamEvent, Stream
    from twelvelabs_responses.emulator import Emulator

DEFAULTS = {
    "model": None,
    "instructions": None,
    "include": (),
    "selections": (),
    "request_metadata": None,
    "session_id": None,
    "on_stale_session": "fork",
    "extra_body": None,
}


def calls_at(emulator: Emulator, **listeners: Any) -> Calls:
    twins = client_twins(Client(api_key="key-of-the-tests", base_url=emulator.base_url), None)
    return Calls(*twins, {"knowledge_store_id": emulator.knowledge_store_id, **DEFAULTS}, **listeners)


@WAYS
def test_each_way_gives_the_same_answer_at_last(emulator: Emulator, way: str) -> None:
    calls = calls_at(emulator)
    *_, answer = answers(calls, [user(QUESTION)], way)
    assert answer.message.content == calls.chat([user(QUESTION)]).message.content
    assert bodies(emulator)[0].get("stream", False) is way.endswith("stream_chat")


@WAYS
def test_who_wants_the_events_hears_each_of_them(emulator: Emulator, way: str) -> None:
    told: list[ResponseStreamEvent] = []
    *_, answer = answers(calls_at(emulator, on_event=told.append), [user(QUESTION)], way)
    assert bodies(emulator)[0]["stream"] is True
    assert [event.sequence_number for event in told] == list(range(len(told)))
    last = told[-1]
    assert isinstance(last, ResponseEvent)
    assert last.response is not None
    assert last.response.text == answer.message.content


@STREAMS
def test_all_who_ask_hear_of_the_stream_before_its_first_text(emulator: Emulator, way: str) -> None:
    ours: list[Stream | AsyncStream] = []
    theirs: list[Stream | AsyncStream] = []
    calls = calls_at(emulator, on_open=(ours.append, theirs.append))
    first = left_after_one(calls, [user(QUESTION)], way)
    assert ours == theirs
    assert first.message.additional_kwargs["twelvelabs"]["session_id"] == ours[0].session_id


@STREAMS
def test_a_listener_that_fails_ends_the_stream_with_its_error(emulator: Emulator, way: str) -> None:
    def fail(event: ResponseStreamEvent) -> None:
        raise LookupError(event.type)

    emulator.fault = "slow"
    with pytest.raises(LookupError, match=r"response\.created"):
        answers(calls_at(emulator, on_event=fail), [user(QUESTION)], way)
    assert emulator.wait_until(lambda running: running.exchanges[-1].disconnected)


@WAYS
def test_a_refused_call_sends_nothing(emulator: Emulator, way: str) -> None:
    with pytest.raises(InvalidArgumentError, match="no user message"):
        answers(calls_at(emulator), [], way)
    assert not emulator.exchanges


@STREAMS
def test_a_cut_stream_raises_after_the_text_so_far(emulator: Emulator, way: str) -> None:
    emulator.fault = "cut"
    with pytest.raises(StreamInterruptedError) as caught:
        answers(calls_at(emulator), [user(QUESTION)], way)
    assert caught.value.text.startswith("(Emulator)")


@WAYS
def test_commentary_is_no_part_of_the_answer(emulator: Emulator, way: str) -> None:
    told = answers(calls_at(emulator), [user(QUESTION)], way, include=("intermediate_outputs",))
    thoughts = "".join(chunk.additional_kwargs.get("thinking_delta", "") for chunk in told)
    assert bool(thoughts) is way.endswith("stream_chat")
    assert not thoughts or thoughts not in (told[-1].message.content or "")


@STREAMS
def test_a_stream_that_its_listener_fails_to_take_is_closed(emulator: Emulator, way: str) -> None:
    def fail(stream: Stream | AsyncStream) -> None:
        raise LookupError(stream.session_id)

    emulator.fault = "stall"
    calls = calls_at(emulator, on_open=(fail,))
    with pytest.raises(LookupError, match="sess_") as raised:
        answers(calls, [user(QUESTION)], way)
    assert disconnected(emulator), raised
