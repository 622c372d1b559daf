"""An LLM of LlamaIndex, whoever's it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llama_index.core.llms import ChatMessage

from benchmarks.scenario import QUESTION
from benchmarks.subjects import Said, Subject

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from llama_index.core.llms.llm import LLM


class Llm(Subject):
    """The chat responses of an LLM that have text."""

    llm: LLM

    def stream(self) -> Iterator[str | bytes]:
        """Yield what is new."""
        for response in self.llm.stream_chat(_messages()):
            if response.delta:
                yield response.delta

    async def astream(self) -> AsyncIterator[str | bytes]:
        """Yield what is new."""
        async for response in await self.llm.astream_chat(_messages()):
            if response.delta:
                yield response.delta

    def call(self) -> object:
        """Return the chat response."""
        return self.llm.chat(_messages())

    async def acall(self) -> object:
        """Return the chat response."""
        return await self.llm.achat(_messages())

    def said(self, answer: Any) -> Said:
        """Return what the chat response says."""
        response = answer.raw
        return Said(answer.message.content, response["status"] if isinstance(response, dict) else response.status)


def _messages() -> list[ChatMessage]:
    return [ChatMessage(QUESTION)]
