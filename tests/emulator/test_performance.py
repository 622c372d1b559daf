from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest

from tests.emulator.asking import events_of
from twelvelabs_responses.emulator._answer import Answer, Segment
from twelvelabs_responses.emulator._asked import Asked
from twelvelabs_responses.emulator._era import era_named
from twelvelabs_responses.emulator._fault import NO_FAULT, Fault
from twelvelabs_responses.emulator._performance import perform
from twelvelabs_responses.emulator._reply import Occurrence
from twelvelabs_responses.emulator._script import Chunk, Framing, Pause
from twelvelabs_responses.emulator._sessions import Session
from twelvelabs_responses.emulator._wire import Tempo

if TYPE_CHECKING:
    from twelvelabs_responses.emulator._script import Script

ANSWER = Answer("Looking.", "goal", (), (Segment("A goal.", None),))
WHOLE, STREAMED = Asked("Who?", "ks_1"), Asked("Who?", "ks_1", streams=True)


def place(era: str = "latest", tempo: Tempo | None = None) -> Occurrence:
    now = datetime(2026, 8, 1, tzinfo=timezone.utc)
    return Occurrence(era_named(era), Session("sess_1", "ks_1", ()), now, tempo or Tempo())


def text_of(script: Script) -> str:
    return b"".join(step.content for step in script.steps if isinstance(step, Chunk)).decode()


@pytest.mark.parametrize(("era", "named"), [("april", False), ("july", True), ("latest", True)])
def test_a_stream_is_written_as_its_era_does(era: str, named: bool) -> None:  # a column of the table
    told = perform(STREAMED, ANSWER, place(era), NO_FAULT)
    assert told.streams
    assert ("content-type", "text/event-stream; charset=utf-8") in told.script.headers
    assert text_of(told.script).startswith("event: response.created\n") is named
    assert text_of(told.script).endswith("data: [DONE]\n\n")


def test_a_json_answer_is_what_the_terminal_event_carries() -> None:
    streamed, whole = (perform(asked, ANSWER, place(), NO_FAULT) for asked in (STREAMED, WHOLE))
    completed = events_of(text_of(streamed.script))[-1]["response"]
    assert not whole.streams
    assert json.loads(text_of(whole.script)) == {**completed, "id": whole.response_id}


def test_a_json_answer_thinks_in_silence() -> None:
    script = perform(WHOLE, ANSWER, place(tempo=Tempo(think=3.0)), NO_FAULT).script
    assert script.steps[0] == Pause(3.0)


def test_every_stage_of_a_fault_has_its_turn_in_a_stream() -> None:
    fault = Fault(
        "",
        "",
        answer=lambda answer: replace(answer, segments=(Segment("Changed.", None),)),
        reply=lambda reply: replace(reply, input_tokens=99),
        steps=lambda steps: steps[-2:],
        framing=Framing(names_events=False),
        stream=lambda script: replace(script, status=299),
    )
    script = perform(STREAMED, ANSWER, place(), fault).script
    completed = json.loads(text_of(script).split("\n")[0].removeprefix("data: "))["response"]
    assert script.status == 299
    assert completed["output"][0]["content"][0]["text"] == "Changed."
    assert completed["usage"]["input_tokens"] == 99


def test_every_stage_of_a_fault_has_its_turn_in_a_json_answer() -> None:
    fault = Fault(
        "",
        "",
        whole_reply=lambda reply: replace(reply, items=()),
        whole=lambda script: replace(script, status=299),
    )
    script = perform(WHOLE, ANSWER, place(), fault).script
    assert script.status == 299
    assert json.loads(text_of(script))["output"] == []


def test_a_fault_may_give_json_for_a_stream() -> None:
    told = perform(STREAMED, ANSWER, place(), Fault("", "", whole_for_stream=True))
    assert not told.streams
    assert json.loads(text_of(told.script))["status"] == "completed"


def test_a_fault_may_show_steps_that_nobody_asked_for() -> None:
    told = perform(WHOLE, ANSWER, place(), Fault("", "", shows_steps=True))
    assert [item["type"] for item in json.loads(text_of(told.script))["output"]] == [
        "message",
        "function_call",
        "function_call_output",
        "message",
    ]
