from __future__ import annotations

import pickle
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from twelvelabs_responses._citations import Annotation, UnknownAnnotation
from twelvelabs_responses._errors import IncompleteResponseError, ProtocolError
from twelvelabs_responses._response import (
    FunctionCall,
    FunctionCallOutput,
    Message,
    OutputText,
    Response,
    UnknownItem,
    UnknownPart,
    Usage,
    is_answer,
)
from twelvelabs_responses._session import Session

JSON = dict[str, Any]
PHASES = {"-": {}, "F": {"phase": "final_answer"}, "C": {"phase": "commentary"}, "U": {"phase": "thinking"}}


class Clip(BaseModel):
    title: str
    seconds: float


def text_part(text: str, *annotations: JSON) -> JSON:
    return {"type": "output_text", "text": text, "annotations": list(annotations)}


def message(*parts: JSON, **fields: Any) -> JSON:
    return {"type": "message", "id": "msg_1", "status": "completed", "role": "assistant", "content": parts, **fields}


def response(*output: JSON, **fields: Any) -> Response:
    return Response.model_validate({"id": "resp_1", "session_id": "sess_1", "output": output, **fields})


def reply(text: str, **fields: Any) -> Response:
    return response(message(text_part(text)), **fields)


def in_phases(phases: str) -> Response:
    return response(*(message(text_part(text), **PHASES[phase]) for phase, text in zip(phases, "abc", strict=False)))


def test_a_response_of_april_is_read() -> None:
    body = (
        '{"id":"resp_1","type":"response","status":"completed","model":"jockey1.0","knowledge_store_id":"ks_1",'
        '"session_id":"sess_1","output":[{"type":"message","id":"msg_sess_1","status":"completed","role":"assistant",'
        '"content":[{"type":"output_text","text":"Two goals."}]}],"usage":{"input_tokens":900,"output_tokens":12},'
        '"created_at":"2026-04-27T10:00:00Z"}'
    )
    read = Response.model_validate_json(body)
    assert (read.text, read.citations, read.session_id, read.status) == ("Two goals.", (), "sess_1", "completed")
    assert (read.model, read.knowledge_store_id, read.created_at) == ("jockey1.0", "ks_1", "2026-04-27T10:00:00Z")
    assert (read.object, read.incomplete_details, read.error) == (None, None, None)


def test_a_response_of_which_nothing_came_is_read_and_empty() -> None:
    empty = Response.model_validate({})
    assert (empty.id, empty.output, empty.text, empty.citations, empty.usage) == (None, (), "", (), None)


def test_the_ids_are_those_of_a_session_that_are_known() -> None:
    response = Response(id="resp_1", session_id="sess_1", knowledge_store_id="ks_1")
    assert Session(**response.ids) == Session("sess_1", "resp_1", "ks_1")
    assert Response(session_id="sess_1").ids == {"session_id": "sess_1"}


def test_nulls_are_nothing() -> None:
    assert response(output=None).output == ()
    assert response({"type": "message", "content": None}).text == ""
    assert response(message({"type": "output_text", "text": "a", "annotations": None})).text == "a"


def test_a_response_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        reply("a").status = "failed"  # type: ignore[misc]  # mypy says the same


def test_fields_that_came_after_this_version_are_kept() -> None:
    read = response(message(text_part("a"), mood="glad"), weight=3)
    assert read.model_extra == {"weight": 3}
    assert read.output[0].model_extra == {"mood": "glad"}


def test_a_pickled_response_comes_back_whole() -> None:
    read = response(message(text_part("[1]", {"start_index": "?"})), {"type": "plan", "steps": [1]}, weight=3)
    assert pickle.loads(pickle.dumps(read)) == read  # noqa: S301 - pickled in the same line


def test_function_calls_and_their_outputs_are_read() -> None:
    call = {"type": "function_call", "id": "fc_1", "name": "search", "call_id": "call_1", "arguments": '{"a":1}'}
    output = {"type": "function_call_output", "id": "fco_1", "call_id": "call_1", "output": "3 clips"}
    assert response(call, output).output == (FunctionCall.model_validate(call), FunctionCallOutput(**output))


@pytest.mark.parametrize("output", ["3 clips", [{"type": "text"}], {"clips": 3}, None])
def test_a_functions_output_is_a_string_or_what_open_responses_allows(output: object) -> None:
    (item,) = response({"type": "function_call_output", "output": output}).output
    assert isinstance(item, FunctionCallOutput)
    assert item.output == output


@pytest.mark.parametrize("unknown", [{"type": "plan", "id": "p_1", "steps": [1, {"a": None}]}, {"steps": []}, {}])
def test_an_item_of_a_kind_that_is_new_is_kept_whole(unknown: JSON) -> None:
    item, last = response(unknown, message(text_part("a"))).output
    assert isinstance(item, UnknownItem)
    assert item.model_dump(exclude_unset=True) == unknown
    assert isinstance(last, Message)


