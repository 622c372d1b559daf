"""Every way to ask, as a conversation that goes on: the core, LangChain and LlamaIndex, blocking and async."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from langchain_core.messages import HumanMessage

import llama_index_twelvelabs as li
from langchain_twelvelabs import ChatTwelveLabs
from tests.langchain_twelvelabs.paths import total
from twelvelabs_responses import AsyncClient, Client, HistoryMessage, Response, Session

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

    from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage

    from twelvelabs_responses import NextTurn
    from twelvelabs_responses.emulator import Emulator


@dataclass(frozen=True)
class Clients:
    """Both twins at one emulator, with one memory of sessions, and a loop for the async one."""

    blocking: Client
    awaited: AsyncClient
    loop: asyncio.AbstractEventLoop
    knowledge_store_id: str

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Return what is awaited."""
        return self.loop.run_until_complete(coroutine)


@contextmanager
def clients_at(emulator: Emulator, patience: float) -> Iterator[Clients]:
    """Give clients that put up with so many seconds of silence; they are closed at the end, with no task left."""
    loop = asyncio.new_event_loop()
    try:
        with Client(
            api_key="key-of-the-tests", base_url=emulator.base_url, timeout=patience, stall_timeout=patience
        ) as blocking:
            clients = Clients(blocking, blocking.twin(), loop, emulator.knowledge_store_id)
            yield clients
            clients.run(clients.awaited.aclose())
        # httpx leaves its own generators to the loop, which closes them in its next steps.
        for _ in range(5):
            clients.run(asyncio.sleep(0))
        assert not asyncio.all_tasks(loop)
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


@dataclass(frozen=True)
class Got:
    """What a user gets to know of an answer."""

    text: str
    session_id: str | None
    response_id: str | None
    status: str | None


class Conversation(ABC):
    """Asks one question after another on one way.

    Attributes:
        seen: The text of the last answer, piece by piece as it came, if the way is a stream.
    """

    def __init__(self, clients: Clients, way: str) -> None:
        self.clients = clients
        self.way = way
        self.seen: list[str] = []

    @abstractmethod
    def ask(self, question: str) -> Got:
        """Return the answer, read to its end."""


class Core(Conversation):
    """The clients, with a history that the application keeps."""

    def __init__(self, clients: Clients, way: str) -> None:
        super().__init__(clients, way)
        self._history: list[HistoryMessage] = []

    def ask(self, question: str) -> Got:
        self._history.append(HistoryMessage("user", (question,)))
        store = self.clients.knowledge_store_id
        with self.clients.blocking.next_turn(self._history, knowledge_store_id=store) as turn:
            response = self._response(turn)
        got = Got(response.text, response.session_id, response.id, response.status)
        session = Session(got.session_id or "", got.response_id or "", store)
        self._history.append(HistoryMessage("assistant", (response.text,), session))
        return got

    def _response(self, turn: NextTurn) -> Response:
        store, awaited = self.clients.knowledge_store_id, self.clients.awaited
        match self.way:
            case "create":
                return self.clients.blocking.create(turn.input, knowledge_store_id=store, session_id=turn.session_id)
            case "create, async":
                made: Response = self.clients.run(
                    awaited.create(turn.input, knowledge_store_id=store, session_id=turn.session_id)
                )
                return made
            case "stream":
                with self.clients.blocking.stream(
                    turn.input, knowledge_store_id=store, session_id=turn.session_id
                ) as stream:
                    self.seen.extend(stream.text_deltas())
                return stream.response
            case _:
                streamed: Response = self.clients.run(self._streamed(turn))
                return streamed

    async def _streamed(self, turn: NextTurn) -> Response:
        store = self.clients.knowledge_store_id
        async with self.clients.awaited.stream(
            turn.input, knowledge_store_id=store, session_id=turn.session_id
        ) as stream:
            async for text in stream.text_deltas():
                self.seen.append(text)
        return stream.response


