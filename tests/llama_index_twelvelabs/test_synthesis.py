from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core.callbacks import CallbackManager, CBEventType, LlamaDebugHandler
from llama_index.core.callbacks.schema import EventPayload
from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]  # passed on, not listed
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events.query import QueryEndEvent
from llama_index.core.instrumentation.events.synthesis import SynthesizeEndEvent, SynthesizeStartEvent
from llama_index.core.schema import QueryBundle

from llama_index_twelvelabs import TwelveLabsResponse
from tests.llama_index_twelvelabs.engines import QUESTION, TITLE, engine_at
from twelvelabs_responses import RateLimitError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twelvelabs_responses.emulator import Emulator

QUERY_AND_SYNTHESIS = pytest.mark.parametrize("kind", [CBEventType.QUERY, CBEventType.SYNTHESIZE])


class Heard(BaseEventHandler):
    events: list[Any] = []  # noqa: RUF012 - a field of pydantic

    @classmethod
    def class_name(cls) -> str:
        return "Heard"

    def handle(self, event: Any, **kwargs: Any) -> None:  # noqa: ARG002 - LlamaIndex's signature
        self.events.append(event)

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


@pytest.fixture
def heard() -> Iterator[Heard]:
    handler, root = Heard(), get_dispatcher()
    root.add_event_handler(handler)
    yield handler
    root.event_handlers.remove(handler)


def answer(emulator: Emulator, way: str) -> Any:
    """Return the response of a query, read to its end, on each of the four ways there are."""
    engine = engine_at(emulator, streaming=way.endswith("stream"))

    async def awaited() -> Any:
        response: Any = await engine.aquery(QUESTION)
        if way == "astream":
            await response.get_response()
        return response

    response = asyncio.run(awaited()) if way in ("aquery", "astream") else engine.query(QUESTION)
    str(response)
    return response


@pytest.mark.parametrize("way", ["query", "aquery", "stream", "astream"])
def test_listeners_hear_one_synthesis_that_ends_with_the_whole_answer(
    emulator: Emulator, heard: Heard, way: str
) -> None:
    response = answer(emulator, way)
    (start,), (end,) = heard.of(SynthesizeStartEvent), heard.of(SynthesizeEndEvent)
    assert isinstance(end.response, TwelveLabsResponse)
    assert end.response.response == str(response)
    assert end.response.source_nodes[0].node.metadata["title"] == TITLE
    assert end.response.metadata == response.metadata
    assert start.query.query_str == end.query.query_str == QUESTION
    assert start.span_id == end.span_id
    assert start.span_id.startswith("TwelveLabsQueryEngine.")


def test_the_event_of_a_streams_query_holds_the_stream_that_is_yet_to_be_read(emulator: Emulator, heard: Heard) -> None:
    response = engine_at(emulator, streaming=True).query(QUESTION)
    (end,) = heard.of(QueryEndEvent)
    assert end.response is response
    assert heard.of(SynthesizeEndEvent) == []
    assert str(response).startswith("(Emulator)")


@QUERY_AND_SYNTHESIS
@pytest.mark.parametrize("streaming", [False, True])
def test_callbacks_hear_the_query_and_what_it_returns(emulator: Emulator, kind: CBEventType, streaming: bool) -> None:
    debug = LlamaDebugHandler(print_trace_on_end=False)
    engine = engine_at(emulator, streaming=streaming, callback_manager=CallbackManager([debug]))
    response = engine.query(QueryBundle(QUESTION))
    ((start, end),) = debug.get_event_pairs(kind)
    assert start.payload == {EventPayload.QUERY_STR: QUESTION}
    assert (end.payload or {})[EventPayload.RESPONSE] is response


@QUERY_AND_SYNTHESIS
def test_callbacks_hear_the_end_of_a_query_that_is_refused(emulator: Emulator, heard: Heard, kind: CBEventType) -> None:
    emulator.fault = "429-long"
    debug = LlamaDebugHandler(print_trace_on_end=False)
    with pytest.raises(RateLimitError):
        engine_at(emulator, callback_manager=CallbackManager([debug])).query(QUESTION)
    assert len(debug.get_event_pairs(kind)) == 1
    assert heard.of(SynthesizeEndEvent) == []
