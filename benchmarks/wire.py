"""The bytes of an answer, as TwelveLabs and as OpenAI write it: the same text in as many deltas."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from benchmarks.scenario import KNOWLEDGE_STORE_ID, OPENAI, STAMP_DIGITS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from benchmarks.scenario import Scenario

STAMP = b"@" * STAMP_DIGITS
"""Stands in a paced stream where the server's clock comes."""
LAST_CHUNK = b"0\r\n\r\n"
_SESSION = "sess_0199b1c2-5a7e-7d11-9f00-3c5d8e6a1b20"
_RESPONSE = "resp_0199b1c2-5a7f-7e22-8a11-4d6e9f7b2c31"
_MESSAGE = "msg_sess_0199b1c2-5a7e-7d11-9f00-3c5d8e6a1b20_0"
_USAGE = {"input_tokens": 1_200, "output_tokens": 340}
# Texts have line breaks, which JSON escapes: a parser cannot hand on the bytes as they came.
_LINE = "a" * 79 + "\n"
_EVERYDAY = "The second goal falls in the 84th minute, after a corner from the left [1]. " * 8


def answer(scenario: Scenario, dialect: str) -> bytes:
    """Return the body of a JSON answer."""
    return _json(_whole(answer_text(scenario), dialect, annotated=not scenario.size))


def answer_text(scenario: Scenario) -> str:
    """Return the text of a JSON answer."""
    return (_LINE * (scenario.size // len(_LINE) + 1))[: scenario.size] if scenario.size else _EVERYDAY


def frames(scenario: Scenario, dialect: str) -> list[bytes]:
    """Return the frames of a stream, those of the deltas amid them."""
    return [*_opening(dialect), *_deltas(scenario), *_closing(scenario, dialect)]


def delta_places(scenario: Scenario, dialect: str) -> range:
    """Return at which places in `frames` the deltas stand."""
    before = len(list(_opening(dialect)))
    return range(before, before + scenario.deltas)


def chunked(pieces: Iterable[bytes]) -> bytes:
    """Return the pieces as network chunks (RFC 9112, 7.1), without the last, empty one."""
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)


def cut(body: bytes, size: int) -> list[bytes]:
    """Return the body in pieces of this many bytes; 0 is one piece."""
    return [body[start : start + size] for start in range(0, len(body), size)] if size else [body]


def _deltas(scenario: Scenario) -> Iterator[bytes]:
    opening = 4
    for number in range(scenario.deltas):
        event = {"item_id": _MESSAGE, "output_index": 0, "content_index": 0, "delta": _delta(scenario, number)}
        yield _frame("response.output_text.delta", number + opening, event)


def _delta(scenario: Scenario, number: int) -> str:
    if scenario.pace:
        return STAMP.decode()
    return f"{f'goal {number:07} of the ':.<{scenario.size}}"[: scenario.size]


def _opening(dialect: str) -> Iterator[bytes]:
    begun = {**_head("in_progress", dialect), "output": [], "created_at": _created(dialect)}
    yield _frame("response.created", 0, {"response": begun})
    yield _frame("response.in_progress", 1, {"response": begun})
    yield _frame("response.output_item.added", 2, {"output_index": 0, "item": _item([], "in_progress", dialect)})
    yield _frame("response.content_part.added", 3, _place() | {"part": _part("", dialect, annotated=False)})


def _closing(scenario: Scenario, dialect: str) -> Iterator[bytes]:
    text = "".join(_delta(scenario, number) for number in range(scenario.deltas))
    number = scenario.deltas + 4
    part = _part(text, dialect, annotated=True)
    yield _frame("response.output_text.done", number, _place() | {"text": text})
    yield _frame("response.content_part.done", number + 1, _place() | {"part": part})
    item = _item([part], "completed", dialect)
    yield _frame("response.output_item.done", number + 2, {"output_index": 0, "item": item})
    yield _frame("response.completed", number + 3, {"response": _whole(text, dialect, annotated=True)})
    if dialect != OPENAI or scenario.done:
        yield b"data: [DONE]\n\n"


def _whole(text: str, dialect: str, *, annotated: bool) -> dict[str, Any]:
    item = _item([_part(text, dialect, annotated=annotated)], "completed", dialect)
    usage: dict[str, Any] = dict(_USAGE)
    if dialect == OPENAI:
        usage |= {
            "total_tokens": 1_540,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens_details": {"reasoning_tokens": 0},
        }
    return {**_head("completed", dialect), "output": [item], "usage": usage, "created_at": _created(dialect)}


def _head(status: str, dialect: str) -> dict[str, Any]:
    head: dict[str, Any] = {"id": _RESPONSE, "object": "response", "status": status, "incomplete_details": None}
    if dialect == OPENAI:
        asked = {"tools": [], "tool_choice": "auto", "parallel_tool_calls": True, "temperature": 1.0, "top_p": 1.0}
        return head | {"model": "gpt-4o-mini", "error": None, "instructions": None, "metadata": {}} | asked
    return head | {"type": "response", "session_id": _SESSION, "knowledge_store_id": KNOWLEDGE_STORE_ID}


def _item(parts: list[dict[str, Any]], status: str, dialect: str) -> dict[str, Any]:
    item = {"id": _MESSAGE, "type": "message", "status": status, "role": "assistant", "content": parts}
    return item if dialect == OPENAI else item | {"phase": "final_answer"}


def _part(text: str, dialect: str, *, annotated: bool) -> dict[str, Any]:
    citation: dict[str, Any] = {"start_index": 0, "end_index": 2, "title": "Derby, second half"}
    if dialect == OPENAI:
        citation |= {"type": "url_citation", "url": "https://cdn.example/ksi_1/thumbnail.jpg?signature=3f1c"}
    else:
        citation |= {
            "type": "video_citation",
            "item_id": "ksi_a7beafa5-86c4-5cd8-a2e1-9769a0f8a28a",
            "start_sec": 84.0,
            "end_sec": 91.5,
            "thumbnail_url": "https://cdn.example/ksi_1/thumbnail.jpg?signature=3f1c",
            "hls_url": "https://cdn.example/ksi_1/stream.m3u8?signature=9a20",
        }
    return {"type": "output_text", "text": text, "annotations": [citation] * 3 if annotated else []}


def _place() -> dict[str, Any]:
    return {"item_id": _MESSAGE, "output_index": 0, "content_index": 0}


def _created(dialect: str) -> str | int:
    return 1_790_000_000 if dialect == OPENAI else "2026-11-24T10:00:00.123456Z"


def _frame(kind: str, number: int, event: dict[str, Any]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), _json({"type": kind, "sequence_number": number, **event}))


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
