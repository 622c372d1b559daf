from __future__ import annotations

import socket
from itertools import chain, repeat
from typing import TYPE_CHECKING

import pytest

import twelvelabs_responses as t
from tests.hostile.asking import JSON, KEY, MEBIBYTE, SESSION, TWINS, WAYS, WHOLE, ask, asked, head, peak
from tests.hostile.servers import hostile
from tests.sessions import continued
from tests.twins import twin

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.hostile.servers import Answer


@TWINS
@WAYS
@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
def test_the_key_does_not_travel_with_a_redirect(status: str, twin_name: str, way: str) -> None:
    with hostile(lambda: [head(), WHOLE]) as elsewhere:
        location = f"location: {elsewhere.url.replace('127.0.0.1', 'localhost')}/responses"
        with hostile(lambda: [head(status, JSON, location)]) as server:
            error = asked(server, twin_name, way)
        assert elsewhere.requests == []
    assert type(error) is t.ProtocolError
    assert len(server.requests) == 1


@TWINS
@WAYS
@pytest.mark.parametrize(
    "location", ["/v1.3/responses", "", "http://[", "//", "file:///etc/passwd", "http://\x7f", "é"]
)
def test_a_redirect_to_itself_or_nowhere_is_one_request(location: str, twin_name: str, way: str) -> None:
    with hostile(lambda: [head("307 Temporary", JSON, f"location: {location}")]) as server:
        error = asked(server, twin_name, way)
    assert isinstance(error, (t.ProtocolError, t.APIConnectionError))
    assert len(server.requests) == 1


def _heads(*lines: str) -> Iterable[bytes]:
    return [head("200 OK", JSON, *lines), WHOLE]


@TWINS
@WAYS
@pytest.mark.parametrize(
    "answer",
    [
        lambda: _heads("x-huge: " + "x" * MEBIBYTE),
        lambda: _heads(*(f"x-{number}: {number}" for number in range(10_000))),
        lambda: chain([b"HTTP/1.1 200 OK\r\nx-endless: "], repeat(b"x" * 8192)),
        lambda: repeat(b"HTTP/1.1 200 OK"),
        lambda: [b"HTTP/1.1 101 Switching Protocols\r\nupgrade: odd\r\n\r\n", b"x" * 100],
        lambda: [b"HTTP/1.1 99999 Odd\r\n\r\n"],
        lambda: [b"HTTP/1.1 \xff\xff\r\n\r\n"],
        lambda: [b"220 mail.example.com ESMTP\r\n"],
        lambda: [b"\x15\x03\x01\x00\x02\x02\x46"],
        lambda: [b"HTTP/1.1 103 Early Hints\r\n\r\n" * 2_000],
        lambda: [b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked, odd\r\n\r\n"],
        lambda: [b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n"],
        lambda: [b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n"],
    ],
)
def test_a_head_that_is_none_is_a_connection_error_of_a_turn_in_doubt(answer: Answer, twin_name: str, way: str) -> None:
    with hostile(answer) as server:
        error, most = peak(server, twin_name, way)
    assert type(error) is t.APIConnectionError
    assert error.ambiguous
    # What the system's own buffers hold was written, and not read.
    assert server.written < 16 * MEBIBYTE
    assert most < 8 * MEBIBYTE


@TWINS
@WAYS
def test_some_interim_answers_are_passed_by(twin_name: str, way: str) -> None:
    answer = [b"HTTP/1.1 100 Continue\r\n\r\n" * 1_000, head("429 Slow Down"), b"{}"]
    with hostile(lambda: answer) as server:
        assert type(asked(server, twin_name, way)) is t.RateLimitError


@TWINS
@WAYS
def test_a_name_that_nobody_knows_was_not_asked_and_may_be_tried_again(
    twin_name: str, way: str, monkeypatch: pytest.MonkeyPatch, waits: list[float]
) -> None:
    looked_up: list[object] = []

    def unknown(host: object, *_: object, **__: object) -> None:
        looked_up.append(host)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with twin(twin_name, api_key=KEY, base_url="https://nowhere.example.com/v1.3") as client:
        with pytest.raises(t.APIConnectionError, match="could not be made") as caught:
            ask(client, way)
        assert continued(client.sessions, SESSION) == "sess_1"
    assert not caught.value.ambiguous
    assert waits == [0.5, 1.0]
    assert len(looked_up) == 3
