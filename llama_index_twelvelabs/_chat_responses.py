"""What a chat engine returns: an answer, whole or as it is made."""

from __future__ import annotations

from types import AsyncGeneratorType, GeneratorType
from typing import TYPE_CHECKING, Any

from llama_index.core.chat_engine.types import AgentChatResponse, StreamingAgentChatResponse

from llama_index_twelvelabs._nodes import source_nodes
from llama_index_twelvelabs._output import response_facts
from llama_index_twelvelabs._tool_outputs import tool_outputs
from twelvelabs_responses import AsyncStream, Stream, StreamInterruptedError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator
    from types import TracebackType

    from llama_index.core.base.llms.types import ChatResponse
    from typing_extensions import Self

    from llama_index_twelvelabs._chat_turn import ChatTurn
    from twelvelabs_responses import Response


def whole_response(response: Response) -> AgentChatResponse:
    """Return the whole answer, with what it cites and the calls that the service made of its own functions."""
    return AgentChatResponse(
        response=response.text,
        sources=tool_outputs(response),
        source_nodes=source_nodes(response),
        metadata=response_facts(response),
    )


class TwelveLabsStreamingChatResponse(StreamingAgentChatResponse):
    """An answer as it is made, and the conversation's memory of it.

    Read `response_gen` or, from `astream_chat`, `async_response_gen()`; or print it. The text comes as it arrives, with
    no thread, queue or task in between. When the last of it has come, `source_nodes`, `sources` and `metadata` hold
    what is known of the answer, and the memory holds the turn. Leaving the loop early, `close()`, cancelling the task
    or dropping the response closes the connection, and the memory keeps what has come, marked as `cancelled`. Use it in
    a `with` or `async with` to be sure of that.

    Attributes:
        metadata: What is known of the response: `session_id`, `response_id`, `knowledge_store_id` and `status` at once,
            `usage`, `citations` and the like at the end.
    """

    def __init__(
        self,
        turn: ChatTurn,
        *,
        chat_stream: Generator[ChatResponse, None, None] | None = None,
        achat_stream: AsyncGenerator[ChatResponse, None] | None = None,
    ) -> None:
        super().__init__(chat_stream=chat_stream, achat_stream=achat_stream, is_writing_to_memory=False)
        self.metadata: dict[str, Any] = response_facts(turn.response)
        self._turn = turn
        self._chunks, self._achunks = chat_stream, achat_stream

    @property
    def session_id(self) -> str | None:
        """The session that the turn belongs to."""
        return self._turn.response.session_id

    @property
    def response_gen(self) -> Generator[str, None, None]:
        """Yield the text as it comes; leaving the loop closes the stream. Read again, give the whole text.

        Raises:
            ResponsesError: The response failed, or its stream was cut or closed; `text` is what had arrived.
            ValueError: It is to be awaited.
        """
        if self.is_done:
            yield from self._again()
            return
        if self.chat_stream is None:
            raise ValueError("The answer of astream_chat is read with: async for text in response.async_response_gen()")
        try:
            for chunk in self.chat_stream:
                if chunk.delta:
                    yield chunk.delta
            self._check_whole()
        finally:
            self.close()

    async def async_response_gen(self) -> AsyncGenerator[str, None]:
        """Yield what `response_gen` yields, awaited."""
        if self.is_done:
            for text in self._again():
                yield text
            return
        if self.achat_stream is None:
            raise ValueError("The answer of stream_chat is read with: for text in response.response_gen")
        try:
            async for chunk in self.achat_stream:
                if chunk.delta:
                    yield chunk.delta
            self._check_whole()
        finally:
            await self.aclose()

    def __str__(self) -> str:
        """Return the text that has come so far; reading on is left to who reads the stream."""
        return self._turn.text

    def close(self) -> None:
        """Close the connection, from any thread; the memory keeps what has come.

        Raises:
            RuntimeError: The response comes from `astream_chat` and is not at its end: await `aclose()`.
        """
        if self._chunks is None:
            if not self.is_done:
                raise RuntimeError("The answer of astream_chat is closed with: await response.aclose()")
            return
        self._turn.closing = True
        stream, chunks = self._turn.stream, self._chunks
        if isinstance(stream, Stream) and isinstance(chunks, GeneratorType) and chunks.gi_running:
            # Another thread is reading: its read ends, and it writes the memory.
            stream.close()
        else:
            chunks.close()

    async def aclose(self) -> None:
        """Close the connection, from any task; the memory keeps what has come."""
        if self._achunks is None:
            self.close()
            return
        self._turn.closing = True
        stream, chunks = self._turn.stream, self._achunks
        if isinstance(stream, AsyncStream) and isinstance(chunks, AsyncGeneratorType) and chunks.ag_running:
            # Another task is reading or closing: its read ends, and it writes the memory.
            await stream.aclose()
            await self._turn.written.wait()
        else:
            await chunks.aclose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    def tell_end(self) -> None:
        """Take over what is known of the turn at its end, in the same lists: others may hold them."""
        response = self._turn.response
        self.source_nodes.extend(source_nodes(response))
        self.sources.extend(tool_outputs(response))
        self.metadata = {**self.metadata, **response_facts(response), "status": self._turn.status}
        self.response = self.unformatted_response = self._turn.text
        self.exception = self._turn.error
        if self._turn.status == "cancelled":
            self.exception = StreamInterruptedError(
                "the stream was closed before its end",
                text=self._turn.text,
                response_id=response.id,
                session_id=response.session_id,
            )
        self.is_done = True

    def _again(self) -> Generator[str, None, None]:
        self._check_whole()
        if self.response:
            yield self.response

    def _check_whole(self) -> None:
        # Closed between two reads, by another thread or task, the stream just ends.
        if self.exception is not None:
            raise self.exception
