"""Whoever listens: what they miss, eat or get to know that they must not: pitfalls 14, 15, 18, 26."""

from __future__ import annotations

import asyncio
import json
import logging
import pickle
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from llama_index.core.callbacks import CallbackManager, CBEventType, LlamaDebugHandler
from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]  # passed on, not listed
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from pydantic import PrivateAttr

from llama_index_twelvelabs import (
    ProgressEvent,
    TwelveLabsChatEngine,
    TwelveLabsLLM,
    TwelveLabsQueryEngine,
    TwelveLabsQueryWorkflow,
)
from tests.llama_index_twelvelabs.asking import QUESTION
from tests.llama_index_twelvelabs.events.recording import recorded
from tests.llama_index_twelvelabs.pitfalls.surfaces import (
    STREAMS,
    SURFACES,
    WAYS,
    answer,
    aopened,
    facts_of,
    made,
    opened,
    text_of,
)
from twelvelabs_responses import AsyncClient, AuthenticationError, Client, ResponsesError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twelvelabs_responses import ResponseStreamEvent
    from twelvelabs_responses.emulator import Emulator

# LlamaIndex before 0.14 uses what its own workflows give up.
pytestmark = pytest.mark.filterwarnings("ignore:ServiceManager is deprecated:DeprecationWarning")
KEY = "key-of-the-tests"
LLM = ["LLMChatStart", "LLMChatEnd"]
QUERY = ["QueryStart", "SynthesizeStart", *LLM, "SynthesizeEnd", "QueryEnd"]
# The query of a stream has ended when the stream is given away.
STREAMED_QUERY = ["QueryStart", "SynthesizeStart", "LLMChatStart", "QueryEnd", "LLMChatEnd", "SynthesizeEnd"]
EVENTS = {
    ("llm", "whole"): LLM,
    ("llm", "stream"): LLM,
    ("query", "whole"): QUERY,
    ("query", "stream"): STREAMED_QUERY,
    ("chat", "whole"): LLM,
    ("chat", "stream"): ["StreamChatStart", *LLM, "StreamChatEnd"],
}


def told(events: list[Any]) -> list[str]:
    """Return the names of the events, without those of each chunk."""
    names = [event.class_name().removesuffix("Event") for event in events]
    return [name for name in names if name not in ("LLMChatInProgress", "StreamChatDeltaReceived", "SpanDrop")]


# llama_index #6594, #8879, phoenix #1700, #1867. The whole of what is told stands in the golden files of `events/`.
@SURFACES
@WAYS
def test_streams_tell_the_same_events_as_whole_answers(emulator: Emulator, surface: str, way: str) -> None:
    with recorded() as (recording, callbacks):
        answer(made(surface, emulator, callback_manager=callbacks), way)
    assert told(recording.events) == EVENTS[surface, way.removeprefix("a")]
    assert recording.open == {}


# llama_index #6594, #8879, phoenix #1700, #1867
@SURFACES
@STREAMS
@pytest.mark.parametrize("fault", ["failed", "cut"])
def test_what_has_started_ends_also_when_a_stream_fails(emulator: Emulator, surface: str, way: str, fault: str) -> None:
    emulator.fault = fault
    with recorded() as (recording, callbacks), suppress(ResponsesError):
        answer(made(surface, emulator, callback_manager=callbacks), way)
    assert "Exception" in told(recording.events)
    assert surface != "chat" or told(recording.events)[-1] == "StreamChatError"
    assert recording.open == {}


# llama_index #6594, #8879, phoenix #1700, #1867
@SURFACES
@STREAMS
def test_what_has_started_ends_also_when_a_stream_is_closed(emulator: Emulator, surface: str, way: str) -> None:
    async def awaited(asked: Any) -> None:
        stream = await aopened(asked)
        if surface == "llm":
            await anext(stream)
        await stream.aclose()

    def blocking(asked: Any) -> None:
        stream = opened(asked)
        if surface == "llm":
            next(stream)
        stream.close()

    emulator.fault = "slow"
    with recorded() as (recording, callbacks):
        asked = made(surface, emulator, callback_manager=callbacks)
        asyncio.run(awaited(asked)) if way == "astream" else blocking(asked)
    assert surface != "chat" or told(recording.events)[-1] == "StreamChatEnd"
    assert recording.open == {}


# llama_index #6594, #8879, phoenix #1700, #1867
@SURFACES
@WAYS
def test_callbacks_hear_of_one_call_with_its_answer_and_its_tokens(emulator: Emulator, surface: str, way: str) -> None:
    debug = LlamaDebugHandler(print_trace_on_end=False)
    text, given = answer(made(surface, emulator, callback_manager=CallbackManager([debug])), way)
    ((_, end),) = debug.get_event_pairs(CBEventType.LLM)
    heard: Any = (end.payload or {})["response"]
    assert heard.message.content == text
    assert heard.raw["usage"] == facts_of(given)["usage"]


