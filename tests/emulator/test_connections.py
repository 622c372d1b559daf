from __future__ import annotations

import asyncio
import socket
from typing import Any

import httpx
from starlette.applications import Starlette

from twelvelabs_responses.emulator._connections import Connections
from twelvelabs_responses.emulator._server import bound_socket, serving


class Transport(asyncio.Transport):
    """Notes how it ended."""

    def __init__(self) -> None:
        super().__init__()
        self.ended: list[str] = []
        self.socket = socket.socket()

    def close(self) -> None:
        self.ended.append("closed")

    def abort(self) -> None:
        self.ended.append("aborted")

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"socket": self.socket}.get(name, default)


def changes() -> tuple[Connections, list[int]]:
    seen: list[int] = []
    connections = Connections(lambda: seen.append(len(connections)))
    return connections, seen


def test_connections_come_and_go() -> None:
    connections, seen = changes()
    connections.came(1, asyncio.Transport())
    connections.came(2, asyncio.Transport())
    connections.went(1)
    connections.went(1)
    assert seen == [1, 2, 1, 1]


def test_a_connection_can_be_closed_by_its_port() -> None:
    connections, _ = changes()
    transport = Transport()
    with transport.socket:
        connections.came(1, transport)
        connections.close(2)
        connections.close(1)
    assert transport.ended == ["closed"]


def test_a_connection_can_be_reset() -> None:
    connections, _ = changes()
    transport = Transport()
    with transport.socket:
        connections.came(1, transport)
        connections.close(1, reset=True)
        assert transport.socket.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8) == b"\1\0\0\0\0\0\0\0"
    assert transport.ended == ["aborted"]


def test_stopping_ends_them_all() -> None:
    connections, _ = changes()
    one, other = Transport(), Transport()
    with one.socket, other.socket:
        connections.came(1, one)
        connections.came(2, other)
        connections.stop()
    assert (one.ended, other.ended, connections.stopping) == (["aborted"], ["aborted"], True)


def test_the_protocol_notes_each_connection() -> None:
    connections, seen = changes()
    with bound_socket("127.0.0.1", 0) as listener, serving(Starlette(), connections, listener):
        socket.create_connection(listener.getsockname()).close()
        with httpx.Client() as client:
            client.get(f"http://127.0.0.1:{listener.getsockname()[1]}")
    assert len(connections) == 0
    assert seen.count(1) >= 2
