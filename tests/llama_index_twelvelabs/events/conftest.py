"""A handler that dumps JSON, and what tracers that nobody here wrote export."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]  # passed on, not listed
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from pydantic import Field

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

NO_TRACERS = "the tracers are not installed beside this LlamaIndex"


class Dumps(BaseEventHandler):
    """Writes each event down as JSON, as exporters of logs do."""

    lines: list[str] = Field(default_factory=list)

    @classmethod
    def class_name(cls) -> str:
        return "Dumps"

    def handle(self, event: Any, **_: Any) -> None:
        # What cannot be written is an error of the event: the dispatcher would swallow it.
        try:
            self.lines.append(event.model_dump_json())
        except (TypeError, ValueError) as error:
            self.lines.append(f"{event.class_name()}: {error}")


@pytest.fixture
def dumps() -> Iterator[Dumps]:
    root, handler = get_dispatcher(), Dumps()
    before = list(root.event_handlers)
    root.event_handlers = [*before, handler]
    yield handler
    root.event_handlers = before


def in_memory() -> InMemorySpanExporter:
    module = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter", reason=NO_TRACERS)
    exporter: InMemorySpanExporter = module.InMemorySpanExporter()
    return exporter


@pytest.fixture
def exporter() -> Iterator[InMemorySpanExporter]:
    """Give the spans that OpenInference exports."""
    tracer = pytest.importorskip("openinference.instrumentation.llama_index", reason=NO_TRACERS)
    sdk = pytest.importorskip("opentelemetry.sdk.trace", reason=NO_TRACERS)
    exporter, provider = in_memory(), sdk.TracerProvider()
    provider.add_span_processor(sdk.export.SimpleSpanProcessor(exporter))
    instrumentor = tracer.LlamaIndexInstrumentor()
    instrumentor.instrument(tracer_provider=provider, skip_dep_check=True)
    yield exporter
    instrumentor.uninstrument()


# OpenTelemetry takes one provider of tracers in a process.
@pytest.fixture(scope="session")
def otel_handlers() -> tuple[InMemorySpanExporter, list[Any], list[Any]]:
    tracer = pytest.importorskip(
        "llama_index.observability.otel", reason="it holds LlamaIndex back: `make matrix` has it"
    )
    exporter, root = in_memory(), get_dispatcher()
    before = list(root.event_handlers), list(root.span_handlers)
    tracer.LlamaIndexOpenTelemetry(span_exporter=exporter, span_processor="simple").start_registering()
    made = root.event_handlers[len(before[0]) :], root.span_handlers[len(before[1]) :]
    root.event_handlers, root.span_handlers = before
    return exporter, *made


@pytest.fixture
def otel(otel_handlers: tuple[InMemorySpanExporter, list[Any], list[Any]]) -> Iterator[InMemorySpanExporter]:
    """Give the spans that LlamaIndex's own OpenTelemetry handler exports."""
    (exporter, events, spans), root = otel_handlers, get_dispatcher()
    before = list(root.event_handlers), list(root.span_handlers)
    root.event_handlers, root.span_handlers = [*before[0], *events], [*before[1], *spans]
    yield exporter
    root.event_handlers, root.span_handlers = before
    exporter.clear()
