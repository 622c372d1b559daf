from __future__ import annotations

from typing import Any

import pytest

from tests.load.ledger import ANSWERED, IN_DOUBT, REFUSED, Ledger, Report
from twelvelabs_responses import APIConnectionError

QUESTION, OTHER = "v1c1t1?", "v2c1t1?"
TOLD_AGAIN = 'The conversation so far:\n<message role="user">v1c1t1?</message>\n\nThe new message:\nv1c1t2?'


def turn(*texts: str, session: str = "sess_1", response: str = "resp_1") -> dict[str, Any]:
    return {"session": session, "response": response, "texts": list(texts)}


def report(outcome: str, question: str = QUESTION) -> Report:
    ids = ("sess_1", "resp_1") if outcome == ANSWERED else (None, None)
    return Report(question, question[:4], outcome, *ids)


def ledger_of(*reports: Report) -> Ledger:
    return Ledger(list(reports))


def test_what_adds_up_is_summed_and_forgotten() -> None:
    ledger = ledger_of(report(ANSWERED))
    ledger.note(report(REFUSED, OTHER), APIConnectionError("gone"))
    ledger.check([turn(QUESTION)])
    assert (ledger.turns, ledger.taken, ledger.reports) == ({ANSWERED: 1, REFUSED: 1}, 1, [])
    assert ledger.errors == {"APIConnectionError": 1}


@pytest.mark.parametrize("taken", [[], [turn(QUESTION)]])
def test_a_turn_in_doubt_may_have_been_taken_or_not(taken: list[dict[str, Any]]) -> None:
    ledger_of(report(IN_DOUBT)).check(taken)


def test_a_question_may_be_told_again_to_another_session() -> None:
    asked = [report(IN_DOUBT), Report("v1c1t2?", "v1c1", ANSWERED, "sess_2", "resp_2")]
    ledger_of(*asked).check([turn(QUESTION), turn(TOLD_AGAIN, session="sess_2", response="resp_2")])


@pytest.mark.parametrize(
    ("reports", "taken", "found"),
    [
        ([report(ANSWERED)], [], "taken as"),
        ([report(ANSWERED)], [turn(QUESTION, response="resp_2")], "taken as"),
        ([report(ANSWERED)], [turn(QUESTION), turn(QUESTION)], "taken as"),
        ([report(REFUSED)], [turn(QUESTION)], "taken 1 times"),
        ([report(IN_DOUBT)], [turn(QUESTION), turn(QUESTION, session="sess_2")], "taken 2 times"),
        ([], [turn(QUESTION)], "nobody asked"),
        ([report(ANSWERED), report(IN_DOUBT, OTHER)], [turn(QUESTION), turn(OTHER)], "is shared"),
        ([report(IN_DOUBT), report(IN_DOUBT, "v1c1t2?")], [turn(QUESTION), turn(TOLD_AGAIN)], "was told twice"),
    ],
)
def test_what_is_lost_sent_twice_or_crossed_is_found(
    reports: list[Report], taken: list[dict[str, Any]], found: str
) -> None:
    with pytest.raises(AssertionError, match=found):
        ledger_of(*reports).check(taken)
