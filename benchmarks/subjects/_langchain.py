"""A chat model of LangChain, whoever's it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.scenario import QUESTION
from benchmarks.subjects import Said, Subject

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from langchain_core.language_models import BaseChatModel


class Chat(Subject):
    """The chunks of a chat model that have text."""

    model: BaseChatModel

    def stream(self) -> Iterator[str | bytes]:
        """Yield the text of the chunks."""
        for chunk in self.model.stream(QUESTION):
            if text := str(chunk.text):
                yield text

    async def astream(self) -> AsyncIterator[str | bytes]:
        """Yield the text of the chunks."""
        async for chunk in self.model.astream(QUESTION):
            if text := str(chunk.text):
                yield text

    def call(self) -> object:
        """Return the message."""
        return self.model.invoke(QUESTION)

    async def acall(self) -> object:
        """Return the message."""
        return await self.model.ainvoke(QUESTION)

    def said(self, answer: Any) -> Said:
        """Return what the message says."""
        return Said(str(answer.text), answer.response_metadata.get("status"))
