"""The blocking and the async client, twins that differ only in `await`."""

from __future__ import annotations

import asyncio
from asyncio import sleep as asleep
from contextlib import suppress
from threading import Lock
from time import sleep
from typing import TYPE_CHECKING
from weakref import finalize

import httpx

from twelvelabs_responses._errors import InvalidArgumentError, ProtocolError, ResponsesError
from twelvelabs_responses._http import (
    ClosedWhole,
    Sending,
    aunpacked,
    connection_error,
    has_tls_context,
    new_async_client,
    new_client,
    new_request,
    tls_context,
    unpacked,
)
from twelvelabs_responses._reading import MAX_ERROR_BYTES, Body
from twelvelabs_responses._stream import AsyncStream, Stream
from twelvelabs_responses._twin import Twin

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence
    from types import TracebackType

    from typing_extensions import Self, Unpack

    from twelvelabs_responses._request import InputItem, RequestOptions
    from twelvelabs_responses._response import Response
    from twelvelabs_responses._turn import Turn

    _MadeHttp = dict[asyncio.AbstractEventLoop, tuple[httpx.AsyncClient, AsyncGenerator[None, None]]]

# Seconds that a loop has to end after its last user has gone.
_UNTIL_CLOSED = 0.1


class Client(Twin[httpx.Client]):
    __doc__ = f"""Asks a knowledge store and waits for the answer. Threads may share one.

    {Twin.__doc__}
    """

    _http_type = httpx.Client

    def _prepare(self) -> None:
        self._made_http: httpx.Client | None = None
        self._making = Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def create(self, input: str | Sequence[InputItem], **options: Unpack[RequestOptions]) -> Response:  # noqa: A002 - the API's name
        """Return the whole response, once it is made.

        Args:
            input: The question, or several input items.
            **options: `knowledge_store_id` (needed), `model`, `session_id`, `instructions`, `include`, `text` or
                `output_schema`, `selections`, `metadata`, `extra_body`; see `RequestOptions`.

        Raises:
            InvalidArgumentError: The request is refused; nothing was sent.
            ResponsesError: Any other of the tree; see `twelvelabs_responses.ResponsesError`. A response that was cut
                short is no error: its `status` is `incomplete`.
        """
        turn = self._turn(input, options, stream=False)
        turn.begin()
        try:
            answer, body = self._send(turn), Body()
            try:
                _read(answer, body)
            except httpx.RequestError as error:
                raise connection_error(error, Sending()) from error
            return turn.response_from(body.whole())
        except BaseException as error:
            turn.end(error)
            raise

    def stream(self, input: str | Sequence[InputItem], **options: Unpack[RequestOptions]) -> Stream:  # noqa: A002 - the API's name
        """Return the response as a stream of events, to be entered: `with client.stream(...) as stream`.

        Args:
            input: The question, or several input items.
            **options: `knowledge_store_id` (needed), `model`, `session_id`, `instructions`, `include`, `text` or
                `output_schema`, `selections`, `metadata`, `extra_body`; see `RequestOptions`.

        Raises:
            InvalidArgumentError: The request is refused. Nothing is sent before the stream is entered.
        """
        return Stream(self._turn(input, options, stream=True), self._send)

    def twin(self) -> AsyncClient:
        """Return the async client with the same settings, which shares the memory of sessions.

        Raises:
            InvalidArgumentError: This client was made with `http=...`, which the twin cannot use.
        """
        self._check_twin()
        return AsyncClient(**self._arguments())

    def close(self) -> None:
        """Close the connections that this client made. It cannot be used any more.

        End its streams first: one that another thread is reading ends with its next byte or its timeout.
        """
        self._closed = True
        with self._making:
            http, self._made_http = self._made_http, None
        if http is not None:
            http.close()

    def _send(self, turn: Turn) -> httpx.Response:
        while True:
            try:
                return self._attempt(turn)
            except ResponsesError as error:
                delay = turn.delay_after(error)
            sleep(delay)

    def _attempt(self, turn: Turn) -> httpx.Response:
        http, sending = self._http(), Sending()
        request = new_request(http, turn, sending.note)
        try:
            answer = http.send(request, stream=True, follow_redirects=False)
            if answer.is_success:
                return answer
        except httpx.RequestError as error:
            raise connection_error(error, sending) from error
        body = Body(MAX_ERROR_BYTES)
        # Its status says the most, and has come: as much of the body as can be read will do.
        with suppress(httpx.RequestError, ProtocolError):
            _read(answer, body)
        raise turn.error_from(answer.status_code, answer.headers, body.whole())

    def _http(self) -> httpx.Client:
        if self._given_http is not None:
            return self._given_http
        with self._making:
            self._check_open()
            if self._made_http is None:
                self._made_http = new_client(self._settings)
                # For those who never close, as people who hold a framework's object do not.
                finalize(self, self._made_http.close)
            return self._made_http


