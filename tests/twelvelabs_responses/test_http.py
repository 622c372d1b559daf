from __future__ import annotations

import asyncio
import gzip
import socket
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread
from typing import TYPE_CHECKING

import httpx
import pytest

from twelvelabs_responses import (
    APIConnectionError,
    APITimeoutError,
    AsyncClient,
    InvalidArgumentError,
    Limits,
    ProtocolError,
    Retry,
    Sessions,
    StreamInterruptedError,
    _http,
)
from twelvelabs_responses._http import (
    ClosedWhole,
    HeldBody,
    Sending,
    aunpacked,
    connection_error,
    has_tls_context,
    interruption,
    new_async_client,
    new_client,
    new_request,
    socket_of,
    tls_context,
    unpacked,
)
from twelvelabs_responses._settings import Settings
from twelvelabs_responses._turn import Turn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from twelvelabs_responses import ResponsesError
    from twelvelabs_responses.emulator import Emulator

KEY = "key-of-the-tests"
REQUEST = httpx.Request("POST", "https://api.example.com/v1.3/responses", headers={"x-api-key": KEY})


def settings(base_url: str = "https://api.example.com/v1.3", timeout: float = 300.0) -> Settings:
    return Settings(KEY, base_url, timeout, 200.0, Retry(), Limits())


def error_of(kind: type[httpx.RequestError], words: str = "", *, writing_failed: bool = False) -> ResponsesError:
    sending = Sending()
    if writing_failed:
        sending.note("http11.send_request_body.failed", {})
    return connection_error(kind(words, request=REQUEST), sending)


@pytest.mark.parametrize("kind", [httpx.ConnectError, httpx.ProxyError, httpx.LocalProtocolError])
def test_a_connection_that_was_never_made_is_not_ambiguous(kind: type[httpx.RequestError]) -> None:
    error = error_of(kind, "refused")
    assert type(error) is APIConnectionError
    assert str(error) == "the connection to api.example.com could not be made: refused"
    assert not error.ambiguous


@pytest.mark.parametrize("kind", [httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError, httpx.CloseError])
def test_a_connection_that_broke_is_ambiguous(kind: type[httpx.RequestError]) -> None:
    error = error_of(kind)
    assert type(error) is APIConnectionError
    assert str(error) == f"the connection to api.example.com broke: {kind.__name__}"
    assert error.ambiguous


def test_a_request_that_could_not_be_written_whole_is_not_ambiguous() -> None:
    assert not error_of(httpx.ReadError, writing_failed=True).ambiguous
    assert not error_of(httpx.ReadTimeout, writing_failed=True).ambiguous


@pytest.mark.parametrize(
    ("kind", "ambiguous"),
    [
        (httpx.ConnectTimeout, False),
        (httpx.PoolTimeout, False),
        (httpx.ReadTimeout, True),
        (httpx.WriteTimeout, True),
    ],
)
def test_a_timeout_is_ambiguous_once_the_connection_was_made(kind: type[httpx.RequestError], ambiguous: bool) -> None:
    error = error_of(kind)
    assert type(error) is APITimeoutError
    assert error.ambiguous is ambiguous


def test_a_full_pool_is_told_from_a_slow_service() -> None:
    assert str(error_of(httpx.PoolTimeout)) == "no free connection to api.example.com: 1,000 are in use"


def test_what_cannot_be_decompressed_is_a_protocol_error() -> None:
    assert type(error_of(httpx.DecodingError, "bad gzip")) is ProtocolError


def test_a_stream_that_breaks_is_interrupted_and_one_that_falls_silent_timed_out() -> None:
    assert type(interruption(httpx.ReadError("reset", request=REQUEST), left=False)) is StreamInterruptedError
    assert type(interruption(httpx.ReadTimeout("", request=REQUEST), left=False)) is APITimeoutError


def test_a_stream_that_was_left_was_closed_whatever_its_connection_says_of_it() -> None:
    error = interruption(httpx.RemoteProtocolError("peer closed connection", request=REQUEST), left=True)
    assert type(error) is StreamInterruptedError
    assert str(error) == "the stream was closed before its end"


@pytest.mark.parametrize(
    "translate", [lambda error: interruption(error, left=True), lambda error: connection_error(error, Sending())]
)
def test_the_key_leaves_the_request_that_an_error_carries_along(translate: object) -> None:
    request = httpx.Request("POST", "https://api.example.com", headers={"x-api-key": KEY})
    assert callable(translate)
    translate(httpx.ReadError("", request=request))
    assert "x-api-key" not in request.headers


