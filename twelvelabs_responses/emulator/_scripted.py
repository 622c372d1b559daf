"""Answers that a test has written down, word for word, and the queue they wait in."""

from __future__ import annotations

import json
import re
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import NoneType
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from twelvelabs_responses.emulator._answer import Answer, Segment
from twelvelabs_responses.emulator._library import Collection, Moment

if TYPE_CHECKING:
    from collections.abc import Iterator

JSON: TypeAlias = "bool | int | float | str | Sequence[JSON] | Mapping[str, JSON] | None"

Kind = Literal["video", "image", "collection"]

_MARKER = re.compile(r"\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class ScriptedCitation:
    """What a marker stands for.

    Args:
        id: The id of a store item, or of an item collection.
        start_sec: Where in the video it starts, in seconds; None for what has no time.
        end_sec: Where it ends, in seconds.
        title: The title of the item or collection.
        kind: What is cited.

    Raises:
        TypeError: A field holds what no citation can have there.
        ValueError: There is no such kind, or UTF-8 cannot say it.
    """

    id: str
    start_sec: float | None = None
    end_sec: float | None = None
    title: str = ""
    kind: Kind = "video"

    def __post_init__(self) -> None:
        for name in ("id", "title"):
            _check_kind(name, getattr(self, name), str, "a string")
            _check_told(name, getattr(self, name))
        for name in ("start_sec", "end_sec"):
            _check_kind(name, getattr(self, name), (int, float, NoneType), "seconds, or None")
        if self.kind not in get_args(Kind):
            raise ValueError(f"kind: got {self.kind!r}; allowed: {', '.join(get_args(Kind))}")


@dataclass(frozen=True, slots=True)
class ScriptedCall:
    """A tool that the service calls for itself, and what it gives back.

    Raises:
        TypeError: A field holds what no call can have there.
    """

    name: str
    arguments: Mapping[str, JSON] = field(default_factory=dict)
    output: str = ""

    def __post_init__(self) -> None:
        for name in ("name", "output"):
            _check_kind(name, getattr(self, name), str, "a string")
        _check_kind("arguments", self.arguments, Mapping, "a mapping")


@dataclass(frozen=True, slots=True)
class ScriptedAnswer:
    """An answer, word for word.

    Args:
        text: The text of the reply. `[1]` in it is the marker of the first citation, `[2]` of the second.
        citations: What the markers stand for; those eras of the API that write tags write them in the markers' place.
        commentary: A message before the reply; told only to requests that include intermediate outputs, as are calls.
        calls: The tools that the service calls for itself before it replies.
        json: A typed answer, in place of a text.
        incomplete_reason: Why the reply is cut short, such as `max_output_tokens`; None for a complete one.
        input_tokens: The usage to report; None counts words.
        output_tokens: As `input_tokens`.
        fault: One of `FAULTS`, for this answer alone.

    Raises:
        TypeError: A field holds what no answer can have there.
        ValueError: Text and JSON at once, a citation whose marker is not in the text, or what JSON or UTF-8 cannot say.
    """

    text: str = ""
    citations: Sequence[ScriptedCitation] = ()
    commentary: str = ""
    calls: Sequence[ScriptedCall] = ()
    json: JSON = None
    incomplete_reason: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    fault: str | None = None

    def __post_init__(self) -> None:
        self._check_fields()
        if self.json is not None and (self.text or self.citations):
            raise ValueError("an answer in JSON has no text of its own, and no citations; give one or the other")
        marked = {int(number) for number in _MARKER.findall(self.text)}
        for number, citation in enumerate(self.citations, start=1):
            if number not in marked:
                raise ValueError(f"citations[{number - 1}] ({citation.id}) has no marker [{number}] in the text")

    def _check_fields(self) -> None:
        # Here, as the emulator could say no more than that it broke, and would say it to the code under test.
        for name in ("text", "commentary"):
            _check_kind(name, getattr(self, name), str, "a string")
            _check_told(name, getattr(self, name))
        for name in ("input_tokens", "output_tokens"):
            _check_kind(name, getattr(self, name), (int, NoneType), "a number of tokens, or None")
        _check_kind("incomplete_reason", self.incomplete_reason, (str, NoneType), "a string, or None")
        for name, members in (("citations", "ScriptedCitation"), ("calls", "ScriptedCall")):
            _check_kind(name, getattr(self, name), Sequence, f"a sequence of {members}")
        for place, citation in enumerate(self.citations):
            _check_kind(f"citations[{place}]", citation, ScriptedCitation, "a ScriptedCitation")
        for place, call in enumerate(self.calls):
            _check_kind(f"calls[{place}]", call, ScriptedCall, "a ScriptedCall")
            _check_told(f"calls[{place}]", [call.name, call.arguments, call.output])
        _check_told("json", self.json)


def _check_kind(name: str, value: object, kind: type | tuple[type, ...], allowed: str) -> None:
    if not isinstance(value, kind):
        raise TypeError(f"{name}: got a {type(value).__name__}; allowed: {allowed}")


def _check_told(name: str, value: object) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}: {error}; allowed: what JSON can say in UTF-8") from error


def answer_of(scripted: ScriptedAnswer) -> Answer:
    """Return the answer that says this and nothing else."""
    return Answer(scripted.commentary, "", (), tuple(_segments(scripted)), scripted)


def _segments(scripted: ScriptedAnswer) -> Iterator[Segment]:
    if scripted.json is not None:
        yield Segment(json.dumps(scripted.json, ensure_ascii=False))
        return
    start = 0
    for marker in _MARKER.finditer(scripted.text):
        place = int(marker[1]) - 1
        # A number in brackets that no citation goes with is text like any other.
        if 0 <= place < len(scripted.citations):
            yield _cited(scripted.text[start : marker.start()], scripted.citations[place], marker[0])
            start = marker.end()
    yield Segment(scripted.text[start:])


def _cited(text: str, citation: ScriptedCitation, marker: str) -> Segment:
    if citation.kind == "collection":
        return Segment(text, collection=Collection(citation.id, citation.title, ()), marker=marker)
    moment = Moment(citation.id, citation.title, citation.kind, citation.start_sec, citation.end_sec, "", "")
    return Segment(text, moment, marker=marker)


class ScriptedAnswers:
    """Answers in the order in which requests get them; any thread may add and take."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left: deque[ScriptedAnswer] = deque()

    @property
    def left(self) -> list[ScriptedAnswer]:
        """Those that no request has got yet."""
        with self._lock:
            return list(self._left)

    def add(self, answer: ScriptedAnswer) -> None:
        """Put one at the end."""
        with self._lock:
            self._left.append(answer)

    def take(self) -> ScriptedAnswer | None:
        """Return the next one, or None."""
        with self._lock:
            return self._left.popleft() if self._left else None

    def put_back(self, answer: ScriptedAnswer) -> None:
        """Make one that was taken the next one again."""
        with self._lock:
            self._left.appendleft(answer)
