from __future__ import annotations

from datetime import datetime, timezone

import pytest

from langchain_twelvelabs._tool_errors import comes_from_service, trouble
from twelvelabs_responses import (
    APIConnectionError,
    AuthenticationError,
    BadRequestError,
    InternalServerError,
    InvalidArgumentError,
    NotFoundError,
    PermissionDeniedError,
    QuotaExceededError,
    RateLimitError,
    ResponseFailedError,
    ResponsesError,
    SessionError,
    StreamInterruptedError,
)

AT = datetime(2026, 11, 23, 12, 30, tzinfo=timezone.utc)


def lost_session() -> SessionError:
    error = SessionError("the session cannot go on", session_id="sess_1")
    error.__cause__ = NotFoundError("no such session", status=404)
    return error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            InvalidArgumentError("input[0].content", "10,001 characters", "1 to 10,000"),
            "The question cannot be asked. It has 10,001 characters; allowed: 1 to 10,000.",
        ),
        (
            BadRequestError("too odd", explanation="400: too odd"),
            "The video service refused the question: 400: too odd",
        ),
        (
            RateLimitError("slow down", retry_after=3599.2, reset_at=AT),
            "The video service takes no more questions just now. Come back in 3,600 seconds (at 2026-11-23 12:30 UTC).",
        ),
        (
            RateLimitError("slow down", retry_after=1.0),
            "The video service takes no more questions just now. Come back in 1 seconds.",
        ),
        (
            RateLimitError("slow down"),
            "The video service takes no more questions just now. It does not say when to come back.",
        ),
        (
            QuotaExceededError("used up", retry_after=21600.0, reset_at=AT),
            (
                "The plan's answers are used up; asking before there are new ones is in vain. "
                "Come back in 21,600 seconds (at 2026-11-23 12:30 UTC)."
            ),
        ),
        (
            lost_session(),
            (
                "The earlier conversation with the videos is lost. Ask again: that begins a new one, which does not "
                "know the earlier questions and answers, so repeat in the question what matters of them."
            ),
        ),
        (
            SessionError("a turn is under way", session_id="sess_1"),
            "Another question is being answered in this conversation. Ask again when its answer is there.",
        ),
        (
            InternalServerError("oh", explanation="500: oh."),
            "The answer failed: 500: oh. Ask again if it still matters.",
        ),
        (
            ResponseFailedError("the response failed.", text="Rovers score"),
            (
                "The answer failed: the response failed. Ask again if it still matters.\n\n"
                "Only this part of the answer came; what follows it is missing:\nRovers score"
            ),
        ),
        (
            StreamInterruptedError("the stream ended.", text="In the"),
            (
                "The answer failed: the stream ended. Ask again if it still matters.\n\n"
                "Only this part of the answer came; what follows it is missing:\nIn the"
            ),
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_what_the_driving_model_can_act_on_is_said_in_words(error: ResponsesError, words: str) -> None:
    assert trouble(error) == words


@pytest.mark.parametrize(
    "error",
    [
        AuthenticationError("no such key", status=401),
        PermissionDeniedError("not with this plan", status=403),
        NotFoundError("no such store", status=404),
        InvalidArgumentError("instructions", "2,001 characters", "at most 2,000"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_it_cannot_help_is_not(error: ResponsesError) -> None:
    assert trouble(error) is None


def test_an_error_comes_from_the_service_however_deep_its_answer_lies() -> None:
    wrapped = SessionError("as LangChain's")
    wrapped.__cause__ = lost_session()
    assert comes_from_service(wrapped)
    assert comes_from_service(RateLimitError("slow down"))
    assert not comes_from_service(SessionError("busy"))
    assert not comes_from_service(APIConnectionError("no way there"))
