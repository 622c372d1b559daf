"""One way to call both twins, so that one test body runs for both: the async client, called as if it were blocking."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from twelvelabs_responses import AsyncClient, AsyncStream, Client, Response, Stream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from typing_extensions import Self

    from twelvelabs_responses import ResponseStreamEvent, Sessions


class AwaitedStream:
    """An `AsyncStream` called as if it were a `Stream`."""

    def __init__(self, loop: asyncio.AbstractEventLoop, stream: AsyncStream) -> None:
        self._loop = loop
        self._stream = stream

    def __enter__(self) -> Self:
        self._loop.run_until_complete(self._stream.__aenter__())
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[ResponseStreamEvent]:
        return self._iterated(aiter(self._stream))

    def text_deltas(self) -> Iterator[str]:
        return self._iterated(self._stream.text_deltas())

    def updates(self) -> Iterator[Any]:
        return self._iterated(self._stream.updates())

    def close(self) -> None:
        self._loop.run_until_complete(self._stream.aclose())

    @property
    def response(self) -> Response:
        return self._stream.response

    @property
    def session_id(self) -> str | None:
        return self._stream.session_id

    def _iterated(self, values: AsyncIterator[Any]) -> Iterator[Any]:
        try:
            while True:
                try:
                    yield self._loop.run_until_complete(anext(values))
                except StopAsyncIteration:  # noqa: PERF203 - each step may be the last
                    return
        finally:
            self._loop.run_until_complete(values.aclose())  # type: ignore[attr-defined]  # they are generators


class AwaitedClient:
    """An `AsyncClient` called as if it were a `Client`."""

    def __init__(self, loop: asyncio.AbstractEventLoop, client: AsyncClient) -> None:
        self._loop = loop
        self._client = client

    def create(self, input: Any, **options: Any) -> Response:  # noqa: A002 - the API's name
        return self._loop.run_until_complete(self._client.create(input, **options))

    def stream(self, input: Any, **options: Any) -> AwaitedStream:  # noqa: A002 - the API's name
        return AwaitedStream(self._loop, self._client.stream(input, **options))

    @property
    def sessions(self) -> Sessions:
        return self._client.sessions


AnyClient = Client | AwaitedClient
AnyStream = Stream | AwaitedStream


@contextmanager
def twin(name: str, **settings: Any) -> Iterator[AnyClient]:
    """Give the twin of this name, `Client` or `AsyncClient`, closed at the end, nothing left running."""
    if name == "Client":
        with Client(**settings) as client:
            yield client
        return
    loop = asyncio.new_event_loop()
    try:
        async_client = AsyncClient(**settings)
        yield AwaitedClient(loop, async_client)
        loop.run_until_complete(async_client.aclose())
        for _ in range(5):
            # httpx leaves its own generators to the loop, which closes them in its next steps.
            loop.run_until_complete(asyncio.sleep(0))
        assert not asyncio.all_tasks(loop)
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
