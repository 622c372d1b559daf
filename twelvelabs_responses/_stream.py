"""A response as it is made: the blocking and the async stream, twins that differ only in `await`."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, closing, suppress
from threading import Timer
from time import monotonic
from typing import TYPE_CHECKING

import httpx

from twelvelabs_responses._errors import StreamInterruptedError
from twelvelabs_responses._events import Keepalive
from twelvelabs_responses._http import hang_up, interruption
from twelvelabs_responses._reading import Reading
from twelvelabs_responses._response import Response

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator, Iterator
    from types import TracebackType

    from typing_extensions import Self

    from twelvelabs_responses._events import ResponseStreamEvent
    from twelvelabs_responses._reading import Step
    from twelvelabs_responses._turn import Turn

# After the terminal event the rest of the body is a few bytes; reading them frees the connection for the next turn.
_DRAIN_SECONDS = 0.1
_DRAIN_CHUNKS = 64


class _StreamState:
    """What both streams know, and neither waits for."""

    def __init__(self, turn: Turn) -> None:
        self._turn = turn
        self._answer: httpx.Response | None = None
        self._reading: Reading | None = None
        self._first: list[Step] = []

    @property
    def response(self) -> Response:
        """The response as it stands: the final one once the stream has ended, until then what has come of it."""
        return self._reading.fold.response if self._reading else Response()

    @property
    def session_id(self) -> str | None:
        """The session, known as soon as the stream is open: pass it on to go on with the conversation."""
        named = self._reading.fold.session_id if self._reading else None
        return named or self._turn.request.session_id

    def _read(self, answer: httpx.Response) -> Reading:
        self._answer = answer
        self._reading = Reading(self._turn, answer.headers.get("content-type", ""), now=monotonic())
        return self._reading

    def _check_closed(self) -> None:
        if self._reading is not None:
            raise RuntimeError("A stream is entered once: ask the client for another one")

    def _check_open(self) -> None:
        if self._reading is None:
            raise RuntimeError("The stream is not open; enter it first: with client.stream(...) as stream")
        if self._answer is None and not self._reading.fold.ended:
            raise self._reading.fold.with_text_so_far(StreamInterruptedError("the stream was closed before its end"))


class Stream(_StreamState):
    """A response that arrives as events. Enter it to send the request; leaving it closes the connection.

    Iterate it for typed events, or `text_deltas()` for the reply's text; either way once. Leaving the loop early closes
    the connection at once; the service may have taken the turn all the same.
    """

    def __init__(self, turn: Turn, send: Callable[[Turn], httpx.Response]) -> None:
        super().__init__(turn)
        self._send = send
        self._chunks: Iterator[bytes] = iter(())
        self._source: Generator[Step, None, None] | None = None

    def __enter__(self) -> Self:
        """Send the request and read up to the first event that says something.

        Raises:
            ResponsesError: Any of them: the answer has an error status, never comes, or begins with a failure.
        """
        self._check_closed()
        self._turn.begin()
        try:
            answer = self._send(self._turn)
            reading = self._read(answer)
            self._chunks = answer.iter_bytes()
            self._source = _steps(self._chunks, reading)
            for step in self._source:
                self._first.append(step)
                if not isinstance(step[0], Keepalive):
                    break
        except BaseException as error:
            self._close(error)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the connection."""
        self.close()

    def __iter__(self) -> Iterator[ResponseStreamEvent]:
        """Yield the events, keepalives and unknown ones too, each once.

        Raises:
            StreamInterruptedError: The stream ended before its terminal event.
            ResponseFailedError: The service says that the response failed.
            APITimeoutError: Nothing came in time.
            ProtocolError: Something came that cannot be read.
        """
        with closing(self._iterate()) as steps:
            for event, _ in steps:
                yield event

    def text_deltas(self) -> Iterator[str]:
        """Yield the text of the reply as it comes, commentary left out; the errors are those of the iteration."""
        with closing(self._iterate()) as steps:
            for _, pieces in steps:
                for piece in pieces:
                    if piece.is_answer:
                        yield piece.text

    def close(self) -> None:
        """Close the connection. What has not been read is lost, and the turn may have been taken."""
        self._close(None)

    def _iterate(self) -> Generator[Step, None, None]:
        self._check_open()
        failure: BaseException | None = None
        try:
            while self._first:
                yield self._first.pop(0)
            if self._source is not None:
                yield from self._source
        except Exception as error:
            failure = error
            raise
        finally:
            self._close(failure)

    def _close(self, error: BaseException | None) -> None:
        answer, self._answer, self._source = self._answer, None, None
        try:
            if answer is not None and self._reading is not None and self._reading.fold.ended:
                _drain(answer, self._chunks)
        finally:
            if answer is not None:
                answer.close()
            self._turn.end(error)


