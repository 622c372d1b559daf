from __future__ import annotations

import json

import pytest
from openai.types.responses import Response as OpenAIResponse
from openai.types.responses import ResponseStreamEvent as OpenAIEvent
from pydantic import TypeAdapter
from twelvelabs.types.response_stream_event import ResponseStreamEvent

from benchmarks import wire
from benchmarks.scenario import OPENAI, TWELVELABS, Scenario


def events(scenario: Scenario, dialect: str) -> list[bytes]:
    return [frame.partition(b"data: ")[2].strip() for frame in wire.frames(scenario, dialect)]


def test_each_event_is_one_that_the_sdk_of_its_service_knows() -> None:
    ours: TypeAdapter[ResponseStreamEvent] = TypeAdapter(ResponseStreamEvent)
    theirs: TypeAdapter[OpenAIEvent] = TypeAdapter(OpenAIEvent)
    *of_twelvelabs, done = events(Scenario(2), TWELVELABS)
    assert done == b"[DONE]"
    kinds = [ours.validate_json(event).type for event in of_twelvelabs]
    # OpenAI's deltas have log probabilities, which nobody reads here.
    assert kinds == [json.loads(event)["type"] for event in events(Scenario(2), OPENAI)]
    assert theirs.validate_json(events(Scenario(2), OPENAI)[-1]).type == "response.completed"


@pytest.mark.parametrize("dialect", [TWELVELABS, OPENAI])
def test_the_deltas_are_the_text_of_the_closing_events(dialect: str) -> None:
    scenario = Scenario(12, size=7)
    said = [json.loads(event) for event in events(scenario, dialect) if event != b"[DONE]"]
    text = "".join(said[place]["delta"] for place in wire.delta_places(scenario, dialect))
    assert len(text) == scenario.text_size
    assert said[-1]["response"]["output"][0]["content"][0]["text"] == text
    assert said[-4]["text"] == text


def test_a_json_answer_is_as_long_as_is_asked_for() -> None:
    answer = OpenAIResponse.model_validate_json(wire.answer(Scenario(size=1_000), OPENAI))
    assert len(answer.output_text) == 1_000


def test_a_long_answer_has_lines_whose_ends_are_escaped() -> None:
    assert wire.answer(Scenario(size=240), TWELVELABS).count(b"a" * 79 + rb"\n") == 3


def test_network_chunks_hold_what_is_cut() -> None:
    assert wire.chunked(wire.cut(b"0123456789ab", 5)) == b"5\r\n01234\r\n5\r\n56789\r\n2\r\nab\r\n"
