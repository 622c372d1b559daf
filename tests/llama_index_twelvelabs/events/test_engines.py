"""The engines under handlers and tracers that nobody here wrote, on each way of asking."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core.callbacks import CallbackManager, CBEventType, LlamaDebugHandler, TokenCountingHandler
from llama_index.core.memory import ChatMemoryBuffer

from llama_index_twelvelabs import TwelveLabsChatEngine, TwelveLabsQueryEngine
from tests.llama_index_twelvelabs.asking import QUESTION
from tests.llama_index_twelvelabs.events.test_tracers import attributes
from twelvelabs_responses import ResponsesError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    from tests.llama_index_twelvelabs.events.conftest import Dumps
    from twelvelabs_responses.emulator import Emulator

# OpenInference writes a model's metadata down by a method that pydantic deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:The `json` method is deprecated")
ROOTS = {
    "query": "TwelveLabsQueryEngine.query",
    "aquery": "TwelveLabsQueryEngine.aquery",
    "stream": "TwelveLabsQueryEngine.query",
    "astream": "TwelveLabsQueryEngine.aquery",
    "chat": "TwelveLabsChatEngine.chat",
    "achat": "TwelveLabsChatEngine.achat",
    "stream_chat": "TwelveLabsChatEngine.stream_chat",
    "astream_chat": "TwelveLabsChatEngine.astream_chat",
}
WAYS = pytest.mark.parametrize("way", ROOTS)


def answered(emulator: Emulator, way: str, callbacks: CallbackManager | None = None) -> tuple[str, Any]:
    """Return the text as it is read, and the response."""
    options: dict[str, Any] = {"api_key": "key-of-the-tests", "base_url": emulator.base_url}
    options["callback_manager"] = callbacks
    called: Any
    if "chat" in way:
        memory = ChatMemoryBuffer.from_defaults(token_limit=9_000)
        called = getattr(TwelveLabsChatEngine(emulator.knowledge_store_id, memory=memory, **options), way)
    else:
        engine = TwelveLabsQueryEngine(emulator.knowledge_store_id, streaming="stream" in way, **options)
        called = engine.aquery if way.startswith("a") else engine.query
    if way.startswith("a"):
        return asyncio.run(awaited(called, way))
    response = called(QUESTION)
    return "".join(response.response_gen) if "stream" in way else str(response), response


async def awaited(called: Any, way: str) -> tuple[str, Any]:
    response = await called(QUESTION)
    if "stream" in way:
        return "".join([token async for token in response.async_response_gen()]), response
    return str(response), response


@WAYS
def test_the_tokens_of_an_answer_are_counted_once(emulator: Emulator, way: str) -> None:
    counter = TokenCountingHandler(tokenizer=str.split)
    _, response = answered(emulator, way, CallbackManager([counter]))
    usage = response.metadata["usage"]
    assert counter.prompt_llm_token_count == usage["input_tokens"]
    assert counter.completion_llm_token_count == usage["output_tokens"]


@WAYS
def test_all_that_starts_ends_for_the_debug_handler(emulator: Emulator, way: str) -> None:
    debug = LlamaDebugHandler(print_trace_on_end=False)
    answered(emulator, way, CallbackManager([debug]))
    kinds = [CBEventType.LLM] if "chat" in way else [CBEventType.QUERY, CBEventType.SYNTHESIZE, CBEventType.LLM]
    assert [len(debug.get_event_pairs(kind)) for kind in kinds] == [1] * len(kinds)
    assert len(debug.get_events()) == 2 * len(kinds)


@WAYS
def test_what_a_handler_that_dumps_json_eats_can_be_had_again(emulator: Emulator, way: str, dumps: Dumps) -> None:
    """Pitfall 15: to dump the end of a query that streams is to read its tokens."""
    text, response = answered(emulator, way)
    assert dumps.lines
    assert str(response).startswith("(Emulator)")
    assert text == ("" if way == "stream" else str(response))


@WAYS
def test_openinference_sees_one_trace_with_its_tokens(
    emulator: Emulator, way: str, exporter: InMemorySpanExporter, caplog: pytest.LogCaptureFixture
) -> None:
    text, response = answered(emulator, way)
    spans = exporter.get_finished_spans()
    assert [span.name for span in spans if span.parent is None] == [ROOTS[way]]
    assert {span.status.status_code.name for span in spans} == {"OK"}
    (asked,) = [span for span in spans if span.name.startswith("TwelveLabsLLM.")]
    assert attributes(asked)["llm.output_messages.0.message.content"] == text
    assert attributes(asked)["llm.token_count.completion"] == response.metadata["usage"]["output_tokens"]
    assert not [record for record in caplog.records if "openinference" in record.name]


@WAYS
@pytest.mark.parametrize("fault", ["400-flat", "failed"])
def test_openinference_sees_what_went_wrong(
    emulator: Emulator, way: str, fault: str, exporter: InMemorySpanExporter, caplog: pytest.LogCaptureFixture
) -> None:
    emulator.fault = fault
    with pytest.raises(ResponsesError):
        answered(emulator, way)
    spans = exporter.get_finished_spans()
    assert [span.name for span in spans if span.parent is None] == [ROOTS[way]]
    (asked,) = [span for span in spans if span.name.startswith("TwelveLabsLLM.")]
    assert asked.status.status_code.name == "ERROR"
    assert not [record for record in caplog.records if "openinference" in record.name]


@WAYS
def test_the_opentelemetry_handler_sees_one_trace(
    emulator: Emulator, way: str, otel: InMemorySpanExporter, caplog: pytest.LogCaptureFixture
) -> None:
    text, response = answered(emulator, way)
    assert text == str(response)
    spans = otel.get_finished_spans()
    assert [span.name for span in spans if span.parent is None] == [ROOTS[way]]
    assert not [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")]
