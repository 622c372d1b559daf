from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from twelvelabs_responses._citations import Annotation
from twelvelabs_responses._events import (
    AnnotationAdded,
    ContentPartAdded,
    ContentPartDone,
    ErrorEvent,
    FunctionCallArgumentsDelta,
    FunctionCallArgumentsDone,
    Keepalive,
    KnownEvent,
    OutputItemAdded,
    OutputItemDone,
    OutputTextDelta,
    OutputTextDone,
    ResponseEvent,
    ResponseStreamEvent,
    UnknownEvent,
)
from twelvelabs_responses._response import FailureDetails, FunctionCall, Message, OutputText, UnknownItem, UnknownPart

events: TypeAdapter[ResponseStreamEvent] = TypeAdapter(KnownEvent)


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("response.created", ResponseEvent),
        ("response.in_progress", ResponseEvent),
        ("response.queued", ResponseEvent),
        ("response.completed", ResponseEvent),
        ("response.failed", ResponseEvent),
        ("response.incomplete", ResponseEvent),
        ("response.output_item.added", OutputItemAdded),
        ("response.output_item.done", OutputItemDone),
        ("response.content_part.added", ContentPartAdded),
        ("response.content_part.done", ContentPartDone),
        ("response.output_text.delta", OutputTextDelta),
        ("response.output_text.done", OutputTextDone),
        ("response.output_text.annotation.added", AnnotationAdded),
        ("response.function_call_arguments.delta", FunctionCallArgumentsDelta),
        ("response.function_call_arguments.done", FunctionCallArgumentsDone),
        ("keepalive", Keepalive),
        ("error", ErrorEvent),
    ],
)
def test_the_type_alone_makes_an_event_every_other_field_may_be_missing(name: str, model: type) -> None:
    event = events.validate_python({"type": name})
    assert type(event) is model
    assert event.sequence_number is None


@pytest.mark.parametrize("name", ["response.completed", "response.failed", "response.incomplete", "error"])
def test_nothing_of_substance_follows_a_terminal_event(name: str) -> None:
    assert events.validate_python({"type": name}).terminal


@pytest.mark.parametrize("name", ["response.created", "response.in_progress", "response.queued", "keepalive"])
def test_no_other_event_is_terminal(name: str) -> None:
    assert not events.validate_python({"type": name}).terminal


def test_an_unknown_event_keeps_what_it_holds_and_is_not_terminal() -> None:
    event = UnknownEvent.model_validate({"type": "response.thought", "sequence_number": 3, "thought": {"of": "goals"}})
    assert (event.type, event.sequence_number, event.terminal) == ("response.thought", 3, False)
    assert event.model_extra == {"thought": {"of": "goals"}}


def test_a_known_event_keeps_fields_that_came_after_this_version() -> None:
    event = events.validate_python({"type": "response.output_text.delta", "delta": "Goal", "logprobs": []})
    assert event == OutputTextDelta.model_validate(
        {"type": "response.output_text.delta", "delta": "Goal", "logprobs": []}
    )
    assert event.model_extra == {"logprobs": []}


def test_an_absent_delta_is_the_empty_text() -> None:
    assert OutputTextDelta(type="response.output_text.delta").delta == ""
    assert FunctionCallArgumentsDelta(type="response.function_call_arguments.delta").delta == ""


def test_the_items_of_events_are_typed_by_their_own_type() -> None:
    added = [
        OutputItemAdded.model_validate({"type": "response.output_item.added", "item": {"type": kind}}).item
        for kind in ("message", "function_call", "example:map")
    ]
    assert added == [Message(), FunctionCall(), UnknownItem(type="example:map")]


def test_the_parts_of_events_are_typed_by_their_own_type() -> None:
    done = [
        ContentPartDone.model_validate({"type": "response.content_part.done", "part": {"type": kind}}).part
        for kind in ("output_text", "refusal")
    ]
    assert done == [OutputText(), UnknownPart(type="refusal")]


def test_an_added_annotation_is_an_annotation() -> None:
    event = AnnotationAdded.model_validate(
        {"type": "response.output_text.annotation.added", "annotation": {"type": "video_citation", "start_index": 3}}
    )
    assert event.annotation == Annotation(type="video_citation", start_index=3)


def test_the_failure_of_an_error_event_stands_nested_or_bare_or_flat() -> None:
    nested = ErrorEvent.model_validate({"type": "error", "error": {"code": "overloaded", "message": "Busy."}})
    bare = ErrorEvent.model_validate({"error": "Busy."})
    flat = ErrorEvent.model_validate({"type": "error", "code": "overloaded", "message": "Busy."})
    assert nested.error == FailureDetails(code="overloaded", message="Busy.")
    assert bare.error == FailureDetails(message="Busy.")
    assert (flat.code, flat.message) == ("overloaded", "Busy.")


def test_an_error_code_may_be_a_number_nested_or_flat() -> None:
    nested = ErrorEvent.model_validate({"type": "error", "error": {"code": 500}})
    flat = ErrorEvent.model_validate({"type": "error", "code": 500})
    assert nested.error == FailureDetails(code="500")
    assert flat.code == "500"


def test_events_cannot_be_changed() -> None:
    event = OutputTextDelta(type="response.output_text.delta", delta="Goal")
    with pytest.raises(ValidationError, match="frozen"):
        event.delta = "Penalty"  # type: ignore[misc]  # that it cannot be set is what is shown
