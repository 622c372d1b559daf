"""httpx and a decoder of server-sent events, as one writes it without a client."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import httpx

from benchmarks.scenario import KEY, KNOWLEDGE_STORE_ID, QUESTION
from benchmarks.subjects import Said, Subject

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

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
        with self._http.stream("POST", self._url, content=_STREAM_BODY, headers=_HEADERS) as answer:
            yield from answer.iter_bytes()

    async def astream(self) -> AsyncIterator[str | bytes]:
        """Yield the bytes as they come."""
        async with self._ahttp.stream("POST", self._url, content=_STREAM_BODY, headers=_HEADERS) as answer:
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


class RawStamps(Raw):
    """The same, looking only for the time that a delta of a paced stream is."""

    def stream(self) -> Iterator[str | bytes]:
        """Yield the times."""
        rest = b""
        for chunk in super().stream():
            rest += chunk if isinstance(chunk, bytes) else chunk.encode()
            if found := _STAMP.search(rest):
                yield found[1]
                rest = rest[found.end() :]
            else:
                rest = rest[-_MOST_OF_A_STAMP:]

    async def astream(self) -> AsyncIterator[str | bytes]:
        """Yield the times."""
        rest = b""
        async for chunk in super().astream():
            rest += chunk if isinstance(chunk, bytes) else chunk.encode()
            if found := _STAMP.search(rest):
                yield found[1]
                rest = rest[found.end() :]
            else:
                rest = rest[-_MOST_OF_A_STAMP:]


class ByHand(Raw):
    """A decoder of bytes as short as can be: frames end with an empty line, a frame is one line of data."""

    loads: Callable[[bytes], Any] = staticmethod(json.loads)

    def stream(self) -> Iterator[str | bytes]:
        """Yield the deltas."""
        with self._http.stream("POST", self._url, content=_STREAM_BODY, headers=_HEADERS) as answer:
            rest: list[bytes] = []
            for chunk in answer.iter_bytes():
                for frame in _frames(rest, chunk):
                    event = self.loads(frame)
                    if event["type"] == _DELTA:
                        yield event["delta"]

    async def astream(self) -> AsyncIterator[str | bytes]:
        """Yield the deltas."""
        async with self._ahttp.stream("POST", self._url, content=_STREAM_BODY, headers=_HEADERS) as answer:
            rest: list[bytes] = []
            async for chunk in answer.aiter_bytes():
                for frame in _frames(rest, chunk):
                    event = self.loads(frame)
                    if event["type"] == _DELTA:
                        yield event["delta"]

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


class HttpxSse(Raw):
    """httpx-sse, the decoder most people take."""

    def stream(self) -> Iterator[str | bytes]:
        """Yield the deltas."""
        from httpx_sse import connect_sse  # noqa: PLC0415 - only this one needs it

        with connect_sse(self._http, "POST", self._url, content=_STREAM_BODY, headers=_HEADERS) as source:
            for frame in source.iter_sse():
                if frame.data != "[DONE]":
                    event = json.loads(frame.data)
                    if event["type"] == _DELTA:
                        yield event["delta"]

    async def astream(self) -> AsyncIterator[str | bytes]:
        """Yield the deltas."""
        from httpx_sse import aconnect_sse  # noqa: PLC0415 - only this one needs it

        async with aconnect_sse(self._ahttp, "POST", self._url, content=_STREAM_BODY, headers=_HEADERS) as source:
            async for frame in source.aiter_sse():
                if frame.data != "[DONE]":
                    event = json.loads(frame.data)
                    if event["type"] == _DELTA:
                        yield event["delta"]


class SseClient(Raw):
    """sseclient-py, which has no async form."""

    def stream(self) -> Iterator[str | bytes]:
        """Yield the deltas."""
        from sseclient import SSEClient  # noqa: PLC0415 - only this one needs it

        with self._http.stream("POST", self._url, content=_STREAM_BODY, headers=_HEADERS) as answer:
            for frame in SSEClient(answer.iter_bytes()).events():
                if frame.data != "[DONE]":
                    event = json.loads(frame.data)
                    if event["type"] == _DELTA:
                        yield event["delta"]


class OpenAIDecoder(Raw):
    """The decoder inside OpenAI's SDK, without its models."""

    def stream(self) -> Iterator[str | bytes]:
        """Yield the deltas."""
        from openai._streaming import SSEDecoder  # noqa: PLC0415 - only this one needs it

        with self._http.stream("POST", self._url, content=_STREAM_BODY, headers=_HEADERS) as answer:
            for frame in SSEDecoder().iter_bytes(answer.iter_bytes()):
                if frame.data != "[DONE]":
                    event = frame.json()
                    if event["type"] == _DELTA:
                        yield event["delta"]

    async def astream(self) -> AsyncIterator[str | bytes]:
        """Yield the deltas."""
        from openai._streaming import SSEDecoder  # noqa: PLC0415 - only this one needs it

        async with self._ahttp.stream("POST", self._url, content=_STREAM_BODY, headers=_HEADERS) as answer:
            async for frame in SSEDecoder().aiter_bytes(answer.aiter_bytes()):
                if frame.data != "[DONE]":
                    event = frame.json()
                    if event["type"] == _DELTA:
                        yield event["delta"]


def _said(response: dict[str, Any]) -> Said:
    return Said(response["output"][0]["content"][0]["text"], response["status"])


def _frames(rest: list[bytes], chunk: bytes) -> Iterator[bytes]:
    """Yield the data of each frame that the chunk completes; the pieces of one that has not ended stay in `rest`."""
    if b"\n\n" not in chunk and not (chunk[:1] == b"\n" and rest and rest[-1].endswith(b"\n")):
        rest.append(chunk)
        return
    *whole, tail = (b"".join(rest) + chunk).split(b"\n\n")
    rest[:] = [tail] if tail else []
    for frame in whole:
        data = frame[frame.find(b"data: ") + 6 :]
        if data != b"[DONE]":
            yield data
