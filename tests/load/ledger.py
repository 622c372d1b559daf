"""What the clients report against what the service took: nothing lost, nothing twice, nothing in another's session."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

# Each question has a word of its own: its visitor, conversation and turn.
WORD = re.compile(r"v\d+c\d+t\d+")
_ASKED_EARLIER = re.compile(r'<message role="user">([^<]*)</message>')

ANSWERED, REFUSED, IN_DOUBT = "answered", "refused", "in doubt"


@dataclass(frozen=True)
class Report:
    """What became of a question, as its visitor knows it."""

    question: str
    conversation: str
    outcome: str
    session_id: str | None = None
    response_id: str | None = None


@dataclass
class Ledger:
    """All reports since the last check, and the sums of all checks."""

    reports: list[Report] = field(default_factory=list)
    turns: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    taken: int = 0

    def note(self, report: Report, error: Exception | None = None) -> None:
        """Take a report; any thread may."""
        self.reports.append(report)
        if error is not None:
            self.errors[type(error).__name__] += 1

    def check(self, taken: list[dict[str, Any]]) -> None:
        """Compare the reports with the turns that the service took since the last check, then forget both."""
        new, told = _questions(taken)
        conversations: dict[str, str] = {}
        for report in self.reports:
            conversations[report.question] = report.conversation
            _check_report(report, new[report.question])
        assert set(new) <= set(conversations), f"nobody asked {set(new) - set(conversations)}"
        for session_id, questions in told.items():
            assert max(questions.values()) == 1, f"{session_id} was told twice: {questions}"
            assert len({conversations[question] for question in questions}) == 1, f"{session_id} is shared: {questions}"
        self.turns.update(report.outcome for report in self.reports)
        self.taken += len(taken)
        self.reports = []


def _questions(
    taken: list[dict[str, Any]],
) -> tuple[defaultdict[str, list[dict[str, Any]]], defaultdict[str, Counter[str]]]:
    """Return the turns by what they asked, and for each session how often it was told what."""
    new: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    told: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for turn in taken:
        for text in turn["texts"]:
            question = text.rsplit("\n", 1)[-1]
            new[question].append(turn)
            told[turn["session"]].update([question, *_ASKED_EARLIER.findall(text)])
    return new, told


def _check_report(report: Report, turns: list[dict[str, Any]]) -> None:
    if report.outcome == ANSWERED:
        got = [(turn["session"], turn["response"]) for turn in turns]
        assert got == [(report.session_id, report.response_id)], f"{report}: taken as {got}"
    else:
        most = 1 if report.outcome == IN_DOUBT else 0
        assert len(turns) <= most, f"{report}: taken {len(turns)} times"
