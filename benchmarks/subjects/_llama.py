"""An LLM of LlamaIndex, whoever's it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llama_index.core.llms import ChatMessage

from benchmarks.scenario import QUESTION
from benchmarks.subjects import Subject

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


def _messages() -> list[ChatMessage]:
    return [ChatMessage(QUESTION)]
