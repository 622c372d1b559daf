"""httpx and a decoder of server-sent events, as one writes it without a client."""

from __future__ import annotations

import json
import re
from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import httpx

from benchmarks.scenario import KEY, KNOWLEDGE_STORE_ID, QUESTION
from benchmarks.subjects import Said, Subject

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from contextlib import AbstractAsyncContextManager, AbstractContextManager

_DELTA = "response.output_text.delta"
_STAMP = re.compile(rb'"delta":"(\d{20})"')
# What may have come of one that is not whole: to search all that came again would slow down many small chunks.
_MOST_OF_A_STAMP = 29
_HEADERS = {"x-api-key": KEY, "content-type": "application/json"}
_REQUEST = {
    "model": "jockey1.0",
    "knowledge_store_id": KNOWLEDGE_STORE_ID,
    "input": [{"type": "message", "role": "user", "content": QUESTION}],
}
_BODY = json.dumps(_REQUEST).encode()
_STREAM_BODY = json.dumps(_REQUEST | {"stream": True}).encode()
# As our own client has them: idle connections cost, and httpx's own 100 would make the 101st stream wait.
_LIMITS = httpx.Limits(max_connections=1_000, max_keepalive_connections=20, keepalive_expiry=30.0)


class Raw(Subject):
    """Nothing is decoded: what httpx itself costs."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._url = f"{url}/responses"
        self._http = httpx.Client(timeout=60, limits=_LIMITS)
        self._ahttp = httpx.AsyncClient(timeout=60, limits=_LIMITS)

    def stream(self) -> Iterator[str | bytes]:
        """Yield the bytes as they come."""
        with self._opened() as answer:
            yield from answer.iter_bytes()

    async def astream(self) -> AsyncIterator[str | bytes]:
        """Yield the bytes as they come."""
        async with self._aopened() as answer:
            async for chunk in answer.aiter_bytes():
                yield chunk

    def call(self) -> object:
        """Return the bytes of an answer."""
        return self._http.post(self._url, content=_BODY, headers=_HEADERS).content

    async def acall(self) -> object:
        """Return the bytes of an answer."""
        return (await self._ahttp.post(self._url, content=_BODY, headers=_HEADERS)).content

    def said(self, answer: Any) -> Said:
        """Return what the bytes say."""
        return _said(json.loads(answer))

    def _opened(self) -> AbstractContextManager[httpx.Response]:
        return self._http.stream("POST", self._url, content=_STREAM_BODY, headers=_HEADERS)

    def _aopened(self) -> AbstractAsyncContextManager[httpx.Response]:
        return self._ahttp.stream("POST", self._url, content=_STREAM_BODY, headers=_HEADERS)


class RawStamps(Raw):
    """The same, looking only for the time that a delta of a paced stream is."""

    def stream(self) -> Iterator[str | bytes]:
        """Yield the times."""
        rest = bytearray()
        for chunk in super().stream():
            if stamp := _stamp(rest, chunk):
                yield stamp

    async def astream(self) -> AsyncIterator[str | bytes]:
        """Yield the times."""
        rest = bytearray()
        async for chunk in super().astream():
            if stamp := _stamp(rest, chunk):
                yield stamp


class ByHand(Raw):
    """A decoder of bytes as short as can be: frames end with an empty line, a frame is one line of data."""

    loads: Callable[[bytes], Any] = staticmethod(json.loads)

    def stream(self) -> Iterator[str | bytes]:
        """Yield the deltas."""
        with self._opened() as answer:
            rest: list[bytes] = []
            for chunk in answer.iter_bytes():
                yield from _deltas(rest, chunk, self.loads)

    async def astream(self) -> AsyncIterator[str | bytes]:
        """Yield the deltas."""
        async with self._aopened() as answer:
            rest: list[bytes] = []
            async for chunk in answer.aiter_bytes():
                for delta in _deltas(rest, chunk, self.loads):
                    yield delta

    def call(self) -> object:
        """Return the answer as a dictionary."""
        return self.loads(self._http.post(self._url, content=json.dumps(_REQUEST), headers=_HEADERS).content)

    async def acall(self) -> object:
        """Return the answer as a dictionary."""
        answer = await self._ahttp.post(self._url, content=json.dumps(_REQUEST), headers=_HEADERS)
        return self.loads(answer.content)

    def said(self, answer: Any) -> Said:
        """Return what the dictionary says."""
        return _said(answer)


class ByHandOrjson(ByHand):
    """The same with the fastest parser there is."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        import orjson  # noqa: PLC0415 - only this one needs it

        self.loads = orjson.loads


