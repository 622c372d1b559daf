from __future__ import annotations

import copy
import pickle
import re
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest

from twelvelabs_responses import _errors
from twelvelabs_responses._errors import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    IncompleteResponseError,
    InternalServerError,
    InvalidArgumentError,
    NotFoundError,
    PermissionDeniedError,
    ProtocolError,
    QuotaExceededError,
    RateLimitError,
    ResponseFailedError,
    ResponsesError,
    SessionError,
    StreamInterruptedError,
)
from twelvelabs_responses._response import Response

if TYPE_CHECKING:
    from collections.abc import Iterator

RESET_AT = datetime(2026, 8, 2, tzinfo=timezone.utc)
PLAIN = (
    ResponsesError,
    APIConnectionError,
    APITimeoutError,
    StreamInterruptedError,
    ProtocolError,
    SessionError,
)
STATUS = (
    APIStatusError,
    BadRequestError,
    AuthenticationError,
    PermissionDeniedError,
    NotFoundError,
    RateLimitError,
    QuotaExceededError,
    InternalServerError,
)
EVERY_ERROR: tuple[ResponsesError, ...] = (
    *(kind("It broke.", text="Two", response_id="resp_1", session_id="sess_1", ambiguous=True) for kind in PLAIN),
    *(
        kind(
            "No.",
            status=418,
            code="teapot",
            explanation="418 teapot: No.",
            request_id="req_1",
            retry_after=2.5,
            reset_at=RESET_AT,
            session_id="sess_1",
            ambiguous=True,
        )
        for kind in STATUS
    ),
    InvalidArgumentError("instructions", "2,001 characters", "at most 2,000"),
    ResponseFailedError(
        "It failed.", code="server_error", response=Response(id="resp_1"), text="Two", session_id="sess_1"
    ),
    IncompleteResponseError("Cut short.", reason="max_output_tokens", text='{"a', response_id="resp_1"),
)


def drawn_parents() -> dict[str, str]:
    parents: dict[str, str] = {}
    above: list[str] = []
    for indent, name in re.findall(r"^([│├└─ ]*)(\w+Error)\b", _errors.__doc__ or "", re.MULTILINE):
        del above[len(indent) // 4 :]
        parents[name] = above[-1] if above else "Exception"
        above.append(name)
    return parents


def classes_below(kind: type[ResponsesError]) -> Iterator[type[ResponsesError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from classes_below(below)


def real_parents() -> dict[str, str]:
    ours = (kind for kind in classes_below(ResponsesError) if kind.__module__ == _errors.__name__)
    return {kind.__name__: kind.__bases__[0].__name__ for kind in ours}


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes() -> None:
    assert drawn_parents() == real_parents()
    assert len(drawn_parents()) == 17


def test_the_examples_of_this_file_hold_every_class() -> None:
    assert {type(error).__name__ for error in EVERY_ERROR} == set(real_parents())


@pytest.mark.parametrize("error", EVERY_ERROR, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickled_error_comes_back_with_its_words_and_its_attributes(error: ResponsesError, protocol: int) -> None:
    back = pickle.loads(pickle.dumps(error, protocol))  # noqa: S301 - pickled one call earlier
    assert type(back) is type(error)
    assert str(back) == str(error)
    assert vars(back) == vars(error)


@pytest.mark.parametrize("error", EVERY_ERROR, ids=lambda error: type(error).__name__)
def test_a_deep_copied_error_keeps_its_words_and_its_attributes(error: ResponsesError) -> None:
    twin = copy.deepcopy(error)
    assert (type(twin), str(twin), vars(twin)) == (type(error), str(error), vars(error))


def test_a_refused_argument_says_what_came_what_is_allowed_and_that_nothing_was_sent() -> None:
    error = InvalidArgumentError("instructions", "2,001 characters", "at most 2,000")
    assert str(error) == "instructions: got 2,001 characters; allowed: at most 2,000. Nothing was sent."
    assert (error.field, error.got, error.allowed) == ("instructions", "2,001 characters", "at most 2,000")
    assert isinstance(error, ValueError)


def test_a_refusal_in_words_of_its_own_stands_as_it_is() -> None:
    assert str(InvalidArgumentError("No API key.")) == "No API key."


def test_an_error_shows_the_ids_that_its_message_does_not_name() -> None:
    error = StreamInterruptedError("sess_1 broke", session_id="sess_1", response_id="resp_1")
    assert str(error) == "sess_1 broke (response resp_1)"
    refused = BadRequestError("Wrong.", explanation="400: Wrong.", session_id="sess_1", request_id="req_1")
    assert str(refused) == "400: Wrong. (session sess_1, request req_1)"


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("sess_1\r\nINFO all is well\x1b[2K", r"'sess_1\r\nINFO all is well\x1b[2K'"),
        ("s" * 200, "s" * 200),
        ("s" * 12_345, "s" * 200 + "... (12,345 characters)"),
    ],
)
def test_an_id_adds_no_line_to_a_log_and_does_not_fill_it(told: str, shown: str) -> None:
    error = StreamInterruptedError("It broke.", session_id=told)
    assert str(error) == f"It broke. (session {shown})"
    assert error.session_id == told


def test_an_error_status_shows_its_explanation_and_keeps_the_services_words() -> None:
    error = NotFoundError("No such store.", status=404, explanation="404: No such store.")
    assert str(error) == "404: No such store."
    assert (error.message, error.status, error.text) == ("No such store.", 404, "")


def test_an_error_status_without_an_explanation_shows_the_services_words() -> None:
    assert str(BadRequestError("No.")) == "No."


def test_a_failed_response_is_ambiguous_as_the_turn_was_taken() -> None:
    error = ResponseFailedError("It failed.", response_id="resp_1")
    assert error.ambiguous
    assert (error.code, error.response, error.response_id) == (None, None, "resp_1")


def test_an_error_knows_nothing_that_it_was_not_told() -> None:
    error = ResponsesError("It broke.")
    assert (error.text, error.response_id, error.session_id, error.ambiguous) == ("", None, None, False)


def test_a_timeout_is_a_connection_error_and_a_used_up_quota_a_rate_limit() -> None:
    assert issubclass(APITimeoutError, APIConnectionError)
    assert issubclass(QuotaExceededError, RateLimitError)
