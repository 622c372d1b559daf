from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.wire_strategies import Told, bodies, cut, every_cut, told
from twelvelabs_responses._errors import InvalidArgumentError, ProtocolError
from twelvelabs_responses._events import ErrorEvent, Keepalive, OutputTextDelta, ResponseEvent, UnknownEvent
from twelvelabs_responses._protocol import EventDecoder, decode_event, decode_response, encode_request
from twelvelabs_responses._request import InputItem, ResponseRequest, Selection, TextFormat, TextParam
from twelvelabs_responses._response import FailureDetails, Message, OutputText, Response, UnknownItem, UnknownPart

if TYPE_CHECKING:
    from twelvelabs_responses._events import ResponseStreamEvent

ASKED = ResponseRequest(knowledge_store_id="ks_1", input=(InputItem(content="Any goals?"),))
HELLO = (
    b'data: {"type":"response.output_text.delta","sequence_number":0,"delta":"Hel"}\n\n'
    b'data: {"type":"response.output_text.delta","sequence_number":1,"delta":"lo"}\n\n'
)


def events_of(*chunks: bytes) -> list[ResponseStreamEvent]:
    decoder = EventDecoder()
    return [*(event for chunk in chunks for event in decoder.feed(chunk)), *decoder.close()]


def delta(text: str, number: int | None = None) -> OutputTextDelta:
    return OutputTextDelta(type="response.output_text.delta", delta=text, sequence_number=number)


def expected_events(answer: Told) -> list[ResponseStreamEvent | None]:
    return [decode_event(json.dumps(event).encode()) for event in answer.events]


@settings(deadline=None, max_examples=120)
@given(st.data())
def test_the_events_do_not_depend_on_how_they_are_written_and_where_the_body_is_cut(data: st.DataObject) -> None:
    answer = data.draw(told())
    body = data.draw(bodies(answer))
    assert events_of(*data.draw(cut(body))) == expected_events(answer)
    assert events_of(*(body[index : index + 1] for index in range(len(body)))) == expected_events(answer)


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_the_events_of_a_short_stream_survive_every_cut(end: str) -> None:
    frames = [
        ": ping",
        'event: delta\ndata: {"type":"response.output_text.delta",\ndata: "delta":"Go\u0301al\u2028🧤"}',
        'data:{"type":"keepalive","sequence_number":3}',
        "data: [DONE]",
    ]
    body = b"\xef\xbb\xbf" + "".join(f"{frame}\n\n" for frame in frames).replace("\n", end).encode()
    for chunks in every_cut(body):
        assert events_of(*chunks) == [delta("Go\u0301al\u2028🧤"), Keepalive(type="keepalive", sequence_number=3)]


def test_keepalives_and_unknown_events_are_events_too() -> None:
    body = b'data: {"type":"keepalive","sequence_number":0}\n\ndata: {"type":"response.thought","of":"goals"}\n\n'
    assert events_of(body) == [
        Keepalive(type="keepalive", sequence_number=0),
        UnknownEvent.model_validate({"type": "response.thought", "of": "goals"}),
    ]


def test_the_json_says_which_event_it_is_and_not_the_frame() -> None:
    body = b'event: response.failed\ndata: {"type":"response.output_text.delta","delta":"Goal"}\n\n'
    assert events_of(body) == [delta("Goal")]


@pytest.mark.parametrize("data", [b"", b"OK", b"7", b"null", b'"text"', b"[1]", b"[DON", b"NaN", "père".encode()])
def test_data_that_is_not_a_json_object_is_no_event(data: bytes) -> None:
    assert decode_event(data) is None


def test_an_object_without_a_type_is_an_unknown_event() -> None:
    event = decode_event(b'{"ping":1}')
    assert type(event) is UnknownEvent
    assert event.model_extra == {"ping": 1}


def test_a_bare_error_object_is_an_error_event() -> None:
    assert decode_event(b'{"error":{"code":"overloaded","message":"Busy."}}') == ErrorEvent(
        error=FailureDetails(code="overloaded", message="Busy.")
    )


