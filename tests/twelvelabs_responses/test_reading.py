from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sessions import continued
from tests.wire_strategies import bodies, cut, every_cut, told
from twelvelabs_responses._errors import (
    APITimeoutError,
    ProtocolError,
    ResponseFailedError,
    ResponsesError,
    StreamInterruptedError,
)
from twelvelabs_responses._events import Keepalive, OutputTextDelta, ResponseEvent, UnknownEvent
from twelvelabs_responses._protocol import decode_response
from twelvelabs_responses._reading import Body, Reading
from twelvelabs_responses._request import Limits
from twelvelabs_responses._retry import Retry
from twelvelabs_responses._session import Session, Sessions
from twelvelabs_responses._settings import Settings
from twelvelabs_responses._turn import Turn

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.wire_strategies import JSON
    from twelvelabs_responses._events import ResponseStreamEvent
    from twelvelabs_responses._reading import Update

ErrorT = TypeVar("ErrorT", bound=ResponsesError)

SSE, PLAIN = "text/event-stream; charset=utf-8", "application/json"
SETTINGS = Settings("tlk_made_up", "https://api.example.com/v1.3", 300.0, 60.0, Retry(), Limits())

CREATED: JSON = {
    "type": "response.created",
    "sequence_number": 0,
    "response": {
        "id": "resp_1",
        "session_id": "sess_1",
        "knowledge_store_id": "ks_1",
        "status": "in_progress",
        "output": [],
    },
}
ADDED: JSON = {
    "type": "response.output_item.added",
    "sequence_number": 1,
    "output_index": 0,
    "item": {"type": "message", "id": "msg_1", "status": "in_progress", "role": "assistant", "phase": "final_answer"},
}
DELTA: JSON = {
    "type": "response.output_text.delta",
    "sequence_number": 2,
    "output_index": 0,
    "item_id": "msg_1",
    "content_index": 0,
    "delta": "Two ",
}
ANSWERED: JSON = {
    "id": "resp_1",
    "session_id": "sess_1",
    "knowledge_store_id": "ks_1",
    "status": "completed",
    "output": [
        {
            "type": "message",
            "id": "msg_1",
            "status": "completed",
            "role": "assistant",
            "phase": "final_answer",
            "content": [{"type": "output_text", "text": "Two goals 🧤\u2028."}],
        }
    ],
}
REST: JSON = {**DELTA, "sequence_number": 3, "delta": "goals 🧤\u2028."}
COMPLETED: JSON = {"type": "response.completed", "sequence_number": 4, "response": ANSWERED}
WHOLE = (CREATED, ADDED, DELTA, REST, COMPLETED)
BEGUN = (CREATED, ADDED, DELTA)


def frames(*events: JSON | str) -> bytes:
    data = [event if isinstance(event, str) else json.dumps(event, ensure_ascii=False) for event in events]
    return "".join(f"data: {line}\n\n" for line in data).encode()


def reading(content_type: str = SSE, sessions: Sessions | None = None) -> Reading:
    turn = Turn(
        SETTINGS,
        sessions or Sessions(),
        "Any goals?",
        {"knowledge_store_id": "ks_1", "include": ["intermediate_outputs"]},
        stream=True,
    )
    return Reading(turn, content_type)


def read(chunks: Iterable[bytes], into: Reading) -> list[tuple[ResponseStreamEvent, str]]:
    """Read the way a stream does, until it has ended; give each event and the text of the reply that it adds."""
    updates: list[Update] = []
    for chunk in chunks:
        updates += into.take(chunk, waited=0.0)
        if into.ended:
            break
    if not into.fold.ended:
        updates += into.close()
    return [(event, "".join(piece.text for piece in pieces if piece.is_answer)) for event, pieces in updates]


def text_of(*chunks: bytes, content_type: str = SSE) -> str:
    return "".join(text for _, text in read(chunks, reading(content_type)))


def error_of(kind: type[ErrorT], *chunks: bytes, content_type: str = SSE) -> ErrorT:
    with pytest.raises(kind) as raised:
        read(chunks, reading(content_type))
    assert type(raised.value) is kind
    return raised.value


def facts(error: ResponsesError) -> tuple[str, str | None, str | None, bool]:
    return error.text, error.response_id, error.session_id, error.ambiguous


SO_FAR = ("Two ", "resp_1", "sess_1", True)


