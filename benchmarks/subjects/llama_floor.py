"""What LlamaIndex itself costs: an LLM whose chat responses are made of texts that are there already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    CompletionResponse,
    LLMMetadata,
    MessageRole,
)
from llama_index.core.llms.callbacks import llm_chat_callback, llm_completion_callback
from llama_index.core.llms.custom import CustomLLM

from benchmarks.scenario import STAMP_DIGITS, Scenario
from benchmarks.subjects._llama import Llm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llama_index.core.base.llms.types import ChatResponseAsyncGen, ChatResponseGen, CompletionResponseGen


class _ReadyMade(CustomLLM):
    """Says the same piece again and again."""

    count: int

    @property
    def metadata(self) -> LLMMetadata:
        """What LlamaIndex wants to know of a model."""
        return LLMMetadata()

    @llm_chat_callback()
    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """Return an answer."""
        return _said("a", "")

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:  # noqa: FBT001, FBT002 - LlamaIndex's signature
        """Return an answer."""
        return CompletionResponse(text="a")

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:  # noqa: FBT001, FBT002 - LlamaIndex's signature
        """Yield nothing."""
        yield from ()

    @llm_chat_callback()
    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        """Yield the pieces of an answer."""
        return self._said()

    @llm_chat_callback()
    async def astream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseAsyncGen:
        """Yield the pieces of an answer."""
        return self._asaid()

    def _said(self) -> ChatResponseGen:
        text, delta = "", "a" * STAMP_DIGITS
        for _ in range(self.count):
            text += delta
            yield _said(text, delta)

    async def _asaid(self) -> ChatResponseAsyncGen:
        for response in self._said():
            yield response


class ReadyMadeLLM(Llm):
    """LlamaIndex's own share of a stream, no network in it."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.llm = _ReadyMade(count=Scenario.of(url.split("/")[3]).deltas)


def _said(text: str, delta: str) -> ChatResponse:
    return ChatResponse(message=ChatMessage(role=MessageRole.ASSISTANT, content=text), delta=delta)
