"""One call of the LLM, on each of its four ways: whole or as a stream, blocking or awaited."""

from __future__ import annotations

from contextlib import aclosing, closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llama_index_twelvelabs._closing import aclosing_once
from llama_index_twelvelabs._output import ChatResponses, chat_response
from llama_index_twelvelabs._request import chat_request

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from llama_index.core.base.llms.types import ChatMessage, ChatResponse

    from llama_index_twelvelabs._listeners import Listener
    from llama_index_twelvelabs._request import ChatRequest
    from twelvelabs_responses import AsyncClient, AsyncStream, Client, Response, Stream


@dataclass(frozen=True, slots=True)
class Calls:
    """What the calls of one LLM have in common. The twins differ only in `await`.

    Attributes:
        client: Asks and waits.
        async_client: Asks and awaits.
        defaults: The LLM's own options, by name.
        on_open: Called with each stream once it is open.
        on_event: Called with each event of the service; whole answers are then streamed too.
    """

    client: Client
    async_client: AsyncClient
    defaults: Mapping[str, Any]
    on_open: Sequence[Callable[[Stream | AsyncStream], object]] = ()
    on_event: Listener | None = None

    def chat(self, messages: Sequence[ChatMessage], **call: Any) -> ChatResponse:
        """Return the whole answer."""
        return chat_response(self._response(messages, call))

    async def achat(self, messages: Sequence[ChatMessage], **call: Any) -> ChatResponse:
        """Return the whole answer."""
        return chat_response(await self._aresponse(messages, call))

    def stream_chat(self, messages: Sequence[ChatMessage], **call: Any) -> Generator[ChatResponse, None, None]:
        """Return the answer as it is made; the request has been sent."""
        return self._chat_responses(self._opened(messages, call))

    async def astream_chat(self, messages: Sequence[ChatMessage], **call: Any) -> AsyncGenerator[ChatResponse, None]:
        """Return the answer as it is made; the request has been sent."""
        return self._achat_responses(await self._aopened(messages, call))

    def _response(self, messages: Sequence[ChatMessage], call: Mapping[str, Any]) -> Response:
        if self.on_event is None:
            with self._request(messages, call) as request:
                return self.client.create(request.input, **request.options)
        with closing(self._opened(messages, call)) as stream:
            for event in stream:
                self.on_event(event)
            return stream.response

    async def _aresponse(self, messages: Sequence[ChatMessage], call: Mapping[str, Any]) -> Response:
        if self.on_event is None:
            with self._request(messages, call) as request:
                return await self.async_client.create(request.input, **request.options)
        async with aclosing(await self._aopened(messages, call)) as stream:
            async for event in stream:
                self.on_event(event)
            return stream.response

    def _opened(self, messages: Sequence[ChatMessage], call: Mapping[str, Any]) -> Stream:
        with self._request(messages, call) as request:
            stream = self.client.stream(request.input, **request.options)
            stream.__enter__()
        try:
            for tell in self.on_open:
                tell(stream)
        except BaseException:
            # Who keeps the error keeps the stream, and with it the connection.
            stream.close()
            raise
        return stream

    async def _aopened(self, messages: Sequence[ChatMessage], call: Mapping[str, Any]) -> AsyncStream:
        with self._request(messages, call) as request:
            stream = self.async_client.stream(request.input, **request.options)
            await stream.__aenter__()
        try:
            for tell in self.on_open:
                tell(stream)
        except BaseException:
            await stream.aclose()
            raise
        return stream

    def _chat_responses(self, stream: Stream) -> Generator[ChatResponse, None, None]:
        chunks = ChatResponses()
        yield chunks.first(stream.response)
        with closing(stream.updates()) as updates:
            for event, pieces in updates:
                if self.on_event is not None:
                    self.on_event(event)
                chunk = chunks.of(pieces)
                if chunk is not None:
                    yield chunk
            yield chunks.last(stream.response)

    async def _achat_responses(self, stream: AsyncStream) -> AsyncGenerator[ChatResponse, None]:
        chunks = ChatResponses()
        yield chunks.first(stream.response)
        async with aclosing_once(stream.updates()) as updates:
            async for event, pieces in updates:
                if self.on_event is not None:
                    self.on_event(event)
                chunk = chunks.of(pieces)
                if chunk is not None:
                    yield chunk
            yield chunks.last(stream.response)

    def _request(self, messages: Sequence[ChatMessage], call: Mapping[str, Any]) -> AbstractContextManager[ChatRequest]:
        return chat_request(messages, defaults=self.defaults, call=call, client=self.client)
