from __future__ import annotations

import json
import re
import zlib
from typing import TYPE_CHECKING

import pytest

from tests.emulator.asking import deltas_in, events_of, frames_of, text_of_response, types_of
from twelvelabs_responses.emulator._byte_faults import BYTE_FAULTS
from twelvelabs_responses.emulator._script import Chunk, Pause, Script

if TYPE_CHECKING:
    from tests.emulator.asking import Asker


def http_chunks(received: bytes) -> list[bytes]:
    """The pieces in which a chunked body was sent."""
    _, body = received.split(b"\r\n\r\n", 1)
    pieces = []
    while body:
        size, body = body.split(b"\r\n", 1)
        pieces.append(body[: int(size, 16)])
        body = body[int(size, 16) + 2 :]
    return pieces[:-1]


@pytest.mark.parametrize(("fault", "line_end"), [("crlf", "\r\n"), ("cr", "\r")])
def test_lines_may_end_otherwise(ask: Asker, fault: str, line_end: str) -> None:
    content = ask.stream(fault=fault).content.decode()
    assert content.endswith(f"data: [DONE]{line_end}{line_end}")
    assert not re.search("[\r\n]", content.replace(line_end, ""))


def test_events_may_have_no_names(ask: Asker) -> None:
    stream = ask.stream(fault="no-event-names").text
    assert "event:" not in stream
    assert types_of(stream)[-1] == "response.completed"


def test_the_space_after_the_colon_may_be_missing(ask: Asker) -> None:
    stream = ask.stream(fault="no-space").text
    assert stream.startswith('event:response.created\ndata:{"type":"response.created"')


def test_json_may_go_over_several_lines(ask: Asker) -> None:
    first = frames_of(ask.stream(fault="multi-line-data").text)[0].split("\n")
    lines = [line.removeprefix("data: ") for line in first[1:]]
    assert len(lines) > 5
    assert json.loads("\n".join(lines))["type"] == "response.created"


@pytest.mark.parametrize("stream", [True, False])
def test_a_byte_order_mark_may_come_first(ask: Asker, stream: bool) -> None:  # the only column
    content = ask.whole(fault="bom", stream=stream).content
    assert content[:3] == b"\xef\xbb\xbf"
    assert content[3:4] == (b"e" if stream else b"{")


@pytest.mark.parametrize("stream", [True, False])
def test_a_body_may_be_compressed(ask: Asker, stream: bool) -> None:  # the only column
    response = ask.whole(fault="gzip", stream=stream)
    assert response.headers["content-encoding"] == "gzip"
    assert ("response.completed" if stream else '"completed"') in response.text


def test_a_compressed_stream_still_arrives_event_by_event(ask: Asker) -> None:
    first = http_chunks(ask.bytes_until_the_end("gzip", stream=True))[0]
    assert zlib.decompressobj(wbits=31).decompress(first).endswith(b"\n\n")


def test_each_byte_may_be_sent_by_itself(ask: Asker) -> None:
    pieces = http_chunks(ask.bytes_until_the_end("one-byte-chunks", stream=True))
    assert {len(piece) for piece in pieces} == {1}
    assert b"".join(pieces).endswith(b"data: [DONE]\n\n")
    assert text_of_response(ask.whole(fault="one-byte-chunks").json())


def test_characters_may_be_cut_in_two(ask: Asker) -> None:
    pieces = http_chunks(ask.bytes_until_the_end("split-utf8", stream=True))
    assert b"\xf0" in {piece[-1:] for piece in pieces}
    text = b"".join(pieces).decode()
    assert deltas_in(text).startswith("\U0001f3ac Straße 👨\u200d👩\u200d👧 日本語. ")
    assert types_of(text)[-1] == "response.completed"
    assert text_of_response(ask.whole(fault="split-utf8").json()).startswith("\U0001f3ac Straße")


def test_each_event_may_come_twice_with_its_number(ask: Asker) -> None:
    events = events_of(ask.stream(fault="duplicated-events").text)
    assert events[::2] == events[1::2]
    assert [event["sequence_number"] for event in events[::2]] == list(range(len(events) // 2))


def test_the_last_frame_may_lack_its_blank_line(ask: Asker) -> None:
    stream = ask.stream(fault="no-last-blank").text
    assert frames_of(stream)[-1].startswith("event: response.completed\n")
    assert stream.endswith("}\n")
    assert not stream.endswith("\n\n")
    assert ask.emulator.exchanges[-1].accepted


def test_one_event_may_be_illegal_json(ask: Asker) -> None:
    frames = frames_of(ask.stream(fault="malformed-event").text)
    [illegal] = [frame for frame in frames if frame.startswith("event: ") and not frame.endswith("}")]
    name, content = illegal.split("\ndata: ")
    assert name == "event: response.output_text.delta"
    with pytest.raises(json.JSONDecodeError):
        json.loads(content)


def test_one_delta_may_hold_a_byte_that_is_not_utf8(ask: Asker) -> None:
    content = ask.stream(fault="invalid-utf8").content
    assert content.count(b"\xff") == 1
    [frame] = [frame for frame in content.split(b"\n\n") if b"\xff" in frame]
    assert frame.startswith(b"event: response.output_text.delta\n")
    assert json.loads(frame.replace(b"\xff", b"").split(b"data: ")[1])["delta"]


def test_a_json_answer_may_hold_a_byte_that_is_not_utf8(ask: Asker) -> None:
    content = ask.whole(fault="invalid-utf8").content
    assert content.count(b"\xff") == 1
    assert json.loads(content.replace(b"\xff", b""))["status"] == "completed"


def test_a_compressed_stream_keeps_its_pauses() -> None:
    [zipped] = [fault.stream for fault in BYTE_FAULTS if fault.name == "gzip"]
    assert zipped is not None
    first, pause, *_ = zipped(Script(200, (), (Chunk(b"a", "x"), Pause(1.0), Chunk(b"b")))).steps
    assert isinstance(first, Chunk)
    assert (first.event, pause) == ("x", Pause(1.0))
