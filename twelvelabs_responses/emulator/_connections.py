"""The TCP connections that clients have open, and how to end one without ceremony."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING

from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

# SO_LINGER on, for no time: closing sends a reset (socket(7)).
_RESET = struct.pack("ii", 1, 0)


class Connections:
    """The open connections, by the client's port; `changed` is called when one comes or goes."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._open: dict[int, asyncio.Transport] = {}
        self.stopping = False

    def __len__(self) -> int:
        return len(self._open)

    def came(self, port: int, transport: asyncio.Transport) -> None:
        """Note a new connection."""
        self._open[port] = transport
        self._changed()

    def went(self, port: int) -> None:
        """Note that a connection is over."""
        self._open.pop(port, None)
        self._changed()

    def close(self, port: int, *, reset: bool = False) -> None:
        """End a connection, whatever was promised on it, once what is written has been sent."""
        transport = self._open.get(port)
        if transport is None:
            return
        if reset:
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            transport.abort()
        else:
            transport.close()

    def stop(self) -> None:
        """End all connections at once."""
        self.stopping = True
        for transport in list(self._open.values()):
            transport.abort()

    def protocol(self) -> type[H11Protocol]:
        """Return the protocol for uvicorn to speak, which notes each connection here."""
        connections = self

        class Protocol(H11Protocol):
            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
                super().connection_made(transport)
                connections.came(transport.get_extra_info("peername")[1], transport)

            def connection_lost(self, exc: Exception | None) -> None:
                port = self.transport.get_extra_info("peername")[1]
                # Told after the socket is closed, which comes after this: then the client can see it as well.
                self.loop.call_soon(connections.went, port)
                super().connection_lost(exc)

        return Protocol
