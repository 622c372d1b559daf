"""What LangChain itself costs: chat models that ask nobody, their texts or even their chunks there already."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import PrivateAttr

from benchmarks.scenario import STAMP_DIGITS, Scenario
from benchmarks.subjects._langchain import Chat

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator

    from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
    from langchain_core.messages import BaseMessage


class _Floor(BaseChatModel):
    """Tells the callbacks of its chunks, as LangChain asks for; no network in it."""

    @abstractmethod
    def chunks(self) -> Iterable[ChatGenerationChunk]:
        """Return the chunks of an answer."""

    @property
    def _llm_type(self) -> str:
        return "floor"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=AIMessage("a", id="resp_1"))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for chunk in self.chunks():
            if run_manager is not None:
                run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        for chunk in self.chunks():
            if run_manager is not None:
                await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk


class _ReadyMade(_Floor):
    """Has made its chunks before."""

    _chunks: list[ChatGenerationChunk] = PrivateAttr(default_factory=list)

    def make(self, count: int) -> None:
        """Make the chunks of the next answer."""
        self._chunks = [_chunk() for _ in range(count)]

    def chunks(self) -> Iterable[ChatGenerationChunk]:
        """Return the chunks that are there."""
        return self._chunks


class _Made(_Floor):
    """Makes its chunks as they are asked for."""

    count: int

    def chunks(self) -> Iterable[ChatGenerationChunk]:
        """Yield the chunks."""
        return (_chunk() for _ in range(self.count))


class ReadyMadeChat(Chat):
    """What LangChain does with chunks that are there already."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._count = Scenario.of(url.split("/")[3]).deltas
        self.ready = _ReadyMade()
        self.model = self.ready

    def before(self) -> None:
        """Make what the next answer yields; outside of what is measured."""
        self.ready.make(self._count)


class MadeChat(Chat):
    """The same, the chunks made as they are asked for, as a chat model must whose texts come one by one."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.model = _Made(count=Scenario.of(url.split("/")[3]).deltas)


def _chunk() -> ChatGenerationChunk:
    facts = {"model_provider": "twelvelabs"}
    message = AIMessageChunk(content="a" * STAMP_DIGITS, id="resp_1", response_metadata=facts)
    return ChatGenerationChunk(message=message)
