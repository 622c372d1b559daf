"""Answers written out, and models that get them whatever they ask."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from langchain_twelvelabs import ChatTwelveLabs
from tests.wire_strategies import HEAD, Told
from twelvelabs_responses import AsyncClient, Client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence

    from langchain_core.messages import AIMessage

    from tests.wire_strategies import JSON

MODES: dict[str, dict[str, Any]] = {
    "default": {},
    "v1": {"output_version": "v1"},
    "include": {"include": ("intermediate_outputs",)},
    "include, v1": {"include": ("intermediate_outputs",), "output_version": "v1"},
}
IN_EVERY_MODE = pytest.mark.parametrize("mode", MODES)


class Chunks(httpx.SyncByteStream, httpx.AsyncByteStream):
    def __init__(self, chunks: Sequence[bytes]) -> None:
        self._chunks = chunks
        self.closed = False

    def __iter__(self) -> Iterator[bytes]:
        yield from self._chunks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            yield chunk

    def close(self) -> None:
        self.closed = True

    async def aclose(self) -> None:
        self.closed = True


STREAM = {"content-type": "text/event-stream"}


def over(reply: Callable[[httpx.Request], httpx.Response], **fields: Any) -> Callable[[], ChatTwelveLabs]:
    """Return what makes models that get these replies, each over a transport of its own."""

    def new_model() -> ChatTwelveLabs:
        transport = httpx.MockTransport(reply)
        client = Client(api_key="key-of-the-tests", http=httpx.Client(transport=transport))
        async_client = AsyncClient(
            api_key="key-of-the-tests", http=httpx.AsyncClient(transport=transport), sessions=client.sessions
        )
        return ChatTwelveLabs(knowledge_store_id="ks_1", client=client, async_client=async_client, **fields)

    return new_model


def scripted(answer: Told, chunks: Sequence[bytes], **fields: Any) -> Callable[[], ChatTwelveLabs]:
    """Return what makes models that get this answer."""

    def reply(request: httpx.Request) -> httpx.Response:
        if json.loads(request.content).get("stream"):
            return httpx.Response(200, headers=STREAM, stream=Chunks(chunks))
        return httpx.Response(200, headers={"content-type": "application/json"}, content=answer.json_body())

    return over(reply, **fields)


def documented(answer: Told, mode: str) -> bool:
    """Say whether the service may answer so: unasked for, the answer comes alone, or every message says its phase."""
    output = answer.response["output"]
    messages = [item for item in output if item.get("type") == "message"]
    return "include" in mode or len(output) <= 1 or all("phase" in item for item in messages)


def message(phase: str | None, *parts: JSON, id: str = "msg_1") -> JSON:  # noqa: A002 - the API's name
    return {"type": "message", "id": id, "content": list(parts)} | ({"phase": phase} if phase else {})


def text(value: str, *markers: str, **where: Any) -> JSON:
    starts = [value.index(marker) for marker in markers]
    cited = [
        {"type": "video_citation", "start_index": start, "end_index": start + 2, "item_id": "ksi_1", **where}
        for start in starts
    ]
    return {"type": "output_text", "text": value, "annotations": cited}


CALL: JSON = {"type": "function_call", "id": "fc_1", "name": "search", "call_id": "call_1", "arguments": '{"q":"goal"}'}
RESULT: JSON = {"type": "function_call_output", "id": "fco_1", "call_id": "call_1", "output": "3 clips"}
MAP: JSON = {"type": "example:map", "id": "map_1", "places": ["goal line"]}


def streamed(*output: JSON) -> Told:
    """Return an answer that streams as the API reference shows: text word by word, the rest in one piece."""
    events: list[JSON] = [{"type": "response.created", "response": {**HEAD, "status": "in_progress", "output": []}}]
    for index, item in enumerate(output):
        place = {"output_index": index}
        events.append({"type": "response.output_item.added", **place, "item": {**item, "content": []}})
        for at, part in enumerate(item.get("content", [])):
            where = {**place, "content_index": at}
            words = part["text"].split(" ")
            deltas = [word + " " for word in words[:-1]] + words[-1:]
            events += [{"type": "response.output_text.delta", **where, "delta": delta} for delta in deltas]
            events.append({"type": "response.content_part.done", **where, "part": part})
        events.append({"type": "response.output_item.done", **place, "item": item})
    final = {**HEAD, "status": "completed", "output": list(output), "usage": {"input_tokens": 9, "output_tokens": 4}}
    return Told(final, (*events, {"type": "response.completed", "response": final}), include=True)


def frames(answer: Told) -> list[bytes]:
    return [f"data: {json.dumps(event)}\n\n".encode() for event in answer.events]


def models(answer: Told, mode: str) -> Callable[[], ChatTwelveLabs]:
    return scripted(answer, frames(answer), **MODES[mode])


LONG = streamed(
    message("commentary", text("🧤 Looking for [0] goals.", "[0]")),
    CALL,
    RESULT,
    MAP,
    message(
        "final_answer",
        text("🥅👩\u200d👧 Two [1]. ", "[1]"),
        text("Both 🥅 late [2][3]. ", "[2]", "[3]", start_sec=1.5, end_sec=9.0),
        id="msg_2",
    ),
    message("final_answer", text("中 Done [4].", "[4]", title="Final", hls_url="https://example.com/a"), id="msg_3"),
)
PHASELESS = streamed(
    message(None, text("Looking.")), CALL, RESULT, message(None, text("🥅 Two [1].", "[1]"), id="msg_2")
)
PLAIN = streamed(message(None, text("🥅 Two [1].", "[1]", end_sec=9.0)))


ANSWERS = {"long": LONG, "without phases": PHASELESS, "plain": PLAIN}


def sliced_by_blocks(answer: AIMessage) -> list[str]:
    return [
        block["text"][found["start_index"] : found["end_index"]]
        for block in answer.content_blocks
        if block["type"] == "text"
        for found in block.get("annotations", [])
        if found["type"] == "citation"
    ]
