from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.emulator.asking import asking, deltas_in, events_of, frames_of, text_of_response, types_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.emulator.asking import Asker
    from twelvelabs_responses.emulator import Emulator, Exchange


def received_before_the_break(ask: Asker, fault: str, **fields: Any) -> str:
    """What came before the connection broke; httpx says so when a body is not whole."""
    received: list[str] = []
    with ask.opened(fault=fault, **fields) as response, pytest.raises(httpx.RemoteProtocolError):
        received.extend(response.iter_text())
    return "".join(received)


def received_until(ask: Asker, end: str, fault: str, **fields: Any) -> str:
    """What came until there was `end` in it; then the client leaves."""
    received = ""
    with ask.opened(fault=fault, **fields) as response:
        for text in response.iter_text():
            received += text
            if end in received:
                break
    return received


def left(emulator: Emulator) -> bool:
    return emulator.exchanges[-1].disconnected


def last(ask: Asker) -> Exchange:
    return ask.emulator.exchanges[-1]


def test_a_stream_may_fall_silent_after_its_first_delta(ask: Asker) -> None:
    stream = received_until(ask, "response.output_text.delta\n", "stall")
    assert ask.emulator.wait_until(left)
    assert types_of(stream)[-1] == "response.output_text.delta"
    assert (last(ask).events_sent, last(ask).finished, last(ask).accepted) == (5, False, True)


def test_a_json_answer_may_fall_silent_half_way(ask: Asker) -> None:
    received = received_until(ask, "{", "stall", stream=False)
    assert received.startswith('{"id"')
    assert ask.emulator.wait_until(left)


@pytest.mark.parametrize("stream", [True, False])
def test_an_answer_may_never_begin(ask: Asker, stream: bool) -> None:  # the only column
    with pytest.raises(httpx.ReadTimeout):
        ask.client.post(
            "/responses",
            json=ask.body(stream=stream),
            headers={"x-emulator-fault": "stall-headers"},
            timeout=httpx.Timeout(5, read=0.05),
        )
    assert ask.emulator.wait_until(left)
    assert (last(ask).status, last(ask).accepted) == (None, True)


@pytest.mark.parametrize("stream", [True, False])
def test_a_connection_may_close_before_the_first_byte(ask: Asker, stream: bool) -> None:  # the only column
    assert ask.bytes_until_the_end("drop", stream=stream) == b""
    assert ask.emulator.wait_until(lambda emulator: emulator.exchanges[-1].accepted)
    assert (last(ask).status, last(ask).disconnected) == (None, False)


def test_a_connection_may_close_in_the_middle_of_an_event(ask: Asker) -> None:
    received = received_before_the_break(ask, "cut")
    *frames, half = received.split("\n\n")
    assert deltas_in("\n\n".join(frames))
    assert half.startswith("event: response.output_text.delta\ndata: {")
    assert not half.endswith("}")


def test_a_connection_may_close_in_the_middle_of_a_json_body(ask: Asker) -> None:
    received = received_before_the_break(ask, "cut-json", stream=False)
    assert received.startswith('{"id"')
    assert not received.endswith("}")


@pytest.mark.parametrize("stream", [True, False])
def test_a_connection_may_be_reset(ask: Asker, stream: bool) -> None:  # the only column
    with pytest.raises(ConnectionResetError):
        ask.bytes_until_the_end("reset", stream=stream)


def test_a_stream_may_end_well_without_a_terminal_event(ask: Asker) -> None:
    stream = ask.stream(fault="end-early").text
    assert types_of(stream)[-1] == "response.output_text.delta"
    text = text_of_response(ask.whole().json())
    assert text.startswith(deltas_in(stream))
    assert 0 < len(deltas_in(stream)) < len(text)


def test_a_json_body_may_end_well_half_way(ask: Asker) -> None:
    response = ask.whole(fault="end-early")
    with pytest.raises(json.JSONDecodeError):
        response.json()


def test_a_connection_may_close_between_the_terminal_event_and_done(ask: Asker) -> None:
    received = received_before_the_break(ask, "cut-before-done")
    assert events_of(received)[-1]["type"] == "response.completed"
    assert "[DONE]" not in received


def test_a_body_may_go_on_after_done(ask: Asker) -> None:
    stream = received_until(ask, "[DONE]\n\n", "hold-open")
    assert frames_of(stream)[-1] == "data: [DONE]"
    assert ask.emulator.wait_until(left)
    assert last(ask).accepted


@pytest.mark.parametrize("stream", [True, False])
def test_a_body_may_be_empty(ask: Asker, stream: bool) -> None:  # the only column
    response = ask.whole(fault="empty-body", stream=stream)
    assert (response.status_code, response.content) == (200, b"")


@pytest.mark.parametrize("stream", [True, False])
def test_an_idle_connection_may_be_closed_without_a_word(library_file: Path, stream: bool) -> None:
    with asking(library_file) as ask:
        response = ask.whole(fault="close-idle", stream=stream)
        assert "completed" in response.text
        assert "connection" not in response.headers
        assert ask.emulator.wait_until(lambda emulator: emulator.open_connections == 0)


def test_json_may_be_given_for_a_stream(ask: Asker) -> None:
    response = ask.stream(fault="json-for-stream")
    assert response.headers["content-type"] == "application/json"
    assert response.json()["status"] == "completed"
