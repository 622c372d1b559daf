"""LlamaIndex's query engine and chat engine."""

from __future__ import annotations

from typing import Any

from llama_index_twelvelabs import TwelveLabsChatEngine, TwelveLabsQueryEngine
from tests.faults.conversation import Clients, Conversation, Got


class Query(Conversation):
    """The query engine, bound to the session of its first answer."""

    keeper = "nobody"

    def __init__(self, clients: Clients, way: str) -> None:
        super().__init__(clients, way)
        self._engine = TwelveLabsQueryEngine(
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

    keeper = "memory"

    def __init__(self, clients: Clients, way: str) -> None:
        super().__init__(clients, way)
        self._engine = TwelveLabsChatEngine(
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


WAYS: dict[type[Query | Chat], tuple[str, ...]] = {
    Query: ("query", "query, streaming", "aquery", "aquery, streaming"),
    Chat: ("chat", "stream_chat", "achat", "astream_chat"),
}
