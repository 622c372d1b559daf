"""The fault matrix: for each fault of the emulator what a user gets. The tests and `docs/faults.md` come from it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

import twelvelabs_responses as t
from twelvelabs_responses.emulator import FAULTS


@dataclass(frozen=True)
class Answered:
    """An answer came, and no error.

    Attributes:
        before: Text that the service puts before the usual one.
        status: `incomplete` for an answer whose text is cut.
        empty: Whether there is no text at all.
        requests: How many requests were sent until it came.
    """

    before: str = ""
    status: str = "completed"
    empty: bool = False
    requests: int = 1


@dataclass(frozen=True)
class Failed:
    """An error was raised; each has the session, as far as it is known.

    Attributes:
        kind: Its type. In LangChain it is of LangChain's family as well.
        status: The HTTP status, if the service answered with one that says so.
        code: The service's code.
        in_doubt: Whether the service may have taken the turn (`ambiguous`).
        has_text: Whether the error has text that came before it; None where that is a matter of luck.
        names_response: Whether the error has the id of the response, as the service has named it; None as before.
        retryable: Whether LangChain's own layers may ask again (`is_retryable`).
        takes_back: Text that a stream has shown, and that is none of the answer after all.
    """

    kind: type[t.ResponsesError]
    status: int | None = None
    code: str | None = None
    in_doubt: bool = False
    has_text: bool | None = False
    names_response: bool | None = False
    retryable: bool = False
    takes_back: str = ""


Outcome: TypeAlias = Answered | Failed


@dataclass(frozen=True)
class Row:
    """A fault, as the emulator is asked for it, and what a stream and a whole answer come to."""

    fault: str
    streamed: Outcome
    whole: Outcome

    @property
    def name(self) -> str:
        """The fault's own name."""
        return self.fault.removesuffix(":once")

    @property
    def description(self) -> str:
        """What the service does."""
        once = " Once; then all is well." if self.fault != self.name else ""
        return FAULTS[self.name] + once


def both(fault: str, outcome: Outcome) -> Row:
    """Return the row of a fault that comes to the same on each way."""
    return Row(fault, outcome, outcome)


def refused(fault: str, kind: type[t.ResponsesError], status: int, code: str | None = None) -> Row:
    """Return the row of a refusal."""
    return both(fault, Failed(kind, status, code))


PLAIN = Answered()
AFTER_A_WAIT = Answered(requests=2)
CUT_SHORT = Answered(status="incomplete")
BROKEN = Failed(t.APIConnectionError, in_doubt=True)
SILENT = Failed(t.APITimeoutError, in_doubt=True)
INTERRUPTED = Failed(t.StreamInterruptedError, in_doubt=True, has_text=True, names_response=True)
FAILED = Failed(t.ResponseFailedError, in_doubt=True, has_text=True, names_response=True)
FAILED_WHOLE = Failed(t.ResponseFailedError, in_doubt=True, names_response=True)
UNREADABLE = Failed(t.ProtocolError, in_doubt=True)
UNREADABLE_AFTER_TEXT = Failed(t.ProtocolError, in_doubt=True, has_text=True, names_response=True)
# Nobody is there: no fault that somebody could be asked for.
UNREACHABLE = Failed(t.APIConnectionError, retryable=True)
# What the emulator says on its way to the answer of the second turn.
COMMENTARY = "Searching the sample library for: penalty goal"

REFUSALS = (
    refused("400-flat", t.BadRequestError, 400, "parameter_invalid"),
    refused("400-nested", t.BadRequestError, 400, "parameter_invalid"),
    refused("401", t.AuthenticationError, 401, "api_key_invalid"),
    refused("403", t.PermissionDeniedError, 403, "api_not_allowed"),
    refused("404-endpoint", t.NotFoundError, 404, "endpoint_not_exists"),
    both("404-session", Failed(t.SessionError)),
    refused("409", t.BadRequestError, 409, "conflict"),
    refused("422", t.BadRequestError, 422, "parameter_invalid"),
    both("429-retry-after:once", AFTER_A_WAIT),
    both("429-date:once", AFTER_A_WAIT),
    both("429-message:once", AFTER_A_WAIT),
    both("429-empty:once", AFTER_A_WAIT),
    both("429-long", Failed(t.RateLimitError, 429, "too_many_requests", retryable=True)),
    refused("429-quota", t.QuotaExceededError, 429, "plan_limit_exceeded"),
    both("500", Failed(t.InternalServerError, 500, "internal_server_error", in_doubt=True)),
    both("502-html", Failed(t.InternalServerError, 502, in_doubt=True)),
    both("503", Failed(t.InternalServerError, 503, "service_unavailable", in_doubt=True)),
    both("503-retry-after:once", AFTER_A_WAIT),
    both("redirect", Failed(t.ProtocolError)),
    both("html", UNREADABLE),
)

