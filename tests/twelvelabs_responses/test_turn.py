from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sessions import continued
from twelvelabs_responses._errors import (
    APIConnectionError,
    APITimeoutError,
    InternalServerError,
    InvalidArgumentError,
    NotFoundError,
    ProtocolError,
    RateLimitError,
    ResponseFailedError,
    ResponsesError,
    SessionError,
    StreamInterruptedError,
)
from twelvelabs_responses._request import Limits
from twelvelabs_responses._response import Response
from twelvelabs_responses._retry import Retry
from twelvelabs_responses._session import Claim, Session, Sessions
from twelvelabs_responses._settings import Settings
from twelvelabs_responses._turn import Turn

KEY = "tlk_0123456789"
RATE_LIMIT = RateLimitError("slow down", status=429, retry_after=40.0)


def turn_in(sessions: Sessions, session_id: str | Claim | None = "sess_1", **settings: Any) -> Turn:
    known = {"retry": Retry(), "limits": Limits(), **settings}
    told = Settings(api_key=KEY, base_url="https://a.example", timeout=1.0, stall_timeout=1.0, **known)
    turn = Turn(told, sessions, "Hi", {"knowledge_store_id": "ks_1", "session_id": session_id}, stream=False)
    turn.begin()
    return turn


def body(**fields: Any) -> bytes:
    whole = {"id": "resp_2", "session_id": "sess_1", "status": "completed", "output": [], **fields}
    return json.dumps(whole).encode()


def goes_on(sessions: Sessions, session_id: str = "sess_1", response_id: str = "resp_1") -> bool:
    return continued(sessions, Session(session_id, response_id, "ks_1")) is not None


@pytest.mark.parametrize("stream", [False, True])
def test_a_turn_is_checked_and_encoded_when_it_is_made(*, stream: bool) -> None:
    settings = turn_in(Sessions()).settings
    turn = Turn(settings, Sessions(), "Hi", {"knowledge_store_id": "ks_1"}, stream=stream)
    assert json.loads(turn.body) == {
        "model": "jockey1.0",
        "knowledge_store_id": "ks_1",
        "input": [{"type": "message", "role": "user", "content": "Hi"}],
        **({"stream": True} if stream else {}),
    }
    assert turn.stream is stream


def test_a_turn_keeps_to_the_limits_of_its_client() -> None:
    with pytest.raises(InvalidArgumentError, match=r"^input\[0\]\.content: got 2 characters; allowed: 1 to 1;"):
        turn_in(Sessions(), limits=Limits(content=1))


def test_a_session_takes_one_turn_at_a_time() -> None:
    sessions = Sessions()
    turn_in(sessions)
    with pytest.raises(SessionError, match="under way"):
        turn_in(sessions)


def test_a_claim_stands_for_the_session_that_it_holds() -> None:
    sessions = Sessions()
    with sessions.claim(Session("sess_1", "resp_1", "ks_1")) as claim:
        turn = turn_in(sessions, claim)
        assert json.loads(turn.body)["session_id"] == "sess_1"
        with pytest.raises(SessionError, match="under way"):
            turn_in(sessions, claim)
    assert not goes_on(sessions)
    turn.response_from(body())
    assert goes_on(sessions, response_id="resp_2")


def test_a_claim_on_no_session_begins_a_new_one() -> None:
    turn = turn_in(Sessions(), Sessions().claim(None))
    assert "session_id" not in json.loads(turn.body)


def test_a_whole_body_is_the_answer_and_the_sessions_newest() -> None:
    sessions = Sessions()
    response = turn_in(sessions).response_from(body())
    assert (response.id, response.session_id, response.text) == ("resp_2", "sess_1", "")
    sessions.answered("sess_1", "resp_3")
    assert not goes_on(sessions, response_id="resp_2")


def test_an_answered_turn_that_ends_with_an_error_stays_answered() -> None:
    sessions = Sessions()
    turn = turn_in(sessions)
    turn.response_from(body())
    turn.end(KeyboardInterrupt())
    assert goes_on(sessions, response_id="resp_2")


def test_an_answer_that_names_no_session_is_the_requests_own() -> None:
    sessions = Sessions()
    turn_in(sessions).response_from(body(session_id=None))
    turn_in(sessions)


def test_an_answer_without_an_id_ends_the_turn_too() -> None:
    sessions = Sessions()
    turn_in(sessions).response_from(body(id=None))
    turn_in(sessions)


def test_an_answer_under_another_session_ends_the_turn_of_the_one_that_was_asked() -> None:
    sessions = Sessions()
    turn_in(sessions).response_from(body(session_id="sess_2"))
    sessions.answered("sess_2", "resp_3")
    assert not goes_on(sessions, "sess_2", "resp_2")
    turn_in(sessions)


def test_an_incomplete_answer_is_an_answer() -> None:
    assert turn_in(Sessions()).response_from(body(status="incomplete")).status == "incomplete"


def test_a_streams_answer_is_noted_under_the_session_that_the_stream_named() -> None:
    sessions = Sessions()
    turn = turn_in(sessions, session_id=None)
    turn.names_session("sess_9")
    turn.names_session(None)
    turn.answered(Response(id="resp_1"))
    sessions.answered("sess_9", "resp_2")
    assert not goes_on(sessions, "sess_9", "resp_1")


