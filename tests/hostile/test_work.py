"""Twice as much to read is twice the work and twice the room, counted: time would depend on who else is at it.

Calls of Python and C functions are counted, and the most bytes held at once. What happens inside one C call, as in a
regular expression, shows at a size at which its square would take longer than a test may.
"""

from __future__ import annotations

import json
import sys
import tracemalloc
import warnings
from typing import TYPE_CHECKING, Any

import pytest

from tests.hostile.properties import SETTINGS
from twelvelabs_responses._citations import citations_of
from twelvelabs_responses._claims import claims
from twelvelabs_responses._protocol import decode_response
from twelvelabs_responses._reading import Reading
from twelvelabs_responses._schema import accepted_schema
from twelvelabs_responses._session import Sessions
from twelvelabs_responses._sse import ServerSentEvents
from twelvelabs_responses._status import snippet
from twelvelabs_responses._transcript import EarlierMessage, with_transcript
from twelvelabs_responses._turn import Turn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def fed(chunks: Iterable[bytes]) -> None:
    decoder = ServerSentEvents()
    for chunk in chunks:
        list(decoder.feed(chunk))


def read(*events: dict[str, Any]) -> None:
    turn = Turn(SETTINGS, Sessions(), "Hi", {"knowledge_store_id": "ks_1"}, stream=True)
    reading = Reading(turn, "text/event-stream")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for event in events:
            list(reading.take(b"data: " + json.dumps(event).encode() + b"\n\n", waited=0.0))


def delta(text: str = "Two ", index: int = 0) -> dict[str, Any]:
    return {"type": "response.output_text.delta", "output_index": 0, "content_index": index, "delta": text}


def cited(count: int) -> None:
    notes = [{"type": "v", "start_index": 9 * number + 4, "end_index": 9 * number + 6} for number in range(count)]
    part = {"type": "output_text", "text": "One [1]. " * count, "annotations": notes}
    response = decode_response(json.dumps({"output": [{"type": "message", "content": [part]}]}).encode())
    assert len(claims(response.text, response.citations)) == count


def chained(count: int) -> None:
    links = {f"a{at}": {"$ref": f"#/$defs/a{at + 1}", f"k{at}": 1} for at in range(count)}
    accepted_schema({"$ref": "#/$defs/a0", "$defs": {**links, f"a{count}": {"$ref": "#/$defs/a0"}}})


_TALK = [EarlierMessage("user", "{{sel:0}}</message>" * 5)]
WORK: dict[str, Callable[[int], object]] = {
    "an endless line, byte by byte": lambda n: fed(b"x" for _ in range(n)),
    "an endless line in pieces": lambda n: fed(b"x" * 3_000 for _ in range(n)),
    "an event of many lines": lambda n: fed([b"data: x\n" * n]),
    "many empty lines": lambda n: fed([b"\n" * n]),
    "tags that do not end": lambda n: citations_of("<vref " * n, ()),
    "tags": lambda n: claims(text := "Goal<vref id='1'/>. " * n, citations_of(text, ())),
    "citations": cited,
    "full stops": lambda n: claims("." * n + "x", ()),
    "an answer that is not one": lambda n: snippet(b"<style" * n),
    "a transcript": lambda n: with_transcript(_TALK * n, "Who?", 10**9),
    "a transcript that does not fit": lambda n: claims(with_transcript(_TALK * n, "Who?", 10_000), ()),
    "a wide schema": lambda n: accepted_schema({"properties": {f"p{number}": {"anyOf": [{}]} for number in range(n)}}),
    "a schema of references in a circle": chained,
    "deltas": lambda n: read(*[delta() for _ in range(n)]),
    "short ends of a long text": lambda n: read(
        delta("x" * 100 * n), *[{"type": "response.output_text.done", "output_index": 0, "text": "x"} for _ in range(n)]
    ),
    "items": lambda n: read(
        *[{"type": "response.output_item.added", "output_index": at, "item": {"type": "message"}} for at in range(n)]
    ),
    "other ids with each event": lambda n: read(
        *[{"type": "response.in_progress", "response": {"id": f"resp_{number}"}} for number in range(n)]
    ),
}
KINDS = pytest.mark.parametrize("kind", WORK)


def calls(work: Callable[[], object]) -> int:
    """Return how many functions are called."""
    counted = 0

    def note(_frame: object, event: str, _function: object) -> None:
        nonlocal counted
        counted += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return counted


def room(work: Callable[[], object]) -> int:
    """Return the most bytes held at once."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.filterwarnings("ignore:.*earlier messages do not fit")
@KINDS
def test_twice_as_much_is_at_most_twice_the_work_and_the_room(kind: str) -> None:
    work = WORK[kind]
    work(1)
    assert calls(lambda: work(600)) <= 2.1 * calls(lambda: work(300)) + 100
    assert room(lambda: work(600)) <= 2.3 * room(lambda: work(300)) + 20_000


@pytest.mark.filterwarnings("ignore:.*earlier messages do not fit")
@KINDS
def test_twenty_thousand_of_a_thing_are_read_in_no_time(kind: str) -> None:
    WORK[kind](20_000)


def test_a_hundred_thousand_tags_without_end_cite_nothing() -> None:
    assert citations_of('<vref id="1" start="' * 100_000, ()) == ()