@pytest.mark.parametrize(
    "data",
    [
        b'{"type":"response.output_text.delta","delta":"Goal}',
        b' {"type":',
        b'{"type":"response.output_text.delta","delta":"a\nb"}',
        b'{"type":"response.output_text.delta","delta":"a\x00b"}',
    ],
)
def test_an_object_that_is_not_json_is_a_protocol_error(data: bytes) -> None:
    with pytest.raises(ProtocolError, match="an event of the stream is not JSON"):
        decode_event(data)


@pytest.mark.parametrize("data", [b'{"type":"response.output_text.delta","delta":"\xff"}', b'"\xc3"', b"\xf0\x9f\xa7"])
def test_invalid_utf8_is_a_protocol_error_whatever_it_stands_in(data: bytes) -> None:
    with pytest.raises(ProtocolError, match="an event of the stream is not JSON"):
        decode_event(data)


def test_a_known_event_with_a_field_that_cannot_be_read_is_a_protocol_error_that_names_it() -> None:
    with pytest.raises(ProtocolError, match=r"an event cannot be read \(response.output_text.delta.delta: Input"):
        decode_event(b'{"type":"response.output_text.delta","delta":[1]}')


@pytest.mark.parametrize("oddity", [b'"sequence_number":"first"', b'"sequence_number":[]', b'"type":7'])
def test_an_unknown_event_may_be_as_odd_as_it_likes(oddity: bytes) -> None:
    decoder = EventDecoder()
    (event,) = decoder.feed(b'data: {"type":"response.thought",' + oddity + b"}\n\n")
    assert isinstance(event, UnknownEvent)


def test_of_an_odd_unknown_event_only_what_collides_gets_another_name() -> None:
    event = decode_event(b'{"type":"response.thought","sequence_number":"first","of":"goals"}')
    assert type(event) is UnknownEvent
    assert event.model_extra == {"odd_type": "response.thought", "odd_sequence_number": "first", "of": "goals"}


def test_a_null_says_as_little_as_a_field_that_is_not_there() -> None:
    assert decode_event(b'{"type":"response.output_text.delta","delta":null,"output_index":null}') == delta("")


def test_an_error_without_a_type_is_an_error_also_if_the_type_is_null() -> None:
    event = decode_event(b'{"type":null,"error":{"code":"boom"}}')
    assert isinstance(event, ErrorEvent)
    assert event.error == FailureDetails(code="boom")


@pytest.mark.parametrize(
    "last", [b'{"type":"error","sequence_number":0}', b'{"type":"response.failed","sequence_number":0}']
)
def test_what_ends_a_stream_is_not_taken_for_a_repetition_and_comes_once(last: bytes) -> None:
    decoder = EventDecoder()
    body = b'data: {"type":"keepalive","sequence_number":7}\n\n' + 2 * (b"data: " + last + b"\n\n")
    assert [event.terminal for event in decoder.feed(body)] == [False, True]


def test_escaped_control_characters_are_text() -> None:
    assert decode_event(rb'{"type":"response.output_text.delta","delta":"a\u0000\n\u001f\r\n"}') == delta(
        "a\x00\n\x1f\r\n"
    )


def test_escaped_surrogate_pairs_are_one_character() -> None:
    assert decode_event(rb'{"type":"response.output_text.delta","delta":"\ud83e\udde4"}') == delta("🧤")


def test_a_sequence_number_seen_before_is_a_frame_sent_twice() -> None:
    assert events_of(HELLO, HELLO) == [delta("Hel", 0), delta("lo", 1)]


@pytest.mark.parametrize("first", [-7, -1, 0, 1, 2**70])
def test_the_numbers_may_begin_anywhere(first: int) -> None:
    frame = f'data: {{"type":"keepalive","sequence_number":{first}}}\n\n'.encode()
    assert events_of(frame, frame) == [Keepalive(type="keepalive", sequence_number=first)]


def test_events_without_a_number_are_all_new() -> None:
    frame = b'data: {"type":"response.output_text.delta","delta":"ha"}\n\n'
    assert events_of(frame, frame) == [delta("ha"), delta("ha")]


def test_a_gap_between_sequence_numbers_is_no_error() -> None:
    body = HELLO + b'data: {"type":"keepalive","sequence_number":124}\n\n'
    assert events_of(body)[-1] == Keepalive(type="keepalive", sequence_number=124)


