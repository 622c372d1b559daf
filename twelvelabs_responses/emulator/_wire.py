"""A reply as the response object, and as the steps of a stream."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twelvelabs_responses.emulator._items import FunctionCall, Message, output_text
from twelvelabs_responses.emulator._script import DONE, Event, Pause

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twelvelabs_responses.emulator._era import Era
    from twelvelabs_responses.emulator._items import Item
    from twelvelabs_responses.emulator._script import JsonObject, Step

MODEL = "jockey1.0"

_PIECE = re.compile(r"\S+\s*|\s+")
_KEEPALIVE_SECONDS = 10.0
_A_DAY = 24 * 3600


@dataclass(frozen=True, slots=True)
class Reply:
    """What the service says in one turn; `completed_at` is when its last event will be sent."""

    era: Era
    response_id: str
    session_id: str
    knowledge_store_id: str
    created_at: str
    completed_at: str
    items: tuple[Item, ...]
    input_tokens: int
    output_tokens: int
    # Its text is JSON that keeps to a schema.
    structured: bool = False
    status: str = "completed"
    incomplete_reason: str | None = None
    error: JsonObject | None = None


@dataclass(frozen=True, slots=True)
class Tempo:
    """How slow the emulator pretends to be: seconds before the first item, and before each delta.

    Raises:
        ValueError: No number of seconds, or more than a day.
    """

    think: float = 0.0
    pace: float = 0.0

    def __post_init__(self) -> None:
        for name in ("think", "pace"):
            seconds = getattr(self, name)
            if not isinstance(seconds, (int, float)) or not 0 <= seconds <= _A_DAY:
                raise ValueError(f"{name}: got {seconds!r}; allowed: 0 to {_A_DAY:,} seconds")


def response_object(reply: Reply) -> JsonObject:
    """Return the finished response: the body of a JSON answer, and what the terminal event carries."""
    details: JsonObject | None = {"reason": reply.incomplete_reason} if reply.incomplete_reason else None
    return {
        **_head(reply, reply.status, details),
        "output": [item.json(reply.era) for item in reply.items],
        **_place(reply),
        "usage": {"input_tokens": reply.input_tokens, "output_tokens": reply.output_tokens},
        "created_at": reply.completed_at,
        **({"error": reply.error} if reply.error else {}),
    }


def stream_of(reply: Reply, tempo: Tempo) -> tuple[Step, ...]:
    """Return the steps of the stream that ends in this reply."""
    return tuple(_stream(reply, tempo))


def deltas_of(text: str) -> list[str]:
    """Return the text in pieces of about a word."""
    return _PIECE.findall(text)


def _stream(reply: Reply, tempo: Tempo) -> Iterator[Step]:
    begun = {**_head(reply, "in_progress", None), "output": [], **_place(reply), "created_at": reply.created_at}
    yield Event("response.created", {"response": begun})
    yield Event("response.in_progress", {"response": begun})
    yield from _thinking(tempo.think, keepalive=reply.era.annotates)
    for index, item in enumerate(reply.items):
        yield Event("response.output_item.added", {"output_index": index, "item": item.opening(reply.era)})
        match item:
            case Message():
                yield from _writing(reply.era, item, index, tempo.pace)
            case FunctionCall():
                place: JsonObject = {"item_id": item.id, "output_index": index}
                yield Event("response.function_call_arguments.done", {**place, "arguments": item.arguments})
        yield Event("response.output_item.done", {"output_index": index, "item": item.json(reply.era)})
    yield Event("response.completed", {"response": response_object(reply)})
    yield DONE


def _thinking(seconds: float, *, keepalive: bool) -> Iterator[Step]:
    if seconds <= 0:
        return
    # API reference: a keepalive about every ten seconds in which nothing else is sent.
    silences = max(3, round(seconds / _KEEPALIVE_SECONDS)) if keepalive else 1
    yield Pause(seconds / silences)
    for _ in range(silences - 1):
        yield Event("keepalive")
        yield Pause(seconds / silences)


def _writing(era: Era, message: Message, index: int, pace: float) -> Iterator[Step]:
    place: JsonObject = {"item_id": message.id, "output_index": index, "content_index": 0}
    yield Event("response.content_part.added", {**place, "part": output_text(era)})
    for delta in deltas_of(message.text):
        if pace > 0:
            yield Pause(pace)
        yield Event("response.output_text.delta", {**place, "delta": delta})
    yield Event("response.output_text.done", {**place, "text": message.text})
    yield Event("response.content_part.done", {**place, "part": message.part(era)})


def _head(reply: Reply, status: str, details: JsonObject | None) -> JsonObject:
    named = {"object": "response"} if reply.era.annotates else {}
    cut = {"incomplete_details": details} if reply.era.annotates else {}
    return {"id": reply.response_id, "type": "response", **named, "status": status, **cut}


def _place(reply: Reply) -> JsonObject:
    model = {"model": MODEL} if reply.era.names_model else {}
    return {"session_id": reply.session_id, "knowledge_store_id": reply.knowledge_store_id, **model}
