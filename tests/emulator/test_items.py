from __future__ import annotations

from twelvelabs_responses.emulator._era import era_named
from twelvelabs_responses.emulator._items import FunctionCall, FunctionCallOutput, Message, OtherItem

LATEST, JULY = era_named("latest"), era_named("july")


def test_a_message_has_phase_and_annotations_in_the_latest_era() -> None:
    message = Message("msg_1", "Hi [1]", "final_answer", ({"type": "video_citation"},))
    assert message.json(LATEST) == {
        "type": "message",
        "id": "msg_1",
        "status": "completed",
        "role": "assistant",
        "phase": "final_answer",
        "content": [{"type": "output_text", "text": "Hi [1]", "annotations": [{"type": "video_citation"}]}],
    }


def test_a_message_has_neither_in_the_eras_before() -> None:
    assert Message("msg_1", "Hi", "commentary").json(JULY) == {
        "type": "message",
        "id": "msg_1",
        "status": "completed",
        "role": "assistant",
        "content": [{"type": "output_text", "text": "Hi"}],
    }


def test_a_message_without_a_phase_says_nothing_of_it() -> None:
    assert "phase" not in Message("msg_1", "Hi", None).json(LATEST)


def test_a_message_opens_with_its_phase_and_an_empty_part() -> None:
    opening = Message("msg_1", "Hi [1]", "commentary", ({},)).opening(LATEST)
    assert (opening["status"], opening["phase"]) == ("in_progress", "commentary")
    assert opening["content"] == [{"type": "output_text", "text": "", "annotations": []}]


def test_a_function_call_opens_without_its_arguments() -> None:
    call = FunctionCall("fc_1", "search", "call_1", "{}")
    whole = {"type": "function_call", "id": "fc_1", "status": "completed", "name": "search", "call_id": "call_1"}
    assert call.json(LATEST) == {**whole, "arguments": "{}"}
    assert call.opening(JULY) == {**whole, "status": "in_progress", "arguments": ""}


def test_a_function_call_output_opens_without_its_text() -> None:
    output = FunctionCallOutput("fco_1", "call_1", "3 clips")
    whole = {"type": "function_call_output", "id": "fco_1", "status": "completed", "call_id": "call_1"}
    assert output.json(LATEST) == {**whole, "output": "3 clips"}
    assert output.opening(JULY) == {**whole, "status": "in_progress", "output": ""}


def test_an_item_of_another_kind_opens_without_its_fields() -> None:
    item = OtherItem("x:note", "note_1", {"note": "n"})
    assert item.json(LATEST) == {"type": "x:note", "id": "note_1", "status": "completed", "note": "n"}
    assert item.opening(LATEST) == {"type": "x:note", "id": "note_1", "status": "in_progress"}
