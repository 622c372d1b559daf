"""httpx as we use it: clients made once and late, patience, and its errors as ours."""

from __future__ import annotations

import asyncio
import socket
import urllib.request
from contextlib import contextmanager, suppress
from functools import cache, lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx

from twelvelabs_responses._errors import (
    APIConnectionError,
    APITimeoutError,
    InvalidArgumentError,
    ProtocolError,
    ResponsesError,
    StreamInterruptedError,
)
from twelvelabs_responses._packing import Unpacked, is_packed

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Iterator

    from twelvelabs_responses._settings import Settings
    from twelvelabs_responses._turn import Turn

_CONNECT_TIMEOUT = 10.0
# httpx's own 100 make the 101st stream wait in silence for minutes. Only 20 are kept alive: for each idle connection a
# request looks at all the others, so that with 100 of them 200 requests at once took five times as long.
_LIMITS = httpx.Limits(max_connections=1_000, max_keepalive_connections=20, keepalive_expiry=30.0)
_NEVER_MADE = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.LocalProtocolError)
_making_tls_context = Lock()


@cache
def _made_tls_context() -> ssl.SSLContext:
    return httpx.create_ssl_context()


def tls_context() -> ssl.SSLContext:
    """Return the TLS context that all clients of the process share: reading the certificates takes tens of ms."""
    # A cache alone lets all those make one that come before the first is made.
    with _making_tls_context:
        return _made_tls_context()


def has_tls_context() -> bool:
    """Say whether `tls_context` returns at once."""
    return _made_tls_context.cache_info().currsize > 0


def new_client(settings: Settings) -> httpx.Client:
    """Return a blocking client for the service's host."""
    with _refusing_odd_proxies():
        return httpx.Client(transport=httpx.HTTPTransport(**_transport_options(settings)))


def new_async_client(settings: Settings) -> httpx.AsyncClient:
    """Return an async client for the service's host. It belongs to the running event loop."""
    with _refusing_odd_proxies():
        return httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(**_transport_options(settings)))


def new_request(http: httpx.Client | httpx.AsyncClient, turn: Turn, trace: object) -> httpx.Request:
    """Return the request that carries the turn, with our own timeouts whosever client it is."""
    return http.build_request(
        "POST",
        _address(turn.settings.url),
        content=turn.body,
        headers=turn.settings.headers(stream=turn.stream),
        timeout=_patience(turn.settings, stream=turn.stream),
        extensions={"trace": trace},
    )


@lru_cache(maxsize=16)
def _address(url: str) -> httpx.URL:
    """Return the address as httpx has it: to read it takes a good part of what a request costs us."""
    return httpx.URL(url)


def _patience(settings: Settings, *, stream: bool) -> httpx.Timeout:
    # Silence is normal for minutes, a slow connect is not.
    read = min(settings.timeout, settings.stall_timeout) if stream else settings.timeout
    connect = min(_CONNECT_TIMEOUT, settings.timeout)
    return httpx.Timeout(connect=connect, read=read, write=settings.timeout, pool=connect)


class Sending:
    """What httpx tells about one request on its way out (its `trace` extension)."""

    def __init__(self) -> None:
        self.failed = False
        """Whether writing the request failed, so that the service cannot have it whole."""

    def note(self, event: str, _facts: dict[str, Any]) -> None:
        """Take a trace event."""
        if event.endswith((".send_request_headers.failed", ".send_request_body.failed")):
            self.failed = True

    async def anote(self, event: str, facts: dict[str, Any]) -> None:
        """Take a trace event of an async client."""
        self.note(event, facts)


def connection_error(error: httpx.RequestError, sending: Sending) -> ResponsesError:
    """Return what went wrong before the answer was read whole.

    Ambiguous unless the request cannot have arrived. A kept-alive connection that the service closes just as we write
    fails like one that it closes after reading, so it counts as ambiguous too.
    """
    ambiguous = not (isinstance(error, _NEVER_MADE) or sending.failed)
    host = _host_without_key(error)
    if isinstance(error, httpx.DecodingError):
        return ProtocolError(f"the answer of {host} cannot be decompressed: {error}", ambiguous=True)
    if isinstance(error, httpx.PoolTimeout):
        return APITimeoutError(f"no free connection to {host}: {_LIMITS.max_connections:,} are in use")
    if isinstance(error, httpx.TimeoutException):
        return APITimeoutError(f"{host} did not answer in time ({type(error).__name__})", ambiguous=ambiguous)
    made = "broke" if ambiguous else "could not be made"
    return APIConnectionError(f"the connection to {host} {made}: {_words(error)}", ambiguous=ambiguous)


def interruption(error: httpx.RequestError, *, left: bool) -> ResponsesError:
    """Return what went wrong in the middle of a stream, or that it was left, which ends its connection."""
    _host_without_key(error)
    if left:
        return StreamInterruptedError("the stream was closed before its end")
    if isinstance(error, httpx.TimeoutException):
        return APITimeoutError("the stream fell silent for longer than the timeout")
    return StreamInterruptedError(f"the connection broke before the response ended: {_words(error)}")


