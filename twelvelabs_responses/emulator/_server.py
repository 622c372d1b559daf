"""A server on loopback, in a thread of its own."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import ASGIApp

    from twelvelabs_responses.emulator._connections import Connections

# As long as gateways commonly keep an idle connection.
_KEEP_ALIVE_SECONDS = 75
# More than enough once every connection is closed.
_LONGEST_STOP_SECONDS = 1


class _Server(uvicorn.Server):
    """Uvicorn, which says when it is ready, and stops when told without looking ten times a second."""

    def __init__(self, config: uvicorn.Config, connections: Connections) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self._connections = connections
        self._stopped = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            super().run(sockets)
        finally:
            # Also if it never was: nobody must wait for that.
            self.ready.set()

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.ready.set()
        await self._stopped.wait()
        self._connections.stop()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Uvicorn's own begins with a pause of a tenth of a second, also where no connection is left to wait for.
        for listening in (*self.servers, *(sockets or ())):
            listening.close()
        await asyncio.sleep(0)
        if self.server_state.tasks:
            await asyncio.wait(self.server_state.tasks, timeout=_LONGEST_STOP_SECONDS)
        for server in self.servers:
            await server.wait_closed()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)


def loopback(host: str) -> str:
    """Return the host.

    Raises:
        ValueError: It is not this machine's own; the emulator is not made to be reached from elsewhere.
    """
    if host == "localhost" or _is_loopback(host):
        return host
    raise ValueError(f"{host!r} is not a loopback host; use 127.0.0.1, ::1 or localhost")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@contextmanager
def bound_socket(host: str, port: int) -> Iterator[socket.socket]:
    """Give a socket that is bound, so that nobody else can take its port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named, or asyncio does not know its connections for TCP ones and leaves Nagle's algorithm on: each answer on a
    # kept-alive connection would wait 40 ms for the client's acknowledgement.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        # A server that was just stopped must not keep the next one waiting for its port.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        yield listener


@contextmanager
def serving(app: ASGIApp, connections: Connections, listener: socket.socket) -> Iterator[None]:
    """Serve the app on this socket, from before the body of the `with` until after it."""
    server = _Server(_config(app, connections), connections)
    thread = threading.Thread(target=server.run, args=([listener],), name="emulator", daemon=True)
    thread.start()
    server.ready.wait()
    if not server.started:
        thread.join()
        raise RuntimeError("the server could not start; its thread has said why")
    try:
        yield
    finally:
        server.stop()
        thread.join()


def _config(app: ASGIApp, connections: Connections) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=connections.protocol(),
        loop="asyncio",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
    )
