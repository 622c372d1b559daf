from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.emulator.asking import deltas_in, events_of, text_of_response, types_of
from twelvelabs_responses.emulator._answer_faults import ANSWER_FAULTS
from twelvelabs_responses.emulator._era import era_named
from twelvelabs_responses.emulator._items import Message, OtherItem
from twelvelabs_responses.emulator._wire import Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.emulator.asking import Asker
    from twelvelabs_responses.emulator._script import JsonObject

FORMAT = {"type": "json_schema", "name": "n", "schema": {"type": "object", "properties": {"a": {"type": "string"}}}}


REPLY = Reply(era_named("july"), "", "", "", "", "", (), 0, 0)


def change(name: str) -> Callable[[Reply], Reply]:
    [stage] = [fault.reply for fault in ANSWER_FAULTS if fault.name == name]
    assert stage is not None
    return stage


def final(stream: str) -> dict[str, Any]:
    response = events_of(stream)[-1]["response"]
    assert isinstance(response, dict)
    return response


def test_an_incomplete_answer_is_cut_and_says_why(ask: Asker) -> None:
    whole = text_of_response(ask.whole().json())
    response = ask.whole(fault="incomplete").json()
    assert (response["status"], response["output"][-1]["status"]) == ("incomplete", "incomplete")
    assert response["incomplete_details"] == {"reason": "max_output_tokens"}
    assert whole.startswith(text_of_response(response))
    assert 0 < len(text_of_response(response)) < len(whole)


def test_annotations_beyond_the_cut_are_gone() -> None:
    first: JsonObject = {"start_index": 2, "end_index": 4}
    second: JsonObject = {"start_index": 8, "end_index": 10}
    message = Message("msg_1", "A [1] b [2] c d", "final_answer", (first, second))
    changed = change("incomplete")(replace(REPLY, items=(message,)))
    assert changed.items == (Message("msg_1", "A [1] b ", "final_answer", (first,), "incomplete"),)


def test_an_incomplete_stream_says_so_in_the_completed_event(ask: Asker) -> None:
    stream = ask.stream(fault="incomplete").text
    assert types_of(stream)[-1] == "response.completed"
    assert final(stream)["status"] == "incomplete"
    assert deltas_in(stream) == text_of_response(final(stream))


def test_an_incomplete_stream_may_have_a_terminal_event_of_its_own(ask: Asker) -> None:
    stream = ask.stream(fault="incomplete-event").text
    assert types_of(stream)[-1] == "response.incomplete"
    assert "response.completed" not in types_of(stream)
    assert final(stream)["status"] == "incomplete"
    assert stream.endswith("data: [DONE]\n\n")


def test_an_empty_answer_is_completed(ask: Asker) -> None:
    response = ask.whole(fault="empty-answer").json()
    assert response["status"] == "completed"
    assert response["output"][-1]["content"] == [{"type": "output_text", "text": "", "annotations": []}]


def test_an_empty_stream_has_no_delta(ask: Asker) -> None:
    stream = ask.stream(fault="empty-answer").text
    assert "response.output_text.delta" not in types_of(stream)
    assert text_of_response(final(stream)) == ""


def test_a_typed_answer_may_stand_in_a_fence(ask: Asker) -> None:
    text = text_of_response(ask.whole(fault="fenced-json", text={"format": FORMAT}).json())
    assert text.startswith("```json\n")
    assert text.endswith("\n```")
    assert json.loads(text[8:-4]).keys() == {"a"}


def test_plain_text_gets_no_fence(ask: Asker) -> None:
    assert "```" not in text_of_response(ask.whole(fault="fenced-json").json())


def test_the_steps_may_be_shown_unasked_and_without_phase(ask: Asker) -> None:
    output = ask.whole(fault="unasked-steps").json()["output"]
    assert [item["type"] for item in output] == ["message", "function_call", "function_call_output", "message"]
    assert not any("phase" in item for item in output)


def test_without_phase_the_answer_comes_alone_unless_its_steps_are_asked_for(ask: Asker) -> None:
    alone = ask.whole(fault="no-phase").json()["output"]
    asked = ask.whole(fault="no-phase", include=["intermediate_outputs"]).json()["output"]
    assert [item["type"] for item in alone] == ["message"]
    assert [item["type"] for item in asked] == ["message", "function_call", "function_call_output", "message"]
    assert not any("phase" in item for item in [*alone, *asked])


def test_without_phase_no_event_has_one(ask: Asker) -> None:
    assert '"phase"' not in ask.stream(fault="no-phase").text


def test_an_unknown_item_comes_before_the_answer(ask: Asker) -> None:
    note, message = ask.whole(fault="unknown-item").json()["output"]
    assert (note["type"], message["type"]) == ("emulator:note", "message")
    added = [event for event in events_of(ask.stream(fault="unknown-item").text) if "item" in event]
    assert [event["item"]["type"] for event in added] == ["emulator:note"] * 2 + ["message"] * 2


def test_unusual_line_ends_are_in_the_text_raw(ask: Asker) -> None:
    line_ends = "\u2028", "\u2029", "\u0085"
    assert all(line_end in ask.stream(fault="unicode-lines").text for line_end in line_ends)
    part = ask.whole(fault="unicode-lines").json()["output"][-1]["content"][0]
    assert all(line_end in part["text"] for line_end in line_ends)
    [first, *_] = part["annotations"]
    assert part["text"][first["start_index"] : first["end_index"] + 1] == "[1]"


def test_a_big_delta_has_a_mebibyte(ask: Asker) -> None:
    events = events_of(ask.stream(fault="big-delta").text)
    longest = max(len(event["delta"]) for event in events if event["type"] == "response.output_text.delta")
    assert longest == 1024 * 1024 + 1


def test_an_answer_that_ends_in_another_item_is_left_alone() -> None:
    reply = replace(REPLY, items=(OtherItem("x:note", "note_1"),))
    assert change("empty-answer")(reply) is reply
