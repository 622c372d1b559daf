from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
from twelvelabs_responses._status import error_from, snippet

NOW = datetime(2026, 8, 1, 12, 0, tzinfo=timezone.utc)
HTML = b"""<!DOCTYPE html><html><head><title>502 Bad Gateway</title><style>body { color: red }</style>
<SCRIPT type="text/javascript">if (a < b) { alert("x") }</SCRIPT></head>
<body><h1>Bad   Gateway</h1><hr>nginx</body></html>"""


def status_error(
    status: int = 400, body: object = b"", headers: dict[str, str] | None = None, session_id: str | None = None
) -> APIStatusError:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    error = error_from(status, headers or {}, content, now=NOW, session_id=session_id)
    assert isinstance(error, APIStatusError)
    return error


def test_an_error_keeps_the_answer_without_cookies_and_how_it_was_packed() -> None:
    headers = {"X-Request-Id": "req_1", "Set-Cookie": "a=1", "content-encoding": "gzip", "content-length": "9"}
    error = status_error(400, b'{"code": "odd\xff"}', headers)
    assert error.headers == {"X-Request-Id": "req_1"}
    assert error.body == '{"code": "odd\ufffd"}'


def rate_limit(headers: dict[str, str] | None = None, message: str = "Slow down.") -> tuple[float | None, Any]:
    error = status_error(429, {"code": "too_many_requests", "message": message}, headers)
    return error.retry_after, error.reset_at


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("api_key_invalid", AuthenticationError),
        ("unauthorized", AuthenticationError),
        ("api_not_allowed", PermissionDeniedError),
        ("api_allowed_for_paid_plan", PermissionDeniedError),
        ("region_not_allowed", PermissionDeniedError),
        ("endpoint_not_exists", NotFoundError),
        ("resource_not_exist", NotFoundError),
        ("too_many_requests", RateLimitError),
        ("plan_limit_exceeded", QuotaExceededError),
        ("parameter_invalid", BadRequestError),
        ("parameter_not_provided", BadRequestError),
        ("parameter_unknown", BadRequestError),
        ("invalid_request", BadRequestError),
    ],
)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 429, 500])
def test_the_code_decides_whatever_the_status(code: str, kind: type[APIStatusError], status: int) -> None:
    error = status_error(status, {"code": code, "message": "No."})
    assert type(error) is kind
    assert (error.status, error.code, error.message) == (status, code, "No.")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, BadRequestError),
        (401, AuthenticationError),
        (403, PermissionDeniedError),
        (404, NotFoundError),
        (408, BadRequestError),
        (409, BadRequestError),
        (413, BadRequestError),
        (422, BadRequestError),
        (429, RateLimitError),
        (499, BadRequestError),
        (500, InternalServerError),
        (502, InternalServerError),
        (503, InternalServerError),
        (504, InternalServerError),
        (599, InternalServerError),
    ],
)
@pytest.mark.parametrize("body", [b"", {"code": "brand_new", "message": "No."}])
def test_without_a_known_code_the_status_decides(status: int, kind: type[APIStatusError], body: object) -> None:
    assert type(status_error(status, body)) is kind


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({"code": "parameter_invalid", "message": "No.", "docs_url": "https://d"}, "parameter_invalid", "No."),
        ({"error": {"code": "parameter_invalid", "message": "No.", "details": {}}}, "parameter_invalid", "No."),
        ({"error": {"type": "not_found", "code": None, "message": "No."}}, "not_found", "No."),
        ({"error": "No."}, None, "No."),
        ({"error": "Forbidden", "code": "api_not_allowed", "message": "No."}, "api_not_allowed", "No."),
        ({"error": None, "message": "No."}, None, "No."),
        ({"message": "No."}, None, "No."),
        ("No.", None, "No."),
        ({"code": 17, "message": "No."}, "17", "No."),
        ({"code": "parameter_invalid"}, "parameter_invalid", '{"code": "parameter_invalid"}'),
        ({"code": "x", "message": ["No."]}, "x", '{"code": "x", "message": ["No."]}'),
        ({"message": ""}, None, '{"message": ""}'),
        ({"error": ""}, None, '{"error": ""}'),
        ({"error": {}}, None, '{"error": {}}'),
        ({}, None, "{}"),
        ([1, 2], None, "[1, 2]"),
        (3.5, None, "3.5"),
        (None, None, "null"),
        (" ", None, '" "'),
        (b"", None, "an empty body"),
        (b" \n", None, "an empty body"),
        (b"Bad Gateway", None, "Bad Gateway"),
        (b"No\xff.", None, "No\ufffd."),
        (HTML, None, "502 Bad Gateway Bad Gateway nginx"),
        (b"<html></html>", None, "13 bytes without text"),
        (b'{"code": "cut', None, '{"code": "cut'),
    ],
)
def test_every_shape_of_body_gives_a_readable_message(body: object, code: str | None, message: str) -> None:
    error = status_error(422, body)
    assert (error.code, error.message) == (code, message)


