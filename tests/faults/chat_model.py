"""LangChain's chat model, with a list of messages that the application keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from langchain_core.exceptions import ModelError
from langchain_core.messages import HumanMessage

from langchain_twelvelabs import ChatTwelveLabs
from langchain_twelvelabs._paths import total
from tests.faults.conversation import Clients, Conversation, Got

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage

    from tests.faults.table import Failed
    from twelvelabs_responses import ResponsesError


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

    def check_kind(self, error: ResponsesError, right: Failed) -> None:
        assert type(error).__name__ == right.kind.__name__
        assert isinstance(error, right.kind)
        assert isinstance(error, ModelError)
        assert error.is_retryable is right.retryable


WAYS = {LangChain: ("invoke", "stream", "ainvoke", "astream")}
