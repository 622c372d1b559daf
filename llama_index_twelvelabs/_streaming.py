"""LlamaIndex's streaming responses, with what they lack: a session, a form to be stored in, and an end that is told."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from llama_index.core.base.response.schema import AsyncStreamingResponse, StreamingResponse

from llama_index_twelvelabs._responses import PUBLIC_NAME, Storable, TwelveLabsResponse

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator
    from types import TracebackType

    from llama_index.core.schema import NodeWithScore
    from typing_extensions import Self

    from twelvelabs_responses import AsyncStream, Stream


class _Streamed(Storable):
    """What both streams have in common."""

    response_txt: str | None
    _error: Exception | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        """Return what a pickle holds: a stream that has been read. No connection can be pickled."""
        return type(self).from_dict, (self.to_dict(),)

    def _text(self) -> str:
        """Return the whole text, if it has come."""
        if self._error is not None:
            raise self._error
        if self.response_txt is None:
            raise RuntimeError(
                "The stream has not been read to its end. Read it first: get_response(), awaited if the query was"
            )
        return self.response_txt

    def _content(self) -> str:
        return self._text()

    def _has_come(self) -> bool:
        return self._error is not None or self.response_txt is not None


class TwelveLabsStreamingResponse(_Streamed, StreamingResponse):  # pyright: ignore[reportIncompatibleVariableOverride]
    """An answer as it is made: iterate `response_gen` for its tokens, once.

    Its session is in `metadata` at once; what it cites and has cost is there when the last token has come.
    Leaving it as a context manager, `close()` or dropping it closes the connection. Read after an error, or after it
    was closed before its end, it raises; `response_txt` is the text so far.
    """

    __module__ = PUBLIC_NAME
    _stream: Stream | None = None

    @property
    def response(self) -> str:
        """The whole text, which is waited for."""
        for _ in self._rest():
            pass
        return self._text()

    def __str__(self) -> str:
        """Return the whole text, which is waited for."""
        return self.response

    def get_response(self) -> TwelveLabsResponse:
        """Return the whole answer, which is waited for."""
        return TwelveLabsResponse(self.response, self.source_nodes, self.metadata)

    def print_response_stream(self) -> None:
        """Print the tokens as they come, or the whole text if it has come."""
        if self._has_come():
            print(self._text())  # noqa: T201 - what it is for
            return
        for text in self._rest():
            print(text, end="", flush=True)  # noqa: T201 - what it is for

    def close(self) -> None:
        """Close the connection, from any thread. What has not been read is lost; the turn may have been taken."""
        # Another thread may be reading: then closing the stream is what ends its read.
        with suppress(ValueError):
            self.response_gen.close()
        if self._stream is not None:
            self._stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _rest(self) -> Generator[str, None, None]:
        if self._has_come():
            return
        read: list[str] = []
        for text in self.response_gen:
            read.append(text)
            yield text
        if not self._has_come():
            self.response_txt = "".join(read)

    @classmethod
    def _restored(cls, content: str, nodes: list[NodeWithScore], metadata: dict[str, Any] | None) -> Self:
        return cls((text for text in (content,)), nodes, metadata, content)


class TwelveLabsAsyncStreamingResponse(_Streamed, AsyncStreamingResponse):  # pyright: ignore[reportIncompatibleVariableOverride]
    """An answer as it is made: iterate `response_gen` for its tokens, once.

    The twin of `TwelveLabsStreamingResponse`: the same, awaited. `str()` and `response` cannot wait, so they give the
    text once it has come.
    """

    __module__ = PUBLIC_NAME
    _stream: AsyncStream | None = None

    @property
    def response(self) -> str:
        """The whole text.

        Raises:
            RuntimeError: It has not come yet.
        """
        return self._text()

    def __str__(self) -> str:
        """Return the whole text; see `response`."""
        return self.response

    async def async_response_gen(self) -> AsyncGenerator[str, None]:
        """Yield the tokens as they come, or the whole text if it has come."""
        if self._has_come():
            yield self._text()
            return
        async for text in self._rest():
            yield text

    async def get_response(self) -> TwelveLabsResponse:
        """Return the whole answer."""
        async for _ in self._rest():
            pass
        return TwelveLabsResponse(self._text(), self.source_nodes, self.metadata)

    async def print_response_stream(self) -> None:
        """Print the tokens as they come, or the whole text if it has come, and an end of line."""
        async for text in self.async_response_gen():
            print(text, end="", flush=True)  # noqa: T201 - what it is for
        print()  # noqa: T201 - what it is for

    async def aclose(self) -> None:
        """Close the connection, from any task. What has not been read is lost; the turn may have been taken."""
        # Another task may be reading: then closing the stream is what ends its read.
        with suppress(RuntimeError):
            await self.response_gen.aclose()
        if self._stream is not None:
            await self._stream.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _rest(self) -> AsyncGenerator[str, None]:
        tokens, read = aiter(self.response_gen), list[str]()
        while not self._has_come():
            # Held for one token only: of two readers each waits for the other's token, none for the other's end.
            async with self._lock:
                try:
                    # Without a default: with one, CPython asks the awaitables of tracers a second time.
                    text = await anext(tokens)
                except StopAsyncIteration:
                    break
            read.append(text)
            yield text
        if not self._has_come():
            self.response_txt = "".join(read)

    @classmethod
    def _restored(cls, content: str, nodes: list[NodeWithScore], metadata: dict[str, Any] | None) -> Self:
        async def read() -> AsyncGenerator[str, None]:
            yield content

        return cls(read(), nodes, metadata, content)
