"""What goes out on the connection, written down before anything is sent.

A stream is first a list of steps, each an event or a bit of trouble; `chunks_of` turns it into bytes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from twelvelabs_responses.emulator._era import Era

JsonObject: TypeAlias = dict[str, object]

DELTA = "response.output_text.delta"
# Tells of an error, and nothing of substance follows.
ERROR = "error"
TERMINAL_EVENTS = frozenset({"response.completed", "response.failed", "response.incomplete"})


@dataclass(frozen=True, slots=True)
class Event:
    """An event of a stream; its `sequence_number` is given when it is written."""

    type: str
    fields: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Frame:
    """Lines of text/event-stream that are no event: a comment, the end mark, or noise."""

    lines: tuple[str, ...]
    # What it tells, if it stands for an event after all.
    event: str | None = None


DONE = Frame(("data: [DONE]",))


@dataclass(frozen=True, slots=True)
class Pause:
    """Silence for that many seconds; without a number, until the client leaves."""

    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Cut:
    """The end of the connection, whatever was promised: closed, or reset."""

    reset: bool = False


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes to send in one piece; `event` is the type of the event that is whole once they are sent."""

    content: bytes
    event: str | None = None


Step: TypeAlias = Event | Frame | Pause | Cut
Sending: TypeAlias = Chunk | Pause | Cut


@dataclass(frozen=True, slots=True)
class Script:
    """An HTTP answer: its status and headers, and its body step by step."""

    status: int
    headers: tuple[tuple[str, str], ...]
    steps: tuple[Sending, ...]
    # Once the whole answer is out, the connection is closed although it was promised to stay open.
    hangs_up: bool = False


@dataclass(frozen=True, slots=True)
class Framing:
    """How events are written as lines; None leaves the `event:` line to the era."""

    line_end: str = "\n"
    names_events: bool | None = None
    space: str = " "
    indent: int | None = None

    def chunk(self, lines: Sequence[str], event: str | None = None) -> Chunk:
        """Return the frame of these lines, with the blank line that ends it."""
        return Chunk("".join(line + self.line_end for line in (*lines, "")).encode(), event)

    def lines(self, event: Event, number: int) -> Iterator[str]:
        """Yield the lines of an event's frame."""
        if self.names_events:
            yield f"event:{self.space}{event.type}"
        body = {"type": event.type, "sequence_number": number, **event.fields}
        separators = None if self.indent is not None else (",", ":")
        for line in json.dumps(body, ensure_ascii=False, indent=self.indent, separators=separators).split("\n"):
            yield f"data:{self.space}{line}"


def chunks_of(steps: Iterable[Step], framing: Framing) -> Iterator[Sending]:
    """Yield the steps of a stream as bytes, its events numbered from 0."""
    numbers = count()
    for step in steps:
        match step:
            case Event():
                yield framing.chunk(tuple(framing.lines(step, next(numbers))), step.type)
            case Frame():
                yield framing.chunk(step.lines, step.event)
            case _:
                yield step


def answer_deltas(kinds: Sequence[str | None]) -> list[int]:
    """Return the places of the deltas of the last message among these event types."""
    start = max(place for place, kind in enumerate(kinds) if kind == "response.content_part.added")
    return [place for place, kind in enumerate(kinds) if place > start and kind == DELTA]


def json_script(status: int, body: Mapping[str, object], headers: Iterable[tuple[str, str]] = ()) -> Script:
    """Return an answer whose body is a JSON object."""
    return plain_script(status, "application/json", json.dumps(body, ensure_ascii=False).encode(), headers)


def plain_script(status: int, content_type: str, content: bytes, headers: Iterable[tuple[str, str]] = ()) -> Script:
    """Return an answer whose body is these bytes."""
    length = (("content-length", str(len(content))),)
    return Script(status, (("content-type", content_type), *length, *headers), (Chunk(content),))


def error_script(era: Era, status: int, code: str, message: str, headers: Iterable[tuple[str, str]] = ()) -> Script:
    """Return a refusal in the service's own form: flat, with a link to the docs in the first era."""
    link = {"docs_url": "https://example.com/docs/errors"} if era.links_docs else {}
    return json_script(status, {"code": code, "message": message, **link}, headers)
