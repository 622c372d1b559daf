"""Tests for query engines and chat engines of this endpoint, to be run by whoever builds or changes one.

```python
from llama_index_twelvelabs.testing import QueryEngineSuite

class TestMyEngine(QueryEngineSuite):
    @pytest.fixture
    def new_engine(self, emulator):
        return lambda *, streaming: MyEngine(base_url=emulator.base_url, streaming=streaming, ...)
```

`ChatEngineSuite` asks for a function of `memory` that makes a chat engine.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import pytest
from llama_index.core.base.response.schema import AsyncStreamingResponse, StreamingResponse
from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]  # passed on, not listed
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events.query import QueryEndEvent, QueryStartEvent
from pydantic import Field

from llama_index_twelvelabs._chat_suite import (
    CHAT_WAYS,
    FOLLOW_UP,
    QUESTION,
    ChatEngineFactory,
    ChatEngineSuite,
    chatted,
)
from llama_index_twelvelabs._readers import ASYNC_READERS, READERS
from twelvelabs_responses import ResponsesError
from twelvelabs_responses.emulator import ScriptedAnswer, ScriptedCitation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llama_index.core.base.base_query_engine import BaseQueryEngine

    from twelvelabs_responses.emulator import Emulator

__all__ = [
    "ASYNC_READERS",
    "CHAT_WAYS",
    "FOLLOW_UP",
    "QUESTION",
    "READERS",
    "WAYS",
    "ChatEngineFactory",
    "ChatEngineSuite",
    "EngineFactory",
    "QueryEngineSuite",
    "asked",
    "chatted",
]

WAYS = ("query", "aquery", "stream", "astream")

_GOALS = ScriptedAnswer(
    "\U0001f945 Two [1],\u2028both late [2].",
    citations=(ScriptedCitation("ksi_1", 12.0, 15.5, "Final"), ScriptedCitation("ksi_2", title="Poster", kind="image")),
)
# What a service makes anew for each answer.
_OF_ONE_ANSWER = frozenset({"created_at", "response_id", "session_id"})


class EngineFactory(Protocol):
    """Makes query engines that ask the emulator, each one anew."""

    def __call__(self, *, streaming: bool) -> BaseQueryEngine:
        """Return an engine whose answers are streams, or whole."""
        raise NotImplementedError


def asked(new_engine: EngineFactory, way: str, question: str = QUESTION) -> tuple[str, Any]:
    """Return the text and the response, read to its end, on one of the `WAYS`."""
    engine = new_engine(streaming=way.endswith("stream"))

    async def awaited() -> tuple[str, Any]:
        response = await engine.aquery(question)
        if isinstance(response, AsyncStreamingResponse):
            return "".join([token async for token in response.response_gen]), response
        return str(response), response

    if way.startswith("a"):
        return asyncio.run(awaited())
    response = engine.query(question)
    return "".join(response.response_gen) if isinstance(response, StreamingResponse) else str(response), response


class _Heard(BaseEventHandler):
    """Notes the events of a query."""

    kinds: list[str] = Field(default_factory=list)

    def handle(self, event: Any, **kwargs: Any) -> None:
        """Note the event, if it is one of a query."""
        if isinstance(event, (QueryStartEvent, QueryEndEvent)):
            self.kinds.append(type(event).__name__)


class QueryEngineSuite:
    """What holds for a LlamaIndex query engine of this endpoint, whoever wrote it. Subclass it, and give `new_engine`.

    The tests ask the `emulator` fixture of this package's pytest plugin, which the environment points to as well.
    """

    errors: ClassVar[type[Exception] | tuple[type[Exception], ...]] = ResponsesError
    """What a turn that comes to no answer raises; name the errors of your own client here."""

    @pytest.fixture
    def new_engine(self, emulator: Emulator) -> EngineFactory:
        """Return what makes engines that ask the emulator, each one anew."""
        raise NotImplementedError("override the fixture `new_engine`: a function of `streaming` that makes an engine")

    @pytest.fixture
    def heard(self) -> Iterator[list[str]]:
        """Return the kinds of the events of queries, as they happen."""
        handler, root = _Heard(), get_dispatcher()
        root.add_event_handler(handler)
        yield handler.kinds
        root.event_handlers.remove(handler)

    @pytest.mark.parametrize("reader", READERS)
    def test_every_reader_gives_the_same(self, emulator: Emulator, new_engine: EngineFactory, reader: str) -> None:
        """Each way to read a stream gives the text, nodes and metadata of a whole answer."""
        emulator.script(_GOALS, _GOALS)
        response = new_engine(streaming=True).query(QUESTION)
        assert isinstance(response, StreamingResponse)
        _check_same(READERS[reader](response), response, new_engine)

    @pytest.mark.parametrize("reader", ASYNC_READERS)
    def test_every_async_reader_gives_the_same(
        self, emulator: Emulator, new_engine: EngineFactory, reader: str
    ) -> None:
        """Each way to await a stream gives the text, nodes and metadata of a whole answer."""
        emulator.script(_GOALS, _GOALS)

        async def read() -> tuple[str, Any]:
            response = await new_engine(streaming=True).aquery(QUESTION)
            assert isinstance(response, AsyncStreamingResponse)
            return await ASYNC_READERS[reader](response), response

        _check_same(*asyncio.run(read()), new_engine)

    @pytest.mark.parametrize("way", WAYS)
    def test_an_answer_cites_its_moments(self, emulator: Emulator, new_engine: EngineFactory, way: str) -> None:
        """The text is the service's, and each citation is a source node."""
        emulator.script(_GOALS)
        text, response = asked(new_engine, way)
        assert text == _GOALS.text
        assert len(response.source_nodes) == 2

    @pytest.mark.parametrize("way", WAYS)
    def test_an_answer_knows_its_session(self, emulator: Emulator, new_engine: EngineFactory, way: str) -> None:
        """The metadata holds what the next turn needs, and two queries share no session."""
        found = [asked(new_engine, way)[1].metadata for _ in range(2)]
        assert [each["session_id"] for each in found] == [each.session_id for each in emulator.exchanges]
        assert [each["response_id"] for each in found] == [each.response_id for each in emulator.exchanges]
        assert len({each["session_id"] for each in found}) == 2

    @pytest.mark.parametrize("way", WAYS)
    def test_a_query_is_told_once(self, new_engine: EngineFactory, heard: list[str], way: str) -> None:
        """Handlers hear of the start of a query, and of its end."""
        asked(new_engine, way)
        assert heard == ["QueryStartEvent", "QueryEndEvent"]

    @pytest.mark.parametrize("way", WAYS)
    @pytest.mark.parametrize("fault", ["429-quota", "500", "401"])
    def test_a_refusal_raises_and_is_sent_once(
        self, emulator: Emulator, new_engine: EngineFactory, way: str, fault: str
    ) -> None:
        """A query that is refused raises the typed error, and no retry repeats the turn."""
        emulator.fault = fault
        with pytest.raises(self.errors):
            asked(new_engine, way)
        assert len(emulator.exchanges) == 1

    @pytest.mark.parametrize("way", ["stream", "astream"])
    @pytest.mark.parametrize("fault", ["cut", "done-early", "failed", "malformed-event"])
    def test_a_stream_that_breaks_raises(
        self, emulator: Emulator, new_engine: EngineFactory, way: str, fault: str
    ) -> None:
        """A stream without its terminal event does not pass for an answer, and no retry repeats its turn."""
        emulator.fault = fault
        with pytest.raises(self.errors):
            asked(new_engine, way)
        assert len(emulator.exchanges) == 1

    def test_a_query_that_is_cancelled_hangs_up(self, emulator: Emulator, new_engine: EngineFactory) -> None:
        """Cancelling the task closes the connection within a second."""
        emulator.fault = "stall"

        async def cancelled() -> None:
            task = asyncio.ensure_future(asked_in_loop())
            while not emulator.exchanges:  # noqa: ASYNC110 - the emulator is in another thread
                await asyncio.sleep(0.01)
            task.cancel()
            await asyncio.wait({task})
            assert task.cancelled()

        async def asked_in_loop() -> None:
            response: Any = await new_engine(streaming=True).aquery(QUESTION)
            await ASYNC_READERS["iterate"](response)

        asyncio.run(cancelled())
        assert emulator.wait_until(lambda running: running.exchanges[-1].disconnected, timeout=1.0)


def _check_same(text: str, response: Any, new_engine: EngineFactory) -> None:
    plain: Any = new_engine(streaming=False).query(QUESTION)
    assert text == str(plain) == _GOALS.text
    assert [found.node for found in response.source_nodes] == [found.node for found in plain.source_nodes]
    assert _lasting(response.metadata) == _lasting(plain.metadata)


def _lasting(metadata: dict[str, Any]) -> dict[str, Any]:
    return {name: fact for name, fact in metadata.items() if name not in _OF_ONE_ANSWER}