class Dumps(BaseEventHandler):
    """Writes each event down as JSON, as exporters do: a stream that an event holds is read for it."""

    _written: list[str] = PrivateAttr(default_factory=list)

    def handle(self, event: Any, **_: Any) -> None:
        # An error of a handler is swallowed by who calls it.
        try:
            self._written.append(event.model_dump_json())
        except (TypeError, ValueError) as error:
            self._written.append(f"{event.class_name()}: {error}")


@pytest.fixture
def written() -> Iterator[list[str]]:
    """Give what a handler has made of all events."""
    root, handler = get_dispatcher(), Dumps()
    before = list(root.event_handlers)
    root.event_handlers = [*before, handler]
    yield handler._written
    root.event_handlers = before


# langfuse-python #476
@SURFACES
@WAYS
def test_a_handler_that_eats_the_tokens_leaves_the_text(
    emulator: Emulator, surface: str, way: str, written: list[str]
) -> None:
    plain = text_of(made("llm", emulator).complete(QUESTION))
    written.clear()
    _, given = answer(made(surface, emulator), way)
    text = given.message.content if surface == "llm" else str(given)
    assert text == plain
    assert len(getattr(given, "source_nodes", [1, 2, 3])) == 3
    assert json.dumps(plain, ensure_ascii=False) in "".join(written)


# llama_index #12853
@SURFACES
@WAYS
@pytest.mark.parametrize("fault", [None, "401", "failed", "cut", "cut-json"])
def test_the_key_is_in_nothing_that_anybody_hears(
    emulator: Emulator,
    surface: str,
    way: str,
    fault: str | None,
    written: list[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    emulator.fault = fault
    debug = LlamaDebugHandler(print_trace_on_end=False)
    asked = made(surface, emulator, max_retries=0, callback_manager=CallbackManager([debug]))
    heard: list[str] = []
    with recorded() as (recording, _):
        try:
            _, given = answer(asked, way)
            heard += [repr(given), repr(facts_of(given))]
        except ResponsesError as error:
            heard += [repr(error), repr(vars(error)), repr(error.__cause__)]
    heard += [*written, *recording.lines, repr(recording.events), caplog.text, repr(asked)]
    heard += [repr(event.payload) for event in debug.get_events()]
    assert KEY not in "".join(heard)
    assert caplog.records


# llama_index #12853
@SURFACES
def test_the_key_is_in_nothing_that_is_written_down(emulator: Emulator, surface: str) -> None:
    asked = made(surface, emulator)
    llm = asked if surface == "llm" else asked.llm
    dumps = [repr(llm), llm.to_json(), llm.model_dump_json(), repr(pickle.dumps(llm))]
    # A chat engine holds a lock: its memory is what is kept of it.
    dumps += [repr(pickle.dumps(asked))] if surface != "chat" else [repr(pickle.dumps(asked.memory))]
    if surface == "query":
        response = asked.query(QUESTION)
        dumps += [json.dumps(response.to_dict()), repr(pickle.dumps(response))]
    assert KEY not in "".join(dumps)


# llama_index #12853
@pytest.mark.parametrize("kind", [TwelveLabsLLM, TwelveLabsQueryEngine, TwelveLabsChatEngine])
@WAYS
def test_a_key_that_the_service_repeats_is_in_no_error(kind: Any, way: str) -> None:
    def refuse(_: httpx.Request) -> httpx.Response:
        return httpx.Response(401, json={"message": f"{KEY} is no key."})

    transport = httpx.MockTransport(refuse)
    client = Client(api_key=KEY, http=httpx.Client(transport=transport))
    options: dict[str, Any] = {"http": httpx.AsyncClient(transport=transport), "sessions": client.sessions}
    asked = kind("ks_1", client=client, async_client=AsyncClient(api_key=KEY, **options))
    with pytest.raises(AuthenticationError) as caught:
        answer(asked, way)
    assert str(caught.value) == "401: [API key] is no key."
    assert KEY not in repr(vars(caught.value))


# llama_index #20409
@SURFACES
@WAYS
def test_progress_is_told_while_an_answer_is_made(emulator: Emulator, surface: str, way: str) -> None:
    heard: list[ResponseStreamEvent] = []
    answer(made(surface, emulator, include=("intermediate_outputs",), on_event=heard.append), way)
    kinds = [event.type for event in heard]
    assert (kinds[0], kinds[-1]) == ("response.created", "response.completed")
    assert "response.output_item.done" in kinds


# llama_index #20409
async def test_a_workflow_tells_its_progress_as_events(emulator: Emulator) -> None:
    options: dict[str, Any] = {"api_key": KEY, "base_url": emulator.base_url, "include": ("intermediate_outputs",)}
    handler = TwelveLabsQueryWorkflow(emulator.knowledge_store_id, **options).run(question=QUESTION)
    heard = [event async for event in handler.stream_events() if isinstance(event, ProgressEvent)]
    await handler
    assert (heard[0].kind, heard[-1].kind) == ("response.created", "response.completed")
    assert any(event.text.startswith("search_knowledge_store(") for event in heard)
