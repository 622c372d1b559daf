"""Our own client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.scenario import KEY, KNOWLEDGE_STORE_ID, QUESTION
from benchmarks.subjects import Said, Subject
from twelvelabs_responses import AsyncClient, Client, OutputTextDelta, Retry

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


class Core(Subject):
    """The typed events of a stream."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.client = Client(api_key=KEY, base_url=url, retry=Retry(max_retries=0))
        self.aclient = AsyncClient(api_key=KEY, base_url=url, retry=Retry(max_retries=0))

    def stream(self) -> Iterator[str | bytes]:
        """Yield the deltas of the events."""
        with self.client.stream(QUESTION, knowledge_store_id=KNOWLEDGE_STORE_ID) as stream:
            for event in stream:
                if isinstance(event, OutputTextDelta):
                    yield event.delta

    async def astream(self) -> AsyncIterator[str | bytes]:
        """Yield the deltas of the events."""
        async with self.aclient.stream(QUESTION, knowledge_store_id=KNOWLEDGE_STORE_ID) as stream:
            async for event in stream:
                if isinstance(event, OutputTextDelta):
                    yield event.delta

    def call(self) -> object:
        """Return the response."""
        return self.client.create(QUESTION, knowledge_store_id=KNOWLEDGE_STORE_ID)

    async def acall(self) -> object:
        """Return the response."""
        return await self.aclient.create(QUESTION, knowledge_store_id=KNOWLEDGE_STORE_ID)

    def said(self, answer: Any) -> Said:
        """Return what the response says."""
        return Said(answer.text, answer.status)