def test_a_request_takes_the_clients_own_patience_whosever_httpx_client_it_is() -> None:
    turn = Turn(settings(), Sessions(), "Hi", {"knowledge_store_id": "ks_1"}, stream=True)
    with httpx.Client(timeout=1) as http:
        request = new_request(http, turn, None)
    assert request.extensions["timeout"] == {"connect": 10.0, "read": 200.0, "write": 300.0, "pool": 10.0}
    assert request.headers["x-api-key"] == KEY
    assert request.headers["accept"] == "text/event-stream"


def test_a_request_for_a_whole_response_waits_as_long_as_the_timeout_says() -> None:
    turn = Turn(settings(timeout=5.0), Sessions(), "Hi", {"knowledge_store_id": "ks_1"}, stream=False)
    with httpx.Client() as http:
        request = new_request(http, turn, None)
    assert request.extensions["timeout"] == {"connect": 5.0, "read": 5.0, "write": 5.0, "pool": 5.0}
    assert request.headers["accept"] == "application/json"


async def test_a_trace_event_of_a_failed_write_is_noted_by_both_twins() -> None:
    sending, asending = Sending(), Sending()
    sending.note("http11.receive_response_headers.failed", {})
    assert not sending.failed
    sending.note("http11.send_request_headers.failed", {})
    await asending.anote("http2.send_request_body.failed", {})
    assert sending.failed
    assert asending.failed


def test_all_clients_share_one_tls_context_also_those_that_begin_together() -> None:
    _http._made_tls_context.cache_clear()
    assert not has_tls_context()
    with ThreadPoolExecutor(8) as threads:
        contexts = list(threads.map(lambda _: tls_context(), range(8)))
    assert {id(context) for context in contexts} == {id(tls_context())}
    assert has_tls_context()


