"""Whether to try again, and after how long.

A turn is not idempotent: the session may have taken it, and quota may be spent. So only that is repeated which the
service cannot have acted on. This is the only retry layer; the adaptors add none.
"""

from __future__ import annotations

from dataclasses import dataclass

from twelvelabs_responses._errors import (
    APIConnectionError,
    APIStatusError,
    InternalServerError,
    InvalidArgumentError,
    QuotaExceededError,
    RateLimitError,
    ResponsesError,
)

_FIRST_DELAY = 0.5
# The longest delay is then 8 s.
_MOST_DOUBLINGS = 4
# Without a word from the service about when to come back: the official examples wait as long.
_RATE_LIMIT_DELAY = 15.0


@dataclass(frozen=True, slots=True)
class Retry:
    """When a request is sent again.

    Attributes:
        max_retries: How many times at most; 0 for never.
        budget: Seconds to wait in all. A wait that does not fit raises at once, with `retry_after` and `reset_at`.
        ambiguous: Also repeat after a 5xx, a timeout or a broken connection, when the service may have taken the turn.
            That can cost a second answer; inside a session it is never done, as it would repeat the turn there.
    """

    max_retries: int = 2
    # The beta allows about two requests a minute: a whole window, and some slack.
    budget: float = 90.0
    ambiguous: bool = False

    def __post_init__(self) -> None:
        """Refuse what is no number of times or seconds."""
        if isinstance(self.max_retries, bool) or not _is_at_least_zero(self.max_retries, int):
            raise InvalidArgumentError("max_retries", repr(self.max_retries), "a whole number, 0 or more")
        if not _is_at_least_zero(self.budget, (int, float)):
            raise InvalidArgumentError("budget", repr(self.budget), "0 seconds or more")
        if not isinstance(self.ambiguous, bool):
            raise InvalidArgumentError("ambiguous", repr(self.ambiguous), "True or False")

    def delay(
        self, error: ResponsesError, attempt: int, *, waited: float = 0.0, in_session: bool = False
    ) -> float | None:
        """Return the seconds to wait after failed attempt number `attempt` (from 1), or None to give up.

        The service's own wish comes first (RFC 9110, 10.2.3, Retry-After).

        Args:
            error: Why the attempt failed.
            attempt: Which attempt it was.
            waited: Seconds waited before the attempts so far.
            in_session: Whether the request goes on with a session.
        """
        if attempt > self.max_retries or not self._may_repeat(error, in_session=in_session):
            return None
        wish = error.retry_after if isinstance(error, APIStatusError) else None
        delay = self._backoff(error, attempt) if wish is None else wish
        return delay if waited + delay <= self.budget else None

    def _may_repeat(self, error: ResponsesError, *, in_session: bool) -> bool:
        if isinstance(error, QuotaExceededError):
            return False
        if not isinstance(error, (RateLimitError, APIConnectionError, InternalServerError)):
            return False
        return not error.ambiguous or (self.ambiguous and not in_session)

    def _backoff(self, error: ResponsesError, attempt: int) -> float:
        if isinstance(error, RateLimitError):
            return _RATE_LIMIT_DELAY
        return _FIRST_DELAY * 2.0 ** min(attempt - 1, _MOST_DOUBLINGS)


def _is_at_least_zero(value: object, kind: type[int] | tuple[type[int], type[float]]) -> bool:
    return isinstance(value, kind) and value >= 0
