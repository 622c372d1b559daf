from __future__ import annotations

import gzip
import zlib
from itertools import chain, repeat
from typing import TYPE_CHECKING

import httpx
import pytest

import twelvelabs_responses as t
from tests.hostile.asking import HTML, JSON, KEY, MEBIBYTE, SSE, TWINS, WAYS, WHOLE, ask, asked, head, peak
from tests.hostile.servers import hostile
from tests.twins import twin

if TYPE_CHECKING:
    from tests.hostile.servers import Answer

DELTA = b'data: {"type":"response.output_text.delta","delta":"Two "}\n\n'
COMPLETED = b'data: {"type":"response.completed","response":' + WHOLE + b"}\n\n"
UNREADABLE = t.ProtocolError, t.StreamInterruptedError
BROKEN = t.APIConnectionError, t.StreamInterruptedError
CHUNKED = "transfer-encoding: chunked"


@TWINS
@WAYS
@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (lambda: [b"HTTP/1.1 204 No Content\r\n\r\n"], UNREADABLE),
        (lambda: [b"HTTP/1.1 304 Not Modified\r\n\r\n"], UNREADABLE),
        (lambda: [head("200 OK", HTML), b"<html>Log in"], UNREADABLE),
        (lambda: [head("200 OK", "\x00"), WHOLE], BROKEN),
        (lambda: [head("200 OK", f"{JSON}; charset=utf-16"), WHOLE.decode().encode("utf-16")], UNREADABLE),
        (lambda: [head("200 OK", f"{SSE}; charset=latin-1"), DELTA, b'data: {"a":"\xe9"}\n\n'], UNREADABLE),
        (lambda: [head("200 OK", JSON, "content-length: 5"), WHOLE], UNREADABLE),
        (lambda: [head("200 OK", JSON, "content-length: 500"), WHOLE], BROKEN),
        (lambda: [head("200 OK", SSE, CHUNKED), b"5\r\ndata:\r\nxyz\r\n"], BROKEN),
        (lambda: [head("200 OK", SSE, CHUNKED), b"f" * 30 + b"\r\n"], BROKEN),
        (lambda: [head("200 OK", SSE, CHUNKED), b"5;" + b"x" * MEBIBYTE], BROKEN),
        (lambda: [head("200 OK", JSON, "content-encoding: gzip"), WHOLE], UNREADABLE),
        (lambda: [head("200 OK", SSE, "content-encoding: br"), DELTA], UNREADABLE),
        (lambda: [head("200 OK", SSE, "content-encoding: gzip"), gzip.compress(DELTA)[:-12]], UNREADABLE),
    ],
)
def test_a_body_that_is_none_is_a_typed_error_of_a_turn_in_doubt(
    answer: Answer, kind: tuple[type[t.ResponsesError], ...], twin_name: str, way: str
) -> None:
    with hostile(answer) as server:
        error = asked(server, twin_name, way)
    assert isinstance(error, kind)


@TWINS
@WAYS
@pytest.mark.parametrize("content_type", [JSON, SSE, HTML])
def test_a_body_without_end_is_read_up_to_the_limit(content_type: str, twin_name: str, way: str) -> None:
    with hostile(lambda: chain([head("200 OK", content_type)], repeat(b" " * 262_144))) as server:
        error = asked(server, twin_name, way)
    assert type(error) is t.ProtocolError
    assert server.written < 80 * MEBIBYTE


@TWINS
def test_a_stream_that_never_says_anything_is_an_error_before_it_fills_the_memory(twin_name: str) -> None:
    keepalives = b'data: {"type":"keepalive"}\n\n' * 5_000
    with hostile(lambda: chain([head("200 OK", SSE)], repeat(keepalives))) as server:
        error = asked(server, twin_name, "stream")
    assert type(error) is t.ProtocolError
    assert server.written < 24 * MEBIBYTE


BOMB = bytes(80 * MEBIBYTE)
_LINE = gzip.compress(DELTA + b"data: " + BOMB)
# Refused by their names, so what is in them does not matter.
_ZSTD = bytes.fromhex("28b52ffd") + bytes(1_000)


@TWINS
@WAYS
@pytest.mark.parametrize("status", ["200 OK", "500 Internal Server Error"])
@pytest.mark.parametrize("content_type", [JSON, SSE])
@pytest.mark.parametrize(
    ("encoding", "bomb"),
    [
        ("gzip", _LINE),
        ("gzip, gzip", gzip.compress(_LINE)),
        ("deflate", zlib.compress(bytes(MEBIBYTE))),
        ("zstd", _ZSTD),
        ("br", _ZSTD),
    ],
    ids=["gzip", "gzip twice", "deflate", "zstd", "br"],
)
def test_a_bomb_is_a_typed_error_in_bounded_room(
    encoding: str, bomb: bytes, content_type: str, status: str, twin_name: str, way: str
) -> None:
    with hostile(lambda: [head(status, content_type, f"content-encoding: {encoding}"), bomb]) as server:
        error, most = peak(server, twin_name, way)
    assert type(error) is (t.ProtocolError if status == "200 OK" else t.InternalServerError)
    # A frame or a body of 64 MiB, grown in place and taken out once; what was not asked for is not unpacked at all.
    assert most < (200 if encoding == "gzip" and status == "200 OK" else 8) * MEBIBYTE


@TWINS
@WAYS
def test_of_an_error_without_end_a_mebibyte_is_read(twin_name: str, way: str) -> None:
    with hostile(lambda: chain([head("403 Forbidden", HTML)], repeat(b"<b>No.</b>" * 1_000))) as server:
        error, most = peak(server, twin_name, way)
    assert type(error) is t.PermissionDeniedError
    assert error.message.startswith("No. No.")
    assert server.written < 16 * MEBIBYTE
    assert most < 16 * MEBIBYTE


@TWINS
def test_what_follows_the_answer_is_left_alone(twin_name: str) -> None:
    endless = chain([head("200 OK", SSE), COMPLETED], repeat(b": more\n" * 10_000))
    with hostile(lambda: endless) as server, twin(twin_name, api_key=KEY, base_url=server.url) as client:
        with client.stream("Any goals?", knowledge_store_id="ks_1") as stream:
            list(stream)
        assert stream.response.id == "resp_1"
        assert server.closed.wait(5)
    assert server.written < 24 * MEBIBYTE


def test_a_stream_that_stops_being_packed_as_it_says_keeps_the_text_so_far() -> None:
    packing = zlib.compressobj(wbits=31)
    chunks = [packing.compress(DELTA) + packing.flush(zlib.Z_SYNC_FLUSH), b"\xff" * 50]
    headers = {"content-type": SSE, "content-encoding": "gzip"}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, headers=headers, content=iter(chunks)))
    with httpx.Client(transport=transport) as http, pytest.raises(t.ProtocolError) as caught:
        ask(t.Client(api_key=KEY, http=http), "stream")
    assert (caught.value.text, caught.value.ambiguous) == ("Two ", True)
