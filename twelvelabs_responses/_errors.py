"""What can go wrong, as one tree.

ResponsesError
├── InvalidArgumentError        refused here, nothing was sent (also a ValueError)
├── APIConnectionError          no answer: the connection was never made, or it broke
│   └── APITimeoutError         ... because nothing came in time
├── APIStatusError              the service answered with an error status
│   ├── BadRequestError         400, 422 and the like: the request is wrong
│   ├── AuthenticationError     401: the API key is missing, unknown or expired
│   ├── PermissionDeniedError   403: the key may not do this
│   ├── NotFoundError           404: no such knowledge store, or no access to the endpoint
│   ├── RateLimitError          429: too many requests; wait `retry_after` seconds
│   │   └── QuotaExceededError  429: the plan is used up; waiting a minute will not help
│   └── InternalServerError     5xx: the service failed
├── ResponseFailedError         the response's own status is "failed", or the stream said "error"
├── StreamInterruptedError      the stream ended before its terminal event
├── ProtocolError               the service sent what cannot be read as a response
├── IncompleteResponseError     a typed object was asked of a response that was cut short
└── SessionError                the session is lost, belongs to another store, is busy or stale
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from twelvelabs_responses._response import Response


# An id of the service has about forty characters.
_LONGEST_ID = 200


class ResponsesError(Exception):
    """The base of every error that this package raises on purpose.

    Attributes:
        text: The text of the reply that had arrived before the error; empty if none had.
        response_id: The response's id, if the service had named it.
        session_id: The session's id, if known. A session outlives a failed turn.
        ambiguous: Whether the service may have taken the turn. Sending it again may then repeat it.
    """

    def __init__(
        self,
        message: str,
        *,
        text: str = "",
        response_id: str | None = None,
        session_id: str | None = None,
        ambiguous: bool = False,
    ) -> None:
        super().__init__(message)
        self.text = text
        self.response_id = response_id
        self.session_id = session_id
        self.ambiguous = ambiguous

    def __str__(self) -> str:
        """Return the message with the ids that it does not name: a log line may keep nothing else of an error."""
        said = super().__str__()
        known = {name: _shown(known) for name, known in self._ids().items() if known and known not in said}
        named = ", ".join(f"{name} {shown}" for name, shown in known.items())
        return f"{said} ({named})" if named else said

    def _ids(self) -> dict[str, str | None]:
        return {"response": self.response_id, "session": self.session_id}


class InvalidArgumentError(ResponsesError, ValueError):
    """An argument was refused before anything was sent.

    Attributes:
        field: The argument, as a path: `instructions`, `input[0].content`.
        got: What it was, in words. Never the API key.
        allowed: What is allowed, in words.
    """

    def __init__(self, field: str, got: str = "", allowed: str = "") -> None:
        super().__init__(f"{field}: got {got}; allowed: {allowed}. Nothing was sent." if got else field)
        self.field = field
        self.got = got
        self.allowed = allowed


class APIConnectionError(ResponsesError):
    """No answer came: the connection could not be made, or it broke.

    `ambiguous` tells the two apart: False means that the request never left.
    """


class APITimeoutError(APIConnectionError):
    """No answer came in time."""


class APIStatusError(ResponsesError):
    """The service answered with an error status.

    Attributes:
        status: The HTTP status.
        code: The service's code, such as `parameter_invalid`; None if the body held none.
        message: The service's own words, or a short piece of a body that is not JSON.
        request_id: The request's id, if a header named it; for the service's support.
        retry_after: Seconds to wait before the next attempt, if the service said so.
        reset_at: When the limit is lifted (aware, UTC), if the service said so.
        headers: The answer's headers, but for cookies and what says how its body was packed.
        body: The answer's body as text.
    """

    def __init__(  # noqa: PLR0913 - the facts of an error are many, and all but the first have names
        self,
        message: str,
        *,
        status: int = 0,
        code: str | None = None,
        explanation: str = "",
        request_id: str | None = None,
        retry_after: float | None = None,
        reset_at: datetime | None = None,
        headers: Mapping[str, str] | None = None,
        body: str = "",
        session_id: str | None = None,
        ambiguous: bool = False,
    ) -> None:
        super().__init__(explanation or message, session_id=session_id, ambiguous=ambiguous)
        self.message = message
        self.status = status
        self.code = code
        self.request_id = request_id
        self.retry_after = retry_after
        self.reset_at = reset_at
        self.headers = dict(headers or {})
        self.body = body

    def _ids(self) -> dict[str, str | None]:
        return {**super()._ids(), "request": self.request_id}


class BadRequestError(APIStatusError):
    """The request is wrong (400, 413, 422 and other 4xx); sending it again will not help."""


class AuthenticationError(APIStatusError):
    """The API key is missing, unknown or expired (401)."""


class PermissionDeniedError(APIStatusError):
    """The API key may not do this: plan, region or permission (403)."""


class NotFoundError(APIStatusError):
    """No such knowledge store, or the key has no access to this endpoint (404)."""


class RateLimitError(APIStatusError):
    """Too many requests (429). `retry_after` or `reset_at` say when to come back, if the service did."""


class QuotaExceededError(RateLimitError):
    """The plan's responses are used up (429, `plan_limit_exceeded`). `reset_at` says when new ones come."""


class InternalServerError(APIStatusError):
    """The service failed (5xx). The turn may have been taken; see `ambiguous`."""


class ResponseFailedError(ResponsesError):
    """The service began a response and could not finish it.

    Attributes:
        code: The service's code or type of the failure, if it gave one.
        response: The failed response, if it came whole.
    """

    def __init__(  # noqa: PLR0913 - the facts of an error are many, and all but the first have names
        self,
        message: str,
        *,
        code: str | None = None,
        response: Response | None = None,
        text: str = "",
        response_id: str | None = None,
        session_id: str | None = None,
    ) -> None:
        super().__init__(message, text=text, response_id=response_id, session_id=session_id, ambiguous=True)
        self.code = code
        self.response = response


class StreamInterruptedError(ResponsesError):
    """The stream ended, broke or was closed before its terminal event; `text` is what had arrived."""


class ProtocolError(ResponsesError):
    """The service sent what cannot be read as a response, or as an event of one."""


class IncompleteResponseError(ResponsesError):
    """A typed object was asked of a response whose status is `incomplete`.

    Attributes:
        reason: Why the service stopped, such as `max_output_tokens`; None if it did not say.
    """

    def __init__(
        self,
        message: str,
        *,
        reason: str | None = None,
        text: str = "",
        response_id: str | None = None,
        session_id: str | None = None,
    ) -> None:
        super().__init__(message, text=text, response_id=response_id, session_id=session_id)
        self.reason = reason


class SessionError(ResponsesError):
    """The session cannot take this turn: lost, bound to another knowledge store, busy, or moved on.

    When the service said so, `__cause__` is its own error.
    """


def _shown(known: str) -> str:
    """Return an id as it may stand in a line of a log: whoever answers chose its length and its characters."""
    whole = known if known.isprintable() else repr(known)
    return whole if len(whole) <= _LONGEST_ID else f"{whole[:_LONGEST_ID]}... ({len(known):,} characters)"