class AsyncStream(_StreamState):
    """A response that arrives as events. Enter it to send the request; leaving it closes the connection.

    The twin of `Stream`: the same, awaited.
    """

    def __init__(self, turn: Turn, send: Callable[[Turn], Awaitable[httpx.Response]]) -> None:
        super().__init__(turn)
        self._send = send
        self._chunks: AsyncIterator[bytes] | None = None
        self._source: AsyncGenerator[Step, None] | None = None

    async def __aenter__(self) -> Self:
        """Send the request and read up to the first event that says something.

        Raises:
            ResponsesError: Any of them: the answer has an error status, never comes, or begins with a failure.
        """
        self._check_closed()
        self._turn.begin()
        try:
            answer = await self._send(self._turn)
            reading = self._read(answer)
            self._chunks = answer.aiter_bytes()
            self._source = _asteps(self._chunks, reading)
            async for step in self._source:
                self._first.append(step)
                if not isinstance(step[0], Keepalive):
                    break
        except BaseException as error:
            await self._aclose(error)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the connection."""
        await self.aclose()

    async def __aiter__(self) -> AsyncIterator[ResponseStreamEvent]:
        """Yield the events, keepalives and unknown ones too, each once.

        Raises:
            StreamInterruptedError: The stream ended before its terminal event.
            ResponseFailedError: The service says that the response failed.
            APITimeoutError: Nothing came in time.
            ProtocolError: Something came that cannot be read.
        """
        async with aclosing(self._iterate()) as steps:
            async for event, _ in steps:
                yield event

    async def text_deltas(self) -> AsyncIterator[str]:
        """Yield the text of the reply as it comes, commentary left out; the errors are those of the iteration."""
        async with aclosing(self._iterate()) as steps:
            async for _, pieces in steps:
                for piece in pieces:
                    if piece.is_answer:
                        yield piece.text

    async def aclose(self) -> None:
        """Close the connection. What has not been read is lost, and the turn may have been taken."""
        await self._aclose(None)

    async def _iterate(self) -> AsyncGenerator[Step, None]:
        self._check_open()
        failure: BaseException | None = None
        try:
            while self._first:
                yield self._first.pop(0)
            if self._source is not None:
                async for step in self._source:
                    yield step
        except Exception as error:
            failure = error
            raise
        finally:
            await self._aclose(failure)

    async def _aclose(self, error: BaseException | None) -> None:
        answer, self._answer, source, self._source = self._answer, None, self._source, None
        try:
            if answer is not None and self._reading is not None and self._reading.fold.ended:
                await _adrain(self._chunks)
            if source is not None:
                await source.aclose()
        finally:
            if answer is not None:
                await answer.aclose()
            self._turn.end(error)


def _steps(chunks: Iterator[bytes], reading: Reading) -> Generator[Step, None, None]:
    # Knows nothing of the stream object: a cycle would keep the connection open until the garbage collector came.
    try:
        for chunk in chunks:
            yield from reading.take(chunk, now=monotonic())
            if reading.ended:
                break
    except httpx.RequestError as error:
        raise reading.fold.with_text_so_far(interruption(error)) from error
    if not reading.fold.ended:
        yield from reading.close(now=monotonic())


async def _asteps(chunks: AsyncIterator[bytes], reading: Reading) -> AsyncGenerator[Step, None]:
    try:
        async for chunk in chunks:
            for step in reading.take(chunk, now=monotonic()):
                yield step
            if reading.ended:
                break
    except httpx.RequestError as error:
        raise reading.fold.with_text_so_far(interruption(error)) from error
    if not reading.fold.ended:
        for step in reading.close(now=monotonic()):
            yield step


def _drain(answer: httpx.Response, chunks: Iterator[bytes]) -> None:
    timer = Timer(_DRAIN_SECONDS, hang_up, [answer])
    timer.start()
    try:
        with suppress(httpx.RequestError):
            for _, _ in zip(range(_DRAIN_CHUNKS), chunks, strict=False):
                pass
    finally:
        timer.cancel()
        timer.join()


async def _adrain(chunks: AsyncIterator[bytes] | None) -> None:
    async def rest() -> None:
        for _ in range(_DRAIN_CHUNKS):
            if chunks is None or await anext(chunks, None) is None:
                return

    with suppress(httpx.RequestError, asyncio.TimeoutError):
        await asyncio.wait_for(rest(), _DRAIN_SECONDS)