def test_the_words_of_an_error_hold_its_status_code_and_message() -> None:
    assert str(status_error(400, {"code": "parameter_invalid", "message": "No."})) == "400 parameter_invalid: No."
    assert str(status_error(502, b"")) == "502: an empty body"


def test_no_access_to_the_beta_is_explained() -> None:
    assert str(status_error(404, {"code": "endpoint_not_exists", "message": "Not found."})) == (
        "404 endpoint_not_exists: Not found. "
        "The URL is right: this API key has no access to the beta endpoint; ask TwelveLabs for it."
    )


def test_a_used_up_plan_is_explained() -> None:
    assert str(status_error(429, {"code": "plan_limit_exceeded", "message": "15 a day."})) == (
        "429 plan_limit_exceeded: 15 a day. The plan's responses are used up; waiting a minute will not help."
    )


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"a" * 200, "a" * 200),
        (b"a" * 201, "a" * 200 + "... (201 bytes in all)"),
        (b"a" * 3_000_000, "a" * 200 + "... (3,000,000 bytes in all)"),
        (b"Gone.<style>" + b"x" * 20_000, "Gone. " + "x" * 194 + "... (20,012 bytes in all)"),
        (b"Gone.<hr>" + b" " * 20_000, "Gone.... (20,009 bytes in all)"),
        (b" " * 20_000 + b"x", "20,001 bytes without text"),
        (b"\xff\xfe\x00", "\ufffd\ufffd\x00"),
    ],
)
def test_a_snippet_is_short_and_says_the_full_size_of_what_it_cut(body: bytes, said: str) -> None:
    assert snippet(body) == said


