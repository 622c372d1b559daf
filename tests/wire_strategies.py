"""Streams as the service may send them: random answers, told as events, written as bytes, cut anywhere.

A `Told` is one answer twice: as the JSON that a plain request gets, and as the events that a stream request gets.
`bodies` writes its events down in every form that server-sent events allow.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

JSON: TypeAlias = dict[str, Any]

HEAD: JSON = {"id": "resp_1", "type": "response", "object": "response", "session_id": "sess_1"}
HEAD |= {"knowledge_store_id": "ks_1", "incomplete_details": None}
PHASES = (None, "commentary", "final_answer", "thinking_aloud")
# Composed and combining characters, astral ones, every line end that is not one, quotes, markers and tags.
_SNIPPETS = [
    "a",
    "Goal ",
    "é",
    "e\u0301",
    "中",
    "🧤",
    "👩\u200d👧",
    "\u2028",
    "\u2029",
    "\u0085",
    "\u000b\u000c",
    "\x7f",
]
_SNIPPETS += ["\n", "\r\n", "\r", "\t", '"', "\\", "[1]", ' <vref id="1"></vref>', "data: x\n\n", "\ufeff", "\x1c"]
_CITED: list[JSON] = [{}, {"start_sec": 1.5, "end_sec": 9.0}, {"title": "Final", "hls_url": None}]
texts = st.lists(st.sampled_from(_SNIPPETS), max_size=8).map("".join)


@dataclass(frozen=True)
class Told:
    """One answer: its final response, the events that lead there, and whether `include` was asked for."""

    response: JSON
    events: tuple[JSON, ...]
    include: bool

    def json_body(self) -> bytes:
        return json.dumps(self.response, ensure_ascii=False).encode()


@st.composite
def citations(draw: st.DrawFn, text: str) -> list[JSON]:
    if not text or draw(st.booleans()):
        return []
    start = draw(st.integers(0, len(text) - 1))
    end = draw(st.integers(start, len(text) - 1))
    where = draw(st.sampled_from(_CITED))
    kind = draw(st.sampled_from(["video_citation", "map_citation"]))
    return [{"type": kind, "start_index": start, "end_index": end, "item_id": "ksi_1", **where}]


@st.composite
def parts(draw: st.DrawFn) -> JSON:
    if draw(st.integers(0, 5)) == 0:
        return {"type": "refusal", "refusal": "I cannot see that."}
    text = draw(texts)
    return {"type": "output_text", "text": text, "annotations": draw(citations(text))}


@st.composite
def messages(draw: st.DrawFn, phases: Sequence[str | None] = PHASES) -> JSON:
    phase = draw(st.sampled_from(phases))
    message: JSON = {
        "type": "message",
        "status": "completed",
        "role": "assistant",
        "content": draw(st.lists(parts(), max_size=3)),
    }
    return message if phase is None else {**message, "phase": phase}


other_items: st.SearchStrategy[JSON] = st.sampled_from(
    [
        {
            "type": "function_call",
            "status": "completed",
            "name": "search",
            "call_id": "call_1",
            "arguments": '{"query":"goal"}',
        },
        {"type": "function_call_output", "call_id": "call_1", "output": "3 clips"},
        {"type": "example:map", "places": ["goal line"]},
    ]
)


@st.composite
def told(draw: st.DrawFn, *, interleaved: bool = False) -> Told:
    """Answers as documented: with `include` any items, without it one message that answers."""
    include = interleaved or draw(st.booleans())
    items = draw(_asked_items if include else _plain_items)
    naming = "own" if interleaved else draw(st.sampled_from(["own", "own, no index", "shared", "none"]))
    ids = {"shared": {"id": "msg_sess_1"}, "none": {}}
    items = [{**ids.get(naming, {"id": f"item_{index}"}), **item} for index, item in enumerate(items)]
    # What was not asked for may still be counted: the one message then has a higher index than 0.
    first = 0 if include else draw(st.sampled_from([0, 0, 3]))
    strands = [draw(_item_events(item, None if "no index" in naming else first + at)) for at, item in enumerate(items)]
    middle = draw(_woven(strands)) if interleaved else [event for strand in strands for event in strand]
    events = draw(_numbered([*_BEGIN, *middle, draw(_terminal_events(items))]))
    final = next(event["response"] for event in events if event["type"] in _TERMINAL)
    return Told(final, tuple(events), include)


_asked_items = st.lists(st.one_of(messages(), other_items), max_size=4)
_plain_items = st.lists(messages((None, "final_answer")), min_size=1, max_size=1)
_BEGUN: JSON = {**HEAD, "status": "in_progress", "output": [], "created_at": "2026-08-01T09:00:00Z"}
_BEGIN: list[JSON] = [{"type": f"response.{name}", "response": _BEGUN} for name in ("created", "in_progress")]
_TERMINAL = ("response.completed", "response.incomplete")


@st.composite
def _terminal_events(draw: st.DrawFn, items: Sequence[JSON]) -> JSON:
    status = draw(st.sampled_from(["completed", "completed", "incomplete", "wondering"]))
    details = {"reason": "max_output_tokens"} if status == "incomplete" else None
    response = {**HEAD, "status": status, "output": items, "incomplete_details": details}
    name = draw(st.sampled_from(_TERMINAL)) if status == "incomplete" else "response.completed"
    return {"type": name, "response": {**response, "usage": {"input_tokens": 9, "output_tokens": 4}}}


@st.composite
def _item_events(draw: st.DrawFn, item: JSON, index: int | None) -> list[JSON]:
    empty = {name: value for name, value in item.items() if name not in ("content", "arguments", "output")}
    if item["type"] == "message":
        empty["content"] = []
    events: list[JSON] = [{"type": "response.output_item.added", "item": {**empty, "status": "in_progress"}}]
    place = {"item_id": item["id"]} if "id" in item else {}
    if item["type"] == "function_call":
        events.append({"type": "response.function_call_arguments.done", **place, "arguments": item["arguments"]})
    for content_index, part in enumerate(item.get("content", [])):
        events += [{**event, **place, "content_index": content_index} for event in draw(_part_events(part))]
    events.append({"type": "response.output_item.done", "item": item})
    return events if index is None else [{**event, "output_index": index} for event in events]


@st.composite
def _part_events(draw: st.DrawFn, part: JSON) -> list[JSON]:
    if part["type"] != "output_text":
        return [
            {"type": "response.content_part.added", "part": part},
            {"type": "response.content_part.done", "part": part},
        ]
    text = part["text"]
    stops = [0, *sorted(draw(st.lists(st.integers(0, len(text)), max_size=4)))]
    # Without the last stop, and more so without any, the deltas miss text that the closing events hold.
    stops += [len(text)] if draw(st.integers(0, 3)) else []
    deltas: list[JSON] = [{"type": "response.output_text.delta", "delta": text[a:b]} for a, b in pairwise(stops)]
    begin: JSON = {
        "type": "response.content_part.added",
        "part": {"type": "output_text", "text": "", "annotations": []},
    }
    ends: list[JSON] = [{"type": "response.output_text.done", "text": text}]
    ends.append({"type": "response.content_part.done", "part": part})
    return [begin, *deltas, *ends[draw(st.integers(0, 1)) :]]


@st.composite
def _woven(draw: st.DrawFn, strands: Sequence[Sequence[JSON]]) -> list[JSON]:
    """Interleave, each strand in its own order."""
    turns = draw(st.permutations([index for index, strand in enumerate(strands) for _ in strand]))
    sources: list[Iterator[JSON]] = [iter(strand) for strand in strands]
    return [next(sources[turn]) for turn in turns]


@st.composite
def _numbered(draw: st.DrawFn, events: Sequence[JSON]) -> list[JSON]:
    """Number the events with gaps, or not at all; strew in keepalives and events that came after this version."""
    strewn: list[JSON] = []
    for event in events:
        if draw(st.integers(0, 9)) == 0:
            strewn.append({"type": "keepalive"})
        if draw(st.integers(0, 9)) == 0:
            strewn.append({"type": "response.thought", "delta": "not the answer", "output_index": 0})
        strewn.append(event)
    if draw(st.integers(0, 3)) == 0:
        return strewn
    gap = draw(st.integers(1, 3))
    return [{**event, "sequence_number": gap * number} for number, event in enumerate(strewn)]


def repeated(answer: Told, positions: Sequence[int]) -> Told:
    """Return the answer with some of its numbered events sent again later on."""
    events = list(answer.events)
    if "sequence_number" not in events[0]:
        return answer
    # From the end, so that each event still stands where it stood when its copy is put in.
    for at, position in sorted(((position % len(events), position) for position in positions), reverse=True):
        events.insert(min(at + 1 + position % 3, len(events)), answer.events[at])
    return replace(answer, events=tuple(events))


@st.composite
def bodies(draw: st.DrawFn, answer: Told) -> bytes:
    """Write the answer's events down as server-sent events, in any of the forms these may have."""
    again = draw(st.lists(st.integers(0, 50), max_size=3))
    body = b"\xef\xbb\xbf" if draw(st.booleans()) else b""
    line_end = draw(st.sampled_from(["\n", "\r", "\r\n", None]))
    for event in repeated(answer, again).events:
        frame, end = draw(_lines(event)), line_end or draw(st.sampled_from(["\n", "\r", "\r\n"]))
        if draw(st.integers(0, 5)) == 0:
            body += draw(st.sampled_from(_NOISE)).replace("\n", end).encode()
        body += "".join(f"{line}{end}" for line in [*frame, ""]).encode()
    end = line_end or "\n"
    if draw(st.booleans()):
        body += f"data: [DONE]{end}{end}".encode()
        if draw(st.booleans()):
            body += f"data: [DONE]{end}{end}data: {{{end}{end}".encode()
    # The last frame may lack its blank line, and the line before it its end.
    return draw(st.sampled_from([body, body.removesuffix(end.encode()), body.rstrip(b"\r\n")]))


