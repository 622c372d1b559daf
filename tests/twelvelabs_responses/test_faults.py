"""Each fault of the emulator, through both twins over a real socket: right text, or the right error; never silence."""

from __future__ import annotations

import gc
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import twelvelabs_responses as t
from tests.twins import twin
from twelvelabs_responses.emulator import FAULTS, Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.twins import AnyClient

QUESTION = "Which clips show a goal?"


@dataclass(frozen=True)
class Right:
    """The right outcome: the text of the plain answer, or something else, or an error."""

    error: type[t.ResponsesError] | None = None
    status: int | None = None
    code: str | None = None
    partial: bool = False
    ambiguous: bool = False
    requests: int = 1
    response_status: str = "completed"
    text: str | None = None
    same_text: bool = True


PLAIN = Right()
RETRIED = Right(requests=2)
INTERRUPTED = Right(t.StreamInterruptedError, partial=True, ambiguous=True)
FAILED = Right(t.ResponseFailedError, partial=True, ambiguous=True)


def refused(error: type[t.ResponsesError], status: int, code: str | None = None, **more: Any) -> Right:
    return Right(error, status=status, code=code, **more)


# One row a fault: what a stream must come to, and what a JSON answer must.
STATUS_FAULTS = {
    "400-flat": refused(t.BadRequestError, 400, "parameter_invalid"),
    "400-nested": refused(t.BadRequestError, 400, "parameter_invalid"),
    "401": refused(t.AuthenticationError, 401, "api_key_invalid"),
    "403": refused(t.PermissionDeniedError, 403, "api_not_allowed"),
    "404-endpoint": refused(t.NotFoundError, 404, "endpoint_not_exists"),
    "404-session": refused(t.NotFoundError, 404, "resource_not_exist"),
    "409": refused(t.BadRequestError, 409, "conflict"),
    "422": refused(t.BadRequestError, 422),
    "429-long": refused(t.RateLimitError, 429, "too_many_requests"),
    "429-quota": refused(t.QuotaExceededError, 429, "plan_limit_exceeded"),
    "500": refused(t.InternalServerError, 500, ambiguous=True),
    "502-html": refused(t.InternalServerError, 502, ambiguous=True),
    "503": refused(t.InternalServerError, 503, ambiguous=True),
    "redirect": Right(t.ProtocolError),
    "html": Right(t.ProtocolError, ambiguous=True),
    "429-retry-after:once": RETRIED,
    "429-date:once": RETRIED,
    "429-message:once": RETRIED,
    "429-empty:once": RETRIED,
    "503-retry-after:once": RETRIED,
}
BROKEN = Right(t.APIConnectionError, ambiguous=True)
SILENT = Right(t.APITimeoutError, ambiguous=True)
CUT_SHORT = Right(response_status="incomplete", same_text=False)
STREAM_FAULTS = {
    "stall": Right(t.APITimeoutError, partial=True, ambiguous=True),
    "stall-headers": SILENT,
    "drop": BROKEN,
    "cut": INTERRUPTED,
    "cut-json": PLAIN,
    "reset": INTERRUPTED,
    "end-early": INTERRUPTED,
    "cut-before-done": PLAIN,
    "hold-open": PLAIN,
    "empty-body": Right(t.StreamInterruptedError, ambiguous=True),
    "close-idle": PLAIN,
    "json-for-stream": PLAIN,
    "done-early": INTERRUPTED,
    "no-done": PLAIN,
    "done-twice": PLAIN,
    "failed": FAILED,
    "failed-bare": FAILED,
    "error-event": FAILED,
    "error-event-flat": FAILED,
    "error-frame": FAILED,
    "unknown-event": PLAIN,
    "keepalives": PLAIN,
    "only-keepalives": Right(t.APITimeoutError, ambiguous=True),
    "no-deltas": PLAIN,
    "terminal-only": PLAIN,
    "slow": PLAIN,
    "incomplete": CUT_SHORT,
    "incomplete-event": CUT_SHORT,
    "empty-answer": Right(text=""),
    "fenced-json": PLAIN,
    "no-phase": PLAIN,
    "unasked-steps": Right(t.ProtocolError, partial=True, ambiguous=True),
    "unknown-item": PLAIN,
    "unicode-lines": Right(same_text=False),
    "big-delta": Right(same_text=False),
    "crlf": PLAIN,
    "cr": PLAIN,
    "no-event-names": PLAIN,
    "no-space": PLAIN,
    "multi-line-data": PLAIN,
    "bom": PLAIN,
    "gzip": PLAIN,
    "one-byte-chunks": PLAIN,
    "split-utf8": Right(same_text=False),
    "duplicated-events": PLAIN,
    "no-last-blank": PLAIN,
    "malformed-event": Right(t.ProtocolError, partial=True, ambiguous=True),
    "invalid-utf8": Right(t.ProtocolError, partial=True, ambiguous=True),
}
JSON_FAULTS = STREAM_FAULTS | {
    "stall": SILENT,
    "cut": PLAIN,
    "cut-json": BROKEN,
    "reset": BROKEN,
    "end-early": Right(t.ProtocolError, ambiguous=True),
    "empty-body": Right(t.ProtocolError, ambiguous=True),
    "done-early": PLAIN,
    "failed": Right(t.ResponseFailedError, ambiguous=True),
    "failed-bare": Right(t.ResponseFailedError, ambiguous=True),
    "error-event": PLAIN,
    "error-event-flat": PLAIN,
    "error-frame": Right(t.ProtocolError, ambiguous=True),
    "only-keepalives": PLAIN,
    "unasked-steps": PLAIN,
    "malformed-event": PLAIN,
    "invalid-utf8": Right(t.ProtocolError, ambiguous=True),
}


