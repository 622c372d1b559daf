"""Each fault on each way to ask: the right text or the right error, a next turn that is right, and nothing left."""

from __future__ import annotations

import socket
import threading
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import pytest

from tests.faults.asking import FOLLOW_UP, QUESTION, THIRD, asked, next_body
from tests.faults.conversation import Got, clients_at
from tests.faults.surfaces import SURFACES
from tests.faults.table import ROWS, UNREACHABLE, Answered, Failed
from twelvelabs_responses import APIStatusError, ResponsesError
from twelvelabs_responses.emulator import FAULTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.conversation import Conversation
    from tests.faults.surfaces import Surface
    from tests.faults.table import Outcome, Row
    from twelvelabs_responses.emulator import Emulator, Exchange

# Seconds. In silence a client has to wait so long; elsewhere a machine that is busy must not cut it off.
PATIENCE = {"stall": 0.3, "stall-headers": 0.3, "only-keepalives": 0.3, "slow": 1.0}
DESCRIPTORS = Path("/proc/self/fd")


def outcome(row: Row, surface: Surface) -> Outcome:
    return row.streamed if surface.streams else row.whole


def names_response(row: Row, surface: Surface) -> bool:
    right = outcome(row, surface)
    return isinstance(right, Failed) and right.names_response is True


def test_every_fault_of_the_emulator_stands_in_the_table_once() -> None:
    assert sorted(row.name for row in ROWS) == sorted(FAULTS)


@pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: surface.name)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_fault_ends_right_and_the_next_turn_neither_repeats_nor_loses_one(
    row: Row, surface: Surface, running: Emulator, usual_text: str, waits: list[float]
) -> None:
    left_before, since = left(), monotonic()
    with clients_at(running, PATIENCE.get(row.name, 10.0)) as clients:
        conversation = surface.conversation(clients)
        first = conversation.ask(QUESTION)
        came, exchanges = came_of_the_fault(row, conversation, running)
        check_outcome(outcome(row, surface), came, exchanges, first, usual_text)
        if surface.streams:
            check_seen(row.streamed, conversation, came)
        if isinstance(came, ResponsesError):
            check_kind(outcome(row, surface), conversation, came)
        if row.name == "close-idle":
            # Before the client can see it, the connection is one that may yet have taken the next turn.
            assert running.wait_until(lambda emulator: emulator.open_connections == 0)
        wanted = next_body(surface, first, came, "".join(conversation.seen), running.knowledge_store_id)
        check_next(wanted, running, first, conversation.ask(THIRD))
    check_nothing_left(running, left_before)
    assert sum(waits) <= 15
    assert monotonic() - since < 30


@pytest.mark.parametrize(
    ("row", "surface"),
    [(row, surface) for row in ROWS for surface in SURFACES if names_response(row, surface)],
    ids=lambda each: each.name,
)
def test_a_first_turn_that_fails_after_it_was_named_tells_its_session_and_is_not_gone_on_with(
    row: Row, surface: Surface, running: Emulator
) -> None:
    with clients_at(running, PATIENCE.get(row.name, 10.0)) as clients:
        conversation = surface.conversation(clients)
        came, (exchange,) = came_of_the_fault(row, conversation, running)
        assert isinstance(came, ResponsesError)
        assert (came.response_id, came.session_id) == (exchange.response_id, exchange.session_id)
        then = conversation.ask(THIRD)
    assert running.exchanges[-1].accepted
    assert "session_id" not in (running.exchanges[-1].body or {})
    assert then.session_id != came.session_id


@pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: surface.name)
def test_a_service_that_is_not_there_is_asked_thrice_and_has_taken_nothing(
    surface: Surface, running: Emulator, waits: list[float]
) -> None:
    left_before = left()
    with socket.socket() as bound:
        # Bound and not listening: it refuses.
        bound.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{bound.getsockname()[1]}/v1.3"
        with clients_at(running, 10.0, address) as clients:
            conversation = surface.conversation(clients)
            came = asked(conversation, QUESTION)
    assert isinstance(came, ResponsesError)
    conversation.check_kind(came, UNREACHABLE)
    assert (came.ambiguous, came.text, came.session_id) == (False, "", None)
    assert waits == [0.5, 1.0]
    check_nothing_left(running, left_before)