def test_a_failed_response_is_an_error_with_the_response_on_it() -> None:
    sessions = Sessions()
    turn = turn_in(sessions)
    with pytest.raises(ResponseFailedError, match="the response failed: oops: It broke") as caught:
        turn.response_from(body(status="failed", error={"code": "oops", "message": "It broke."}))
    response = caught.value.response
    assert response is not None
    assert (response.id, caught.value.session_id) == ("resp_2", "sess_1")
    turn.end(caught.value)
    assert not goes_on(sessions)


def test_a_body_that_is_no_response_leaves_the_session_in_doubt() -> None:
    sessions = Sessions()
    turn = turn_in(sessions)
    with pytest.raises(ProtocolError, match="the answer is not a response") as caught:
        turn.response_from(b"<html>Bad Gateway</html>")
    assert caught.value.ambiguous
    turn.end(caught.value)
    assert not goes_on(sessions)


@pytest.mark.parametrize(
    ("error", "stays"),
    [
        (RATE_LIMIT, True),
        (NotFoundError("no", status=404), True),
        (APIConnectionError("refused"), True),
        (SessionError("lost", session_id="sess_1"), True),
        (APIConnectionError("reset", ambiguous=True), False),
        (APITimeoutError("silence", ambiguous=True), False),
        (InternalServerError("oops", status=500, ambiguous=True), False),
        (StreamInterruptedError("cut", ambiguous=True), False),
        (ResponseFailedError("failed"), False),
        (KeyboardInterrupt(), False),
        (ValueError("a bug of ours"), False),
        (None, False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_session_stands_where_it_stood_only_if_the_service_cannot_have_taken_the_turn(
    error: BaseException | None, *, stays: bool
) -> None:
    sessions = Sessions()
    turn_in(sessions).end(error)
    assert goes_on(sessions) is stays
    turn_in(sessions)


def test_a_turn_ends_once() -> None:
    sessions = Sessions()
    turn = turn_in(sessions)
    turn.end(RATE_LIMIT)
    turn.end(None)
    assert goes_on(sessions)


def test_an_error_without_an_answer_is_told_the_session_of_its_turn() -> None:
    error, named = APIConnectionError("gone", ambiguous=True), StreamInterruptedError("cut", session_id="sess_2")
    turn_in(Sessions()).end(error)
    turn_in(Sessions()).end(named)
    assert (error.session_id, named.session_id) == ("sess_1", "sess_2")


def test_a_new_session_that_an_error_names_is_in_doubt() -> None:
    sessions = Sessions()
    turn_in(sessions, session_id=None).end(StreamInterruptedError("cut", session_id="sess_9", ambiguous=True))
    assert not goes_on(sessions, "sess_9")


def test_a_turn_that_breaks_under_another_session_leaves_neither_under_way() -> None:
    sessions = Sessions()
    turn = turn_in(sessions)
    turn.names_session("sess_2")
    turn.end(None)
    assert not goes_on(sessions)
    assert not goes_on(sessions, "sess_2")
    turn_in(sessions, "sess_1")
    turn_in(sessions, "sess_2")


def test_an_error_status_becomes_the_error_that_it_means() -> None:
    turn = turn_in(Sessions(), session_id=None)
    error = turn.error_from(429, {"retry-after": "7"}, b'{"code": "too_many_requests", "message": "Slow down."}')
    assert isinstance(error, RateLimitError)
    assert (str(error), error.retry_after) == ("429 too_many_requests: Slow down.", 7.0)


def test_an_error_status_that_names_the_requests_session_is_a_session_error() -> None:
    error = turn_in(Sessions()).error_from(400, {}, b'{"message": "Unknown session."}')
    assert isinstance(error, SessionError)
    assert error.session_id == "sess_1"


@pytest.mark.parametrize("wrong", [b'{"message": "%b is no key."}', b"<p>%b is no key.</p>"])
def test_a_key_that_the_service_repeats_is_not_in_the_error(wrong: bytes) -> None:
    turn = turn_in(Sessions())
    error = turn.error_from(401, {}, wrong % KEY.encode())
    turn.end(error)
    assert str(error) == "401: [API key] is no key."
    assert KEY not in repr(vars(error))


def test_a_turn_waits_as_the_service_asks_until_its_budget_is_spent() -> None:
    turn = turn_in(Sessions(), retry=Retry(max_retries=9, budget=90.0))
    assert [turn.delay_after(RATE_LIMIT), turn.delay_after(RATE_LIMIT)] == [40.0, 40.0]
    with pytest.raises(RateLimitError) as caught:
        turn.delay_after(RATE_LIMIT)
    assert caught.value is RATE_LIMIT


def test_a_turn_is_sent_again_as_often_as_its_client_says() -> None:
    turn = turn_in(Sessions(), retry=Retry(max_retries=1))
    assert turn.delay_after(APIConnectionError("refused")) == 0.5
    with pytest.raises(APIConnectionError, match="refused"):
        turn.delay_after(APIConnectionError("refused"))


@pytest.mark.parametrize("error", [InternalServerError("oops", ambiguous=True), APITimeoutError("", ambiguous=True)])
def test_a_turn_of_a_session_is_never_repeated_if_it_may_have_been_taken(error: ResponsesError) -> None:
    eager = Retry(ambiguous=True)
    assert turn_in(Sessions(), session_id=None, retry=eager).delay_after(error) == 0.5
    with pytest.raises(type(error)):
        turn_in(Sessions(), retry=eager).delay_after(error)
