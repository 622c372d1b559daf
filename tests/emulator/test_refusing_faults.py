from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import pytest

from twelvelabs_responses.emulator._refusing_faults import REFUSING_FAULTS

if TYPE_CHECKING:
    from tests.emulator.asking import Asker

FLAT = {
    "400-flat": (400, "parameter_invalid", None),
    "401": (401, "api_key_invalid", None),
    "403": (403, "api_not_allowed", None),
    "404-endpoint": (404, "endpoint_not_exists", None),
    "404-session": (404, "resource_not_exist", None),
    "409": (409, "conflict", None),
    "422": (422, "parameter_invalid", None),
    "429-retry-after": (429, "too_many_requests", "1"),
    "429-long": (429, "too_many_requests", "3600"),
    "429-message": (429, "too_many_requests", None),
    "429-quota": (429, "plan_limit_exceeded", None),
    "500": (500, "internal_server_error", None),
    "503": (503, "service_unavailable", None),
    "503-retry-after": (503, "service_unavailable", "0"),
}


def seconds_ahead(moment: datetime) -> float:
    return (moment - datetime.now(timezone.utc)) / timedelta(seconds=1)


def time_in(message: str) -> datetime:
    [found] = re.findall(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", message)
    return datetime.strptime(found, "%Y-%m-%dT%H:%M:%S%z")


def test_each_refusing_fault_has_a_test_here() -> None:
    elsewhere = {"400-nested", "429-date", "429-empty", "502-html", "redirect", "html"}
    assert {fault.name for fault in REFUSING_FAULTS} == FLAT.keys() | elsewhere


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("fault", FLAT)
def test_a_refusal_has_its_status_code_and_header(
    ask: Asker, fault: str, stream: bool
) -> None:  # a column of the table
    status, code, retry_after = FLAT[fault]
    response = ask.whole(fault=fault, stream=stream)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response.headers.get("retry-after") == retry_after
    assert response.json().keys() == {"code", "message"}
    assert not ask.emulator.exchanges[-1].accepted


def test_a_nested_error_has_code_and_message_inside(ask: Asker) -> None:
    response = ask.whole(fault="400-nested")
    assert response.status_code == 400
    assert response.json()["error"].keys() == {"code", "message", "details"}


def test_a_lost_session_is_named(ask: Asker) -> None:
    response = ask.whole(fault="404-session", session_id="sess_1")
    assert response.json()["message"] == "session sess_1 does not exist"
    assert "session of this request" in ask.whole(fault="404-session").json()["message"]


def test_a_date_to_retry_after_is_at_most_two_seconds_ahead(ask: Asker) -> None:
    response = ask.whole(fault="429-date")
    assert response.status_code == 429
    assert response.headers["retry-after"].endswith(" GMT")
    assert 0.5 < seconds_ahead(parsedate_to_datetime(response.headers["retry-after"])) <= 2


def test_a_time_in_the_message_is_at_most_two_seconds_ahead(ask: Asker) -> None:
    message: str = ask.whole(fault="429-message").json()["message"]
    assert 0.5 < seconds_ahead(time_in(message)) <= 2


def test_a_quota_resets_in_hours(ask: Asker) -> None:
    message: str = ask.whole(fault="429-quota").json()["message"]
    assert "resets at " in message
    assert 6 * 3600 - 5 < seconds_ahead(time_in(message)) <= 6 * 3600


def test_an_empty_429_has_neither_body_nor_header(ask: Asker) -> None:
    response = ask.whole(fault="429-empty")
    assert (response.status_code, response.content) == (429, b"")
    assert "retry-after" not in response.headers


@pytest.mark.parametrize(("fault", "status"), [("502-html", 502), ("html", 200)])
def test_a_page_is_html(ask: Asker, fault: str, status: int) -> None:
    response = ask.stream(fault=fault)
    assert (response.status_code, response.headers["content-type"]) == (status, "text/html")
    assert response.text.startswith("<!doctype html>")


def test_a_redirect_leads_to_another_host(ask: Asker) -> None:
    response = ask.whole(fault="redirect")
    assert (response.status_code, response.content) == (302, b"")
    assert response.headers["location"] == "https://elsewhere.invalid/v1.3/responses"


def test_a_refusal_may_come_once(ask: Asker) -> None:
    statuses = [ask.whole(fault="503-retry-after:once").status_code for _ in range(2)]
    assert statuses == [503, 200]