# -- any stream, any cut -------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=120)
@given(st.data())
def test_a_stream_gives_what_the_json_answer_gives_however_it_is_written_and_cut(data: st.DataObject) -> None:
    answer = data.draw(told())
    body = data.draw(bodies(answer))
    plain, streamed = reading(PLAIN), reading()
    read([answer.json_body()], plain)
    seen = read(data.draw(cut(body)), streamed)
    assert streamed.fold.response == plain.fold.response == decode_response(answer.json_body())
    assert "".join(text for _, text in seen) == plain.fold.response.text
    assert seen == read([body], reading())


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_a_body_that_ends_early_gives_its_whole_text_or_is_interrupted(data: st.DataObject) -> None:
    answer = data.draw(told())
    body = data.draw(bodies(answer))
    expected, short = decode_response(answer.json_body()), reading()
    updates = list(short.take(body[: data.draw(st.integers(0, len(body)))], waited=0.0))
    with suppress(StreamInterruptedError):
        updates += short.close()
    text = "".join(piece.text for _, pieces in updates for piece in pieces if piece.is_answer)
    assert short.fold.response == expected if short.fold.ended else expected.text.startswith(text)


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_the_text_and_the_response_survive_every_cut_of_a_short_stream(end: str, mark: str) -> None:
    body = mark.encode() + frames(*WHOLE, "[DONE]").replace(b"\n", end.encode())
    for chunks in every_cut(body):
        cut_up = reading()
        assert "".join(text for _, text in read(chunks, cut_up)) == "Two goals 🧤\u2028."
        assert cut_up.fold.response == decode_response(json.dumps(ANSWERED).encode())


# -- the whole text, once, no error --------------------------------------------------------------------------------


PLAIN_STREAM = frames(*WHOLE, "[DONE]")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(PLAIN_STREAM, id="as it should be"),
        pytest.param(PLAIN_STREAM.replace(b"\n", b"\r\n"), id="CRLF"),
        pytest.param(PLAIN_STREAM.replace(b"\n", b"\r"), id="bare CR"),
        pytest.param(PLAIN_STREAM.replace(b"data: ", b": ping\n\nevent: message\ndata: "), id="comments"),
        pytest.param(PLAIN_STREAM.replace(b"data: ", b"data:"), id="data without a space"),
        pytest.param(PLAIN_STREAM.replace(b', "', b',\ndata: "'), id="JSON over several data lines"),
        pytest.param(b"\xef\xbb\xbf" + PLAIN_STREAM, id="byte order mark"),
        pytest.param(PLAIN_STREAM[:-1], id="last frame without its blank line"),
        pytest.param(frames(*WHOLE), id="no [DONE]"),
        pytest.param(frames(*WHOLE)[:-2], id="no [DONE], terminal event without its line end"),
        pytest.param(frames(*WHOLE, "[DONE]", "[DONE]", DELTA, "{"), id="[DONE] twice and frames after it"),
        pytest.param(frames(*[event for event in WHOLE for _ in "ab"]), id="every event twice"),
        pytest.param(frames("OK", "7", *WHOLE), id="data that is no JSON object"),
        pytest.param(frames(CREATED, {"type": "response.thought"}, *WHOLE[1:]), id="unknown event"),
        pytest.param(frames(CREATED, {"type": "keepalive"}, *WHOLE[1:]), id="keepalive"),
        pytest.param(frames(CREATED, COMPLETED), id="text in the terminal event only"),
        pytest.param(
            frames(
                CREATED, ADDED, {**DELTA, "type": "response.output_text.done", "text": "Two goals 🧤\u2028."}, COMPLETED
            ),
            id="text in done only",
        ),
        pytest.param(
            frames(CREATED, ADDED, DELTA, REST, {**COMPLETED, "response": None}), id="terminal without response"
        ),
        pytest.param(
            frames(CREATED, ADDED, DELTA, REST, {**COMPLETED, "response": {**ANSWERED, "output": []}}),
            id="terminal without output",
        ),
    ],
)
def test_the_whole_text_comes_once(body: bytes) -> None:
    assert text_of(body) == "Two goals 🧤\u2028."


def test_unknown_items_and_parts_are_passed_by() -> None:
    item, message = {"type": "example:map", "id": "map_1"}, ANSWERED["output"][0]
    spoken = {**message, "content": [{"type": "refusal"}, *message["content"]]}
    body = frames(
        CREATED,
        {**ADDED, "item": item},
        {**ADDED, "sequence_number": 2, "output_index": 1},
        {**DELTA, "sequence_number": 3, "output_index": 1, "content_index": 1},
        {**COMPLETED, "response": {**ANSWERED, "output": [item, spoken]}},
    )
    assert text_of(body) == "Two goals 🧤\u2028."


