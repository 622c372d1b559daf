"""OpenAI's SDK, which speaks to a service of the same form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openai import AsyncOpenAI, OpenAI

from benchmarks.scenario import KEY, QUESTION
from benchmarks.subjects import Said, Subject

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

MODEL = "gpt-4o-mini"


class OpenAISdk(Subject):
    """`client.responses`, with its defaults."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._client = OpenAI(api_key=KEY, base_url=url, max_retries=0)
        self._aclient = AsyncOpenAI(api_key=KEY, base_url=url, max_retries=0)

    def stream(self) -> Iterator[str | bytes]:
        """Yield the deltas of the events."""
        with self._client.responses.create(model=MODEL, input=QUESTION, stream=True) as events:
            for event in events:
                if event.type == "response.output_text.delta":
                    yield event.delta

    async def astream(self) -> AsyncIterator[str | bytes]:
        """Yield the deltas of the events."""
        async with await self._aclient.responses.create(model=MODEL, input=QUESTION, stream=True) as events:
            async for event in events:
                if event.type == "response.output_text.delta":
                    yield event.delta

    def call(self) -> object:
        """Return the response."""
        return self._client.responses.create(model=MODEL, input=QUESTION)

    async def acall(self) -> object:
        """Return the response."""
        return await self._aclient.responses.create(model=MODEL, input=QUESTION)

    def said(self, answer: Any) -> Said:
        """Return what the response says."""
        return Said(answer.output_text, answer.status)
