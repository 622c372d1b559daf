"""Exact answers: what a test writes down is what a client gets, in every form the service has."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.emulator.asking import asking, deltas_in, events_of, text_of_response, types_of
from twelvelabs_responses.emulator import ScriptedAnswer, ScriptedCall, ScriptedCitation
from twelvelabs_responses.emulator._era import era_named
from twelvelabs_responses.emulator._scripted import ScriptedAnswers, answer_of
from twelvelabs_responses.emulator._text import text_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.emulator.asking import Asker

GOALS = ScriptedAnswer(
    "Two goals 🥅 [1], on the poster [2] of the season [3].",
    citations=(
        ScriptedCitation("ksi_goal", 12.0, 15.5, "Final"),
        ScriptedCitation("ksi_poster", kind="image"),
        ScriptedCitation("ksic_season", title="Season", kind="collection"),
    ),
    commentary="Looking for goals.",
    calls=(ScriptedCall("search", {"query": "goal"}, "3 clips"),),
    input_tokens=7,
    output_tokens=0,
)
EVERYTHING = ["intermediate_outputs"]


@pytest.fixture
def own(library_file: Path) -> Iterator[Asker]:
    with asking(library_file) as asker:
        yield asker


def test_answers_come_in_order_and_then_the_library_again(own: Asker) -> None:
    own.emulator.script("One.", ScriptedAnswer("Two."))
    texts = [text_of_response(own.whole().json()) for _ in range(3)]
    assert texts[:2] == ["One.", "Two."]
    assert texts[2].startswith("(Emulator)")


def test_citations_stand_where_their_markers_do(own: Asker) -> None:
    own.emulator.script(GOALS)
    response = own.whole().json()
    [message] = response["output"]
    [part] = message["content"]
    assert part["text"] == GOALS.text
    spans = [part["text"][each["start_index"] : each["end_index"] + 1] for each in part["annotations"]]
    assert spans == ["[1]", "[2]", "[3]"]
    kinds = [each["type"] for each in part["annotations"]]
    assert kinds == ["video_citation", "image_citation", "collection_citation"]
    assert (part["annotations"][0]["start_sec"], part["annotations"][0]["title"]) == (12.0, "Final")
    assert response["usage"] == {"input_tokens": 7, "output_tokens": 0}


def test_steps_are_told_to_those_who_ask_for_them(own: Asker) -> None:
    own.emulator.script(GOALS)
    commentary, call, output, message = own.whole(include=EVERYTHING).json()["output"]
    assert (commentary["phase"], commentary["content"][0]["text"]) == ("commentary", "Looking for goals.")
    assert (call["name"], json.loads(call["arguments"])) == ("search", {"query": "goal"})
    assert (output["call_id"], output["output"]) == (call["call_id"], "3 clips")
    assert message["phase"] == "final_answer"


def test_a_stream_has_every_event_in_order(own: Asker) -> None:
    own.emulator.script("Two goals.")
    told = own.stream().text
    assert types_of(told) == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert deltas_in(told) == "Two goals."


def test_an_older_era_writes_tags_in_the_markers_place() -> None:
    told = text_of(answer_of(GOALS).segments, era_named("july"))
    tag = '<vref id="goal" start="00:12" end="00:15"></vref>'
    assert told.text == f'Two goals 🥅 {tag}, on the poster <vref id="poster"></vref> of the season .'
    assert told.annotations == ()


def test_a_typed_answer_is_its_json(own: Asker) -> None:
    own.emulator.script(ScriptedAnswer(json={"goals": 2, "who": "Zoë"}))
    schema = {"type": "object", "properties": {"goals": {"type": "integer"}}}
    form = {"format": {"type": "json_schema", "name": "goals", "schema": schema}}
    assert text_of_response(own.whole(text=form).json()) == '{"goals": 2, "who": "Zoë"}'


def test_an_answer_cut_short_says_why(own: Asker) -> None:
    own.emulator.script(ScriptedAnswer("Two go", incomplete_reason="max_output_tokens"))
    final = events_of(own.stream().text)[-1]["response"]
    assert (final["status"], final["incomplete_details"]) == ("incomplete", {"reason": "max_output_tokens"})
    assert (final["output"][0]["status"], text_of_response(final)) == ("incomplete", "Two go")


def test_an_answer_comes_with_its_fault_and_the_next_without(own: Asker) -> None:
    own.emulator.script(ScriptedAnswer("One.", fault="429-quota"), ScriptedAnswer("Two.", fault="done-early"), "Three.")
    assert own.whole().status_code == 429
    assert "response.completed" not in types_of(own.stream().text)
    assert text_of_response(own.whole().json()) == "Three."


def test_a_fault_that_refuses_comes_first_and_leaves_the_answer_to_the_next(own: Asker) -> None:
    own.emulator.script(ScriptedAnswer("One.", fault="done-early"))
    own.emulator.fault = "429-quota:once"
    assert own.stream().status_code == 429
    assert [answer.text for answer in own.emulator.scripted] == ["One."]
    told = own.stream().text
    assert (deltas_in(told), "response.completed" in types_of(told)) == ("One.", False)


def test_any_other_fault_breaks_the_answer_that_has_none_of_its_own(own: Asker) -> None:
    own.emulator.script(ScriptedAnswer("One.", fault="incomplete"), "Two.", "Three.")
    own.emulator.fault = "failed:once"
    responses = [own.whole().json() for _ in range(3)]
    assert [response["status"] for response in responses] == ["incomplete", "failed", "completed"]
    assert text_of_response(responses[2]) == "Three."


def test_a_session_remembers_what_was_said(own: Asker) -> None:
    own.emulator.script("Two goals.", "Six words have been read.")
    session_id = own.whole("Any goals?").json()["session_id"]
    response = own.whole("And then?", session_id=session_id).json()
    assert response["session_id"] == session_id
    assert response["usage"]["input_tokens"] == 6


@pytest.mark.parametrize("wrong", [{"knowledge_store_id": "ks_other"}, {"session_id": "sess_other"}, {"input": []}])
def test_a_request_that_is_refused_leaves_the_answer_to_the_next(own: Asker, wrong: dict[str, Any]) -> None:
    own.emulator.script("One.")
    assert own.send(own.body() | wrong).status_code in {400, 404}
    assert own.emulator.scripted == [ScriptedAnswer("One.")]
    assert text_of_response(own.whole().json()) == "One."
    assert own.emulator.scripted == []


def test_a_number_in_brackets_without_a_citation_is_text() -> None:
    scripted = ScriptedAnswer("See [0], [1], [2].", citations=(ScriptedCitation("ksi_1"),))
    told = text_of(answer_of(scripted).segments, era_named("latest"))
    assert told.text == "See [0], [1], [2]."
    assert [each["start_index"] for each in told.annotations] == [9]


def test_a_citation_without_its_marker_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"citations\[1\] \(ksi_2\) has no marker \[2\] in the text"):
        ScriptedAnswer("One [1].", citations=(ScriptedCitation("ksi_1"), ScriptedCitation("ksi_2")))


def test_text_and_json_at_once_are_an_error() -> None:
    with pytest.raises(ValueError, match="give one or the other"):
        ScriptedAnswer("One", json={})


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"text": None}, "text: got a NoneType; allowed: a string"),
        ({"commentary": ["Looking."]}, "commentary: got a list; allowed: a string"),
        ({"output_tokens": "7"}, "output_tokens: got a str; allowed: a number of tokens, or None"),
        ({"text": "[1]", "citations": ["ksi_1"]}, r"citations\[0\]: got a str; allowed: a ScriptedCitation"),
        ({"calls": [("search", {})]}, r"calls\[0\]: got a tuple; allowed: a ScriptedCall"),
        ({"incomplete_reason": 5}, "incomplete_reason: got a int; allowed: a string, or None"),
        ({"citations": GOALS.citations[0]}, "citations: got a ScriptedCitation; allowed: a sequence of ScriptedCit"),
        ({"calls": iter(GOALS.calls)}, "calls: got a tuple_iterator; allowed: a sequence of ScriptedCall"),
    ],
)
def test_a_field_of_another_kind_is_refused_where_it_is_written(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(TypeError, match=told):
        ScriptedAnswer(**fields)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"text": "\ud83e"}, "text: .* surrogates not allowed; allowed: what JSON can say in UTF-8"),
        ({"json": {"at": {1, 2}}}, "json: .* set is not JSON serializable"),
        ({"calls": [ScriptedCall("look", {"at": 1j})]}, r"calls\[0\]: .* complex is not JSON serializable"),  # type: ignore[dict-item] # what is refused
    ],
)
def test_what_the_wire_cannot_carry_is_refused_where_it_is_written(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        ScriptedAnswer(**fields)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"id": 1}, "id: got a int; allowed: a string"),
        ({"id": "ksi_1", "title": None}, "title: got a NoneType; allowed: a string"),
        ({"id": "ksi_1", "start_sec": "0:12"}, "start_sec: got a str; allowed: seconds, or None"),
        ({"id": "ksi_1", "end_sec": "0:15"}, "end_sec: got a str; allowed: seconds, or None"),
        ({"id": "ksi_1", "kind": "audio"}, "kind: got 'audio'; allowed: video, image, collection"),
        ({"id": "ksi_1", "title": "\ud83e"}, "title: .* surrogates not allowed"),
    ],
)
def test_a_citation_that_there_cannot_be_is_refused_where_it_is_written(fields: dict[str, Any], told: str) -> None:
    with pytest.raises((TypeError, ValueError), match=told):
        ScriptedCitation(**fields)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"name": 5}, "name: got a int; allowed: a string"),
        ({"name": "search", "arguments": 5}, "arguments: got a int; allowed: a mapping"),
        ({"name": "search", "output": None}, "output: got a NoneType; allowed: a string"),
    ],
)
def test_a_call_that_there_cannot_be_is_refused_where_it_is_written(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(TypeError, match=told):
        ScriptedCall(**fields)


def test_an_answer_that_was_put_back_is_the_next_one() -> None:
    answers = ScriptedAnswers()
    for text in ("One.", "Two."):
        answers.add(ScriptedAnswer(text))
    taken = answers.take()
    assert taken == ScriptedAnswer("One.")
    answers.put_back(taken)
    assert [answer.text for answer in answers.left] == ["One.", "Two."]
