from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

import httpx
import pytest
from starlette.responses import Response

from twelvelabs_responses.emulator._connections import Connections
from twelvelabs_responses.emulator._server import bound_socket, loopback, serving

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_these_are_loopback_hosts(host: str) -> None:
    assert loopback(host) == host


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.1", "example.com", ""])  # noqa: S104  # refused
def test_these_are_not(host: str) -> None:
    with pytest.raises(ValueError, match=r"is not a loopback host; use 127\.0\.0\.1, ::1 or localhost"):
        loopback(host)


def test_a_bound_port_is_nobody_elses() -> None:
    with bound_socket("127.0.0.1", 0) as listener:
        listener.listen()
        with pytest.raises(OSError, match="in use"):
            bound_socket("127.0.0.1", listener.getsockname()[1]).__enter__()


def test_a_socket_may_have_the_other_kind_of_address() -> None:
    with bound_socket("::1", 0) as listener:
        assert listener.family == socket.AF_INET6


def test_nothing_that_is_sent_waits_for_an_acknowledgement() -> None:
    connections = Connections(lambda: None)
    with bound_socket("127.0.0.1", 0) as listener, serving(Response(), connections, listener), httpx.Client() as client:
        client.get(f"http://127.0.0.1:{listener.getsockname()[1]}")
        (transport,) = connections._open.values()
        assert transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_an_app_is_served_until_the_with_is_left() -> None:
    connections = Connections(lambda: None)
    threads = set(threading.enumerate())
    with bound_socket("127.0.0.1", 0) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        # A bare `Starlette()` of before 0.47 would say so from a worker thread, which lingers for a moment.
        with serving(Response(status_code=404), connections, listener), httpx.Client() as client:
            assert client.get(url).status_code == 404
            assert len(connections) == 1
        assert len(connections) == 0
        assert set(threading.enumerate()) <= threads


def test_a_request_under_way_is_over_when_the_with_is_left() -> None:
    begun, ended = threading.Event(), threading.Event()

    async def waiting(_scope: Scope, receive: Receive, _send: Send) -> None:
        begun.set()
        while (await receive())["type"] != "http.disconnect":
            pass
        ended.set()

    with socket.socket() as client, bound_socket("127.0.0.1", 0) as listener:
        with serving(waiting, Connections(lambda: None), listener):
            client.connect(listener.getsockname())
            client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert begun.wait(5)
        assert ended.is_set()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_server_that_cannot_start_is_an_error() -> None:
    with bound_socket("127.0.0.1", 0) as listener:
        listener.close()
        with pytest.raises(RuntimeError, match="could not start"):
            serving(Response(), Connections(lambda: None), listener).__enter__()
