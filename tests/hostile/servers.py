"""Servers that no framework would let anybody write: each answers a request with whatever bytes it likes."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Answer: TypeAlias = Callable[[], Iterable[bytes]]


class Hostile:
    """What a server has seen.

    Attributes:
        url: Where it is.
        requests: Each request, its head and its body.
        written: How many bytes it could write.
        closed: Set when the client has closed the connection of the last answer.
    """

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}/v1.3"
        self.requests: list[bytes] = []
        self.written = 0
        self.closed = threading.Event()

    def serve(self) -> None:
        """Answer one connection after another until the socket is closed."""
        with suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                connection.settimeout(10)
                with connection, suppress(OSError):
                    self._serve_one(connection)
                self.closed.set()

    def stop(self) -> None:
        """Stop listening."""
        # Closing alone does not wake a thread that accepts.
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _serve_one(self, connection: socket.socket) -> None:
        self.requests.append(_request(connection))
        for piece in self._answer():
            connection.sendall(piece)
            self.written += len(piece)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65_536):
            pass


@contextmanager
def hostile(answer: Answer) -> Iterator[Hostile]:
    """Give a server that answers each request on a connection of its own."""
    server = Hostile(answer)
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join(10)


def _request(connection: socket.socket) -> bytes:
    came = b""
    while b"\r\n\r\n" not in came:
        came += connection.recv(65_536)
    head, _, body = came.partition(b"\r\n\r\n")
    (length,) = (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
    while len(body) < length:
        body += connection.recv(65_536)
    return head + b"\r\n\r\n" + body