@pytest.mark.parametrize("unknown", [{"type": "refusal", "refusal": "No."}, {"type": None, "text": "b"}, {}])
def test_a_part_of_a_kind_that_is_new_is_kept_whole_and_is_no_text(unknown: JSON) -> None:
    read = response(message(text_part("a"), unknown, text_part("c")))
    part = read.reply[0].content[1]
    assert isinstance(part, UnknownPart)
    assert part.model_dump(exclude_unset=True) == unknown
    assert read.text == "ac"


def test_a_null_for_a_kind_is_kept_as_an_unknown_one() -> None:
    (item,) = response({"type": None}).output
    assert isinstance(item, UnknownItem)


def test_parts_and_items_made_in_python_keep_their_kind() -> None:
    made = Message(content=(OutputText(text="a"), UnknownPart(type="refusal")), phase=None)
    read = Response(output=(made, UnknownItem(type="plan")))
    assert read.output == (made, UnknownItem(type="plan"))
    assert read.text == "a"


@pytest.mark.parametrize(
    "odd",
    [
        {"type": "video_citation", "start_index": "here"},
        {"type": "video_citation", "start_sec": "00:10"},
        {"start_index": 0},
        {"type": None},
        {},
    ],
)
def test_an_odd_annotation_is_kept_and_costs_neither_text_nor_other_citations(odd: JSON) -> None:
    good = {"type": "video_citation", "start_index": 0, "end_index": 2, "item_id": "ksi_1"}
    read = response(message(text_part("[1]", odd, good)))
    part = read.reply[0].content[0]
    assert isinstance(part, OutputText)
    assert isinstance(part.annotations[0], UnknownAnnotation)
    assert part.annotations[0].model_dump() == odd
    assert [citation.item_id for citation in read.citations] == ["ksi_1"]


@pytest.mark.parametrize("odd", [5, None, "[1]", [1]])
def test_an_annotation_that_is_no_object_is_kept_as_a_value(odd: object) -> None:
    part = OutputText.model_validate({"text": "a", "annotations": [odd]})
    assert part.annotations == (UnknownAnnotation.model_validate({"value": odd}),)


def test_annotations_made_in_python_stay_what_they_are() -> None:
    known, odd = Annotation(type="video_citation"), UnknownAnnotation.model_validate({"start_index": "here"})
    assert OutputText(annotations=(known, odd)).annotations == (known, odd)


@pytest.mark.parametrize(
    ("usage", "total"),
    [
        ({"input_tokens": 900, "output_tokens": 12}, 912),
        ({"input_tokens": 0, "output_tokens": 0}, 0),
        ({"input_tokens": 900}, None),
        ({"output_tokens": 12}, None),
        ({"input_tokens": None, "output_tokens": 12}, None),
        ({}, None),
    ],
)
def test_the_total_is_the_sum_if_both_parts_are_there(usage: JSON, total: int | None) -> None:
    assert Usage.model_validate(usage).total_tokens == total


@pytest.mark.parametrize(
    ("phases", "text"),
    [
        ("", ""),
        *[("-", "a"), ("F", "a"), ("C", ""), ("U", "")],
        *[("--", "b"), ("-F", "ab"), ("-C", "a"), ("-U", "a")],
        *[("F-", "ab"), ("FF", "ab"), ("FC", "a"), ("FU", "a")],
        *[("C-", "b"), ("CF", "b"), ("CC", ""), ("CU", "")],
        *[("U-", "b"), ("UF", "b"), ("UC", ""), ("UU", "")],
        *[("---", "c"), ("--C", "ab"), ("C--", "bc"), ("CUF", "c"), ("FCF", "ac")],
    ],
)
def test_the_reply_is_what_has_no_phase_or_the_final_one_and_without_any_phase_the_last(phases: str, text: str) -> None:
    assert in_phases(phases).text == text


@pytest.mark.parametrize("phases", ["".join(phases) for phases in product("-FCU", repeat=3)])
def test_commentary_and_unknown_phases_never_answer(phases: str) -> None:
    hidden = {text for phase, text in zip(phases, "abc", strict=True) if phase in "CU"}
    assert not hidden & set(in_phases(phases).text)


def test_items_that_are_no_messages_do_not_matter_to_the_reply() -> None:
    call = {"type": "function_call", "phase": "final_answer"}
    assert response(message(text_part("a")), call, message(text_part("b")), {"type": "plan"}).text == "b"


def test_the_phases_that_answer_are_none_and_the_final_one() -> None:
    assert is_answer(None)
    assert is_answer("final_answer")
    assert not is_answer("commentary")
    assert not is_answer("")


def test_the_texts_of_all_parts_are_joined_as_they_come() -> None:
    assert reply("a").reply[0].text == "a"
    assert response(message(text_part("Two "), text_part(""), text_part("goals."))).text == "Two goals."