def test_nothing_is_read_after_done() -> None:
    decoder = EventDecoder()
    assert list(decoder.feed(b"data: [DONE]\n\n" + HELLO)) == []
    assert decoder.done
    assert list(decoder.feed(b"data: [DONE]\n\ndata: {\n\n")) == []
    assert list(decoder.close()) == []


def test_done_may_be_the_last_line_without_its_end() -> None:
    decoder = EventDecoder()
    assert list(decoder.feed(b"data: [DONE]")) == []
    assert decoder.done is False
    assert list(decoder.close()) == []
    assert decoder.done is True


def test_the_last_event_may_lack_its_blank_line() -> None:
    assert events_of(HELLO.rstrip()) == [delta("Hel", 0), delta("lo", 1)]


def test_half_an_event_at_the_end_is_no_event_wherever_it_is_cut() -> None:
    last = 'data: {"type":"response.output_text.delta","sequence_number":2,"delta":"🧤"}'.encode()
    for size in range(len(last)):
        assert events_of(HELLO + last[:size]) == [delta("Hel", 0), delta("lo", 1)]


def test_the_events_before_one_that_cannot_be_read_are_given() -> None:
    events = EventDecoder().feed(b'data: {"type":"keepalive"}\n\ndata: {oops}\n\n')
    assert next(events) == Keepalive(type="keepalive")
    with pytest.raises(ProtocolError):
        next(events)


def test_an_event_over_the_limit_is_a_protocol_error() -> None:
    with pytest.raises(ProtocolError, match="larger than 40 bytes"):
        list(EventDecoder(max_frame_bytes=40).feed(HELLO))


def test_a_json_body_is_the_response_with_unknown_kinds_kept_whole() -> None:
    response = decode_response(
        b'{"id":"resp_1","status":"wondering","session_id":"sess_1","mood":"calm","output":['
        b'{"type":"example:map","id":"map_1","size":3},'
        b'{"type":"message","content":[{"type":"refusal","refusal":"No."},{"type":"output_text","text":"Two."}]}]}'
    )
    assert (response.id, response.status, response.session_id) == ("resp_1", "wondering", "sess_1")
    assert response.text == "Two."
    assert response.model_extra == {"mood": "calm"}
    refusal = UnknownPart.model_validate({"type": "refusal", "refusal": "No."})
    assert response.output == (
        UnknownItem.model_validate({"type": "example:map", "id": "map_1", "size": 3}),
        Message(content=(refusal, OutputText(text="Two."))),
    )


def test_an_event_without_a_response_and_a_response_without_items_are_fine() -> None:
    assert decode_event(b'{"type":"response.completed"}') == ResponseEvent(type="response.completed")
    assert decode_response(b'{"output":null}') == Response()


def test_a_byte_order_mark_before_a_response_is_passed_by() -> None:
    assert decode_response(b'\xef\xbb\xbf{"output":[]}') == Response(output=())


def test_a_failed_response_needs_no_output() -> None:
    assert decode_response(b'{"status":"failed","error":"Busy."}') == Response(
        status="failed", error=FailureDetails(message="Busy.")
    )


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "an empty body"),
        (b"<html><body><h1>Sign in</h1></body></html>", "Sign in"),
        (b'{"output":[', "(Invalid JSON"),
        (b"[]", "(Input should be an object"),
        (b'{"output":[{"type":"message","content":7}]}', "(output.0.message.content: Input"),
        (b'{"output":[],"id":"\xff"}', "Invalid JSON"),
        (b'{"code":"odd","message":"But the status was 200"}', "it has no output"),
    ],
)
def test_a_body_that_is_not_a_response_is_a_protocol_error_that_says_why(body: bytes, reason: str) -> None:
    with pytest.raises(ProtocolError, match="the answer is not a response") as raised:
        decode_response(body)
    assert reason in str(raised.value)


def test_what_was_not_set_is_not_sent() -> None:
    assert json.loads(encode_request(ASKED, stream=False)) == {
        "model": "jockey1.0",
        "knowledge_store_id": "ks_1",
        "input": [{"type": "message", "role": "user", "content": "Any goals?"}],
    }