_NOISE = [": ping\n", ": ping\n\n", "event: ping\n\n", "retry: 10\nid: 7\n\n", "data\n\n", "data:\n\n", "data: OK\n\n"]
_NOISE += [
    "data: 7\n\n",
    'data: "text"\n\n',
    "data: [1]\n\n",
    "data: null\n\n",
    "id\n",
    "database: 1\n\n",
    "\ufeff: x\n",
]


@st.composite
def _lines(draw: st.DrawFn, event: JSON) -> list[str]:
    indent = draw(st.sampled_from([None, None, None, 1]))
    text = json.dumps(event, ensure_ascii=draw(st.integers(0, 5)) == 0, indent=indent)
    space = draw(st.sampled_from([" ", " ", ""]))
    lines = [f"data:{space}{line}" for line in text.split("\n")]
    name = draw(st.sampled_from([f"event: {event['type']}", "event: message", ""]))
    if name:
        lines.insert(draw(st.sampled_from([0, 0, len(lines)])), name)
    return lines


@st.composite
def cut(draw: st.DrawFn, body: bytes) -> list[bytes]:
    """Cut the bytes anywhere, empty pieces among them."""
    stops = sorted(draw(st.lists(st.integers(0, len(body)), max_size=12)))
    return [body[start:end] for start, end in pairwise([0, *stops, len(body)])]


def every_cut(body: bytes) -> Iterator[list[bytes]]:
    """Yield the body byte by byte, then cut in two at every place."""
    yield [body[index : index + 1] for index in range(len(body))]
    for index in range(len(body) + 1):
        yield [body[:index], body[index:]]
