"""What the recordings of all surfaces have in common: what they are recorded of, and what a user gets in any case."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import BaseModel

if TYPE_CHECKING:
    from tests.tape import Tape
    from twelvelabs_responses import ResponseFailedError, SessionError

OLDER_ERAS = pytest.mark.parametrize(
    "era", [pytest.param(era, marks=pytest.mark.emulated(era=era)) for era in ("april", "july")]
)
# How they write a citation into the text.
TAG = '<vref id="00000000-0000-4000-8000-000000000002" start="01:05" end="01:20"></vref>'

CUT_SHORT = pytest.mark.emulated(era="latest", fault="incomplete")
CUT_SHORT_BY_AN_EVENT = pytest.mark.emulated(era="latest", fault="incomplete-event")
HALF_AN_ANSWER = "(Emulator) I looked through 2 sample items.\n- "

FAILED = pytest.mark.emulated(era="latest", fault="failed")
ERROR_EVENTS = pytest.mark.parametrize(
    "fault",
    [
        pytest.param(fault, marks=pytest.mark.emulated(era="latest", fault=fault))
        for fault in ("error-event", "error-event-flat")
    ],
)

# Asked for by who remembers a session that the service does not know.
LOST = "sess_00000000-0000-4000-8000-000000000009"
NO_SUCH_SESSION = pytest.mark.emulated(era="latest")


class Scorers(BaseModel):
    """Who scored."""

    names: list[str]


def check_asked_for_scorers(tape: Tape, way: str) -> None:
    (sent,) = tape.sent
    assert sent == tape.body(sent["input"][0]["content"], way=way, text=sent["text"])
    assert (sent["text"]["format"]["name"], sent["text"]["format"]["type"]) == ("Scorers", "json_schema")
    assert sent["text"]["format"]["schema"]["required"] == ["names"]


def check_failed(error: ResponseFailedError, tape: Tape) -> None:
    """Check the error of a response that failed: all that was known when it did is on it."""
    told = tape.answer.response
    assert "the emulator was asked to fail" in str(error)
    assert error.code == tape.answer.failure["code"]
    assert (error.response_id, error.session_id, error.ambiguous) == (told["id"], told["session_id"], True)
    assert error.text == tape.answer.deltas


def check_lost(error: SessionError, tape: Tape, way: str) -> None:
    (sent,) = tape.sent
    assert sent == tape.body(sent["input"][0]["content"], way=way, session_id=LOST)
    assert "the session cannot go on" in str(error)
    assert (error.session_id, error.ambiguous) == (LOST, False)