class _Decoder(Raw):
    """A decoder that others have written, and json; each imports only its own."""

    def stream(self) -> Iterator[str | bytes]:
        """Yield the deltas."""
        with self._opened() as answer:
            for frame in self.frames(answer):
                if frame.data != "[DONE]":
                    event = json.loads(frame.data)
                    if event["type"] == _DELTA:
                        yield event["delta"]

    async def astream(self) -> AsyncIterator[str | bytes]:
        """Yield the deltas."""
        async with self._aopened() as answer:
            async for frame in self.aframes(answer):
                if frame.data != "[DONE]":
                    event = json.loads(frame.data)
                    if event["type"] == _DELTA:
                        yield event["delta"]

    @abstractmethod
    def frames(self, answer: httpx.Response) -> Iterator[Any]:
        """Return the decoder's own iterator: one of ours around it would count against it."""

    @abstractmethod
    def aframes(self, answer: httpx.Response) -> AsyncIterator[Any]:
        """Return what `frames` returns."""


class HttpxSse(_Decoder):
    """httpx-sse, the decoder most people take."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        from httpx_sse import EventSource  # noqa: PLC0415 - only this one needs it

        self._decoder = EventSource

    def frames(self, answer: httpx.Response) -> Iterator[Any]:
        """Return its iterator."""
        return self._decoder(answer).iter_sse()

    def aframes(self, answer: httpx.Response) -> AsyncIterator[Any]:
        """Return its iterator."""
        return self._decoder(answer).aiter_sse()


class SseClient(_Decoder):
    """sseclient-py."""

    def frames(self, answer: httpx.Response) -> Iterator[Any]:
        """Return its iterator."""
        from sseclient import SSEClient  # noqa: PLC0415 - only this one needs it

        events: Iterator[Any] = SSEClient(answer.iter_bytes()).events()
        return events

    def aframes(self, answer: httpx.Response) -> AsyncIterator[Any]:
        """Refuse: it has no async form, so it is left out of the async measures."""
        raise NotImplementedError("sseclient-py has no async form")


class OpenAIDecoder(_Decoder):
    """The decoder inside OpenAI's SDK, without its models."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        from openai._streaming import SSEDecoder  # noqa: PLC0415 - only this one needs it

        self._decoder = SSEDecoder

    def frames(self, answer: httpx.Response) -> Iterator[Any]:
        """Return its iterator."""
        return self._decoder().iter_bytes(answer.iter_bytes())

    def aframes(self, answer: httpx.Response) -> AsyncIterator[Any]:
        """Return its iterator."""
        return self._decoder().aiter_bytes(answer.aiter_bytes())


def _said(response: dict[str, Any]) -> Said:
    return Said(response["output"][0]["content"][0]["text"], response["status"])


def _stamp(rest: bytearray, chunk: str | bytes) -> bytes | None:
    """Return the first time that the chunk completes; what may be the beginning of one stays in `rest`."""
    rest += chunk if isinstance(chunk, bytes) else chunk.encode()
    found = _STAMP.search(rest)
    if found is None:
        del rest[:-_MOST_OF_A_STAMP]
        return None
    stamp = bytes(found[1])
    del rest[: found.end()]
    return stamp


def _deltas(rest: list[bytes], chunk: bytes, loads: Callable[[bytes], Any]) -> Iterator[str]:
    """Yield the deltas that the chunk completes; the pieces of a frame that has not ended stay in `rest`.

    It knows frames and deltas, as a layer for each would count against what is written by hand.
    """
    if b"\n\n" not in chunk and not (chunk[:1] == b"\n" and rest and rest[-1].endswith(b"\n")):
        rest.append(chunk)
        return
    *whole, tail = (b"".join(rest) + chunk).split(b"\n\n")
    rest[:] = [tail] if tail else []
    for frame in whole:
        data = frame[frame.find(b"data: ") + 6 :]
        if data != b"[DONE]":
            event = loads(data)
            if event["type"] == _DELTA:
                yield event["delta"]
