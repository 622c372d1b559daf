"""`TwelveLabsLLM` and `TwelveLabsQueryEngine`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llama_index.core.schema import QueryBundle

from benchmarks.scenario import KEY, KNOWLEDGE_STORE_ID, QUESTION
from benchmarks.subjects import Said, Subject
from benchmarks.subjects._llama import Llm
from llama_index_twelvelabs import (
    TwelveLabsAsyncStreamingResponse,
    TwelveLabsLLM,
    TwelveLabsQueryEngine,
    TwelveLabsStreamingResponse,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


class OurLLM(Llm):
    """`TwelveLabsLLM`, with its defaults."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.llm = TwelveLabsLLM(KNOWLEDGE_STORE_ID, api_key=KEY, base_url=url)


class OurQueryEngine(Subject):
    """`TwelveLabsQueryEngine`, streaming or not."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.whole = TwelveLabsQueryEngine(KNOWLEDGE_STORE_ID, api_key=KEY, base_url=url)
        self.streaming = self.whole.streaming_view()

    def stream(self) -> Iterator[str | bytes]:
        """Yield the tokens."""
        response = self.streaming.query(QueryBundle(QUESTION))
        assert isinstance(response, TwelveLabsStreamingResponse)  # noqa: S101 - what a streaming engine gives
        yield from response.response_gen

    async def astream(self) -> AsyncIterator[str | bytes]:
        """Yield the tokens."""
        response = await self.streaming.aquery(QueryBundle(QUESTION))
        assert isinstance(response, TwelveLabsAsyncStreamingResponse)  # noqa: S101 - what a streaming engine gives
        async for token in response.async_response_gen():
            yield token

    def call(self) -> object:
        """Return the answer."""
        return self.whole.query(QueryBundle(QUESTION))

    async def acall(self) -> object:
        """Return the answer."""
        return await self.whole.aquery(QueryBundle(QUESTION))

    def said(self, answer: Any) -> Said:
        """Return what the answer says."""
        return Said(answer.response, answer.metadata["status"])
