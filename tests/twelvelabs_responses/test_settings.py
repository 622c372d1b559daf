from __future__ import annotations

import warnings
from typing import Any

import pytest

from twelvelabs_responses import AsyncClient, Client
from twelvelabs_responses._errors import (
    APIStatusError,
    InvalidArgumentError,
    ProtocolError,
    ResponsesError,
    SessionError,
)
from twelvelabs_responses._request import Limits
from twelvelabs_responses._retry import Retry
from twelvelabs_responses._settings import Settings
from twelvelabs_responses._version import __version__

KEY = "tlk_0123456789"


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TWELVELABS_API_KEY", "TWELVE_LABS_API_KEY", "TWELVELABS_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


def checked(**given: Any) -> Settings:
    arguments = {"api_key": KEY, "base_url": None, "timeout": 300.0, "stall_timeout": 600.0}
    return Settings.checked(**{**arguments, "retry": None, "limits": None, **given})


def refusal(**given: Any) -> InvalidArgumentError:
    with pytest.raises(InvalidArgumentError) as caught:
        checked(**given)
    return caught.value


def test_what_was_not_given_has_a_default() -> None:
    assert checked() == Settings(
        api_key=KEY,
        base_url="https://api.twelvelabs.io/v1.3",
        timeout=300.0,
        stall_timeout=600.0,
        retry=Retry(max_retries=2, budget=90.0, ambiguous=False),
        limits=Limits(content=10_000, instructions=2_000, metadata=16),
    )


def test_what_was_given_is_taken() -> None:
    retry, limits = Retry(max_retries=0), Limits(content=1)
    settings = checked(base_url="https://proxy.example/tl/", timeout=5, stall_timeout=0.5, retry=retry, limits=limits)
    assert settings.url == "https://proxy.example/tl/responses"
    assert (settings.timeout, settings.stall_timeout) == (5, 0.5)
    assert (settings.retry, settings.limits) == (retry, limits)