def test_a_megabyte_of_delta_in_pieces_of_a_kibibyte_comes_whole() -> None:
    text = "goal" * 250_000
    body = frames(CREATED, ADDED, {**DELTA, "delta": text}, {"type": "response.completed"})
    assert text_of(*(body[start : start + 1024] for start in range(0, len(body), 1024))) == text


def test_a_delta_is_given_as_soon_as_its_frame_is_whole() -> None:
    stream = reading()
    assert list(stream.take(frames(CREATED, ADDED, DELTA)[:-1], waited=0.0))[-1][0] != OutputTextDelta.model_validate(
        DELTA
    )
    ((event, pieces),) = stream.take(b"\n", waited=0.0)
    assert event == OutputTextDelta.model_validate(DELTA)
    assert [piece.text for piece in pieces] == ["Two "]


def test_every_event_is_given_keepalives_and_unknown_ones_too() -> None:
    body = frames(CREATED, {"type": "keepalive"}, {"type": "response.thought"}, COMPLETED)
    kinds = [type(event) for event, _ in read([body], reading())]
    assert kinds == [ResponseEvent, Keepalive, UnknownEvent, ResponseEvent]


@pytest.mark.parametrize("event_type", ["response.completed", "response.incomplete"])
def test_an_incomplete_response_is_no_error(event_type: str) -> None:
    cut_short = {**ANSWERED, "status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}
    stream = reading()
    read([frames(*BEGUN, {"type": event_type, "response": cut_short})], stream)
    assert (stream.fold.response.status, stream.fold.response.text) == ("incomplete", "Two goals 🧤\u2028.")
    assert stream.fold.response.incomplete_details is not None
    assert stream.fold.response.incomplete_details.reason == "max_output_tokens"


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON; charset=utf-8"])
def test_plain_json_is_read_as_the_response_and_its_text_comes_in_one_piece(content_type: str) -> None:
    body = json.dumps(ANSWERED).encode()
    stream = reading(content_type)
    ((event, text),) = read([body[:50], body[50:]], stream)
    assert event == ResponseEvent(type="response.completed", response=decode_response(body))
    assert text == "Two goals 🧤\u2028."
    assert stream.fold.response == decode_response(body)


def test_an_answer_without_a_content_type_is_read_as_a_stream() -> None:
    assert text_of(PLAIN_STREAM, content_type="") == "Two goals 🧤\u2028."


# -- where reading ends --------------------------------------------------------------------------------------------


def test_nothing_is_read_after_the_terminal_event() -> None:
    stream = reading()
    assert not stream.ended
    events = [event.type for event, _ in stream.take(frames(COMPLETED, {"type": "error"}, "{"), waited=0.0)]
    assert (events, stream.ended) == (["response.completed"], True)


def test_done_ends_the_reading_even_before_a_terminal_event() -> None:
    stream = reading()
    assert len(list(stream.take(frames(*BEGUN, "[DONE]"), waited=0.0))) == 3
    assert stream.ended


def test_the_answer_is_noted_as_the_newest_of_its_session() -> None:
    sessions = Sessions()
    read([PLAIN_STREAM], reading(sessions=sessions))
    assert continued(sessions, Session("sess_1", "resp_1", "ks_1"), "error") == "sess_1"
    read([PLAIN_STREAM.replace(b"resp_1", b"resp_2")], reading(sessions=sessions))
    assert continued(sessions, Session("sess_1", "resp_1", "ks_1")) is None


def test_the_session_that_a_stream_names_is_in_doubt_if_the_stream_is_left() -> None:
    sessions = Sessions()
    turn = Turn(SETTINGS, sessions, "Any goals?", {"knowledge_store_id": "ks_1"}, stream=True)
    list(Reading(turn, SSE).take(frames(*BEGUN), waited=0.0))
    turn.end(None)
    assert continued(sessions, Session("sess_1", "resp_0", "ks_1")) is None


# -- what cannot be read, and what fails: always with the text and the ids so far ----------------------------------


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(b'data: {"type":"response.output_text.delta","delta":"goals}\n\n', id="illegal JSON"),
        pytest.param(b'data: {"type":"response.output_text.delta","delta":"a\x01b"}\n\n', id="raw control character"),
        pytest.param(b'data: {"type":"response.output_text.delta","delta":"a\xffb"}\n\n', id="invalid UTF-8"),
        pytest.param(b"data: \xff\n\n", id="invalid UTF-8 outside JSON"),
        pytest.param(b'data: {"type":"response.output_text.delta","delta":7}\n\n', id="a field of another type"),
    ],
)
def test_what_cannot_be_read_is_a_protocol_error(frame: bytes) -> None:
    assert facts(error_of(ProtocolError, frames(*BEGUN) + frame + frames(COMPLETED))) == SO_FAR


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(b"", id="the body ends"),
        pytest.param(b"data: [DONE]\n\n", id="[DONE]"),
        pytest.param(b"data: [DONE]", id="[DONE] without its line end"),
        pytest.param(b"data: [DONE]\n\n" + frames(COMPLETED), id="[DONE] before the terminal event"),
        pytest.param(b'data: {"type":"response.output_text.delta","del', id="half an event"),
        pytest.param(b'data: {"type":"response.output_text.delta","delta":"\xf0\x9f', id="half a character"),
        pytest.param(frames(COMPLETED)[:-3], id="a terminal event without its last brace"),
    ],
)
def test_an_end_before_the_terminal_event_is_an_interruption(end: bytes) -> None:
    error = error_of(StreamInterruptedError, frames(*BEGUN) + end)
    assert facts(error) == SO_FAR
    assert error.args == ("the stream ended before the response did",)


