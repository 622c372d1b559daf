from __future__ import annotations

import json
from typing import Any

import pytest

from tests.emulator.asking import Asker, deltas_in, events_of, frames_of, text_of_response, types_of
from twelvelabs_responses.emulator._event_faults import EVENT_FAULTS
from twelvelabs_responses.emulator._script import DONE as STOP
from twelvelabs_responses.emulator._script import Event, Pause

DELTA = "response.output_text.delta"
DONE = "data: [DONE]"


@pytest.fixture(scope="module")
def text(ask: Asker) -> str:
    """The whole answer to the question that all tests here ask."""
    return text_of_response(ask.whole().json())


def is_half(told: str, text: str) -> bool:
    return text.startswith(told) and 0 < len(told) < len(text)


def test_done_may_come_before_a_terminal_event(ask: Asker, text: str) -> None:
    stream = ask.stream(fault="done-early").text
    assert types_of(stream)[-1] == DELTA
    assert frames_of(stream)[-1] == DONE
    assert is_half(deltas_in(stream), text)
    assert ask.emulator.exchanges[-1].accepted


def test_done_may_be_missing(ask: Asker) -> None:
    stream = ask.stream(fault="no-done").text
    assert types_of(stream)[-1] == "response.completed"
    assert DONE not in stream


def test_frames_may_follow_done(ask: Asker, text: str) -> None:
    stream = ask.stream(fault="done-twice").text
    assert [frame for frame in frames_of(stream)[-4:] if frame.startswith(DONE)] == [DONE, DONE]
    assert types_of(stream)[-2:] == ["response.completed", DELTA]
    assert deltas_in(stream) == text + " This comes after the end."


@pytest.mark.parametrize(
    ("fault", "error"),
    [("failed", {"code": "server_error", "message": "the emulator was asked to fail"}), ("failed-bare", None)],
)
def test_a_response_may_fail(ask: Asker, text: str, fault: str, error: dict[str, str] | None) -> None:
    stream = ask.stream(fault=fault).text
    last = events_of(stream)[-1]
    assert (last["type"], last["response"]["status"], last["response"]["output"]) == ("response.failed", "failed", [])
    assert last["response"].get("error") == error
    assert is_half(deltas_in(stream), text)
    assert not ask.emulator.exchanges[-1].accepted
    whole = ask.whole(fault=fault)
    assert (whole.status_code, whole.json()["status"], whole.json()["output"]) == (200, "failed", [])
    assert whole.json().get("error") == error


def test_a_failed_turn_is_not_in_its_session(ask: Asker) -> None:
    session_id = ask.whole(fault="failed").json()["session_id"]
    assert not ask.emulator.exchanges[-1].accepted
    assert ask.whole(session_id=session_id).json()["session_id"] == session_id


@pytest.mark.parametrize(
    ("fault", "fields"),
    [
        (
            "error-event",
            {
                "error": {
                    "type": "server_error",
                    "code": "server_error",
                    "message": "the emulator was asked to fail",
                    "param": None,
                }
            },
        ),
        ("error-event-flat", {"code": "server_error", "message": "the emulator was asked to fail"}),
    ],
)
def test_an_error_event_may_end_a_stream(ask: Asker, text: str, fault: str, fields: dict[str, Any]) -> None:
    stream = ask.stream(fault=fault).text
    last = events_of(stream)[-1]
    assert last == {"type": "error", "sequence_number": last["sequence_number"], **fields}
    assert is_half(deltas_in(stream.replace('"type":"error"', '"type":"-"')), text)
    assert frames_of(stream)[-1] == DONE


def test_an_error_may_be_a_frame_without_a_type(ask: Asker) -> None:
    error = {"error": {"code": "server_error", "message": "the emulator was asked to fail"}}
    stream = ask.stream(fault="error-frame").text
    assert json.loads(frames_of(stream)[-2].removeprefix("data: ")) == error
    whole = ask.whole(fault="error-frame")
    assert (whole.status_code, whole.json()) == (200, error)


def test_an_unknown_event_stands_amid_the_deltas(ask: Asker, text: str) -> None:
    stream = ask.stream(fault="unknown-event").text
    types = types_of(stream)
    place = types.index("emulator:note")
    assert (types[place - 1], types[place + 1]) == (DELTA, DELTA)
    assert deltas_in(stream) == text


def test_noise_may_stand_between_all_events(ask: Asker, text: str) -> None:
    stream = ask.stream(fault="keepalives").text
    frames = frames_of(stream)
    assert frames[1::2][:2] == [": still here", 'event: keepalive\ndata: {"type":"keepalive","sequence_number":2}']
    assert frames[5] == "data: still here"
    assert deltas_in(stream) == text
    assert frames[-1] == DONE


def test_only_keepalives_follow_the_first_event(ask: Asker) -> None:
    with ask.opened(fault="only-keepalives") as response:
        lines = response.iter_lines()
        types = [line for _, line in zip(range(9), lines, strict=False) if line.startswith("event: ")]
    assert types == ["event: response.created", "event: keepalive", "event: keepalive"]
    assert ask.emulator.wait_until(lambda emulator: emulator.exchanges[-1].disconnected)


def test_deltas_may_be_missing(ask: Asker, text: str) -> None:
    events = events_of(ask.stream(fault="no-deltas").text)
    assert [event.get("text") for event in events if event["type"] == "response.output_text.done"] == [text]
    assert not any(event["type"] == DELTA for event in events)


def test_a_stream_may_have_its_ends_alone(ask: Asker, text: str) -> None:
    stream = ask.stream(fault="terminal-only").text
    assert types_of(stream) == ["response.created", "response.completed"]
    assert text_of_response(events_of(stream)[-1]["response"]) == text
    assert frames_of(stream)[-1] == DONE


def test_a_slow_stream_waits_a_tenth_of_a_second_before_each_delta() -> None:
    [slow] = [fault.steps for fault in EVENT_FAULTS if fault.name == "slow"]
    assert slow is not None
    assert slow((Event("a"), Event(DELTA), Event(DELTA), STOP)) == (
        Event("a"),
        Pause(0.1),
        Event(DELTA),
        Pause(0.1),
        Event(DELTA),
        STOP,
    )


def test_only_keepalives_end_after_a_minute() -> None:
    [only] = [fault.steps for fault in EVENT_FAULTS if fault.name == "only-keepalives"]
    assert only is not None
    steps = only((Event("a"), STOP))
    assert sum(step.seconds or 0 for step in steps if isinstance(step, Pause)) == pytest.approx(60)


def test_faults_of_streams_leave_json_answers_alone(ask: Asker, text: str) -> None:
    for fault in ("done-early", "no-done", "unknown-event", "no-deltas", "slow", "only-keepalives"):
        assert text_of_response(ask.whole(fault=fault).json()) == text
