from __future__ import annotations

import copy
import pickle

import httpx
import pytest
from langchain_core import exceptions as lc

import twelvelabs_responses as core
from langchain_twelvelabs import _errors
from langchain_twelvelabs._errors import as_model_errors

ALL = [
    (core.InvalidArgumentError("stop", "'.'", "none"), lc.ModelInvalidRequestError, False),
    (core.APIConnectionError("refused"), lc.ModelConnectionError, True),
    (core.APIConnectionError("broke", ambiguous=True), lc.ModelConnectionError, False),
    (core.APITimeoutError("no connection"), lc.ModelTimeoutError, True),
    (core.APITimeoutError("silent", ambiguous=True), lc.ModelTimeoutError, False),
    (core.BadRequestError("odd", status=400), lc.ModelInvalidRequestError, False),
    (core.AuthenticationError("who?", status=401), lc.ModelAuthenticationError, False),
    (core.PermissionDeniedError("no", status=403), lc.ModelPermissionDeniedError, False),
    (core.NotFoundError("where?", status=404), lc.ModelNotFoundError, False),
    (core.RateLimitError("later", status=429, retry_after=3.0), lc.ModelRateLimitError, True),
    (core.QuotaExceededError("tomorrow", status=429), lc.ModelRateLimitError, False),
    (core.InternalServerError("busy", status=503), lc.ModelAPIError, True),
    (core.InternalServerError("boom", status=500, ambiguous=True), lc.ModelAPIError, False),
    (core.ResponseFailedError("failed", code="boom", text="Two"), lc.ModelAPIError, False),
    (core.StreamInterruptedError("cut", text="Two", session_id="sess_1"), lc.ModelAPIError, False),
    (core.ProtocolError("odd"), lc.ModelAPIError, False),
    (core.IncompleteResponseError("cut short", reason="max_output_tokens"), lc.ModelError, False),
    (core.SessionError("gone", session_id="sess_1"), lc.ModelInvalidRequestError, False),
]


def translated(error: core.ResponsesError) -> core.ResponsesError:
    with pytest.raises(core.ResponsesError) as caught, as_model_errors():
        raise error
    return caught.value


@pytest.mark.parametrize(("error", "family", "retryable"), ALL)
def test_an_error_is_ours_and_langchains_with_the_same_facts(
    error: core.ResponsesError, family: type[lc.ModelError], retryable: bool
) -> None:
    made = translated(error)
    assert isinstance(made, type(error))
    assert isinstance(made, family)
    assert made.is_retryable is retryable
    assert vars(made) == vars(error)
    assert str(made) == str(error)
    assert made.__cause__ is error


@pytest.mark.parametrize("error", [error for error, _, _ in ALL])
def test_an_error_can_be_pickled_and_copied(error: core.ResponsesError) -> None:
    made = translated(error)
    for twin in (pickle.loads(pickle.dumps(made)), copy.deepcopy(made)):  # noqa: S301 - pickled on this line
        assert type(twin) is type(made)
        assert vars(twin) == vars(made)


def test_every_error_of_the_core_that_can_be_raised_has_a_counterpart() -> None:
    abstract = {core.ResponsesError, core.APIStatusError}
    names = [name for name in core.__all__ if name.endswith("Error")]
    kinds = {getattr(core, name) for name in names} - abstract
    assert {type(error) for error, _, _ in ALL} == kinds
    assert all(hasattr(_errors, kind.__name__) for kind in kinds)


def test_an_error_of_a_kind_without_a_counterpart_passes_as_it_is() -> None:
    error = core.ResponsesError("odd")
    assert translated(error) is error


def test_other_errors_and_results_pass() -> None:
    with pytest.raises(ZeroDivisionError), as_model_errors():
        raise ZeroDivisionError
    with as_model_errors():
        pass


def test_a_status_error_shows_langchain_the_answer_without_the_request() -> None:
    error = core.NotFoundError("where?", status=404, headers={"x-request-id": "req_1"}, body='{"code": "odd"}')
    answer = getattr(translated(error), "response", None)
    assert isinstance(answer, httpx.Response)
    assert (answer.status_code, answer.headers["x-request-id"], answer.json()) == (404, "req_1", {"code": "odd"})
    with pytest.raises(RuntimeError, match="request"):
        _ = answer.request
