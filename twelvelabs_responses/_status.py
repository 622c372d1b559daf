"""An error status, its headers and its body -> one typed error with a readable message.

The service's code decides, the status only where there is none: it answers 400 where others answer 404. Bodies come
flat, nested, empty, or as a gateway's HTML; none of them may keep the error from being built.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from pydantic_core import from_json

from twelvelabs_responses._errors import (
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
    SessionError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_BY_CODE: dict[str, type[APIStatusError]] = {
    "api_key_invalid": AuthenticationError,
    "unauthorized": AuthenticationError,
    "api_not_allowed": PermissionDeniedError,
    "api_allowed_for_paid_plan": PermissionDeniedError,
    "region_not_allowed": PermissionDeniedError,
    "endpoint_not_exists": NotFoundError,
    "resource_not_exist": NotFoundError,
    "too_many_requests": RateLimitError,
    "plan_limit_exceeded": QuotaExceededError,
    "parameter_invalid": BadRequestError,
    "parameter_not_provided": BadRequestError,
    "parameter_unknown": BadRequestError,
    "invalid_request": BadRequestError,
}
_BY_STATUS: dict[int, type[APIStatusError]] = {
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    429: RateLimitError,
}
# The service was at it when it stopped; under which status it says so is not documented.
_TIMED_OUT = (408, 499)
_GIVEN_UP = "request_canceled_or_timed_out"
_HINTS = {
    "endpoint_not_exists": "The URL is right: this API key has no access to the beta endpoint; ask TwelveLabs for it.",
    "plan_limit_exceeded": "The plan's responses are used up; waiting a minute will not help.",
}
# Cookies are as secret as a key; the others are no longer true of a body that was read.
_LEFT_OUT = frozenset({"set-cookie", "content-encoding", "content-length", "transfer-encoding"})
_BAD_REQUEST, _NOT_FOUND, _SERVER_ERROR, _UNAVAILABLE, _REDIRECT = 400, 404, 500, 503, range(300, 400)
_SNIPPET = 200
_READ = 10_000
_DIGITS = re.compile(r"\d{1,9}(?:\.\d+)?")
_TAG = re.compile(r"<(?:style|script)\b.*?</(?:style|script)>|<[^<>]*>", re.DOTALL | re.IGNORECASE)
_SESSION = re.compile(
    r"\bsession_id\b|^\W*session\b|\b(?:the|this|your|no such|unknown|invalid|expired) session\b", re.IGNORECASE
)
# The wording around the time differs ("try again after", "resets at"), so match the time itself.
_UTC_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)")


@dataclass(frozen=True, slots=True)
class _ErrorBody:
    code: str | None
    message: str


@dataclass(frozen=True, slots=True)
class _Wait:
    retry_after: float | None = None
    reset_at: datetime | None = None


def error_from(
    status: int, headers: Mapping[str, str], body: bytes, *, now: datetime, session_id: str | None = None
) -> ResponsesError:
    """Return the error that an answer with an error status means.

    Args:
        status: The HTTP status; anything but 2xx.
        headers: The answer's headers, looked up in lower case.
        body: The answer's body, decompressed.
        now: The present moment, aware, to turn a point in time into a wait and back.
        session_id: The session that the request went on with. An answer that names the session as the trouble
            becomes a `SessionError`, the service's own error its cause.
    """
    if status in _REDIRECT:
        return ProtocolError(
            f"the service redirected ({status}); redirects are not followed, as the key would go along"
        )
    error_body, wait = _error_body(body), _Wait()
    error_type = _BY_CODE.get(error_body.code or "") or _BY_STATUS.get(status) or _by_range(status)
    if issubclass(error_type, RateLimitError) or status == _UNAVAILABLE:
        wait = _wait(headers, error_body.message, now)
    error = error_type(
        error_body.message,
        status=status,
        code=error_body.code,
        explanation=_explanation(status, error_body),
        request_id=headers.get("x-request-id") or headers.get("request-id"),
        retry_after=wait.retry_after,
        reset_at=wait.reset_at,
        headers={name: value for name, value in headers.items() if name.lower() not in _LEFT_OUT},
        body=body.decode("utf-8", "replace"),
        session_id=session_id,
        ambiguous=_is_ambiguous(status, error_body.code, headers),
    )
    if session_id and status in (_BAD_REQUEST, _NOT_FOUND) and _names_session(error_body.message, session_id):
        lost = SessionError(f"the session cannot go on. {error}", session_id=session_id)
        lost.__cause__ = error
        return lost
    return error


def snippet(body: bytes) -> str:
    """Return a short readable piece of a body that is not what it should be, with its full size if it was cut."""
    text = " ".join(_TAG.sub(" ", body[:_READ].decode("utf-8", "replace")).split())
    if len(text) > _SNIPPET or (text and len(body) > _READ):
        return f"{text[:_SNIPPET]}... ({len(body):,} bytes in all)"
    return text or ("an empty body" if not body.strip() else f"{len(body):,} bytes without text")


def _names_session(message: str, session_id: str) -> bool:
    """Say whether a refusal is about the session itself. What it says then is not documented, so look for its name."""
    return session_id in message or _SESSION.search(message) is not None


def _is_ambiguous(status: int, code: str | None, headers: Mapping[str, str]) -> bool:
    """Say whether the service may have acted. The status decides: a code in a 5xx says why, not how far it came."""
    if code == _GIVEN_UP or status in _TIMED_OUT:
        return True
    # Who says when to come back has not begun.
    return status >= _SERVER_ERROR and not (status == _UNAVAILABLE and "retry-after" in headers)


def _by_range(status: int) -> type[APIStatusError]:
    return InternalServerError if status >= _SERVER_ERROR else BadRequestError


def _explanation(status: int, body: _ErrorBody) -> str:
    said = f"{status} {body.code}: {body.message}" if body.code else f"{status}: {body.message}"
    hint = _HINTS.get(body.code or "")
    return f"{said} {hint}" if hint else said


def _error_body(body: bytes) -> _ErrorBody:
    """Read {"code", "message"}, {"error": {...}}, {"error": "..."}, {"message"}; else a piece of the text."""
    try:
        value = from_json(body)
    except ValueError:
        return _ErrorBody(None, snippet(body))
    error = value.get("error") if isinstance(value, dict) else value
    fields = next((fields for fields in (error, value) if isinstance(fields, dict)), {})
    code = fields.get("code") or fields.get("type")
    said = (words for words in (fields.get("message"), error) if isinstance(words, str) and words.strip())
    return _ErrorBody(str(code) if code else None, next(said, None) or snippet(body))


def _wait(headers: Mapping[str, str], message: str, now: datetime) -> _Wait:
    """Read when to come back: Retry-After, its millisecond kin, a rate-limit header, or a time in the message.

    Retry-After holds seconds or a date (RFC 9110, 10.2.3).
    """
    wish = headers.get("retry-after", "").strip()
    milliseconds = headers.get("retry-after-ms", "").strip()
    reset = headers.get("x-ratelimit-reset", "").strip()
    if _DIGITS.fullmatch(wish):
        return _after(float(wish), now)
    if wish and (at := _http_date(wish)):
        return _until(at, now)
    if _DIGITS.fullmatch(milliseconds):
        return _after(float(milliseconds) / 1000, now)
    if reset.isdigit() and (at := _epoch(reset)):
        return _until(at, now)
    if (match := _UTC_TIME.search(message)) and (at := _iso_time(match[0])):
        return _until(at, now)
    return _Wait()


def _after(seconds: float, now: datetime) -> _Wait:
    return _Wait(seconds, now + timedelta(seconds=seconds))


def _until(at: datetime, now: datetime) -> _Wait:
    return _Wait(max(0.0, (at - now).total_seconds()), at)


def _http_date(value: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(value)
        return (at if at.tzinfo else at.replace(tzinfo=timezone.utc)).astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return None


def _epoch(seconds: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(seconds), timezone.utc)
    except (ValueError, OverflowError, OSError):
        return None


def _iso_time(value: str) -> datetime | None:
    # Python 3.10 reads neither Z nor fractions of other than three or six digits.
    whole, _, rest = value.replace("Z", "+00:00").partition(".")
    try:
        return datetime.fromisoformat(whole if not rest else whole + rest.lstrip("0123456789")).astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return None