@pytest.mark.parametrize(
    ("given_key", "environment", "key"),
    [
        ("given", {"TWELVELABS_API_KEY": "first", "TWELVE_LABS_API_KEY": "second"}, "given"),
        (None, {"TWELVELABS_API_KEY": "first", "TWELVE_LABS_API_KEY": "second"}, "first"),
        (None, {"TWELVE_LABS_API_KEY": "second"}, "second"),
        (None, {"TWELVELABS_API_KEY": "", "TWELVE_LABS_API_KEY": "second"}, "second"),
        ("", {"TWELVELABS_API_KEY": "first"}, "first"),
    ],
)
def test_the_key_is_the_argument_else_the_first_variable_else_the_second(
    given_key: str | None, environment: dict[str, str], key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert checked(api_key=given_key).api_key == key


@pytest.mark.parametrize("given_key", [None, ""])
@pytest.mark.parametrize("environment", [{}, {"TWELVELABS_API_KEY": "", "TWELVE_LABS_API_KEY": ""}])
def test_without_a_key_the_error_says_where_to_put_one_where_to_get_one_and_what_answers_without(
    given_key: str | None, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert str(refusal(api_key=given_key)) == (
        "No API key. Pass api_key=..., or set TWELVELABS_API_KEY (or TWELVE_LABS_API_KEY). "
        "Keys are made at https://playground.twelvelabs.io, under Settings, API key. "
        "Without one, the emulator answers: python -m twelvelabs_responses.emulator"
    )


@pytest.mark.parametrize(
    "key", ["tlk secret", "tlk_secret\n", "\ttlk_secret", "tlk_sécret", "tlk_secret\x7f", "tlk_secret\x00", "🧤secret"]
)
@pytest.mark.parametrize("way", ["argument", "TWELVELABS_API_KEY", "TWELVE_LABS_API_KEY"])
def test_a_key_that_no_header_can_carry_is_refused_and_not_shown(
    key: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "\x00" not in key and way != "argument":
        monkeypatch.setenv(way, key)
        error = refusal(api_key=None)
    else:
        error = refusal(api_key=key)
    assert error.field == "api_key"
    assert error.got.endswith("" if way == "argument" else f"in it, from {way}") or "\x00" in key
    assert "secret" not in f"{error!r}{error}{vars(error)}"


@pytest.mark.parametrize("key", [5, b"tlk_secret", ["tlk_secret"], True])
def test_a_key_that_is_no_string_is_refused_and_not_shown(key: object) -> None:
    error = refusal(api_key=key)
    assert (error.field, error.allowed) == ("api_key", "a string")
    assert "secret" not in str(error)


def test_the_key_is_in_the_header_and_nowhere_to_be_seen() -> None:
    settings = checked()
    assert settings.headers(stream=False)["x-api-key"] == KEY
    assert KEY not in repr(settings)
    assert KEY not in f"{Client(api_key=KEY)!r}{AsyncClient(api_key=KEY)!r}"


@pytest.mark.parametrize(("stream", "accept"), [(True, "text/event-stream"), (False, "application/json")])
def test_the_headers_say_who_asks_for_what(accept: str, *, stream: bool) -> None:
    assert checked().headers(stream=stream) == {
        "x-api-key": KEY,
        "content-type": "application/json",
        "accept": accept,
        "accept-encoding": "gzip",
        "user-agent": f"twelvelabs-responses/{__version__}",
    }


@pytest.mark.parametrize(
    ("given_url", "environment", "base_url"),
    [
        ("https://a.example", "https://b.example", "https://a.example"),
        (None, "https://b.example/", "https://b.example"),
        ("", "https://b.example", "https://b.example"),
        (None, "", "https://api.twelvelabs.io/v1.3"),
    ],
)
def test_the_address_is_the_argument_else_the_variable_else_the_public_service(
    given_url: str | None, environment: str, base_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWELVELABS_BASE_URL", environment)
    assert checked(base_url=given_url).base_url == base_url


@pytest.mark.parametrize("address", ["localhost:8000", "https://a.example?key=1", "https://a b", "https://a:port"])
def test_an_address_of_the_environment_that_is_refused_is_told_with_its_variable(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWELVELABS_BASE_URL", address)
    error = refusal(base_url=None)
    assert (error.field, error.got.rpartition(", ")[2]) == ("base_url", "from TWELVELABS_BASE_URL")
    assert not refusal(base_url=address).got.endswith("from TWELVELABS_BASE_URL")


@pytest.mark.parametrize(
    ("given_url", "base_url"),
    [
        ("https://a.example:8443/v1.3//", "https://a.example:8443/v1.3"),
        ("HTTPS://A.example", "https://A.example"),
        ("https://müller.example/v1", "https://müller.example/v1"),
        ("https://a.example/at@path", "https://a.example/at@path"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://LOCALHOST", "http://LOCALHOST"),
        ("http://127.0.0.1:1/v1.3", "http://127.0.0.1:1/v1.3"),
        ("http://127.8.9.10", "http://127.8.9.10"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_https_anywhere_and_http_on_this_machine_are_fine(given_url: str, base_url: str) -> None:
    assert checked(base_url=given_url).base_url == base_url


@pytest.mark.parametrize(
    "base_url",
    [
        *["api.twelvelabs.io", "ftp://a.example", "https://", "https:///v1.3", "//a.example", "file:///etc", "https:"],
        *["http://[::1", "https://a.example:99999", "https://a.example:x", "https://a .example", "https://a.example\n"],
        *["https://a.ex\tample", "\x00", 5, b"https://a.example", ["https://a.example"]],
    ],
)
def test_what_is_no_address_is_refused_and_shown(base_url: object) -> None:
    error = refusal(base_url=base_url)
    assert (error.field, error.got) == ("base_url", repr(base_url))
    assert error.allowed


@pytest.mark.parametrize(
    "base_url",
    [
        *["https://me:secret@a.example", "https://secret@a.example", "ftp://me:secret@a.example"],
        *["https://a.example?key=secret", "https://a.example/#secret"],
    ],
)
def test_an_address_with_a_user_a_query_or_a_fragment_is_refused_and_not_shown(base_url: str) -> None:
    error = refusal(base_url=base_url)
    assert (error.field, error.allowed) == ("base_url", "scheme, host, port and path")
    assert "secret" not in str(error)


@pytest.mark.parametrize("base_url", ["http://example.com", "http://10.0.0.1/v1.3", "http://localhost.example"])
@pytest.mark.parametrize("twin", [Client, AsyncClient])
def test_http_to_another_machine_warns_whoever_makes_the_client(
    base_url: str, twin: type[Client | AsyncClient]
) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        twin(api_key=KEY, base_url=base_url)
    (warning,) = caught
    assert warning.filename == __file__
    assert str(warning.message).startswith("the API key goes to ")
    assert str(warning.message).endswith(" unencrypted; use https")


def test_http_to_another_machine_still_works() -> None:
    with pytest.warns(UserWarning, match=r"the API key goes to example\.com unencrypted"):
        assert checked(base_url="http://example.com/").base_url == "http://example.com"


@pytest.mark.parametrize("name", ["timeout", "stall_timeout"])
@pytest.mark.parametrize(
    "seconds", [0, -1, 0.0, float("inf"), float("-inf"), float("nan"), "5", None, True, [5], 1 + 2j, b"5"]
)
def test_what_is_no_duration_is_refused(name: str, seconds: object) -> None:
    error = refusal(**{name: seconds})
    assert (error.field, error.got) == (name, repr(seconds))
    assert error.allowed == "a finite number of seconds above 0"


@pytest.mark.parametrize("name", ["timeout", "stall_timeout"])
@pytest.mark.parametrize("seconds", [1, 0.001, 86400.0])
def test_any_finite_number_of_seconds_above_zero_is_a_duration(name: str, seconds: float) -> None:
    assert getattr(checked(**{name: seconds}), name) == seconds


def test_a_key_that_the_service_has_repeated_is_taken_out_of_an_error_and_its_causes() -> None:
    cause = ProtocolError(f"got {KEY}", text=f"{KEY} and {KEY}", session_id=KEY)
    error = SessionError(f"lost: {KEY}")
    error.__cause__ = cause
    checked().redact(error)
    assert str(error) == "lost: [API key]"
    assert str(cause) == "got [API key]"
    assert (cause.text, cause.session_id, cause.response_id) == ("[API key] and [API key]", "[API key]", None)


def test_the_key_is_taken_out_of_the_headers_of_an_error() -> None:
    error = APIStatusError("who?", headers={"x-echo": f"Bearer {KEY}"}, body=KEY)
    checked().redact(error)
    assert (error.headers, error.body) == ({"x-echo": "Bearer [API key]"}, "[API key]")


def test_a_key_so_short_that_it_may_be_part_of_any_word_is_left() -> None:
    error = ResponsesError("a stalled stream")
    checked(api_key="a").redact(error)
    assert str(error) == "a stalled stream"


@pytest.mark.parametrize("error", [None, ValueError(KEY)])
def test_errors_that_are_not_ours_are_left_alone(error: BaseException | None) -> None:
    checked().redact(error)
    assert error is None or str(error) == KEY


@pytest.mark.parametrize(("name", "kind"), [("retry", "Retry"), ("limits", "Limits")])
def test_retry_and_limits_are_objects_and_no_numbers(name: str, kind: str) -> None:
    assert str(refusal(**{name: 0})) == f"{name}: got 0; allowed: a {kind}. Nothing was sent."


@pytest.mark.parametrize("host", ["a" * 64 + ".com", "a..b"])
def test_a_host_that_no_name_server_knows_is_refused(host: str) -> None:
    assert refusal(base_url=f"https://{host}/v1.3").field == "base_url"
