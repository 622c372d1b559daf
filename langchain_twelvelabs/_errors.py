"""Our errors as LangChain's: each is both, so that code which catches either goes on working.

LangChain's own retry layers ask `is_retryable`. It is true only for what the service cannot have acted on: a turn that
it may have taken must not be repeated by somebody who knows nothing of sessions.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
from langchain_core.exceptions import (
    ModelAPIError,
    ModelAuthenticationError,
    ModelConnectionError,
    ModelError,
    ModelInvalidRequestError,
    ModelNotFoundError,
    ModelPermissionDeniedError,
    ModelRateLimitError,
    ModelTimeoutError,
)

import twelvelabs_responses as core

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Answered:
    """What LangChain reads of an error to trace it."""

    status: int
    headers: dict[str, str]
    body: str

    @property
    def response(self) -> httpx.Response:
        """The answer of the service, as httpx gives it, without the request and its key."""
        return httpx.Response(self.status, headers=self.headers, content=self.body)


class InvalidArgumentError(core.InvalidArgumentError, ModelInvalidRequestError):
    """A message or an option was refused; nothing was sent."""


class APIConnectionError(core.APIConnectionError, ModelConnectionError):
    """No answer came: the connection could not be made, or it broke."""

    @property
    def is_retryable(self) -> bool:  # type: ignore[override]  # LangChain knows it per class, we per failure
        """Whether the request never left."""
        return not self.ambiguous


class APITimeoutError(core.APITimeoutError, ModelTimeoutError):
    """No answer came in time."""

    @property
    def is_retryable(self) -> bool:  # type: ignore[override]  # LangChain knows it per class, we per failure
        """Whether the request never left."""
        return not self.ambiguous


class BadRequestError(core.BadRequestError, _Answered, ModelInvalidRequestError):
    """The service says that the request is wrong."""


class AuthenticationError(core.AuthenticationError, _Answered, ModelAuthenticationError):
    """The API key is missing, unknown or expired."""


class PermissionDeniedError(core.PermissionDeniedError, _Answered, ModelPermissionDeniedError):
    """The API key may not do this."""


class NotFoundError(core.NotFoundError, _Answered, ModelNotFoundError):
    """No such knowledge store, or the key has no access to the endpoint."""


class RateLimitError(core.RateLimitError, _Answered, ModelRateLimitError):
    """Too many requests; `retry_after` and `reset_at` say when to come back."""


class QuotaExceededError(core.QuotaExceededError, _Answered, ModelRateLimitError):
    """The plan's responses are used up."""

    is_retryable = False


class InternalServerError(core.InternalServerError, _Answered, ModelAPIError):
    """The service failed."""

    @property
    def is_retryable(self) -> bool:  # type: ignore[override]  # LangChain knows it per class, we per failure
        """Whether the service said that it had not begun."""
        return not self.ambiguous


class ResponseFailedError(core.ResponseFailedError, ModelAPIError):
    """The service began a response and could not finish it."""

    is_retryable = False


class StreamInterruptedError(core.StreamInterruptedError, ModelAPIError):
    """The stream ended before its terminal event; `text` is what had arrived."""

    is_retryable = False


class ProtocolError(core.ProtocolError, ModelAPIError):
    """The service sent what cannot be read."""

    is_retryable = False


class IncompleteResponseError(core.IncompleteResponseError, ModelError):
    """A typed object was asked of a response that was cut short."""


class SessionError(core.SessionError, ModelInvalidRequestError):
    """The session cannot take this turn: lost, of another store, busy, or moved on."""


_KINDS: dict[type[core.ResponsesError], type[core.ResponsesError]] = {
    kind.__mro__[1]: kind  # the first base of each is ours
    for kind in (
        InvalidArgumentError,
        APIConnectionError,
        APITimeoutError,
        BadRequestError,
        AuthenticationError,
        PermissionDeniedError,
        NotFoundError,
        RateLimitError,
        QuotaExceededError,
        InternalServerError,
        ResponseFailedError,
        StreamInterruptedError,
        ProtocolError,
        IncompleteResponseError,
        SessionError,
    )
}


@contextmanager
def as_model_errors() -> Iterator[None]:
    """Raise our errors as those of this module, with the same facts and the original as the cause."""
    try:
        yield
    except core.ResponsesError as error:
        kind = _KINDS.get(type(error))
        if kind is None:
            raise
        raise _of_kind(kind, error) from error


def _of_kind(kind: type[core.ResponsesError], error: core.ResponsesError) -> core.ResponsesError:
    # The facts are attributes, so a copy of them needs no constructor.
    made = kind.__new__(kind, *error.args)
    made.args = error.args
    vars(made).update(vars(error))
    return made