class AsyncClient(Twin[httpx.AsyncClient]):
    __doc__ = f"""Asks a knowledge store and awaits the answer. Tasks may share one; event loops may follow each other.

    The twin of `Client`: the same, awaited. Connections belong to the event loop they were made in, so each loop gets
    its own; they are closed with `aclose()`, or when the loop ends.

    {Twin.__doc__}
    """

    _http_type = httpx.AsyncClient

    def _prepare(self) -> None:
        self._made_http: _MadeHttp = {}
        # For those who never close. A generator dropped with the client as its loop is about to end would be closed too
        # late: a few steps of the loop do not close several connections.
        finalize(self, _close_later, self._made_http).atexit = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def create(self, input: str | Sequence[InputItem], **options: Unpack[RequestOptions]) -> Response:  # noqa: A002 - the API's name
        """Return the whole response, once it is made.

        Args:
            input: The question, or several input items.
            **options: `knowledge_store_id` (needed), `model`, `session_id`, `instructions`, `include`, `text` or
                `output_schema`, `selections`, `metadata`, `extra_body`; see `RequestOptions`.

        Raises:
            InvalidArgumentError: The request is refused; nothing was sent.
            ResponsesError: Any other of the tree; see `twelvelabs_responses.ResponsesError`. A response that was cut
                short is no error: its `status` is `incomplete`.
        """
        turn = self._turn(input, options, stream=False)
        turn.begin()
        try:
            answer, body = await self._send(turn), Body()
            try:
                await _aread(answer, body)
            except httpx.RequestError as error:
                raise connection_error(error, Sending()) from error
            return turn.response_from(body.whole())
        except BaseException as error:
            turn.end(error)
            raise

    def stream(self, input: str | Sequence[InputItem], **options: Unpack[RequestOptions]) -> AsyncStream:  # noqa: A002 - the API's name
        """Return the response as a stream of events, to be entered: `async with client.stream(...) as stream`.

        Args:
            input: The question, or several input items.
            **options: `knowledge_store_id` (needed), `model`, `session_id`, `instructions`, `include`, `text` or
                `output_schema`, `selections`, `metadata`, `extra_body`; see `RequestOptions`.

        Raises:
            InvalidArgumentError: The request is refused. Nothing is sent before the stream is entered.
        """
        return AsyncStream(self._turn(input, options, stream=True), self._send)

    def twin(self) -> Client:
        """Return the blocking client with the same settings, which shares the memory of sessions.

        Raises:
            InvalidArgumentError: This client was made with `http=...`, which the twin cannot use.
        """
        self._check_twin()
        return Client(**self._arguments())

    async def aclose(self) -> None:
        """Close the connections that this client made in this event loop. It cannot be used any more."""
        self._closed = True
        made = self._made_http.pop(asyncio.get_running_loop(), None)
        self._made_http.clear()
        if made is not None:
            await made[1].aclose()

    async def _send(self, turn: Turn) -> httpx.Response:
        while True:
            try:
                return await self._attempt(turn)
            except ResponsesError as error:
                delay = turn.delay_after(error)
            await asleep(delay)

    async def _attempt(self, turn: Turn) -> httpx.Response:
        http, sending = await self._http(), Sending()
        request = new_request(http, turn, sending.anote)
        try:
            answer = await http.send(request, stream=True, follow_redirects=False)
            answer.stream = ClosedWhole(answer.stream)
            if answer.is_success:
                return answer
        except httpx.RequestError as error:
            raise connection_error(error, sending) from error
        body = Body(MAX_ERROR_BYTES)
        # Its status says the most, and has come: as much of the body as can be read will do.
        with suppress(httpx.RequestError, ProtocolError):
            await _aread(answer, body)
        raise turn.error_from(answer.status_code, answer.headers, body.whole())

    async def _http(self) -> httpx.AsyncClient:
        if self._given_http is not None:
            return self._given_http
        loop = asyncio.get_running_loop()
        if not has_tls_context():
            # Reading the certificates would hold the loop up.
            await asyncio.to_thread(tls_context)
        self._check_open()
        if loop not in self._made_http:
            for known in tuple(self._made_http):
                if known.is_closed():
                    self._made_http.pop(known, None)
            http = new_async_client(self._settings)
            lifetime = _until_the_loop_ends(http)
            self._made_http[loop] = (http, lifetime)
            await anext(lifetime)
        return self._made_http[loop][0]


