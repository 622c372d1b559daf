"""`python -m tests.faults.page` writes `docs/faults.md` from the fault matrix."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.faults.table import GROUPS, Answered, Failed, Outcome, Row

if TYPE_CHECKING:
    from collections.abc import Callable

    _Told = Callable[[Outcome], str]

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"

_HEAD = """\
# When something goes wrong

What you get when the service, or the network on the way to it, does not do what it should: the right text or a typed
error, never silence. This page is written by `make faults` from the table that the tests run: each line below holds
for the core's `create` and `stream`, for `ChatTwelveLabs.invoke` and `stream`, for the query engine and for the chat
engine, blocking and async, over a real connection to the emulator. See one happen to your application:

```
python -m twelvelabs_responses.emulator --fault cut
```

- **You get** the answer, or an error. Each error has `text` (what had come of the reply), `response_id` and
  `session_id`, as far as they are known, and its connection is closed. In LangChain it is of LangChain's family too.
- **Taken?** says whether the service may have taken the turn; of an error that is `error.ambiguous`. Where it is
  *maybe*, nothing of ours sends the turn again, and LangChain's `is_retryable` is False.
- **The next turn** of the conversation neither repeats this one nor loses it. Where it was taken, or surely was not,
  the session goes on. Where nobody knows, the next turn begins a new session with the conversation so far, and the
  chat engine's memory keeps what had come, marked as `failed`. A query engine that was given a session goes on with it
  in any case, and sends nothing but its new question.

Each fault on this page befalls one turn. A session that the service has really lost fails each of its turns with the
`SessionError` of `404-session`, until you begin a new one.

Where nobody is there at all, at an address that refuses or does not exist, the request is sent twice more, and then
raises `APIConnectionError`; the turn is not taken, and LangChain may ask again.
"""
_COLUMNS = "| fault | the service | you get | taken? | the next turn |\n|---|---|---|---|---|\n"


def page() -> str:
    """Return the text of the page."""
    return _HEAD + "".join(f"\n## {title}\n\n{_COLUMNS}{''.join(map(_line, rows))}" for title, rows in GROUPS.items())


def _line(row: Row) -> str:
    description = row.description.replace("|", "\\|")
    cells = [f"`{row.name}`", description, *(_cell(row, told) for told in (_got, _taken, _next_turn))]
    return f"| {' | '.join(cells)} |\n"


def _cell(row: Row, told: _Told) -> str:
    streamed, whole = told(row.streamed), told(row.whole)
    return streamed if streamed == whole else f"streamed: {streamed}; whole: {whole}"


def _got(outcome: Outcome) -> str:
    if isinstance(outcome, Failed):
        return _error(outcome)
    if outcome.empty:
        return "an answer without text"
    if outcome.status == "incomplete":
        return "the text that there is, its status `incomplete`"
    return "the answer" if outcome.requests == 1 else "the answer, after the wait that was asked for"


def _error(error: Failed) -> str:
    facts = [str(error.status)] if error.status else []
    facts += [f"`{error.code}`"] if error.code else []
    about = f" ({', '.join(facts)})" if facts else ""
    text = {True: " with the text so far", False: "", None: " with the text that had been read"}[error.has_text]
    again = "; LangChain may ask again" if error.retryable else ""
    return f"`{error.kind.__name__}`{about}{text}{again}"


def _taken(outcome: Outcome) -> str:
    if isinstance(outcome, Answered):
        return "yes"
    return "maybe" if outcome.in_doubt else "no"


def _next_turn(outcome: Outcome) -> str:
    in_doubt = isinstance(outcome, Failed) and outcome.in_doubt
    return "begins a new session" if in_doubt else "goes on"


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE.name}: {sum(map(len, GROUPS.values()))} faults\n")


if __name__ == "__main__":
    main()
