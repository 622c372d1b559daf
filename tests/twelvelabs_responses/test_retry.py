from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twelvelabs_responses._errors import (
    APIConnectionError,
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
from twelvelabs_responses._retry import Retry

NEVER_MADE = APIConnectionError("refused")
BROKE = APIConnectionError("reset", ambiguous=True)
TIMED_OUT = APITimeoutError("silence", ambiguous=True)
SERVER_FAILED = InternalServerError("oops", status=500, ambiguous=True)
UNAVAILABLE = InternalServerError("soon", status=503, retry_after=3.0)
RATE_LIMIT = RateLimitError("slow down", status=429)
ASKED_TO_WAIT = RateLimitError("slow down", status=429, retry_after=7.0)
QUOTA = QuotaExceededError("used up", status=429, retry_after=1.0)
NEVER_REPEATED: tuple[ResponsesError, ...] = (
    QUOTA,
    BadRequestError("no", status=400, retry_after=1.0),
    AuthenticationError("no", status=401),
    PermissionDeniedError("no", status=403),
    NotFoundError("no", status=404),
    ResponseFailedError("failed"),
    StreamInterruptedError("cut"),
    ProtocolError("not a response"),
    IncompleteResponseError("cut short"),
    SessionError("lost"),
    InvalidArgumentError("no"),
    ResponsesError("else"),
)
REPEATED = (NEVER_MADE, UNAVAILABLE, RATE_LIMIT, ASKED_TO_WAIT)
AMBIGUOUS = (BROKE, TIMED_OUT, SERVER_FAILED)


@pytest.mark.parametrize(
    ("error", "attempt", "delay"),
    [
        (NEVER_MADE, 1, 0.5),
        (NEVER_MADE, 2, 1.0),
        (NEVER_MADE, 3, None),
        (UNAVAILABLE, 1, 3.0),
        (UNAVAILABLE, 2, 3.0),
        (UNAVAILABLE, 3, None),
        (RATE_LIMIT, 1, 15.0),
        (RATE_LIMIT, 2, 15.0),
        (RATE_LIMIT, 3, None),
        (ASKED_TO_WAIT, 1, 7.0),
        (ASKED_TO_WAIT, 2, 7.0),
        (ASKED_TO_WAIT, 3, None),
        (BROKE, 1, None),
        (TIMED_OUT, 1, None),
        (SERVER_FAILED, 1, None),
    ],
)
@pytest.mark.parametrize("in_session", [False, True])
def test_two_retries_follow_what_the_service_cannot_have_acted_on(
    error: ResponsesError, attempt: int, delay: float | None, *, in_session: bool
) -> None:
    assert Retry().delay(error, attempt, in_session=in_session) == delay


@pytest.mark.parametrize("error", NEVER_REPEATED, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("ambiguous", [False, True])
@pytest.mark.parametrize("in_session", [False, True])
def test_what_another_try_cannot_mend_is_not_repeated(
    error: ResponsesError, *, ambiguous: bool, in_session: bool
) -> None:
    assert Retry(max_retries=9, ambiguous=ambiguous).delay(error, 1, in_session=in_session) is None


@pytest.mark.parametrize("error", AMBIGUOUS, ids=str)
def test_what_the_service_may_have_acted_on_is_repeated_only_if_asked_and_never_in_a_session(
    error: ResponsesError,
) -> None:
    assert Retry().delay(error, 1) is None
    assert Retry(ambiguous=True).delay(error, 1) == 0.5
    assert Retry(ambiguous=True).delay(error, 1, in_session=True) is None


@pytest.mark.parametrize("error", REPEATED, ids=str)
@pytest.mark.parametrize("in_session", [False, True])
def test_asking_for_ambiguous_retries_changes_nothing_for_the_others(
    error: ResponsesError, *, in_session: bool
) -> None:
    eager, careful = Retry(ambiguous=True), Retry()
    assert eager.delay(error, 1, in_session=in_session) == careful.delay(error, 1, in_session=in_session)


@pytest.mark.parametrize(
    ("attempt", "delay"), [(1, 0.5), (2, 1.0), (3, 2.0), (4, 4.0), (5, 8.0), (6, 8.0), (5000, 8.0)]
)
def test_the_delay_doubles_up_to_eight_seconds(attempt: int, delay: float) -> None:
    assert Retry(max_retries=9999, budget=float("inf")).delay(NEVER_MADE, attempt) == delay


@pytest.mark.parametrize("error", [*REPEATED, *AMBIGUOUS])
def test_no_retries_means_none(error: ResponsesError) -> None:
    assert Retry(max_retries=0, ambiguous=True).delay(error, 1) is None


@pytest.mark.parametrize(
    ("waited", "delay"), [(0.0, 7.0), (82.9, 7.0), (83.0, 7.0), (83.1, None), (90.0, None), (1000.0, None)]
)
def test_a_wait_that_does_not_fit_the_budget_is_not_begun(waited: float, delay: float | None) -> None:
    assert Retry().delay(ASKED_TO_WAIT, 1, waited=waited) == delay


@pytest.mark.parametrize(("wish", "delay"), [(0.0, 0.0), (90.0, 90.0), (90.5, None), (86400.0, None)])
def test_the_services_wish_is_kept_or_given_up_never_shortened(wish: float, delay: float | None) -> None:
    assert Retry().delay(RateLimitError("slow down", retry_after=wish), 1) == delay


def test_no_budget_leaves_only_retries_without_a_wait() -> None:
    assert Retry(budget=0).delay(ASKED_TO_WAIT, 1) is None
    assert Retry(budget=0).delay(RateLimitError("now", retry_after=0.0), 1) == 0.0


@pytest.mark.parametrize("max_retries", [-1, "2", None, 1.5, float("inf"), [2]])
def test_what_is_no_number_of_times_is_refused(max_retries: Any) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        Retry(max_retries=max_retries)
    assert (caught.value.field, caught.value.got) == ("max_retries", repr(max_retries))
    assert caught.value.allowed == "a whole number, 0 or more"


@pytest.mark.parametrize("budget", [-0.1, float("nan"), float("-inf"), "90", None, [90]])
def test_what_is_no_number_of_seconds_is_refused(budget: Any) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        Retry(budget=budget)
    assert (caught.value.field, caught.value.got) == ("budget", repr(budget))
    assert caught.value.allowed == "0 seconds or more"


@given(
    error=st.sampled_from([*NEVER_REPEATED, *REPEATED, *AMBIGUOUS]),
    attempt=st.integers(1, 10_000),
    waited=st.floats(0, 1e9),
    retry=st.builds(
        Retry, max_retries=st.integers(0, 10_000), budget=st.floats(0, allow_nan=False), ambiguous=st.booleans()
    ),
    in_session=st.booleans(),
)
@settings(deadline=None)
def test_a_delay_is_never_negative_and_always_within_the_budget(
    error: ResponsesError, attempt: int, waited: float, retry: Retry, *, in_session: bool
) -> None:
    delay = retry.delay(error, attempt, waited=waited, in_session=in_session)
    assert delay is None or (attempt <= retry.max_retries and 0 <= delay <= retry.budget - waited + 1e-6)


def test_a_flag_is_no_number_of_times() -> None:
    with pytest.raises(InvalidArgumentError, match=r"^max_retries: got True; allowed: a whole number, 0 or more"):
        Retry(max_retries=True)


@pytest.mark.parametrize("ambiguous", ["no", 1, None])
def test_what_is_no_flag_is_refused(ambiguous: Any) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        Retry(ambiguous=ambiguous)
    assert (caught.value.field, caught.value.got) == ("ambiguous", repr(ambiguous))
    assert caught.value.allowed == "True or False"