def test_an_empty_body_is_an_interruption_without_text_and_ids() -> None:
    assert facts(error_of(StreamInterruptedError)) == ("", None, None, True)


@pytest.mark.parametrize(
    ("failure", "code", "said"),
    [
        pytest.param({"type": "error", "code": "busy", "message": "Later."}, "busy", "Later.", id="flat"),
        pytest.param({"type": "error", "error": {"code": "busy", "message": "Later."}}, "busy", "Later.", id="nested"),
        pytest.param({"error": {"code": "busy", "message": "Later."}}, "busy", "Later.", id="bare"),
        pytest.param(
            {"type": "response.failed", "response": {**ANSWERED, "status": "failed", "output": []}},
            None,
            "no reason",
            id="failed",
        ),
        pytest.param(
            {
                "type": "response.failed",
                "response": {"status": "failed", "error": {"code": "busy", "message": "Later."}},
            },
            "busy",
            "Later.",
            id="failed with a reason",
        ),
        pytest.param(
            {"type": "response.completed", "response": {"status": "failed", "error": {"code": "busy"}}},
            "busy",
            "no reason",
            id="failed, says the status alone",
        ),
        pytest.param({"type": "response.failed"}, None, "no reason", id="failed without a response"),
    ],
)
def test_a_failure_in_the_stream_is_an_error_with_code_and_message_as_given(
    failure: JSON, code: str | None, said: str
) -> None:
    error = error_of(ResponseFailedError, frames(*BEGUN, failure))
    assert facts(error) == SO_FAR
    assert error.code == code
    assert said in str(error)


def test_plain_json_whose_status_is_failed_is_the_same_error_with_the_response_on_it() -> None:
    body = {**ANSWERED, "status": "failed", "error": {"code": "busy", "message": "Later."}}
    error = error_of(ResponseFailedError, json.dumps(body).encode(), content_type=PLAIN)
    assert facts(error) == ("Two goals 🧤\u2028.", "resp_1", "sess_1", True)
    assert error.args == ("the response failed: busy: Later.",)
    assert error.response is not None
    assert error.response.status == "failed"


@pytest.mark.parametrize("body", [b"", b"[]", b"<html>", b'{"message":"odd"}', json.dumps(ANSWERED).encode()[:-1]])
def test_plain_json_that_is_not_a_response_is_a_protocol_error(body: bytes) -> None:
    error = error_of(ProtocolError, body, content_type=PLAIN)
    assert str(error).startswith("the answer is not a response")
    assert error.ambiguous


def test_html_is_a_protocol_error_with_a_short_piece_of_its_text() -> None:
    page = b"<html><style>b {}</style><body><h1>Sign in</h1> to the hotel's network</body></html>"
    error = error_of(ProtocolError, page, content_type="text/html; charset=utf-8")
    assert str(error) == "the answer is text/html, not a stream: Sign in to the hotel's network"
    assert error.ambiguous


def test_an_event_over_the_limit_is_a_protocol_error_with_the_text_so_far() -> None:
    mebibyte = b"x" * 1_048_576
    chunks = [frames(*BEGUN), b"data: ", *[mebibyte] * 65]
    error = error_of(ProtocolError, *chunks)
    assert error.args == ("an event of the stream is larger than 67,108,864 bytes",)
    assert facts(error) == SO_FAR


def test_plain_json_over_the_limit_is_a_protocol_error() -> None:
    error = error_of(ProtocolError, *[b" " * 1_048_576] * 65, content_type=PLAIN)
    assert str(error) == "the answer is larger than 67,108,864 bytes"
    assert error.ambiguous