@pytest.mark.parametrize(
    ("variables", "base_url", "proxy"),
    [
        ({}, "https://api.example.com/v1.3", None),
        ({"https_proxy": "http://proxy.example.com:8080"}, "https://api.example.com/v1.3", "proxy.example.com"),
        ({"https_proxy": "proxy.example.com:8080"}, "https://api.example.com/v1.3", "proxy.example.com"),
        ({"all_proxy": "http://proxy.example.com:8080"}, "http://127.0.0.1:9/v1.3", "proxy.example.com"),
        (
            {"https_proxy": "http://proxy.example.com:8080", "no_proxy": "example.com"},
            "https://api.example.com/v1.3",
            None,
        ),
        ({"http_proxy": "http://proxy.example.com:8080"}, "https://api.example.com/v1.3", None),
    ],
)
def test_the_proxy_of_the_environment_is_used(
    variables: dict[str, str], base_url: str, proxy: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with new_client(settings(base_url)) as http:
        pool = http._transport._pool  # type: ignore[attr-defined]  # httpx tells nobody which proxy it uses
    host = getattr(getattr(pool, "_proxy_url", None), "host", None)
    assert host == (proxy.encode() if proxy else None)


async def test_the_pool_holds_a_thousand_connections_and_probes_silent_ones() -> None:
    async with new_async_client(settings()) as http:
        pool = http._transport._pool  # type: ignore[attr-defined]  # httpx has no public view of its pool
    assert pool._max_connections == 1_000
    assert (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1) in pool._socket_options


def test_a_system_without_keepalive_times_still_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TCP_KEEPIDLE", "TCP_KEEPALIVE", "TCP_KEEPINTVL"):
        monkeypatch.delattr(socket, name, raising=False)
    with new_client(settings()) as http:
        pool = http._transport._pool  # type: ignore[attr-defined]  # httpx has no public view of its pool
    assert pool._socket_options == [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]


class Chunks(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that comes as it is told."""

    def __init__(self, *chunks: bytes) -> None:
        self._chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        yield from self._chunks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            yield chunk


def packed(*chunks: bytes, encoding: str) -> httpx.Response:
    return httpx.Response(200, headers={"content-encoding": encoding}, stream=Chunks(*chunks))


async def test_a_body_is_unpacked_in_pieces_by_both_twins() -> None:
    zipped = gzip.compress(b"x" * 200_000)
    sizes = [65_536, 65_536, 65_536, 3_392]
    assert [len(piece) for piece in unpacked(packed(zipped, encoding="gzip"))] == sizes
    assert [len(piece) async for piece in aunpacked(packed(zipped, encoding="gzip"))] == sizes


async def test_a_packing_that_was_not_asked_for_is_refused_by_both_twins() -> None:
    with pytest.raises(ProtocolError, match="packed as 'zstd'"):
        next(unpacked(packed(b"", encoding="zstd")))
    with pytest.raises(ProtocolError, match="packed as 'zstd'"):
        await anext(aunpacked(packed(b"", encoding="zstd")))


async def test_a_body_that_somebody_has_read_already_is_taken_as_it_is() -> None:
    read = httpx.Response(200, headers={"content-encoding": "gzip"}, content=gzip.compress(b"Two goals."))
    assert list(unpacked(read)) == [b"Two goals."]
    assert [piece async for piece in aunpacked(read)] == [b"Two goals."]


class Wire:
    """What httpx tells of the connection of an answer."""

    def __init__(self, connection: object) -> None:
        self._connection = connection

    def get_extra_info(self, _name: str) -> object:
        return self._connection


def answer_on(connection: object, stream: httpx.SyncByteStream) -> httpx.Response:
    return httpx.Response(200, stream=stream, extensions={"network_stream": Wire(connection)})


def test_hanging_up_ends_a_read_and_does_not_mind_doing_so_twice() -> None:
    ours, theirs = socket.socketpair()
    body = HeldBody(answer_on(ours, httpx.ByteStream(b"")))
    with theirs:
        with ours:
            body.hang_up()
            assert ours.recv(1) == b""
        body.hang_up()


def test_an_answer_that_has_given_its_connection_back_hangs_up_on_nobody(emulator: Emulator) -> None:
    asked = [{"type": "message", "role": "user", "content": "Which clips show a goal?"}]
    body = {"knowledge_store_id": emulator.knowledge_store_id, "input": asked, "stream": True}
    with httpx.Client(base_url=emulator.base_url, headers={"x-api-key": KEY}) as http:
        with http.stream("POST", "/responses", json=body) as first:
            held = HeldBody(first)
            first.read()
        with http.stream("POST", "/responses", json=body) as second:
            held.hang_up()
            assert b"response.completed" in second.read()
    assert len({exchange.connection for exchange in emulator.exchanges}) == 1


def test_a_connection_is_given_back_only_when_a_hang_up_that_has_begun_is_over() -> None:
    begun, may_end, steps = Event(), Event(), list[str]()

    class Connection:
        def shutdown(self, _how: int) -> None:
            begun.set()
            assert may_end.wait(5)
            steps.append("shut down")

    class Given(httpx.SyncByteStream):
        def close(self) -> None:
            steps.append("given back")

    answer = answer_on(Connection(), Given())
    body = HeldBody(answer)
    threads = [Thread(target=body.hang_up), Thread(target=answer.close)]
    threads[0].start()
    assert begun.wait(5)
    threads[1].start()
    # If nothing held it off, it would be over long before.
    threads[1].join(0.05)
    may_end.set()
    for thread in threads:
        thread.join()
    assert steps == ["shut down", "given back"]


def test_an_answer_without_a_socket_cannot_be_hung_up_on() -> None:
    answer = httpx.Response(200, stream=httpx.ByteStream(b"whole"))
    HeldBody(answer).hang_up()
    assert socket_of(answer) is None
    assert answer.read() == b"whole"


def test_a_connection_that_carries_other_answers_too_is_never_shut_down() -> None:
    ours, theirs = socket.socketpair()
    answer = answer_on(ours, httpx.ByteStream(b""))
    answer.extensions["http_version"] = b"HTTP/2"
    with ours, theirs:
        HeldBody(answer).hang_up()
        theirs.send(b"for another")
        assert ours.recv(64) == b"for another"


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:9", "ftp://127.0.0.1:9"])
async def test_a_proxy_that_cannot_be_used_is_refused_by_name(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    for make in (new_client, new_async_client):
        with pytest.raises(InvalidArgumentError, match="the proxy of the environment"):
            make(settings())


class SlowToClose(httpx.AsyncByteStream):
    """A body that takes two steps of the loop to close, as httpx does."""

    def __init__(self) -> None:
        self.begun, self.closed = asyncio.Event(), asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"{}"

    async def aclose(self) -> None:
        self.begun.set()
        await asyncio.sleep(0)
        self.closed.set()


async def test_a_body_is_closed_to_the_end_though_its_task_is_cancelled_on_the_way() -> None:
    body = SlowToClose()
    closing = asyncio.ensure_future(ClosedWhole(body).aclose())
    await body.begun.wait()
    closing.cancel()
    await asyncio.wait({closing})
    assert closing.cancelled()
    await asyncio.wait_for(body.closed.wait(), 1.0)


@pytest.mark.parametrize("status", [200, 500])
async def test_an_async_client_gives_a_connection_back_though_its_task_is_cancelled(status: int) -> None:
    body = SlowToClose()
    transport = httpx.MockTransport(lambda _: httpx.Response(status, stream=body))
    async with httpx.AsyncClient(transport=transport) as http:
        asking = asyncio.ensure_future(AsyncClient(api_key="k", http=http).create("Hi", knowledge_store_id="ks_1"))
        await body.begun.wait()
        asking.cancel()
        await asyncio.wait({asking})
        await asyncio.wait_for(body.closed.wait(), 1.0)
    assert asking.cancelled()