def client_twins(client: Client | None, async_client: AsyncClient | None) -> tuple[Client, AsyncClient]:
    """Return both twins where one or both are given; they share their memory of sessions.

    A turn may be asked through one and followed through the other, so both must know of it.

    Raises:
        InvalidArgumentError: None is given; or both, each with a memory of its own; or one that has no twin; or
            something else than the twin of that name, such as the other one.
    """
    _check_kind("client", client, Client)
    _check_kind("async_client", async_client, AsyncClient)
    if client is not None and async_client is not None:
        if client.sessions is not async_client.sessions:
            got, allowed = "another memory of sessions than `client`", "AsyncClient(..., sessions=client.sessions)"
            raise InvalidArgumentError("async_client", got, allowed)
        return client, async_client
    if client is not None:
        return client, client.twin()
    if async_client is not None:
        return async_client.twin(), async_client
    raise InvalidArgumentError("client", "neither `client` nor `async_client`", "one of the two, or both")


def _check_kind(name: str, given: object, kind: type[Client | AsyncClient]) -> None:
    # The twins have methods of the same names, so that one in the other's place would be noticed late.
    if given is not None and not isinstance(given, kind):
        raise InvalidArgumentError(name, f"a {type(given).__name__}", f"a twelvelabs_responses.{kind.__name__}")


async def _until_the_loop_ends(http: httpx.AsyncClient) -> AsyncGenerator[None, None]:
    """Close the connections when this generator is closed, which an event loop does to all of them at its end."""
    async with http:
        yield


def _close_later(made: _MadeHttp) -> None:
    """Close the connections of a client that nobody holds any more; a loop that ends before does it itself."""
    for loop, (_, lifetime) in made.items():
        # One that ends in another thread at this moment.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(loop.call_later, _UNTIL_CLOSED, _close, loop, lifetime)


def _close(loop: asyncio.AbstractEventLoop, lifetime: AsyncGenerator[None, None]) -> None:
    loop.create_task(lifetime.aclose())


def _read(answer: httpx.Response, body: Body) -> None:
    try:
        for chunk in unpacked(answer):
            body.take(chunk)
    finally:
        answer.close()


async def _aread(answer: httpx.Response, body: Body) -> None:
    try:
        async for chunk in aunpacked(answer):
            body.take(chunk)
    finally:
        await answer.aclose()