@pytest.mark.parametrize("hostile", [b"<", b"<style", b"<script>", b"<script></style>", b"<a ", b"&"])
def test_a_megabyte_of_half_tags_is_a_short_snippet(hostile: bytes) -> None:
    assert len(snippet(hostile * (1_000_000 // len(hostile)))) < 250


@pytest.mark.parametrize(
    ("headers", "request_id"),
    [
        ({"x-request-id": "req_1", "request-id": "req_2"}, "req_1"),
        ({"request-id": "req_2"}, "req_2"),
        ({"x-request-id": ""}, None),
        ({}, None),
    ],
)
def test_the_request_id_is_taken_from_a_header(headers: dict[str, str], request_id: str | None) -> None:
    assert status_error(500, b"", headers).request_id == request_id


@pytest.mark.parametrize(
    ("headers", "seconds", "at"),
    [
        ({"retry-after": "30"}, 30.0, datetime(2026, 8, 1, 12, 0, 30, tzinfo=timezone.utc)),
        ({"retry-after": " 1.5 "}, 1.5, datetime(2026, 8, 1, 12, 0, 1, 500_000, tzinfo=timezone.utc)),
        ({"retry-after": "0"}, 0.0, NOW),
        ({"retry-after": "Sat, 01 Aug 2026 12:01:00 GMT"}, 60.0, datetime(2026, 8, 1, 12, 1, tzinfo=timezone.utc)),
        ({"retry-after": "Sat, 01 Aug 2026 12:01:00 -0000"}, 60.0, datetime(2026, 8, 1, 12, 1, tzinfo=timezone.utc)),
        ({"retry-after": "Sat, 01 Aug 2026 14:01:00 +0200"}, 60.0, datetime(2026, 8, 1, 12, 1, tzinfo=timezone.utc)),
        ({"retry-after": "Sat, 01 Aug 2026 11:00:00 GMT"}, 0.0, datetime(2026, 8, 1, 11, 0, tzinfo=timezone.utc)),
        ({"retry-after-ms": "2500"}, 2.5, datetime(2026, 8, 1, 12, 0, 2, 500_000, tzinfo=timezone.utc)),
        ({"retry-after": "3", "retry-after-ms": "9"}, 3.0, datetime(2026, 8, 1, 12, 0, 3, tzinfo=timezone.utc)),
        ({"x-ratelimit-reset": "1785585660"}, 60.0, datetime(2026, 8, 1, 12, 1, tzinfo=timezone.utc)),
        ({"x-ratelimit-reset": "0"}, 0.0, datetime(1970, 1, 1, tzinfo=timezone.utc)),
    ],
)
def test_a_header_says_when_to_come_back(headers: dict[str, str], seconds: float, at: datetime) -> None:
    assert rate_limit(headers) == (seconds, at)
    assert rate_limit(headers)[1].utcoffset() == timedelta(0)


@pytest.mark.parametrize("name", ["retry-after", "retry-after-ms", "x-ratelimit-reset"])
@pytest.mark.parametrize(
    "garbage",
    [
        *["", " ", "-5", "1e3", "soon", "NaN", "inf", "²", "9" * 5000, "1,5", "0x10", "99999999999999999999"],
        *["Mon, 99 Foo 2026", "Jan 1 00:00 99999999999999999999 Z", "Mon, 01 Jan 2024 00:00:00 +99999999999999"],
        "Mon, 01 Jan 99999999999999 00:00:00 GMT",
    ],
)
def test_a_header_that_says_nothing_readable_is_ignored(name: str, garbage: str) -> None:
    assert rate_limit({name: garbage}) == (None, None)
    assert rate_limit({name: garbage}, "Try again after 2026-08-01T12:00:30Z.")[0] == 30.0


@pytest.mark.parametrize(
    ("message", "seconds"),
    [
        ("You exceeded the limit (2). Try again after 2026-08-01T12:01:10Z", 70.0),
        ("The limit resets at 2026-08-02T00:00:00Z.", 43200.0),
        ("Try again after 2026-08-01T12:00:30.5Z.", 30.0),
        ("Try again after 2026-08-01T12:00:30.123456Z.", 30.0),
        ("Try again after 2026-08-01T14:00:30+02:00.", 30.0),
        ("Try again after 2026-08-01T14:00:30.123+02:00.", 30.0),
        ("Try again after 2026-08-01T06:30:30-05:30.", 30.0),
        ("Try again after 2026-08-01T11:00:00Z.", 0.0),
        ("Try again after 2026-08-01T12:00:30.", None),
        ("Try again after 2026-08-01 12:00:30.", None),
        ("Try again after 2026-13-99T12:00:30Z.", None),
        ("Try again after 2026-08-01T12:00:30+99:99.", None),
        ("Try again after 0001-01-01T00:00:00+05:00.", None),
        ("Try again after 9999-12-31T23:59:59-05:00.", None),
        ("Try again later.", None),
    ],
)
def test_a_time_in_the_message_says_when_to_come_back(message: str, seconds: float | None) -> None:
    retry_after, reset_at = rate_limit(message=message)
    assert retry_after == seconds
    assert (reset_at is None) == (seconds is None)


def test_a_header_is_believed_before_the_message() -> None:
    assert rate_limit({"retry-after": "5"}, "Try again after 2026-08-01T12:01:10Z.")[0] == 5.0


def test_a_used_up_plan_says_when_it_resets() -> None:
    body = {"code": "plan_limit_exceeded", "message": "15 responses a day; resets at 2026-08-02T00:00:00Z"}
    error = status_error(429, body)
    assert error.reset_at == datetime(2026, 8, 2, tzinfo=timezone.utc)
    assert error.retry_after == 43200.0


@pytest.mark.parametrize("status", [400, 401, 404, 500, 502])
def test_only_a_rate_limit_and_an_unavailable_service_say_when_to_come_back(status: int) -> None:
    error = status_error(status, {"message": "after 2026-08-01T12:01:10Z"}, {"retry-after": "5"})
    assert (error.retry_after, error.reset_at) == (None, None)


@pytest.mark.parametrize(
    ("status", "body", "headers", "ambiguous"),
    [
        (500, b"", {}, True),
        (502, HTML, {"retry-after": "5"}, True),
        (503, b"", {}, True),
        (503, b"", {"retry-after": "5"}, False),
        (503, b"", {"retry-after": "soon"}, False),
        (504, b"", {}, True),
        (500, {"code": "parameter_invalid"}, {}, True),
        (500, {"code": "too_many_requests"}, {"retry-after": "5"}, True),
        (408, b"", {}, True),
        (499, b"", {}, True),
        (400, b"", {}, False),
        (429, b"", {}, False),
    ],
)
def test_a_server_error_is_ambiguous_unless_it_asks_to_come_back(
    status: int, body: object, headers: dict[str, str], *, ambiguous: bool
) -> None:
    assert status_error(status, body, headers).ambiguous is ambiguous


def test_an_unavailable_service_may_ask_to_come_back() -> None:
    error = status_error(503, b"", {"retry-after": "5"})
    assert (type(error), error.retry_after) == (InternalServerError, 5.0)


@pytest.mark.parametrize("status", [300, 301, 302, 307, 308, 399])
def test_a_redirect_is_not_followed_as_the_key_would_go_along(status: int) -> None:
    error = error_from(status, {"location": "https://elsewhere"}, b"", now=NOW)
    assert type(error) is ProtocolError
    assert str(error) == f"the service redirected ({status}); redirects are not followed, as the key would go along"


@pytest.mark.parametrize("status", [400, 404])
@pytest.mark.parametrize("message", ["The session does not exist.", "Session belongs to another knowledge store."])
def test_a_session_that_the_service_refuses_is_a_session_error_with_the_services_error_as_cause(
    status: int, message: str
) -> None:
    body = json.dumps({"code": "parameter_invalid", "message": message}).encode()
    error = error_from(status, {}, body, now=NOW, session_id="sess_1")
    assert type(error) is SessionError
    assert str(error) == f"the session cannot go on. {status} parameter_invalid: {message} (session sess_1)"
    assert error.session_id == "sess_1"
    cause = error.__cause__
    assert isinstance(cause, BadRequestError)
    assert (cause.status, cause.session_id, error.ambiguous) == (status, "sess_1", False)


@pytest.mark.parametrize(
    ("status", "message", "session_id"),
    [
        (400, "The session does not exist.", None),
        (400, "Instructions are too long.", "sess_1"),
        (401, "Your session is over.", "sess_1"),
        (429, "Too many sessions.", "sess_1"),
        (500, "The session store is down.", "sess_1"),
    ],
)
def test_only_an_answer_that_names_the_requests_session_is_a_session_error(
    status: int, message: str, session_id: str | None
) -> None:
    error = status_error(status, {"message": message}, session_id=session_id)
    assert (error.message, error.session_id) == (message, session_id)


HEADER_VALUES = st.text(max_size=30) | st.sampled_from(
    ["1", "Sat, 01 Aug 2026 12:00:00 GMT", "9" * 30, "+", "²", "1.5"]
)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10) | st.sampled_from(["session"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["error", "code", "type", "message", "x"]), inner, max_size=4)
    ),
    max_leaves=8,
)
TIMES = st.from_regex(r"after \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)?", fullmatch=True)