ENDINGS = (
    Row("stall", Failed(t.APITimeoutError, in_doubt=True, has_text=True, names_response=True), SILENT),
    both("stall-headers", SILENT),
    both("drop", BROKEN),
    Row("cut", INTERRUPTED, PLAIN),
    Row("cut-json", PLAIN, BROKEN),
    # A reset makes the system throw away what has come and was not read yet.
    Row("reset", Failed(t.StreamInterruptedError, in_doubt=True, has_text=None, names_response=None), BROKEN),
    Row("end-early", INTERRUPTED, UNREADABLE),
    both("cut-before-done", PLAIN),
    both("hold-open", PLAIN),
    Row("empty-body", Failed(t.StreamInterruptedError, in_doubt=True), UNREADABLE),
    both("close-idle", PLAIN),
    both("json-for-stream", PLAIN),
)

EVENTS = (
    Row("done-early", INTERRUPTED, PLAIN),
    both("no-done", PLAIN),
    both("done-twice", PLAIN),
    Row("failed", FAILED, FAILED_WHOLE),
    Row("failed-bare", FAILED, FAILED_WHOLE),
    Row("error-event", FAILED, PLAIN),
    Row("error-event-flat", FAILED, PLAIN),
    Row("error-frame", FAILED, UNREADABLE),
    both("unknown-event", PLAIN),
    both("keepalives", PLAIN),
    Row("only-keepalives", Failed(t.APITimeoutError, in_doubt=True, names_response=True), PLAIN),
    both("no-deltas", PLAIN),
    both("terminal-only", PLAIN),
    both("slow", PLAIN),
)

ANSWERS = (
    both("incomplete", CUT_SHORT),
    both("incomplete-event", CUT_SHORT),
    both("empty-answer", Answered(empty=True)),
    both("fenced-json", PLAIN),
    both("no-phase", PLAIN),
    Row("unasked-steps", replace(UNREADABLE_AFTER_TEXT, takes_back=COMMENTARY), PLAIN),
    both("unknown-item", PLAIN),
    both("unicode-lines", Answered("One\u2028two\u2029three\u0085four. ")),
    both("big-delta", Answered("x" * 1_048_576 + " ")),
)

BYTES = (
    both("crlf", PLAIN),
    both("cr", PLAIN),
    both("no-event-names", PLAIN),
    both("no-space", PLAIN),
    both("multi-line-data", PLAIN),
    both("bom", PLAIN),
    both("gzip", PLAIN),
    both("one-byte-chunks", PLAIN),
    both(
        "split-utf8", Answered("\U0001f3ac Stra\u00dfe \U0001f468\u200d\U0001f469\u200d\U0001f467 \u65e5\u672c\u8a9e. ")
    ),
    both("duplicated-events", PLAIN),
    both("no-last-blank", PLAIN),
    Row("malformed-event", UNREADABLE_AFTER_TEXT, PLAIN),
    Row("invalid-utf8", UNREADABLE_AFTER_TEXT, UNREADABLE),
)

GROUPS = {
    "The service refuses, or somebody in its place": REFUSALS,
    "The answer ends too early, abruptly or never": ENDINGS,
    "The events of a stream are not as usual": EVENTS,
    "The answer itself is not as usual": ANSWERS,
    "The bytes are not as usual, or wrong": BYTES,
}
ROWS = tuple(row for rows in GROUPS.values() for row in rows)