def test_a_body_as_large_as_the_limit_is_taken_whole() -> None:
    body = Body(max_bytes=5)
    body.take(b"ab")
    body.take(b"cde")
    with pytest.raises(ProtocolError, match="the answer is larger than 5 bytes") as raised:
        body.take(b"f")
    assert raised.value.ambiguous
    assert body.whole() == b"abcde"


def test_a_body_that_has_been_taken_out_is_kept_no_longer() -> None:
    body = Body()
    body.take(b"ab")
    assert (body.whole(), body.whole()) == (b"ab", b"")


# -- stalls --------------------------------------------------------------------------------------------------------


def test_more_than_a_hundred_thousand_keepalives_in_a_row_are_an_error() -> None:
    stream, keepalive = reading(), frames({"type": "keepalive"})
    assert len(list(stream.take(keepalive * 60_000 + frames(CREATED) + keepalive * 100_000, waited=0.0))) == 160_001
    with pytest.raises(ProtocolError, match="more than 100,000 keepalives in a row") as raised:
        list(stream.take(keepalive, waited=0.0))
    assert (raised.value.session_id, raised.value.ambiguous) == ("sess_1", True)


@pytest.mark.parametrize("nothing", [frames({"type": "keepalive"}), b": ping\n\n", b"data: OK\n\n"])
def test_nothing_but_keepalives_for_longer_than_the_stall_timeout_is_a_timeout(nothing: bytes) -> None:
    stream = reading()
    list(stream.take(frames(*BEGUN), waited=10.0))
    list(stream.take(nothing, waited=60.0))
    with pytest.raises(APITimeoutError, match=r"nothing but keepalives for 61 s \(stall_timeout=60\)") as raised:
        list(stream.take(nothing, waited=1.0))
    assert facts(raised.value) == SO_FAR


def test_a_stream_may_stall_before_its_first_event() -> None:
    stream = reading()
    with pytest.raises(APITimeoutError) as raised:
        list(stream.take(b": ping\n\n", waited=60.5))
    assert facts(raised.value) == ("", None, None, True)


def test_an_event_that_says_something_ends_a_stall_however_late_it_comes() -> None:
    stream = reading()
    list(stream.take(frames(*BEGUN), waited=10.0))
    assert len(list(stream.take(frames({"type": "keepalive"}, REST), waited=490.0))) == 2
    assert len(list(stream.take(frames({"type": "keepalive"}), waited=60.0))) == 1


def test_the_terminal_event_after_a_long_wait_is_the_answer() -> None:
    stream = reading()
    list(stream.take(frames(COMPLETED), waited=500.0))
    assert stream.fold.ended


def test_what_the_caller_does_between_chunks_is_no_silence() -> None:
    stream = reading()
    for _ in range(100):
        assert len(list(stream.take(frames({"type": "keepalive"}), waited=0.5))) == 1


def test_a_stream_that_has_been_left_takes_nothing_more() -> None:
    stream = reading()
    list(stream.take(frames(*BEGUN), waited=0.0))
    stream.leave()
    with pytest.raises(StreamInterruptedError, match="closed before its end") as raised:
        list(stream.take(frames(REST), waited=0.0))
    assert facts(raised.value) == SO_FAR


def test_an_event_that_comes_slowly_is_no_stall() -> None:
    stream = reading()
    body = frames(*BEGUN, REST)
    for position in range(len(body)):
        list(stream.take(body[position : position + 1], waited=5.0))
    assert len(stream.fold.response.text) > 0


def test_plain_json_that_comes_slowly_is_no_stall() -> None:
    stream = reading(content_type="application/json")
    body = json.dumps(ANSWERED).encode()
    for position in range(len(body)):
        assert list(stream.take(body[position : position + 1], waited=5.0)) == []


def test_a_turn_whose_text_cannot_be_trusted_has_its_answer_all_the_same() -> None:
    sessions = Sessions()
    stream = reading(sessions=sessions)
    with pytest.raises(ProtocolError):
        list(stream.take(frames(CREATED, ADDED, {**DELTA, "delta": "No "}, COMPLETED), waited=0.0))
    assert stream.ended
    assert sessions._newest == {"sess_1": ("resp_1",)}


def test_a_stream_that_never_ends_is_refused_after_512_mebibytes_with_the_text_so_far() -> None:
    stream = reading()
    list(stream.take(frames(CREATED, ADDED, DELTA), waited=0.0))
    stream._size = 536_870_912
    with pytest.raises(ProtocolError, match="the stream is larger than 536,870,912 bytes") as caught:
        list(stream.take(b":", waited=0.0))
    assert facts(caught.value) == ("Two ", "resp_1", "sess_1", True)