class LangChain(Conversation):
    """The chat model, with a list of messages that the application keeps."""

    def __init__(self, clients: Clients, way: str) -> None:
        super().__init__(clients, way)
        self._history: list[BaseMessage] = []
        self._model = ChatTwelveLabs(
            knowledge_store_id=clients.knowledge_store_id, client=clients.blocking, async_client=clients.awaited
        )

    def ask(self, question: str) -> Got:
        self._history.append(HumanMessage(question))
        answer = self._answer()
        self._history.append(answer)
        facts = answer.response_metadata
        return Got(str(answer.text), facts["session_id"], facts["response_id"], facts["status"])

    def _answer(self) -> AIMessage:
        match self.way:
            case "invoke":
                return self._model.invoke(self._history)
            case "ainvoke":
                invoked: AIMessage = self.clients.run(self._model.ainvoke(self._history))
                return invoked
            case "stream":
                return total([self._noted(chunk) for chunk in self._model.stream(self._history)])
            case _:
                streamed: AIMessage = self.clients.run(self._streamed())
                return streamed

    async def _streamed(self) -> AIMessage:
        return total([self._noted(chunk) async for chunk in self._model.astream(self._history)])

    def _noted(self, chunk: AIMessageChunk) -> AIMessageChunk:
        self.seen.append(str(chunk.text))
        return chunk


class Query(Conversation):
    """The query engine, bound to the session of its first answer."""

    def __init__(self, clients: Clients, way: str) -> None:
        super().__init__(clients, way)
        self._engine = li.TwelveLabsQueryEngine(
            clients.knowledge_store_id,
            client=clients.blocking,
            async_client=clients.awaited,
            streaming="stream" in way,
        )

    def ask(self, question: str) -> Got:
        if self.way.startswith("a"):
            got: Got = self.clients.run(self._aasked(question))
        else:
            got = self._asked(question)
        self._engine = self._engine.with_session(got.session_id or "")
        return got

    def _asked(self, question: str) -> Got:
        response: Any = self._engine.query(question)
        if self.way == "query, streaming":
            self.seen.extend(response.response_gen)
        return self._got(response)

    async def _aasked(self, question: str) -> Got:
        response: Any = await self._engine.aquery(question)
        if self.way == "aquery, streaming":
            async for text in response.response_gen:
                self.seen.append(text)
            response = await response.get_response()
        return self._got(response)

    def _got(self, response: Any) -> Got:
        facts = response.metadata
        return Got(str(response), facts["session_id"], facts["response_id"], facts["status"])


class Chat(Conversation):
    """The chat engine, which keeps the conversation in its memory."""

    def __init__(self, clients: Clients, way: str) -> None:
        super().__init__(clients, way)
        self._engine = li.TwelveLabsChatEngine(
            clients.knowledge_store_id, client=clients.blocking, async_client=clients.awaited
        )

    def ask(self, question: str) -> Got:
        if self.way.startswith("a"):
            got: Got = self.clients.run(self._aasked(question))
            return got
        response: Any = getattr(self._engine, self.way)(question)
        if self.way == "stream_chat":
            self.seen.extend(response.response_gen)
        return self._got(response)

    async def _aasked(self, question: str) -> Got:
        response: Any = await getattr(self._engine, self.way)(question)
        if self.way == "astream_chat":
            async for text in response.async_response_gen():
                self.seen.append(text)
        return self._got(response)

    def _got(self, response: Any) -> Got:
        facts = response.metadata
        return Got(str(response), facts["session_id"], facts["response_id"], facts["status"])


@dataclass(frozen=True)
class Surface:
    """One way to ask.

    Attributes:
        made: Makes a conversation.
        way: What is called.
        streams: Whether the answer comes as a stream.
    """

    made: type[Core | LangChain | Query | Chat]
    way: str
    streams: bool

    @property
    def name(self) -> str:
        """Whose it is, and what is called."""
        return f"{self.made.__name__} {self.way}"

    def conversation(self, clients: Clients) -> Conversation:
        """Return a new conversation."""
        return self.made(clients, self.way)


_WAYS: dict[type[Core | LangChain | Query | Chat], tuple[str, ...]] = {
    Core: ("create", "stream", "create, async", "stream, async"),
    LangChain: ("invoke", "stream", "ainvoke", "astream"),
    Query: ("query", "query, streaming", "aquery", "aquery, streaming"),
    Chat: ("chat", "stream_chat", "achat", "astream_chat"),
}
SURFACES = tuple(Surface(made, way, streams="stream" in way) for made, ways in _WAYS.items() for way in ways)
