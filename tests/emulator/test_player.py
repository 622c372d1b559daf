from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.emulator.asking import asking, events_of, frames_of, types_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.emulator.asking import Asker
    from twelvelabs_responses.emulator import Emulator, Exchange


@pytest.fixture(scope="module")
def slow(library_file: Path) -> Iterator[Asker]:
    with asking(library_file, think=0.09, pace=0.001) as asker:
        yield asker


def last(ask: Asker) -> Exchange:
    return ask.emulator.exchanges[-1]


def left(emulator: Emulator) -> bool:
    return emulator.exchanges[-1].disconnected


def test_a_stream_that_is_read_to_its_end_is_finished(ask: Asker) -> None:
    events = events_of(ask.stream().text)
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert (last(ask).status, last(ask).events_sent) == (200, len(events))
    assert (last(ask).accepted, last(ask).finished, last(ask).disconnected) == (True, True, False)


def test_a_json_answer_is_finished(ask: Asker) -> None:
    assert ask.whole().status_code == 200
    assert (last(ask).accepted, last(ask).finished, last(ask).events_sent) == (True, True, 0)


def test_a_refusal_is_finished_and_takes_no_turn(ask: Asker) -> None:
    assert ask.whole(top_p=1).status_code == 400
    assert (last(ask).status, last(ask).accepted, last(ask).finished) == (400, False, True)


def test_a_turn_is_kept_before_its_terminal_event_is_seen(ask: Asker) -> None:
    with ask.opened() as response:
        for line in response.iter_lines():
            if line == "event: response.completed":
                break
        assert last(ask).accepted


def test_a_client_that_leaves_is_noticed_at_once_and_its_turn_is_kept(ask: Asker) -> None:
    with ask.opened(fault="stall") as response:
        next(response.iter_lines())
        session_id = last(ask).session_id
    assert ask.emulator.wait_until(left)
    assert (last(ask).finished, last(ask).accepted) == (False, True)
    assert ask.whole("And what comes next?", session_id=session_id).status_code == 200


def test_a_second_turn_has_to_wait_for_the_first(ask: Asker) -> None:
    with ask.opened(fault="stall") as response:
        lines = response.iter_lines()
        next(lines)
        refused = ask.whole(session_id=last(ask).session_id)
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")


def test_keepalives_come_while_it_thinks(slow: Asker) -> None:
    began = time.monotonic()
    stream = slow.stream().text
    assert types_of(stream)[:5] == [
        "response.created",
        "response.in_progress",
        "keepalive",
        "keepalive",
        "response.output_item.added",
    ]
    assert time.monotonic() - began > 0.09


def test_a_client_may_leave_while_it_thinks(slow: Asker) -> None:
    with slow.opened() as response:
        next(response.iter_lines())
    assert slow.emulator.wait_until(left)
    assert last(slow).events_sent <= 3
    assert last(slow).accepted


def test_a_stream_that_nobody_reads_waits_for_its_reader(ask: Asker) -> None:
    with ask.opened(fault="big-delta") as response:
        assert not ask.emulator.wait_until(lambda emulator: emulator.exchanges[-1].finished, 0.05)
        content = b"".join(response.iter_bytes())
    assert content.endswith(b"data: [DONE]\n\n")
    assert last(ask).finished


def test_many_streams_go_on_side_by_side(ask: Asker) -> None:
    streams: list[str] = []
    threads = [threading.Thread(target=lambda: streams.append(ask.stream().text)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [frames_of(stream)[-1] for stream in streams] == ["data: [DONE]"] * 8


def test_ten_streams_in_a_row_use_one_connection(ask: Asker) -> None:
    ports = set()
    for _ in range(10):
        ask.stream()
        ports.add(last(ask).connection)
    assert len(ports) == 1


def test_a_cut_is_the_emulators_own_and_frees_the_session(ask: Asker) -> None:
    with ask.opened(fault="cut") as response, pytest.raises(httpx.RemoteProtocolError):
        response.read()
    assert ask.whole(session_id=last(ask).session_id).status_code == 200
    cut = ask.emulator.exchanges[-2]
    assert (cut.accepted, cut.finished, cut.disconnected) == (True, False, False)


def test_an_answer_without_a_body_still_has_a_status(ask: Asker) -> None:
    assert ask.stream(fault="empty-body").content == b""
    assert (last(ask).status, last(ask).finished) == (200, True)


def test_a_connection_may_be_closed_after_the_answer(library_file: Path) -> None:
    with asking(library_file) as ask:
        assert ask.stream(fault="close-idle").status_code == 200
        assert ask.emulator.wait_until(lambda emulator: emulator.open_connections == 0)


def test_the_next_turn_may_begin_as_soon_as_the_last_is_told(ask: Asker) -> None:
    session_id = ask.whole().json()["session_id"]
    for _ in range(20):
        assert ask.whole(session_id=session_id).status_code == 200
