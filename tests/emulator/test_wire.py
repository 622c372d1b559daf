from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from twelvelabs_responses.emulator._era import era_named
from twelvelabs_responses.emulator._items import FunctionCall, FunctionCallOutput, Message
from twelvelabs_responses.emulator._script import DONE, Event, Pause, Step
from twelvelabs_responses.emulator._wire import Reply, Tempo, deltas_of, response_object, stream_of

ANSWER = Message("msg_sess_1_0", "Two  goals [1].", "final_answer")
REPLY = Reply(
    era=era_named("latest"),
    response_id="resp_1",
    session_id="sess_1",
    knowledge_store_id="ks_1",
    created_at="2026-08-01T09:00:00.000000Z",
    completed_at="2026-08-01T09:00:09.000000Z",
    items=(ANSWER,),
    input_tokens=5,
    output_tokens=3,
)
BEGUN: dict[str, object] = {
    "id": "resp_1",
    "type": "response",
    "object": "response",
    "status": "in_progress",
    "incomplete_details": None,
    "output": [],
    "session_id": "sess_1",
    "knowledge_store_id": "ks_1",
    "created_at": "2026-08-01T09:00:00.000000Z",
}
PLACE = {"item_id": "msg_sess_1_0", "output_index": 0, "content_index": 0}
MESSAGE = {"type": "message", "id": "msg_sess_1_0", "status": "completed", "role": "assistant", "phase": "final_answer"}
PART = {"type": "output_text", "text": "Two  goals [1].", "annotations": []}


def types(steps: tuple[Step, ...]) -> list[str]:
    return [step.type if isinstance(step, Event) else type(step).__name__ for step in steps]


def test_the_response_object_of_the_latest_era() -> None:
    assert response_object(REPLY) == {
        **BEGUN,
        "status": "completed",
        "output": [{**MESSAGE, "content": [PART]}],
        "usage": {"input_tokens": 5, "output_tokens": 3},
        "created_at": "2026-08-01T09:00:09.000000Z",
    }


@pytest.mark.parametrize(("era", "model"), [("april", {"model": "jockey1.0"}), ("july", {})])
def test_the_response_object_of_the_eras_before(era: str, model: dict[str, str]) -> None:
    assert response_object(replace(REPLY, era=era_named(era), items=())) == {
        "id": "resp_1",
        "type": "response",
        "status": "completed",
        "output": [],
        "session_id": "sess_1",
        "knowledge_store_id": "ks_1",
        **model,
        "usage": {"input_tokens": 5, "output_tokens": 3},
        "created_at": "2026-08-01T09:00:09.000000Z",
    }


def test_an_incomplete_response_has_a_reason_in_the_latest_era_only() -> None:
    cut = replace(REPLY, status="incomplete", incomplete_reason="max_output_tokens")
    assert response_object(cut)["incomplete_details"] == {"reason": "max_output_tokens"}
    assert "incomplete_details" not in response_object(replace(cut, era=era_named("july")))


def test_a_failed_response_has_its_error() -> None:
    failed = replace(REPLY, status="failed", error={"code": "c"})
    assert response_object(failed)["error"] == {"code": "c"}


def test_a_stream_has_its_events_in_order() -> None:
    assert stream_of(REPLY, Tempo()) == (
        Event("response.created", {"response": BEGUN}),
        Event("response.in_progress", {"response": BEGUN}),
        Event(
            "response.output_item.added",
            {"output_index": 0, "item": {**MESSAGE, "status": "in_progress", "content": [{**PART, "text": ""}]}},
        ),
        Event("response.content_part.added", {**PLACE, "part": {**PART, "text": ""}}),
        Event("response.output_text.delta", {**PLACE, "delta": "Two  "}),
        Event("response.output_text.delta", {**PLACE, "delta": "goals "}),
        Event("response.output_text.delta", {**PLACE, "delta": "[1]."}),
        Event("response.output_text.done", {**PLACE, "text": "Two  goals [1]."}),
        Event("response.content_part.done", {**PLACE, "part": PART}),
        Event("response.output_item.done", {"output_index": 0, "item": {**MESSAGE, "content": [PART]}}),
        Event("response.completed", {"response": response_object(REPLY)}),
        DONE,
    )


def test_a_function_call_gives_its_arguments_at_once() -> None:
    call, output = FunctionCall("fc_1", "search", "call_1", "{}"), FunctionCallOutput("fco_1", "call_1", "none")
    steps = stream_of(replace(REPLY, items=(call, output)), Tempo())
    assert types(steps)[2:-2] == [
        "response.output_item.added",
        "response.function_call_arguments.done",
        "response.output_item.done",
        "response.output_item.added",
        "response.output_item.done",
    ]
    place = {"item_id": "fc_1", "output_index": 0, "arguments": "{}"}
    assert steps[3] == Event("response.function_call_arguments.done", place)


@pytest.mark.parametrize(
    ("think", "silences"),
    [(0.3, [0.1] * 3), (27, [9.0] * 3), (60, [10.0] * 6)],
)
def test_keepalives_fill_the_time_of_thinking(think: float, silences: list[float]) -> None:
    steps = stream_of(REPLY, Tempo(think=think))
    assert [step.seconds for step in steps if isinstance(step, Pause)] == pytest.approx(silences)
    assert types(steps)[2:7] == ["Pause", "keepalive", "Pause", "keepalive", "Pause"]
    assert types(steps).count("keepalive") == len(silences) - 1


def test_the_eras_before_think_in_silence() -> None:
    steps = stream_of(replace(REPLY, era=era_named("july")), Tempo(think=60))
    assert [step for step in steps if isinstance(step, Pause)] == [Pause(60)]
    assert "keepalive" not in types(steps)


def test_the_pace_comes_before_each_delta() -> None:
    steps = stream_of(REPLY, Tempo(pace=0.5))
    assert types(steps)[4:10] == ["Pause", "response.output_text.delta"] * 3


@pytest.mark.parametrize("seconds", [-0.5, 86_401, float("nan"), float("inf"), "1", None])
def test_a_tempo_is_a_number_of_seconds_within_a_day(seconds: Any) -> None:
    assert Tempo(think=86_400).think == 86_400
    with pytest.raises(ValueError, match=r"think: got .*; allowed: 0 to 86,400 seconds"):
        Tempo(think=seconds)
    with pytest.raises(ValueError, match=r"pace: got .*; allowed: 0 to 86,400 seconds"):
        Tempo(pace=seconds)


def test_deltas_lose_nothing() -> None:
    assert deltas_of(" a  b\n\nc") == [" ", "a  ", "b\n\n", "c"]
    assert deltas_of("") == []