def came_of_the_fault(
    row: Row, conversation: Conversation, emulator: Emulator
) -> tuple[Got | ResponsesError, list[Exchange]]:
    """Return what the user gets and what was sent; a connection whose answer has not ended must be closed at once."""
    before = len(emulator.exchanges)
    emulator.fault = row.fault
    came = asked(conversation, FOLLOW_UP)
    emulator.fault = None
    ended = emulator.wait_until(lambda running: running.exchanges[-1].finished or running.open_connections == 0)
    assert ended, "the connection is still open"
    return came, emulator.exchanges[before:]


def check_outcome(
    right: Answered | Failed, came: Got | ResponsesError, exchanges: list[Exchange], first: Got, usual_text: str
) -> None:
    if isinstance(right, Failed):
        assert isinstance(came, ResponsesError), f"no error, but {came}"
        check_error(right, came, exchanges, first, usual_text)
        return
    assert isinstance(came, Got), f"{came!r}"
    assert (came.session_id, came.status) == (first.session_id, right.status)
    assert came.response_id == exchanges[-1].response_id
    assert [exchange.accepted for exchange in exchanges] == [False] * (right.requests - 1) + [True]
    if right.empty:
        assert came.text == ""
    elif right.status == "incomplete":
        assert came.text
        assert usual_text.startswith(came.text)
        assert came.text != usual_text
    else:
        assert came.text == right.before + usual_text


def check_error(right: Failed, error: ResponsesError, exchanges: list[Exchange], first: Got, usual_text: str) -> None:
    (exchange,) = exchanges
    assert error.ambiguous is right.in_doubt
    # What is not in doubt must be true: a turn that was taken would be asked again.
    assert right.in_doubt or not exchange.accepted
    assert error.session_id == first.session_id
    assert error.response_id in (None, exchange.response_id)
    assert right.names_response in (None, error.response_id is not None)
    assert right.has_text in (None, error.text != "")
    assert usual_text.startswith(error.text)
    if isinstance(error, APIStatusError):
        assert (error.status, error.code) == (right.status, right.code)


def check_seen(right: Outcome, conversation: Conversation, came: Got | ResponsesError) -> None:
    """Check that the text which came piece by piece is the whole text, or the text so far."""
    taken_back = right.takes_back if isinstance(right, Failed) else ""
    assert "".join(conversation.seen) == taken_back + came.text


def check_kind(right: Outcome, conversation: Conversation, error: ResponsesError) -> None:
    assert isinstance(right, Failed)
    conversation.check_kind(error, right)


def check_next(wanted: dict[str, Any], emulator: Emulator, first: Got, then: Got) -> None:
    last = emulator.exchanges[-1]
    assert last.accepted
    assert last.body == wanted
    assert (then.session_id, then.status) == (last.session_id, "completed")
    for session_id in {first.session_id, then.session_id}:
        asked_there = [times(question, session_id, emulator) for question in (QUESTION, FOLLOW_UP, THIRD)]
        assert max(asked_there) == 1, f"asked so often: {asked_there}"
    assert times(QUESTION, then.session_id, emulator) == times(THIRD, then.session_id, emulator) == 1


def times(question: str, session_id: str | None, emulator: Emulator) -> int:
    """Return how often the service has taken a question into a session, as a new message or in a transcript."""
    taken = [each.body for each in emulator.exchanges if each.accepted and each.session_id == session_id]
    texts = [item["content"] for body in taken for item in sent(body)]
    return sum(text.endswith(question) + text.count(f'<message role="user">{question}</message>') for text in texts)


def sent(body: dict[str, Any] | None) -> list[dict[str, str]]:
    items: list[dict[str, str]] = (body or {})["input"]
    return items


def left() -> tuple[int, int]:
    """Return how many threads and file descriptors there are."""
    return threading.active_count(), len(list(DESCRIPTORS.iterdir())) if DESCRIPTORS.is_dir() else 0


def check_nothing_left(emulator: Emulator, before: tuple[int, int]) -> None:
    assert emulator.wait_until(lambda running: running.open_connections == 0)
    # The emulator closes its end a moment after it has said so.
    assert soon(lambda: left() <= before), f"threads and descriptors: {left()}, before: {before}"


def soon(predicate: Callable[[], bool]) -> bool:
    """Return whether something comes true within a second."""
    until, pause = monotonic() + 1, threading.Event()
    while not predicate() and monotonic() < until:
        pause.wait(0.001)
    return predicate()
