"""Tracers that nobody here wrote, as judges: no event unknown to them, no span without its end, tokens counted."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core.prompts import PromptTemplate

from llama_index_twelvelabs import TwelveLabsQueryWorkflow
from tests.llama_index_twelvelabs.asking import QUESTION, WAYS, answers, left_after_one, llm_at, user
from tests.llama_index_twelvelabs.events.test_llm import Goals
from twelvelabs_responses import ResponsesError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    from twelvelabs_responses.emulator import Emulator

# OpenInference writes a model's metadata down by a method that pydantic deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:The `json` method is deprecated")


def one(exporter: InMemorySpanExporter) -> ReadableSpan:
    (span,) = exporter.get_finished_spans()
    return span


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


@WAYS
def test_openinference_sees_the_answer_and_its_tokens(
    emulator: Emulator, way: str, exporter: InMemorySpanExporter, caplog: pytest.LogCaptureFixture
) -> None:
    *_, answer = answers(llm_at(emulator), [user(QUESTION)], way)
    span = one(exporter)
    assert (span.name, span.status.status_code.name) == (f"TwelveLabsLLM.{way}", "OK")
    told, usage = attributes(span), (answer.raw or {})["usage"]
    assert told["openinference.span.kind"] == "LLM"
    assert told["llm.model_name"] == "jockey1.0"
    assert told["llm.output_messages.0.message.content"] == answer.message.content
    assert told["llm.token_count.prompt"] == usage["input_tokens"]
    assert told["llm.token_count.completion"] == usage["output_tokens"]
    assert not [record for record in caplog.records if "openinference" in record.name]


@WAYS
@pytest.mark.parametrize("fault", ["400-flat", "failed", "cut"])
def test_openinference_sees_what_went_wrong(
    emulator: Emulator, way: str, fault: str, exporter: InMemorySpanExporter, caplog: pytest.LogCaptureFixture
) -> None:
    emulator.fault = "cut-json" if fault == "cut" and "stream" not in way else fault
    with pytest.raises(ResponsesError):
        answers(llm_at(emulator), [user(QUESTION)], way)
    assert one(exporter).status.status_code.name == "ERROR"
    assert "key-of-the-tests" not in str(attributes(one(exporter)))
    assert not [record for record in caplog.records if "openinference" in record.name]


@pytest.mark.parametrize("way", ["stream_chat", "astream_chat"])
def test_openinference_ends_the_span_of_a_stream_that_is_closed(
    emulator: Emulator, way: str, exporter: InMemorySpanExporter, caplog: pytest.LogCaptureFixture
) -> None:
    emulator.fault = "slow"
    left_after_one(llm_at(emulator), [user(QUESTION)], way)
    assert one(exporter).name == f"TwelveLabsLLM.{way}"
    assert not [record for record in caplog.records if "openinference" in record.name]


def test_openinference_sees_a_structured_answer_as_one_trace(
    emulator: Emulator, exporter: InMemorySpanExporter, caplog: pytest.LogCaptureFixture
) -> None:
    llm = llm_at(emulator)
    llm.structured_predict(Goals, PromptTemplate(QUESTION))
    list(llm.stream_structured_predict(Goals, PromptTemplate(QUESTION)))
    spans = exporter.get_finished_spans()
    assert sorted(span.name for span in spans) == [
        "TwelveLabsLLM.chat",
        "TwelveLabsLLM.stream_chat",
        "TwelveLabsLLM.stream_structured_predict",
        "TwelveLabsLLM.structured_predict",
    ]
    assert len([span for span in spans if span.parent is None]) == 2
    assert not [record for record in caplog.records if "openinference" in record.name]


@WAYS
def test_the_opentelemetry_handler_sees_the_call(
    emulator: Emulator, way: str, otel: InMemorySpanExporter, caplog: pytest.LogCaptureFixture
) -> None:
    answers(llm_at(emulator), [user(QUESTION)], way)
    span = one(otel)
    assert (span.name, span.status.status_code.name) == (f"TwelveLabsLLM.{way}", "OK")
    assert "key-of-the-tests" not in str([event.attributes for event in span.events])
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_openinference_sees_a_run_of_the_workflow_as_one_trace(
    emulator: Emulator, exporter: InMemorySpanExporter, caplog: pytest.LogCaptureFixture
) -> None:
    options: dict[str, Any] = {"api_key": "key-of-the-tests", "base_url": emulator.base_url}
    workflow = TwelveLabsQueryWorkflow(emulator.knowledge_store_id, **options)
    await workflow.run(question=QUESTION)
    spans = exporter.get_finished_spans()
    assert [span.name for span in spans if span.parent is None] == ["TwelveLabsQueryWorkflow.run"]
    (asked,) = [span for span in spans if span.name == "TwelveLabsLLM.astream_chat"]
    assert attributes(asked)["llm.token_count.completion"] > 0
    assert not [record for record in caplog.records if "openinference" in record.name]
