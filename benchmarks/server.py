"""A server that does nothing but send bytes that were made before: `python -m benchmarks.server` prints its port.

The address of a request says what it is answered (`Scenario`). `GET /counts` tells what was counted since the last
`GET /reset`, as JSON.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from collections import deque
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from benchmarks import wire
from benchmarks.scenario import STAMP_DIGITS, Scenario

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_HEAD_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_STREAM_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
_SLICE = 256 * 1024
# Seconds after which those that are there are answered, however few.
_LONGEST_WAIT = 2.0


@dataclass(slots=True)
class Counts:
    """What the server has seen since it was asked to begin anew."""

    connections: int = 0
    requests: int = 0
    most_at_once: int = 0
    lost_at: list[int] = field(default_factory=list)
    """When a connection was lost in the middle of an answer, in nanoseconds of the monotonic clock."""


class _Server:
    """What the connections share."""

    def __init__(self) -> None:
        self.counts = Counts()
        self.waiting: deque[Callable[[], None]] = deque()
        self._seen: set[_Connection] = set()

    def reset(self) -> None:
        """Count from nothing again."""
        self.counts = Counts()
        self._seen.clear()

    def count(self, connection: _Connection) -> None:
        """Count a request, and the connection that it is the first on."""
        self.counts.requests += 1
        if connection not in self._seen:
            self._seen.add(connection)
            self.counts.connections += 1

    def wait(self, scenario: Scenario, begin: Callable[[], None]) -> None:
        """Begin once enough requests are there, or after a while."""
        self.waiting.append(begin)
        self.counts.most_at_once = max(self.counts.most_at_once, len(self.waiting))
        if len(self.waiting) == 1:
            asyncio.get_running_loop().call_later(_LONGEST_WAIT, self.begin_all)
        if len(self.waiting) >= scenario.wait_for:
            self.begin_all()

    def begin_all(self) -> None:
        """Begin what waits."""
        while self.waiting:
            self.waiting.popleft()()


class _Connection(asyncio.Protocol):
    """One connection: request after request, each answered from memory."""

    _transport: asyncio.Transport

    def __init__(self, server: _Server) -> None:
        self._server = server
        self._received = bytearray()
        self._rest: Iterator[memoryview | bytes] = iter(())
        self._writable = True
        self._amid = False
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - asyncio gives a TCP server no other
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if self._amid:
            self._server.counts.lost_at.append(time.monotonic_ns())
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = bytes(self._received).partition(_HEAD_END)
        length = _LENGTH.search(head)
        if end and len(body) >= (int(length[1]) if length else 0):
            self._received.clear()
            self._answer(head, body)

    def pause_writing(self) -> None:
        self._writable = False

    def resume_writing(self) -> None:
        self._writable = True
        self._go_on()

    def _answer(self, head: bytes, body: bytes) -> None:
        path = head.split(b" ", 2)[1].decode()
        if path in ("/counts", "/reset"):
            self._tell(path)
            return
        self._server.count(self)
        scenario, dialect = Scenario.of(path.split("/")[1]), path.split("/")[2]
        self._amid = True
        if not re.search(rb'"stream": ?true', body):
            self._send(_json_answer(scenario, dialect))
        elif scenario.wait_for:
            self._server.wait(scenario, lambda: self._send(_stream(scenario, dialect)))
        elif scenario.pace:
            self._transport.write(_STREAM_HEAD)
            self._paced = _Paced(scenario, dialect)
            self._tick(asyncio.get_running_loop().time())
        else:
            self._send(_stream(scenario, dialect))

    def _tell(self, path: str) -> None:
        if path == "/reset":
            self._server.reset()
        body = json.dumps(asdict(self._server.counts)).encode()
        self._transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))

    def _send(self, body: bytes) -> None:
        view = memoryview(body)
        self._rest = (view[start : start + _SLICE] for start in range(0, len(view), _SLICE))
        self._go_on()

    def _go_on(self) -> None:
        while self._writable:
            piece = next(self._rest, None)
            if piece is None:
                self._amid = False
                return
            self._transport.write(piece)

    def _tick(self, due: float) -> None:
        piece = self._paced.next_piece()
        if piece is None:
            self._send(self._paced.end())
            return
        self._transport.write(piece)
        due += self._paced.seconds
        self._timer = asyncio.get_running_loop().call_at(due, self._tick, due)


class _Paced:
    """A stream whose deltas come one by one, each the time at which it is sent."""

    def __init__(self, scenario: Scenario, dialect: str) -> None:
        self.seconds = scenario.pace / 1e6
        self._cut = scenario.cut
        self._frames = _frames(scenario, dialect)
        self._places = wire.delta_places(scenario, dialect)
        self._next = 0
        self._stamps: list[bytes] = []

    def next_piece(self) -> bytes | None:
        """Return the next frame; None where the deltas have ended."""
        if self._next == self._places.stop:
            return None
        frame = self._frames[self._next]
        if self._next in self._places:
            stamp = b"%0*d" % (STAMP_DIGITS, time.monotonic_ns())
            self._stamps.append(stamp)
            frame = frame.replace(wire.STAMP, stamp)
        self._next += 1
        return wire.chunked(wire.cut(frame, self._cut))

    def end(self) -> bytes:
        """Return what follows the deltas."""
        count = len(self._stamps)
        closing = [each.replace(wire.STAMP * count, b"".join(self._stamps)) for each in self._frames[self._next :]]
        return wire.chunked(closing) + wire.LAST_CHUNK


@lru_cache(maxsize=32)
def _frames(scenario: Scenario, dialect: str) -> list[bytes]:
    return wire.frames(scenario, dialect)


@lru_cache(maxsize=8)
def _stream(scenario: Scenario, dialect: str) -> bytes:
    frames = wire.frames(scenario, dialect)
    pieces = wire.cut(b"".join(frames), scenario.cut) if scenario.cut else frames
    return _STREAM_HEAD + wire.chunked(pieces) + wire.LAST_CHUNK


@lru_cache(maxsize=8)
def _json_answer(scenario: Scenario, dialect: str) -> bytes:
    body = wire.answer(scenario, dialect)
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)


async def _serve() -> None:
    shared = _Server()
    server = await asyncio.get_running_loop().create_server(lambda: _Connection(shared), "127.0.0.1", 0, backlog=1_024)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    # The end of its input is the end of it.
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve())
