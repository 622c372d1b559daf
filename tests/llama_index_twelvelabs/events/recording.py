"""All that LlamaIndex tells of a call, in one list of lines that people can read."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from llama_index.core.callbacks import CallbackManager
from llama_index.core.callbacks.base_handler import BaseCallbackHandler
from llama_index.core.callbacks.schema import CBEventType
from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]  # passed on, not listed
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.span import BaseSpan
from llama_index.core.instrumentation.span_handlers import BaseSpanHandler
from pydantic import PrivateAttr

if TYPE_CHECKING:
    from collections.abc import Iterator


class Recording:
    """The lines, and the objects behind them.

    Attributes:
        lines: Of a span: `> name` when entered, `< name` when left, `! name: error` when dropped. Of an event: its
            name and, after `@`, the span it belongs to. Of a callback: `[type` at its start, `type]` at its end, with
            what it says. A line, or a pair of lines, that comes several times on end stands once, with `...` after it.
        events: The instrumentation's events.
        open: The callbacks that have started and not ended, by id.
    """

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.events: list[Any] = []
        self.open: dict[str, str] = {}

    def add(self, line: str) -> None:
        """Add a line."""
        self.lines.append(line)
        for length in (1, 2):
            told = [each.removesuffix(" ...") for each in self.lines[-2 * length :]]
            if len(told) == 2 * length and told[:length] == told[length:]:
                self.lines[-2 * length :] = [f"{each} ..." for each in told[:length]]


class Events(BaseEventHandler):
    """Hears of events."""

    _recording: Recording = PrivateAttr()

    @classmethod
    def class_name(cls) -> str:
        return "Events"

    def handle(self, event: Any, **_: Any) -> None:
        self._recording.events.append(event)
        told = type(getattr(event, "exception", None))
        said = "" if told is type(None) else f"({told.__name__})"
        self._recording.add(f"{event.class_name()}{said} @ {name_of(event.span_id)}")


class Spans(BaseSpanHandler[BaseSpan]):
    """Hears of spans."""

    _recording: Recording = PrivateAttr()

    @classmethod
    def class_name(cls) -> str:
        return "Spans"

    def new_span(self, id_: str, *_: Any, parent_span_id: str | None = None, **__: Any) -> BaseSpan:
        inside = f" in {name_of(parent_span_id)}" if parent_span_id else ""
        self._recording.add(f"> {name_of(id_)}{inside}")
        return BaseSpan(id_=id_, parent_id=parent_span_id)

    def prepare_to_exit_span(self, id_: str, *_: Any, **__: Any) -> BaseSpan | None:
        self._recording.add(f"< {name_of(id_)}")
        return self.open_spans.get(id_)

    def prepare_to_drop_span(self, id_: str, *_: Any, err: BaseException | None = None, **__: Any) -> BaseSpan | None:
        self._recording.add(f"! {name_of(id_)}: {type(err).__name__}")
        return self.open_spans.get(id_)


class Callbacks(BaseCallbackHandler):
    """Hears of callbacks."""

    def __init__(self, recording: Recording) -> None:
        super().__init__([], [])
        self._recording = recording

    def on_event_start(
        self,
        event_type: CBEventType,
        payload: Any = None,
        event_id: str = "",
        parent_id: str = "",  # noqa: ARG002 - LlamaIndex's signature
        **_: Any,
    ) -> str:
        # LlamaIndex tells of an error by a start alone.
        if event_type is not CBEventType.EXCEPTION:
            self._recording.open[event_id] = event_type.value
        self._recording.add(f"[{event_type.value} {said(payload)}")
        return event_id

    def on_event_end(self, event_type: CBEventType, payload: Any = None, event_id: str = "", **_: Any) -> None:
        self._recording.open.pop(event_id, None)
        self._recording.add(f"{event_type.value}] {said(payload)}")

    def start_trace(self, trace_id: str | None = None) -> None:
        self._recording.add(f"trace {trace_id}")

    def end_trace(self, trace_id: str | None = None, trace_map: Any = None) -> None:  # noqa: ARG002 - LlamaIndex's signature
        self._recording.add(f"end of trace {trace_id}")


@contextmanager
def recorded() -> Iterator[tuple[Recording, CallbackManager]]:
    """Give a recording of all that is told meanwhile, and the callbacks to give to what is recorded."""
    recording, root = Recording(), get_dispatcher()
    events, spans = Events(), Spans()
    events._recording = spans._recording = recording
    before = list(root.event_handlers), list(root.span_handlers)
    root.event_handlers, root.span_handlers = [*before[0], events], [*before[1], spans]
    try:
        yield recording, CallbackManager([Callbacks(recording)])
    finally:
        root.event_handlers, root.span_handlers = before


def name_of(span_id: str | None) -> str:
    return span_id.partition("-")[0] if span_id else "no span"


def said(payload: Any) -> str:
    return ", ".join(f"{getattr(name, 'value', name)}" for name in payload or {}) or "nothing"
