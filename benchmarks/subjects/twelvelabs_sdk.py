"""The official SDK."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twelvelabs import AsyncTwelveLabs, TwelveLabs
from twelvelabs.types import ResponseInputItem, ResponseStreamEvent_ResponseOutputTextDelta

from benchmarks.scenario import KEY, KNOWLEDGE_STORE_ID, QUESTION
from benchmarks.subjects import Said, Subject

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

_INPUT = [ResponseInputItem(type="message", role="user", content=QUESTION)]


class TwelveLabsSdk(Subject):
    """`client.responses`, with its defaults."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._client = TwelveLabs(api_key=KEY, base_url=url)
        self._aclient = AsyncTwelveLabs(api_key=KEY, base_url=url)

    def stream(self) -> Iterator[str | bytes]:
        """Yield the deltas of the events."""
        for event in self._client.responses.create_stream(knowledge_store_id=KNOWLEDGE_STORE_ID, input=_INPUT):
            if isinstance(event, ResponseStreamEvent_ResponseOutputTextDelta):
                yield event.delta or ""

    async def astream(self) -> AsyncIterator[str | bytes]:
        """Yield the deltas of the events."""
        events = self._aclient.responses.create_stream(knowledge_store_id=KNOWLEDGE_STORE_ID, input=_INPUT)
        async for event in events:
            if isinstance(event, ResponseStreamEvent_ResponseOutputTextDelta):
                yield event.delta or ""

    def call(self) -> object:
        """Return the response."""
        return self._client.responses.create(knowledge_store_id=KNOWLEDGE_STORE_ID, input=_INPUT)

    async def acall(self) -> object:
        """Return the response."""
        return await self._aclient.responses.create(knowledge_store_id=KNOWLEDGE_STORE_ID, input=_INPUT)

    def said(self, answer: Any) -> Said:
        """Return what the response says."""
        return Said("".join(part.text for item in answer.output for part in item.content), answer.status)
