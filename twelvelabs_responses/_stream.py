"""A response as it is made: the blocking and the async stream, twins that differ only in `await`."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import aclosing, closing, suppress
from itertools import islice
from threading import Timer
from time import monotonic
from typing import TYPE_CHECKING

import httpx

from twelvelabs_responses._errors import ProtocolError, ResponsesError, StreamInterruptedError
from twelvelabs_responses._events import Keepalive
from twelvelabs_responses._http import HeldBody, aunpacked, interruption, is_shared, unpacked
from twelvelabs_responses._reading import Reading
from twelvelabs_responses._response import Response

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator, Iterator
    from types import TracebackType

    from typing_extensions import Self

    from twelvelabs_responses._events import ResponseStreamEvent
    from twelvelabs_responses._reading import Update
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
        self._first: deque[Update] = deque()
        self._entered = False
        self._closed = False

    @property
    def response(self) -> Response:
        """The response as it stands: the final one once the stream has ended, until then what has come of it."""
        return self._reading.fold.response if self._reading else Response()

    @property
    def session_id(self) -> str | None:
        """The session, known as soon as the stream is open: pass it on to go on with the conversation."""
        named = self._reading.fold.session_id if self._reading else None
        return named or self._turn.request.session_id

    def _check_new(self) -> None:
        if self._entered or self._closed:
            raise RuntimeError("A stream is entered once: ask the client for another one")
        self._entered = True

    def _read(self, answer: httpx.Response) -> Reading:
        self._answer = answer
        self._reading = Reading(self._turn, answer.headers.get("content-type", ""))
        return self._reading

    def _check_open(self) -> None:
        if self._reading is None:
            raise RuntimeError("The stream is not open; enter it first: with client.stream(...) as stream")
        if self._closed and not self._reading.fold.ended:
            raise self._reading.fold.with_text_so_far(StreamInterruptedError("the stream was closed before its end"))


class Stream(_StreamState):
    """A response that arrives as events. Enter it to send the request; leaving it closes the connection.

    Iterate it for typed events, `text_deltas()` for the reply's text, `updates()` for both; either way once. Leaving
    the loop early closes the connection at once; the service may have taken the turn all the same.
    """

    def __init__(self, turn: Turn, send: Callable[[Turn], httpx.Response]) -> None:
        super().__init__(turn)
        self._send = send
        # There are both from when the stream is open.
        self._body: HeldBody
        self._source: Generator[Update, None, None]

    def __enter__(self) -> Self:
        """Send the request and read up to the first event that says something.

        Raises:
            ResponsesError: Any of them: the answer has an error status, never comes, or begins with a failure.
        """
        self._check_new()
        try:
            self._turn.begin()
            answer = self._send(self._turn)
            self._body = HeldBody(answer)
            self._source = _updates(answer, self._body, self._read(answer), self._turn)
            while not self._first or isinstance(self._first[-1][0], Keepalive):
                self._first.append(next(self._source))
        except BaseException as error:
            self._turn.end(error)
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
        with closing(self.updates()) as updates:
            for event, _ in updates:
                yield event

    def text_deltas(self) -> Generator[str, None, None]:
        """Yield the text of the reply as it comes, commentary left out; the errors are those of the iteration."""
        with closing(self.updates()) as updates:
            for _, pieces in updates:
                for piece in pieces:
                    if piece.is_answer:
                        yield piece.text

    def updates(self) -> Generator[Update, None, None]:
        """Yield each event with the text that it adds, told apart as answer or commentary; the errors are the same."""
        self._check_open()
        try:
            while self._first:
                yield self._first.popleft()
            yield from self._source
            # Closed between two events, by another thread or in the loop, the source just ends.
            self._check_open()
        finally:
            self.close()

    def close(self) -> None:
        """Close the connection, from any thread once the stream is open. What has not been read is lost.

        The turn may have been taken. While the request is being sent there is nothing to close yet. Over HTTP/2, where
        turns share a connection, a thread that waits for the stream meanwhile is let go with the next bytes.
        """
        self._closed = True
        if self._reading is None:
            return
        try:
            self._source.close()
        except ValueError:  # Another thread is reading: its read ends, and it closes.
            self._reading.leave()
            self._body.hang_up()


class AsyncStream(_StreamState):
    """A response that arrives as events. Enter it to send the request; leaving it closes the connection.

    The twin of `Stream`: the same, awaited.
    """

    def __init__(self, turn: Turn, send: Callable[[Turn], Awaitable[httpx.Response]]) -> None:
        super().__init__(turn)
        self._send = send
        self._source: AsyncGenerator[Update, None]  # there is one from when the stream is open

    async def __aenter__(self) -> Self:
        """Send the request and read up to the first event that says something.

        Raises:
            ResponsesError: Any of them: the answer has an error status, never comes, or begins with a failure.
        """
        self._check_new()
        try:
            self._turn.begin()
            answer = await self._send(self._turn)
            self._source = _aupdates(answer, self._read(answer), self._turn)
            while not self._first or isinstance(self._first[-1][0], Keepalive):
                self._first.append(await anext(self._source))
        except BaseException as error:
            self._turn.end(error)
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
        async with aclosing(self.updates()) as updates:
            async for event, _ in updates:
                yield event

    async def text_deltas(self) -> AsyncGenerator[str, None]:
        """Yield the text of the reply as it comes, commentary left out; the errors are those of the iteration."""
        async with aclosing(self.updates()) as updates:
            async for _, pieces in updates:
                for piece in pieces:
                    if piece.is_answer:
                        yield piece.text

    async def updates(self) -> AsyncGenerator[Update, None]:
        """Yield each event with the text that it adds, told apart as answer or commentary; the errors are the same."""
        self._check_open()
        try:
            while self._first:
                yield self._first.popleft()
            async for update in self._source:
                yield update
            # Closed between two events, by another task or in the loop, the source just ends.
            self._check_open()
        finally:
            await self.aclose()

    async def aclose(self) -> None:
        """Close the connection, from any task once the stream is open. What has not been read is lost.

        The turn may have been taken. While the request is being sent there is nothing to close yet: cancel the task.
        Over HTTP/2 a task that waits for the stream meanwhile is let go with the next bytes, or when it is cancelled.
        """
        self._closed = True
        if self._answer is None or self._reading is None:
            return
        try:
            await self._source.aclose()
        except RuntimeError:  # Another task is reading: its read ends, and it closes.
            self._reading.leave()
            # Given back while it is read, a connection that others share has the reader wait for what is not for it.
            if not is_shared(self._answer):
                await self._answer.aclose()


# The two generators below own the answer: however they end, by exhaustion, an error, `close()` or because nobody holds
# them any more, the connection is closed. They know nothing of the stream object, as a cycle would put that off until
# the garbage collector comes.


def _updates(answer: httpx.Response, body: HeldBody, reading: Reading, turn: Turn) -> Generator[Update, None, None]:
    chunks = unpacked(answer)
    try:
        since = monotonic()
        for chunk in chunks:
            yield from reading.take(chunk, waited=monotonic() - since)
            if reading.ended:
                break
            since = monotonic()
        if not reading.fold.ended:
            yield from reading.close()
    except httpx.RequestError as error:
        interrupted = reading.fold.with_text_so_far(interruption(error, left=reading.left))
        turn.end(interrupted)
        raise interrupted from error
    except ResponsesError as error:
        turn.end(reading.fold.with_text_so_far(error))
        raise
    finally:
        if reading.fold.ended:
            _drain(answer, body, chunks)
        answer.close()
        turn.end(None)


async def _aupdates(answer: httpx.Response, reading: Reading, turn: Turn) -> AsyncGenerator[Update, None]:
    chunks = aunpacked(answer)
    try:
        since = monotonic()
        async for chunk in chunks:
            for update in reading.take(chunk, waited=monotonic() - since):
                yield update
            if reading.ended:
                break
            since = monotonic()
        if not reading.fold.ended:
            for update in reading.close():
                yield update
    except httpx.RequestError as error:
        interrupted = reading.fold.with_text_so_far(interruption(error, left=reading.left))
        turn.end(interrupted)
        raise interrupted from error
    except ResponsesError as error:
        turn.end(reading.fold.with_text_so_far(error))
        raise
    finally:
        if reading.fold.ended:
            await _adrain(chunks)
        await answer.aclose()
        turn.end(None)


def _drain(answer: httpx.Response, body: HeldBody, chunks: Iterator[bytes]) -> None:
    if is_shared(answer):
        return  # It is free without this.
    timer = Timer(_DRAIN_SECONDS, body.hang_up)
    timer.start()
    try:
        with suppress(httpx.RequestError, ProtocolError):
            for _ in islice(chunks, _DRAIN_CHUNKS):
                pass
    finally:
        timer.cancel()
        timer.join()


async def _adrain(chunks: AsyncIterator[bytes]) -> None:
    async def rest() -> None:
        for _ in range(_DRAIN_CHUNKS):
            if await anext(chunks, None) is None:
                return

    with suppress(httpx.RequestError, ProtocolError, asyncio.TimeoutError):
        await asyncio.wait_for(rest(), _DRAIN_SECONDS)