def unpacked(answer: httpx.Response) -> Iterator[bytes]:
    """Return the pieces of an answer's body, as they come or, if it is packed, of bounded size.

    Reading them raises:
        ProtocolError: The body is packed in a way that was not asked for, or not as it says.
    """
    if answer.is_stream_consumed:  # by a hook of the caller's own httpx client, or there was no network
        return answer.iter_bytes()
    return _unpacked(answer) if is_packed(_packing(answer)) else answer.iter_raw()


def aunpacked(answer: httpx.Response) -> AsyncIterator[bytes]:
    """Return the pieces of an async client's answer; see `unpacked`."""
    if answer.is_stream_consumed:
        return answer.aiter_bytes()
    return _aunpacked(answer) if is_packed(_packing(answer)) else answer.aiter_raw()


def _unpacked(answer: httpx.Response) -> Iterator[bytes]:
    pieces = Unpacked(_packing(answer))
    for chunk in answer.iter_raw():
        yield from pieces.feed(chunk)


async def _aunpacked(answer: httpx.Response) -> AsyncIterator[bytes]:
    pieces = Unpacked(_packing(answer))
    async for chunk in answer.aiter_raw():
        for piece in pieces.feed(chunk):
            yield piece


def _packing(answer: httpx.Response) -> str:
    packing: str = answer.headers.get("content-encoding", "")
    return packing


class HeldBody(httpx.SyncByteStream):
    """The body of an answer, whose connection another thread may shut down until the body gives it back.

    A connection that was given back carries another turn at once. So both steps take one lock: that turn must never be
    the one that is cut off. One that carries others at the same time is never shut down.

    Args:
        answer: The answer, which is read through this from now on.
    """

    def __init__(self, answer: httpx.Response) -> None:
        assert isinstance(answer.stream, httpx.SyncByteStream)  # noqa: S101 - a blocking client gives no other
        self._body = answer.stream
        self._connection = None if is_shared(answer) else socket_of(answer)
        self._lock = Lock()
        answer.stream = self

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._body)

    def close(self) -> None:
        """Give the connection back."""
        with self._lock:
            self._connection = None
        self._body.close()

    def hang_up(self) -> None:
        """Shut the connection down, from any thread, so that a read on it returns at once."""
        # One that is down already refuses.
        with self._lock, suppress(OSError):
            if self._connection is not None:
                self._connection.shutdown(socket.SHUT_RDWR)


class ClosedWhole(httpx.AsyncByteStream):
    """The body of an async client's answer, which closes to the end though its task is cancelled on the way.

    To give a connection back takes more than one step of the loop, and httpx takes up none again that a cancelled task
    has left: its pool would count the connection as in use, and keep it open, for as long as there is the client.

    Args:
        body: The body as httpx gives it.
    """

    def __init__(self, body: httpx.SyncByteStream | httpx.AsyncByteStream) -> None:
        assert isinstance(body, httpx.AsyncByteStream)  # noqa: S101 - an async client gives no other
        self._body = body

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self._body)

    async def aclose(self) -> None:
        """Give the connection back."""
        await asyncio.shield(asyncio.ensure_future(self._body.aclose()))


def is_shared(answer: httpx.Response) -> bool:
    """Say whether the connection of an answer carries others at the same time."""
    return answer.http_version == "HTTP/2"


def socket_of(answer: httpx.Response) -> socket.socket | None:
    """Return the socket an answer comes from; None for a transport that has none, as in tests."""
    stream = answer.extensions.get("network_stream")
    return stream.get_extra_info("socket") if stream is not None else None


def _host_without_key(error: httpx.RequestError) -> str:
    """Return the host, the key taken out of the request: the error carries it along, and so would ours as its cause."""
    error.request.headers.pop("x-api-key", None)
    return error.request.url.host


@contextmanager
def _refusing_odd_proxies() -> Iterator[None]:
    try:
        yield
    except (ImportError, ValueError) as error:
        raise InvalidArgumentError("the proxy of the environment", str(error), "a proxy that httpx can use") from error


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__


def _transport_options(settings: Settings) -> dict[str, Any]:
    return {
        "verify": tls_context(),
        "limits": _LIMITS,
        "proxy": _proxy(settings.base_url),
        "socket_options": _keepalive_options(),
    }


def _keepalive_options() -> list[tuple[int, int, int]]:
    """Ask the system to probe a silent connection every minute: routers forget those that say nothing."""
    options = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
    for name in ("TCP_KEEPIDLE", "TCP_KEEPALIVE", "TCP_KEEPINTVL"):
        option = getattr(socket, name, None)
        if option is not None:
            options.append((socket.IPPROTO_TCP, option, 60))
    return options


def _proxy(base_url: str) -> str | None:
    """Return the proxy that the environment names for the service's host.

    httpx looks only when it makes the transport itself, and then it takes no socket options.
    """
    address = urlsplit(base_url)
    if urllib.request.proxy_bypass(address.netloc):
        return None
    proxies = urllib.request.getproxies()
    proxy = proxies.get(address.scheme) or proxies.get("all")
    return proxy if proxy is None or "://" in proxy else f"http://{proxy}"
