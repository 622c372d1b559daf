"""Every body that the service refuses a request with, and the error that a user gets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.tape import KEY
from twelvelabs_responses import (
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    InternalServerError,
    NotFoundError,
    PermissionDeniedError,
    ProtocolError,
    QuotaExceededError,
    RateLimitError,
    ResponsesError,
)

if TYPE_CHECKING:
    from tests.tape import Tape


@dataclass(frozen=True)
class Refusal:
    """What a user gets: the error, what it knows of the answer, and words of its message."""

    error: type[ResponsesError]
    status: int
    code: str | None
    words: str
    ambiguous: bool = False
    retry_after: float | None = None
    era: str = "latest"

    def check(self, error: ResponsesError, tape: Tape) -> None:
        assert self.words in str(error)
        assert error.ambiguous is self.ambiguous
        assert (error.text, error.response_id) == ("", None)
        assert KEY not in f"{error!r}{vars(error)}"
        assert tape.answer.status == self.status
        if isinstance(error, APIStatusError):
            assert (error.status, error.code) == (self.status, self.code)
            assert error.body == tape.answer.content
        if isinstance(error, QuotaExceededError):
            assert error.reset_at is not None
            assert f"resets at {error.reset_at:%Y-%m-%dT%H:%M:%SZ}" in tape.answer.content
        elif isinstance(error, RateLimitError):
            assert error.retry_after == self.retry_after


_ASKED = "the emulator was asked to refuse this"
_TABLE = {
    "400-flat-april": Refusal(BadRequestError, 400, "parameter_invalid", _ASKED, era="april"),
    "400-flat": Refusal(BadRequestError, 400, "parameter_invalid", _ASKED),
    "400-nested": Refusal(BadRequestError, 400, "parameter_invalid", _ASKED),
    "401": Refusal(AuthenticationError, 401, "api_key_invalid", "the API key is not valid"),
    "403": Refusal(PermissionDeniedError, 403, "api_not_allowed", "this plan may not use this endpoint"),
    "404-endpoint": Refusal(NotFoundError, 404, "endpoint_not_exists", "has no access to the beta endpoint"),
    "409": Refusal(BadRequestError, 409, "conflict", "another turn is under way"),
    "422": Refusal(BadRequestError, 422, "parameter_invalid", "text.format.schema cannot be used"),
    "429-long": Refusal(RateLimitError, 429, "too_many_requests", "2 requests a minute", retry_after=3600.0),
    "429-empty": Refusal(RateLimitError, 429, None, "429: an empty body"),
    "429-quota": Refusal(QuotaExceededError, 429, "plan_limit_exceeded", "waiting a minute will not help"),
    "500": Refusal(InternalServerError, 500, "internal_server_error", "something went wrong", ambiguous=True),
    "502-html": Refusal(InternalServerError, 502, None, "502: 502 Bad Gateway 502 Bad Gateway", ambiguous=True),
    "503": Refusal(InternalServerError, 503, "service_unavailable", "not available", ambiguous=True),
    "html": Refusal(ProtocolError, 200, None, "Sign in to this network", ambiguous=True),
}

REFUSALS = pytest.mark.parametrize(
    "refusal",
    [
        pytest.param(
            refusal,
            id=name,
            marks=pytest.mark.emulated(era=refusal.era, fault=name.removesuffix(f"-{refusal.era}")),
        )
        for name, refusal in _TABLE.items()
    ],
)
