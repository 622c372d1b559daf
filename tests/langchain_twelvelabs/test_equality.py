"""One scripted answer on every path of LangChain, in every shape of content that can be configured."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from langchain_twelvelabs import ChatTwelveLabs, citations
from tests.langchain_twelvelabs.paths import QUESTION, check_equal_on_every_path, check_tokens_on_every_path, total
from tests.wire_strategies import HEAD, Told, bodies, cut, told
from twelvelabs_responses import AsyncClient, Client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence

    from langchain_core.messages import AIMessage

    from tests.wire_strategies import JSON

# LangChain's own word about its third protocol.
pytestmark = pytest.mark.filterwarnings("ignore:The method .* is in beta")

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

    def __iter__(self) -> Iterator[bytes]:
        yield from self._chunks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            yield chunk


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


@st.composite
def scripts(draw: st.DrawFn) -> tuple[Told, list[bytes]]:
    answer = draw(told())
    return answer, draw(cut(draw(bodies(answer))))


def documented(answer: Told, mode: str) -> bool:
    """Say whether the service may answer so: unasked for, the answer comes alone, or every message says its phase."""
    output = answer.response["output"]
    messages = [item for item in output if item.get("type") == "message"]
    return "include" in mode or len(output) <= 1 or all("phase" in item for item in messages)


@IN_EVERY_MODE
@settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
@given(script=scripts())
def test_every_path_gives_the_same_answer(mode: str, script: tuple[Told, list[bytes]]) -> None:
    answer, chunks = script
    assume(documented(answer, mode))
    check_equal_on_every_path(scripted(answer, chunks, **MODES[mode]))


# -- answers written out -------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize(
    ("mode", "answer"),
    [
        pytest.param(mode, answer, id=f"{name}-{mode}")
        for mode in MODES
        for name, answer in ANSWERS.items()
        if documented(answer, mode)
    ],
)
def test_citations_slice_their_markers_on_every_path(mode: str, answer: Told) -> None:
    for path, given_answer in check_equal_on_every_path(models(answer, mode)).by_path.items():
        markers = ["[1]", "[2]", "[3]", "[4]"] if answer is LONG else ["[1]"]
        assert sliced_by_blocks(given_answer) == markers, path
        found = citations(given_answer)
        assert [given_answer.text[citation.start : citation.end] for citation in found] == markers, path


def sliced_by_blocks(answer: AIMessage) -> list[str]:
    return [
        block["text"][found["start_index"] : found["end_index"]]
        for block in answer.content_blocks
        if block["type"] == "text"
        for found in block.get("annotations", [])
        if found["type"] == "citation"
    ]


@pytest.mark.parametrize("mode", ["v1", "include", "include, v1"])
def test_all_that_happened_is_a_block_and_nothing_is_a_call_to_answer(mode: str) -> None:
    for answer in check_equal_on_every_path(models(LONG, mode)).by_path.values():
        kinds = [block["type"] for block in answer.content_blocks]
        tools = ["server_tool_call", "server_tool_result", "non_standard"]
        assert kinds == ["reasoning", *tools, "text", "text", "text"]
        assert not answer.tool_calls
        assert not answer.invalid_tool_calls
        assert answer.text == "🥅👩\u200d👧 Two [1]. Both 🥅 late [2][3]. 中 Done [4]."


def test_the_default_is_a_string_of_the_reply_alone() -> None:
    answers = check_equal_on_every_path(models(LONG, "default"))
    assert answers.by_path["invoke"].content == "🥅👩\u200d👧 Two [1]. Both 🥅 late [2][3]. 中 Done [4]."
    assert all(isinstance(chunk.content, str) for chunk in answers.chunks["stream"])


@IN_EVERY_MODE
def test_a_stream_request_that_gets_plain_json_gives_the_same_answer(mode: str) -> None:
    def reply(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-type": "application/json"}, content=PHASELESS.json_body())

    check_equal_on_every_path(over(reply, **MODES[mode]))


# -- as it happens -------------------------------------------------------------------------------------------------


class Gate(httpx.SyncByteStream):
    """Frames, of which it is known which one was sent last."""

    def __init__(self, answer: Told) -> None:
        self._answer = answer
        self.sent: JSON = {}

    def __iter__(self) -> Iterator[bytes]:
        for event, frame in zip(self._answer.events, frames(self._answer), strict=True):
            self.sent = event
            yield frame


@pytest.mark.parametrize("mode", ["include", "include, v1"])
def test_commentary_and_server_calls_are_told_while_they_happen(mode: str) -> None:
    gate = Gate(LONG)
    new_model = over(lambda _: httpx.Response(200, headers=STREAM, stream=gate), **MODES[mode])
    told_with: dict[str, JSON] = {}
    for chunk in new_model().stream(QUESTION):
        for block in chunk.content_blocks:
            told_with.setdefault(block["type"], gate.sent)
    assert told_with["reasoning"]["delta"] == "🧤 "
    assert told_with["server_tool_call"]["item"] == CALL
    assert told_with["server_tool_result"]["item"] == RESULT
    assert told_with["non_standard"]["item"] == MAP
    assert told_with["text"]["delta"] == "🥅👩\u200d👧 "


def test_without_phases_server_calls_are_told_while_they_happen_and_text_at_the_end() -> None:
    gate = Gate(PHASELESS)
    new_model = over(lambda _: httpx.Response(200, headers=STREAM, stream=gate), **MODES["include"])
    told_with: dict[str, JSON] = {}
    for chunk in new_model().stream(QUESTION):
        for block in chunk.content_blocks:
            told_with.setdefault(block["type"], gate.sent)
    assert told_with["server_tool_call"]["item"] == CALL
    assert told_with["reasoning"]["type"] == told_with["text"]["type"] == "response.completed"


# -- who listens ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "answer"),
    [(mode, answer) for mode in MODES for answer in (LONG, PHASELESS) if documented(answer, mode)],
)
def test_each_chunk_is_told_to_the_callbacks_once_and_first(mode: str, answer: Told) -> None:
    check_tokens_on_every_path(models(answer, mode))


@IN_EVERY_MODE
def test_a_graph_shows_one_message_with_one_id(mode: str) -> None:
    graph_module = pytest.importorskip("langgraph.graph")
    model = models(LONG, mode)()
    builder = graph_module.StateGraph(graph_module.MessagesState)
    builder.add_node("ask", lambda state: {"messages": [model.invoke(state["messages"])]})
    builder.add_edge(graph_module.START, "ask")
    told_chunks = [
        chunk for chunk, _ in builder.compile().stream({"messages": [("user", QUESTION)]}, stream_mode="messages")
    ]
    expected = models(LONG, mode)().invoke(QUESTION)
    assert {chunk.id for chunk in told_chunks} == {"resp_1"}
    assert total(told_chunks).content_blocks == expected.content_blocks
    assert total(told_chunks).usage_metadata == expected.usage_metadata
    assert len(told_chunks) == len(list(models(LONG, mode)().stream(QUESTION)))
