"""What those who listen to LlamaIndex hear of an answer that is made elsewhere, as of one that LlamaIndex makes."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from llama_index.core.callbacks.schema import CBEventType, EventPayload
from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]  # passed on, not listed
from llama_index.core.instrumentation.events.synthesis import SynthesizeEndEvent, SynthesizeStartEvent
from llama_index.core.instrumentation.span import active_span_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llama_index.core.base.response.schema import RESPONSE_TYPE
    from llama_index.core.callbacks import CallbackManager
    from llama_index.core.callbacks.base import EventContext
    from llama_index.core.schema import QueryBundle

dispatcher = get_dispatcher(__name__)
ResponseT = TypeVar("ResponseT", bound="RESPONSE_TYPE")


class Synthesis:
    """The telling of one query; made by `synthesis`."""

    def __init__(self, query: QueryBundle, events: tuple[EventContext, ...]) -> None:
        self._query = query
        self._events = events
        # Of the query: a stream ends when this is not the active span any more.
        self._span_id = active_span_id.get()
        dispatcher.event(SynthesizeStartEvent(query=query))

    def returns(self, response: ResponseT) -> ResponseT:
        """Tell what the query returns, a stream that is yet to be read perhaps, and return it."""
        for event in self._events:
            event.on_end(payload={EventPayload.RESPONSE: response})
        return response

    def answered(self, answer: RESPONSE_TYPE) -> None:
        """Tell the whole answer, once it has come."""
        dispatcher.event(SynthesizeEndEvent(query=self._query, response=answer, span_id=self._span_id))


@contextmanager
def synthesis(query: QueryBundle, callback_manager: CallbackManager) -> Iterator[Synthesis]:
    """Give the telling of one query. What goes wrong inside is told as well."""
    asked: dict[str, object] = {EventPayload.QUERY_STR: query.query_str}
    with (
        callback_manager.event(CBEventType.QUERY, payload=asked) as outer,
        callback_manager.event(CBEventType.SYNTHESIZE, payload=asked) as inner,
    ):
        yield Synthesis(query, (inner, outer))
