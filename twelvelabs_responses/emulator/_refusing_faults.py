"""Faults that answer in the place of the service: a status, its headers, its body. The turn is not taken."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from functools import partial
from typing import TYPE_CHECKING

from twelvelabs_responses.emulator._fault import Fault
from twelvelabs_responses.emulator._script import Script, error_script, json_script, plain_script

if TYPE_CHECKING:
    from collections.abc import Callable

    from twelvelabs_responses.emulator._fault import Occasion

_HTML = b"<!doctype html><html><head><title>%s</title></head><body><h1>%s</h1></body></html>"
_RATE = "the rate limit of 2 requests a minute is exceeded"


def _plainly(status: int, code: str, message: str, *headers: tuple[str, str]) -> Callable[[Occasion], Script]:
    def script(occasion: Occasion) -> Script:
        return error_script(occasion.era, status, code, message, headers)

    return script


def _html(status: int, title: bytes, _occasion: Occasion) -> Script:
    return plain_script(status, "text/html", _HTML % (title, title))


def _nested(_occasion: Occasion) -> Script:
    error = {"code": "parameter_invalid", "message": "the emulator was asked to refuse this", "details": {}}
    return json_script(400, {"error": error})


def _lost_session(occasion: Occasion) -> Script:
    message = f"session {occasion.session_id or 'of this request'} does not exist"
    return error_script(occasion.era, 404, "resource_not_exist", message)


def _seconds_ahead(now: datetime, seconds: int) -> datetime:
    return now.astimezone(timezone.utc).replace(microsecond=0) + timedelta(seconds=seconds)


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _retry_date(occasion: Occasion) -> Script:
    date = format_datetime(_seconds_ahead(occasion.now, 2), usegmt=True)
    return error_script(occasion.era, 429, "too_many_requests", _RATE, [("retry-after", date)])


def _retry_message(occasion: Occasion) -> Script:
    message = f"{_RATE}; try again after {_iso(_seconds_ahead(occasion.now, 2))}"
    return error_script(occasion.era, 429, "too_many_requests", message)


def _quota(occasion: Occasion) -> Script:
    resets = _iso(_seconds_ahead(occasion.now, 6 * 3600))
    message = f"the plan's 15 responses of this day are used up; the limit resets at {resets}"
    return error_script(occasion.era, 429, "plan_limit_exceeded", message)


def _empty_429(_occasion: Occasion) -> Script:
    return Script(429, (("content-length", "0"),), ())


def _redirect(_occasion: Occasion) -> Script:
    # A name that never resolves (RFC 6761, section 6.4): who follows goes nowhere.
    elsewhere = ("location", "https://elsewhere.invalid/v1.3/responses")
    return Script(302, (elsewhere, ("content-length", "0")), ())


REFUSING_FAULTS = (
    Fault(
        "400-flat",
        "400 parameter_invalid, code and message at the top of the body.",
        _plainly(400, "parameter_invalid", "the emulator was asked to refuse this"),
    ),
    Fault("400-nested", "400 parameter_invalid, code and message inside `error`.", _nested),
    Fault("401", "401 api_key_invalid.", _plainly(401, "api_key_invalid", "the API key is not valid")),
    Fault("403", "403 api_not_allowed.", _plainly(403, "api_not_allowed", "this plan may not use this endpoint")),
    Fault(
        "404-endpoint",
        "404 endpoint_not_exists: what a key without access to the beta gets.",
        _plainly(404, "endpoint_not_exists", "there is no such endpoint"),
    ),
    Fault("404-session", "404 resource_not_exist: the session of the request is lost.", _lost_session),
    Fault("409", "409 conflict.", _plainly(409, "conflict", "another turn is under way in this session")),
    Fault(
        "422",
        "422: the schema of the answer is refused.",
        _plainly(422, "parameter_invalid", "text.format.schema cannot be used"),
    ),
    Fault(
        "429-retry-after",
        "429 too_many_requests, Retry-After: 1.",
        _plainly(429, "too_many_requests", _RATE, ("retry-after", "1")),
    ),
    Fault("429-date", "429 too_many_requests, Retry-After a date at most 2 seconds ahead.", _retry_date),
    Fault(
        "429-message", "429 too_many_requests, the time at most 2 seconds ahead only in the message.", _retry_message
    ),
    Fault(
        "429-long",
        "429 too_many_requests, Retry-After: 3600.",
        _plainly(429, "too_many_requests", _RATE, ("retry-after", "3600")),
    ),
    Fault("429-quota", "429 plan_limit_exceeded, the message says that it resets in six hours.", _quota),
    Fault("429-empty", "429 with neither a body nor Retry-After.", _empty_429),
    Fault("500", "500 internal_server_error.", _plainly(500, "internal_server_error", "something went wrong")),
    Fault("502-html", "502 with the HTML page of a gateway.", partial(_html, 502, b"502 Bad Gateway")),
    Fault("503", "503 without Retry-After.", _plainly(503, "service_unavailable", "the service is not available")),
    Fault(
        "503-retry-after",
        "503, Retry-After: 0.",
        _plainly(503, "service_unavailable", "the service is not available", ("retry-after", "0")),
    ),
    Fault("redirect", "302 to another host.", _redirect),
    Fault(
        "html", "200 with an HTML page, as a captive portal answers.", partial(_html, 200, b"Sign in to this network")
    ),
)