FILLERS = st.text("aé🧤\u0301 \n.", max_size=6)


@st.composite
def marked_parts(draw: st.DrawFn) -> tuple[JSON, list[str]]:
    text, markers, annotations, tag = draw(FILLERS), [], [], draw(st.booleans())
    for number in range(draw(st.integers(0, 3))):
        marker = f'<vref id="{number}" start="00:0{number}"></vref>' if tag else f"[{number}]"
        if not tag:
            end = len(text) + len(marker) - 1
            annotations.append({"type": "video_citation", "start_index": len(text), "end_index": end})
        markers.append(marker)
        text += marker + draw(FILLERS)
    return text_part(text, *annotations), markers


@given(st.lists(st.tuples(st.sampled_from("FC"), st.lists(marked_parts(), max_size=3)), max_size=4))
@settings(deadline=None)
def test_every_citation_of_a_response_spans_its_marker_in_the_text(
    messages: list[tuple[str, list[tuple[JSON, list[str]]]]],
) -> None:
    output = [message(*(part for part, _ in parts), **PHASES[phase]) for phase, parts in messages]
    read = response(*output)
    expected = [marker for phase, parts in messages if phase == "F" for _, markers in parts for marker in markers]
    assert [read.text[citation.start : citation.end] for citation in read.citations] == expected


def test_a_citation_without_a_span_stays_without_one_behind_other_parts() -> None:
    lost = {"type": "video_citation", "start_index": 90, "end_index": 99, "item_id": "ksi_1"}
    (citation,) = response(message(text_part("Two "), {"type": "refusal"}, text_part("goals.", lost))).citations
    assert (citation.item_id, citation.start, citation.end) == ("ksi_1", None, None)


@pytest.mark.parametrize(
    "text",
    [
        '{"title": "Goal", "seconds": 9}',
        ' {"seconds": 9.0, "title": "Goal"}\n',
        '```json\n{"title": "Goal", "seconds": 9}\n```',
        'Here it is:\n```\n{"title": "Goal", "seconds": 9}\n```\nEnjoy!',
        'Sure! {"title": "Goal", "seconds": 9} Anything else?',
        'As in [1]: {"title": "Goal", "seconds": 9}',
    ],
)
def test_a_reply_is_read_as_a_model_bare_fenced_or_with_prose_around_it(text: str) -> None:
    assert reply(text).parsed(Clip) == Clip(title="Goal", seconds=9.0)


def test_a_reply_is_read_as_any_type_that_pydantic_reads() -> None:
    assert reply('{"a": [1, null]}').parsed(dict) == {"a": [1, None]}
    assert reply('[{"title": "Goal", "seconds": 9}]').parsed(list[Clip]) == [Clip(title="Goal", seconds=9.0)]
    assert reply("3").parsed(int) == 3


def test_an_incomplete_response_is_not_read_as_an_object_even_if_it_could_be() -> None:
    cut = reply('{"a": 1}', status="incomplete", incomplete_details={"reason": "max_output_tokens"})
    with pytest.raises(IncompleteResponseError, match="cut short \\(max_output_tokens\\)") as caught:
        cut.parsed(dict)
    error = caught.value
    assert (error.reason, error.text, error.response_id) == ("max_output_tokens", '{"a": 1}', "resp_1")
    assert error.session_id == "sess_1"


def test_an_incomplete_response_may_give_no_reason() -> None:
    with pytest.raises(IncompleteResponseError, match="no reason given") as caught:
        reply("", status="incomplete").parsed(dict)
    assert caught.value.reason is None


@pytest.mark.parametrize("text", ["", "Two goals.", '{"title": "Goal"}', '{"title": "Go', '[{"title": "Goal"}]', "{}"])
def test_a_reply_that_is_not_the_object_is_a_protocol_error_with_its_text(text: str) -> None:
    with pytest.raises(ProtocolError, match="the reply is not a Clip: ") as caught:
        reply(text).parsed(Clip)
    error = caught.value
    assert (error.text, error.response_id, error.session_id) == (text, "resp_1", "sess_1")
    assert isinstance(error.__cause__, ValidationError)


@pytest.mark.parametrize(
    ("error", "code", "kind", "text"),
    [
        ({"code": "server_error", "message": "It broke."}, "server_error", None, "It broke."),
        ({"type": "model_error", "code": None}, None, "model_error", None),
        ({"code": 500, "message": "It broke."}, "500", None, "It broke."),
        ("It broke.", None, None, "It broke."),
    ],
)
def test_a_failure_is_read_in_every_form(error: object, code: str | None, kind: str | None, text: str | None) -> None:
    failure = response(status="failed", error=error).error
    assert failure is not None
    assert (failure.code, failure.type, failure.message) == (code, kind, text)


def test_a_response_is_json_as_an_http_answer_is() -> None:
    assert Response.model_validate({"id": "resp_1", "output": [], "new": 1}).json()["new"] == 1