@pytest.mark.parametrize("empty", [{"include": ()}, {"selections": ()}, {"metadata": {}}])
def test_what_is_empty_is_not_sent_either(empty: dict[str, object]) -> None:
    assert encode_request(ASKED.model_copy(update=empty), stream=False) == encode_request(ASKED, stream=False)


def test_stream_is_sent_where_a_stream_is_asked_for() -> None:
    assert json.loads(encode_request(ASKED, stream=True))["stream"] is True


def test_what_was_set_is_sent_by_the_names_of_the_api() -> None:
    schema = {"type": "json_schema", "name": "goals", "schema": {"type": "object"}}
    fields = {
        "include": ("intermediate_outputs",),
        "metadata": {"team": "red"},
        "selections": (Selection(kind="item", id="ksi_1"),),
        "text": TextParam(format=TextFormat.model_validate(schema)),
        "extra_body": {"temperature": 0.5},
    }
    sent = json.loads(encode_request(ASKED.model_copy(update=fields), stream=False))
    assert sent["include"] == ["intermediate_outputs"]
    assert sent["metadata"] == {"team": "red"}
    assert sent["selections"] == [{"kind": "item", "id": "ksi_1"}]
    assert sent["text"] == {"format": {"type": "json_schema", "name": "goals", "schema": {"type": "object"}}}
    assert (sent["temperature"], "extra_body" in sent) == (0.5, False)


def test_text_is_sent_as_it_is_and_without_spaces_between() -> None:
    asked = ASKED.model_copy(update={"model": None, "input": (InputItem(content="Où est 🧤?"),)})
    body = '{"knowledge_store_id":"ks_1","input":[{"type":"message","role":"user","content":"Où est 🧤?"}]}'
    assert encode_request(asked, stream=False) == body.encode()


def test_what_utf8_cannot_hold_is_refused() -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        encode_request(ASKED.model_copy(update={"extra_body": {"note": "\ud83e"}}), stream=False)
    assert (caught.value.field, caught.value.got) == ("request", "a lone surrogate")
    assert caught.value.allowed == "text that UTF-8 can hold"


def test_what_json_cannot_hold_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="request: got Out of range float") as caught:
        encode_request(ASKED.model_copy(update={"extra_body": {"note": float("nan")}}), stream=False)
    assert caught.value.allowed == "numbers that JSON has"


def test_an_event_that_has_begun_is_known_to_go_on() -> None:
    decoder = EventDecoder()
    assert not decoder.is_amid
    assert list(decoder.feed(b'data: {"type":')) == []
    assert decoder.is_amid


@pytest.mark.parametrize("decode", [decode_response, decode_event])
@pytest.mark.parametrize("value", ["{}", "[]", '{"":1}'])
def test_a_million_small_values_are_refused_before_they_burst_the_memory(decode: object, value: str) -> None:
    assert callable(decode)
    body = f'{{"type": "new", "output": [{",".join([value] * 500_000)}]}}'.encode()
    with pytest.raises(ProtocolError, match="more than 500,000 values"):
        decode(body)


def test_a_long_text_may_hold_what_looks_like_values_and_a_long_output_is_read_up_to_its_first_fault() -> None:
    text = "{[" * 240_000 + "x" * 1_000_000
    body = json.dumps({"output": [{"type": "message", "content": [{"type": "output_text", "text": text}]}]})
    assert decode_response(body.encode()).text == text
    with pytest.raises(ProtocolError, match=r"output\.0") as caught:
        decode_response(b'{"output": [' + b"1," * 400_000 + b"1]}")
    cause = caught.value.__cause__
    assert isinstance(cause, ValidationError)
    assert cause.error_count() == 1


def test_half_a_million_values_are_read_and_one_more_is_not() -> None:
    event = '{{"type":"new","list":[{}]}}'
    values = ["{}"] * 499_996
    assert isinstance(decode_event(event.format(",".join(values)).encode()), UnknownEvent)
    with pytest.raises(ProtocolError, match="more than 500,000 values in 1,500,014 bytes"):
        decode_event(event.format(",".join([*values, "{}"])).encode())


def test_the_values_of_a_mebibyte_are_not_counted() -> None:
    assert decode_event(b"[" * 1_048_576) is None
    with pytest.raises(ProtocolError, match="more than 500,000 values"):
        decode_event(b"[" * 1_048_577)