def streamed(client: AnyClient, **options: Any) -> tuple[str, t.Response]:
    with client.stream(QUESTION, **options) as stream:
        text = "".join(stream.text_deltas())
        return text, stream.response


def test_every_fault_of_the_emulator_has_its_right_outcome_here() -> None:
    assert {name.removesuffix(":once") for name in (*STATUS_FAULTS, *STREAM_FAULTS)} == set(FAULTS)


def open_descriptors() -> int:
    gc.collect()
    descriptors = Path("/proc/self/fd")
    return len(list(descriptors.iterdir())) if descriptors.is_dir() else 0


@pytest.fixture(scope="module")
def running() -> Iterator[Emulator]:
    before = open_descriptors()
    with Emulator() as emulator:
        yield emulator
    assert open_descriptors() <= before


@pytest.fixture(scope="module")
def plain_text(running: Emulator) -> str:
    with t.Client(api_key="key-of-the-tests", base_url=running.base_url) as client:
        return client.create(QUESTION, knowledge_store_id=running.knowledge_store_id).text


@pytest.mark.parametrize("twin_name", ["Client", "AsyncClient"])
@pytest.mark.parametrize("way", ["stream", "create"])
@pytest.mark.parametrize("fault", [*STATUS_FAULTS, *STREAM_FAULTS])
def test_a_fault_ends_in_the_right_text_or_the_right_error(
    fault: str, way: str, twin_name: str, running: Emulator, plain_text: str, no_sleep: list[float]
) -> None:
    right = (STATUS_FAULTS | (STREAM_FAULTS if way == "stream" else JSON_FAULTS))[fault]
    before, threads = len(running.exchanges), threading.active_count()
    running.fault = fault
    with twin(
        twin_name, api_key="key-of-the-tests", base_url=running.base_url, timeout=1.5, stall_timeout=1.0
    ) as client:
        if right.error is None:
            check_answer(ask(client, way, running), right, plain_text)
        else:
            check_error(client, way, running, right, plain_text)
    assert len(running.exchanges) - before == right.requests
    assert running.wait_until(lambda emulator: emulator.open_connections == 0)
    assert threading.active_count() == threads
    assert sum(no_sleep) <= 15


def ask(client: AnyClient, way: str, emulator: Emulator) -> tuple[str, t.Response]:
    store = emulator.knowledge_store_id
    if way == "stream":
        return streamed(client, knowledge_store_id=store)
    response = client.create(QUESTION, knowledge_store_id=store)
    return response.text, response


def check_answer(answer: tuple[str, t.Response], right: Right, plain_text: str) -> None:
    text, response = answer
    assert response.status == right.response_status
    assert text == response.text
    assert response.session_id
    if right.text is not None:
        assert text == right.text
    elif right.same_text:
        assert text == plain_text


def check_error(client: AnyClient, way: str, emulator: Emulator, right: Right, plain_text: str) -> None:
    with pytest.raises(t.ResponsesError) as caught:
        ask(client, way, emulator)
    error = caught.value
    assert type(error) is right.error
    assert error.ambiguous is right.ambiguous
    if isinstance(error, t.APIStatusError):
        assert (error.status, error.code) == (right.status, right.code or error.code)
    if right.partial:
        assert error.text
        assert plain_text.startswith(error.text)
        assert error.response_id == emulator.exchanges[-1].response_id
        assert error.session_id == emulator.exchanges[-1].session_id


@pytest.fixture
def no_sleep(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let the clients' waits pass at once; the seconds asked for are noted."""
    waits: list[float] = []

    async def asleep(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr("twelvelabs_responses._client.sleep", waits.append)
    monkeypatch.setattr("twelvelabs_responses._client.asleep", asleep)
    return waits