@given(
    status=st.integers(300, 599),
    headers=st.dictionaries(
        st.sampled_from(["retry-after", "retry-after-ms", "x-ratelimit-reset", "x-request-id"]), HEADER_VALUES
    ),
    body=st.binary(max_size=60)
    | JSON_VALUES.map(lambda value: json.dumps(value).encode())
    | TIMES.map(lambda message: json.dumps({"message": message}).encode()),
    session_id=st.none() | st.just("sess_1"),
)
@settings(deadline=None, max_examples=400)
def test_an_error_is_made_of_any_status_any_headers_and_any_body(
    status: int, headers: dict[str, str], body: bytes, session_id: str | None
) -> None:
    error = error_from(status, headers, body, now=NOW, session_id=session_id)
    assert isinstance(error, ResponsesError)
    assert str(error).strip()
    if isinstance(error, APIStatusError):
        assert error.message
        assert error.retry_after is None or error.retry_after >= 0


@pytest.mark.parametrize("status", [400, 408, 499, 503])
def test_a_request_that_the_service_gave_up_is_ambiguous_under_any_status(status: int) -> None:
    body = b'{"code": "request_canceled_or_timed_out", "message": "Too slow."}'
    assert error_from(status, {"retry-after": "1"}, body, now=NOW).ambiguous
