"""Our errors -> words for the model that drives a tool."""

from __future__ import annotations

from math import ceil

from twelvelabs_responses import (
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    InvalidArgumentError,
    NotFoundError,
    PermissionDeniedError,
    QuotaExceededError,
    RateLimitError,
    ResponsesError,
    SessionError,
)

# The fields of a request that hold the question.
_QUESTION = ("input", "messages")


def trouble(error: ResponsesError) -> str | None:
    """Return what the driving model should know; None for what it cannot help.

    It cannot help a key that is wrong or may not do this, a store or an endpoint that is not there, and an option of
    the chat model that is refused.
    """
    match error:
        case AuthenticationError() | PermissionDeniedError() | NotFoundError():
            return None
        case InvalidArgumentError() if not error.field.startswith(_QUESTION):
            return None
        case _:
            return "\n\n".join(part for part in (_what_happened(error), _partial(error)) if part)


def comes_from_service(error: BaseException | None) -> bool:
    """Say whether the service itself has answered with this error, or with one that it was made of."""
    return isinstance(error, APIStatusError) or (error is not None and comes_from_service(error.__cause__))


def _what_happened(error: ResponsesError) -> str:
    match error:
        case InvalidArgumentError():
            return f"The question cannot be asked. It has {error.got}; allowed: {error.allowed}."
        case RateLimitError():
            return _limited(error)
        case BadRequestError():
            return f"The video service refused the question: {error}"
        case SessionError() if comes_from_service(error):
            return (
                "The earlier conversation with the videos is lost. Ask again: that begins a new one, which does not "
                "know the earlier questions and answers, so repeat in the question what matters of them."
            )
        case SessionError():
            return "Another question is being answered in this conversation. Ask again when its answer is there."
        case _:
            return f"The answer failed: {error} Ask again if it still matters."


def _limited(error: RateLimitError) -> str:
    said = "The video service takes no more questions just now."
    if isinstance(error, QuotaExceededError):
        said = "The plan's answers are used up; asking before there are new ones is in vain."
    if error.retry_after is None:
        return f"{said} It does not say when to come back."
    at = f" (at {error.reset_at:%Y-%m-%d %H:%M} UTC)" if error.reset_at else ""
    return f"{said} Come back in {ceil(error.retry_after):,} seconds{at}."


def _partial(error: ResponsesError) -> str:
    return f"Only this part of the answer came; what follows it is missing:\n{error.text}" if error.text else ""
