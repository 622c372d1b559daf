from __future__ import annotations

import asyncio
import gc
import inspect
import logging
import socket
import ssl
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from typing import TYPE_CHECKING, Any

import httpx
import pytest

import twelvelabs_responses as t
from tests.sessions import continued
from tests.twins import twin
from twelvelabs_responses import _http

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.twins import AnyClient
    from twelvelabs_responses.emulator import Emulator

QUESTION = "Which clips show a goal?"
KEY = "key-of-the-tests"
TWINS = pytest.mark.parametrize("twin_name", ["Client", "AsyncClient"])


def test_a_response_has_its_text_citations_usage_and_session(client: AnyClient, emulator: Emulator) -> None:
    response = client.create(QUESTION, knowledge_store_id=emulator.knowledge_store_id)
    exchange = emulator.exchanges[-1]
    assert response.text.startswith("(Emulator)")
    assert [response.text[found.start : found.end] for found in response.citations] == ["[1]", "[2]", "[3]"]
    assert response.citations[0].time_range == "12:04-12:31"
    assert (response.id, response.session_id) == (exchange.response_id, exchange.session_id)
    assert response.usage is not None
    assert response.usage.total_tokens


def test_a_second_turn_goes_on_with_the_session(client: AnyClient, emulator: Emulator) -> None:
    store = emulator.knowledge_store_id
    first = client.create(QUESTION, knowledge_store_id=store)
    second = client.create("And what is the penalty for?", knowledge_store_id=store, session_id=first.session_id)
    assert "handball" in second.text
    assert second.session_id == first.session_id


def test_every_option_reaches_the_service_under_its_own_name(client: AnyClient, emulator: Emulator) -> None:
    item = emulator.library.items[0].item_id
    client.create(
        [t.InputItem(content="What is in {{sel:0}}?")],
        knowledge_store_id=emulator.knowledge_store_id,
        model=None,
        instructions="Be brief.",
        include=["intermediate_outputs"],
        text={"format": {"type": "text"}},
        selections=[t.Selection(kind="item", id=item)],
        metadata={"team": "sport"},
        extra_body={},
    )
    assert emulator.exchanges[-1].body == {
        "knowledge_store_id": emulator.knowledge_store_id,
        "input": [{"type": "message", "role": "user", "content": "What is in {{sel:0}}?"}],
        "instructions": "Be brief.",
        "include": ["intermediate_outputs"],
        "text": {"format": {"type": "text"}},
        "selections": [{"kind": "item", "id": item}],
        "metadata": {"team": "sport"},
    }


def test_bad_input_is_refused_and_nothing_is_sent(client: AnyClient, emulator: Emulator) -> None:
    for ask in (client.create, client.stream):
        with pytest.raises(t.InvalidArgumentError, match=r"instructions: got 2,001 characters"):
            ask(QUESTION, knowledge_store_id="ks_1", instructions="x" * 2001)
    assert not emulator.exchanges


def test_ten_turns_in_a_row_use_one_connection(client: AnyClient, emulator: Emulator) -> None:
    store = emulator.knowledge_store_id
    for _ in range(5):
        client.create(QUESTION, knowledge_store_id=store)
        with client.stream(QUESTION, knowledge_store_id=store) as stream:
            assert list(stream)
    assert len({exchange.connection for exchange in emulator.exchanges}) == 1


def test_what_the_service_refuses_for_now_is_sent_again_after_the_wait_it_asks_for(
    client: AnyClient, emulator: Emulator, waits: list[float]
) -> None:
    emulator.fault = "429-retry-after:2"
    assert client.create(QUESTION, knowledge_store_id=emulator.knowledge_store_id).status == "completed"
    assert waits == [1.0, 1.0]
    assert [exchange.status for exchange in emulator.exchanges] == [429, 429, 200]


def test_a_wait_beyond_the_budget_raises_at_once(client: AnyClient, emulator: Emulator, waits: list[float]) -> None:
    emulator.fault = "429-long"
    with pytest.raises(t.RateLimitError) as caught, client.stream(QUESTION, knowledge_store_id="ks_1"):
        pass
    assert caught.value.retry_after == 3600.0
    assert caught.value.reset_at is not None
    assert waits == []


@TWINS
def test_a_connection_that_cannot_be_made_is_tried_again(twin_name: str, waits: list[float]) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        base_url = f"http://127.0.0.1:{nobody.getsockname()[1]}/v1.3"
        with (
            twin(twin_name, api_key=KEY, base_url=base_url) as client,
            pytest.raises(t.APIConnectionError, match=r"could not be made") as caught,
        ):
            client.create(QUESTION, knowledge_store_id="ks_1")
    assert waits == [0.5, 1.0]
    assert not caught.value.ambiguous


@TWINS
def test_ambiguous_failures_are_repeated_only_on_request_and_never_in_a_session(
    twin_name: str, emulator: Emulator, waits: list[float]
) -> None:
    store = emulator.knowledge_store_id
    with twin(twin_name, api_key=KEY, base_url=emulator.base_url, retry=t.Retry(ambiguous=True)) as client:
        first = client.create(QUESTION, knowledge_store_id=store)
        emulator.fault = "500:once"
        assert client.create(QUESTION, knowledge_store_id=store).status == "completed"
        emulator.fault = "500:once"
        with pytest.raises(t.InternalServerError):
            client.create("And then?", knowledge_store_id=store, session_id=first.session_id)
    assert waits == [0.5]


def test_a_turn_under_way_keeps_another_one_of_its_session_out(client: AnyClient, emulator: Emulator) -> None:
    store = emulator.knowledge_store_id
    session_id = client.create(QUESTION, knowledge_store_id=store).session_id
    with client.stream("And then?", knowledge_store_id=store, session_id=session_id) as stream:
        with pytest.raises(t.SessionError, match="is under way"):
            client.create("And then?", knowledge_store_id=store, session_id=session_id)
        assert list(stream)
    assert client.create("And then?", knowledge_store_id=store, session_id=session_id).session_id == session_id


def test_a_refused_turn_leaves_its_session_as_it_was_and_a_failed_one_in_doubt(
    client: AnyClient, emulator: Emulator
) -> None:
    store = emulator.knowledge_store_id
    first = client.create(QUESTION, knowledge_store_id=store)
    session = t.Session(str(first.session_id), str(first.id), store)
    for fault, goes_on in (("400-flat", True), ("500", False)):
        emulator.fault = fault
        with pytest.raises(t.APIStatusError):
            client.create("And then?", knowledge_store_id=store, session_id=session.session_id)
        assert (continued(client.sessions, session) is not None) is goes_on


def test_a_session_that_the_service_has_lost_is_a_session_error(client: AnyClient, emulator: Emulator) -> None:
    with pytest.raises(t.SessionError) as caught:
        client.create(QUESTION, knowledge_store_id=emulator.knowledge_store_id, session_id="sess_gone")
    assert isinstance(caught.value.__cause__, t.NotFoundError)
    assert caught.value.session_id == "sess_gone"


def test_typed_objects_come_back_typed(client: AnyClient, emulator: Emulator) -> None:
    schema = {"title": "Goals", "type": "object", "properties": {"count": {"type": "integer"}}}
    store = emulator.knowledge_store_id
    for fault in (None, "fenced-json"):
        emulator.fault = fault
        answer = client.create(QUESTION, knowledge_store_id=store, output_schema=schema).parsed(dict[str, int])
        assert list(answer) == ["count"]


def test_the_twins_have_the_same_methods_with_the_same_parameters() -> None:
    for blocking, awaited in ((t.Client, t.AsyncClient), (t.Stream, t.AsyncStream)):
        assert surface(blocking) == surface(awaited)


def surface(cls: type) -> dict[str, list[str]]:
    """Return the public methods and their parameters, the async spelling of a name made plain."""
    plain = {"aclose": "close", "__aenter__": "__enter__", "__aexit__": "__exit__", "__aiter__": "__iter__"}
    return {
        plain.get(name, name): [f"{parameter}" for parameter in inspect.signature(method).parameters]
        for name, method in inspect.getmembers(cls, inspect.isfunction)
        if not name.startswith("_") or name in {*plain, *plain.values()}
    }


def test_fifty_threads_share_one_client(emulator: Emulator) -> None:
    store = emulator.knowledge_store_id
    with t.Client(api_key=KEY, base_url=emulator.base_url) as client, ThreadPoolExecutor(50) as pool:

        def talk(_: int) -> tuple[str | None, str | None]:
            first = client.create(QUESTION, knowledge_store_id=store)
            with client.stream("And then?", knowledge_store_id=store, session_id=first.session_id) as stream:
                list(stream)
            return first.session_id, stream.session_id

        talks = list(pool.map(talk, range(50)))
    assert len({first for first, _ in talks}) == 50
    assert all(first == second for first, second in talks)


async def test_fifty_tasks_share_one_client(emulator: Emulator) -> None:
    store = emulator.knowledge_store_id
    async with t.AsyncClient(api_key=KEY, base_url=emulator.base_url) as client:

        async def talk() -> tuple[str | None, str | None]:
            first = await client.create(QUESTION, knowledge_store_id=store)
            async with client.stream("And then?", knowledge_store_id=store, session_id=first.session_id) as stream:
                assert [event async for event in stream]
            return first.session_id, stream.session_id

        talks = await asyncio.gather(*(talk() for _ in range(50)))
    assert len({first for first, _ in talks}) == 50
    assert all(first == second for first, second in talks)


def test_an_async_client_outlives_its_event_loop(emulator: Emulator) -> None:
    client = t.AsyncClient(api_key=KEY, base_url=emulator.base_url)

    async def ask() -> str:
        return (await client.create(QUESTION, knowledge_store_id=emulator.knowledge_store_id)).text

    assert asyncio.run(ask()) == asyncio.run(ask()) == asyncio.run(ask())
    assert emulator.wait_until(lambda running: running.open_connections == 0)


def test_a_loop_that_ends_without_a_word_leaves_nothing_behind(emulator: Emulator) -> None:
    client = t.AsyncClient(api_key=KEY, base_url=emulator.base_url)
    loop = asyncio.new_event_loop()
    loop.run_until_complete(client.create(QUESTION, knowledge_store_id=emulator.knowledge_store_id))
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()
    asyncio.run(client.create(QUESTION, knowledge_store_id=emulator.knowledge_store_id))
    assert loop not in client._made_http


def test_a_client_that_is_dropped_as_its_loop_ends_leaves_no_connection_open(emulator: Emulator) -> None:
    async def ask() -> None:
        client = t.AsyncClient(api_key=KEY, base_url=emulator.base_url)
        store = emulator.knowledge_store_id
        await asyncio.gather(*(client.create(QUESTION, knowledge_store_id=store) for _ in range(10)))

    asyncio.run(ask())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        gc.collect()
    assert caught == []
    assert emulator.wait_until(lambda running: running.open_connections == 0)


async def test_a_client_that_is_dropped_while_its_loop_goes_on_closes_its_connections(emulator: Emulator) -> None:
    client = t.AsyncClient(api_key=KEY, base_url=emulator.base_url)
    await client.create(QUESTION, knowledge_store_id=emulator.knowledge_store_id)
    del client
    assert await asyncio.to_thread(emulator.wait_until, lambda running: running.open_connections == 0)


def test_a_client_may_be_dropped_after_its_loop(emulator: Emulator) -> None:
    client = t.AsyncClient(api_key=KEY, base_url=emulator.base_url)
    asyncio.run(client.create(QUESTION, knowledge_store_id=emulator.knowledge_store_id))
    del client
    assert emulator.wait_until(lambda running: running.open_connections == 0)


def test_event_loops_that_live_side_by_side_have_connections_of_their_own(emulator: Emulator) -> None:
    client = t.AsyncClient(api_key=KEY, base_url=emulator.base_url)

    async def ask() -> None:
        await client.create(QUESTION, knowledge_store_id=emulator.knowledge_store_id)

    first = asyncio.new_event_loop()
    first.run_until_complete(ask())
    asyncio.run(ask())
    first.run_until_complete(ask())
    first.run_until_complete(client.aclose())
    first.close()
    assert [exchange.connection for exchange in emulator.exchanges][0::2] == [emulator.exchanges[0].connection] * 2
    assert emulator.exchanges[1].connection != emulator.exchanges[0].connection


async def test_the_certificates_are_read_once_and_off_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    readers: list[str] = []

    def read() -> ssl.SSLContext:
        readers.append(threading.current_thread().name)
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    _http._made_tls_context.cache_clear()
    monkeypatch.setattr(httpx, "create_ssl_context", read)
    for _ in range(2):
        async with t.AsyncClient(api_key=KEY) as client:
            assert await client._http() is await client._http()
    _http._made_tls_context.cache_clear()
    assert len(readers) == 1
    assert readers[0] != threading.main_thread().name


async def test_tasks_that_start_together_make_one_pool_of_connections(emulator: Emulator) -> None:
    async with t.AsyncClient(api_key=KEY, base_url=emulator.base_url) as client:
        pools = await asyncio.gather(*(client._http() for _ in range(10)))
    assert len(set(map(id, pools))) == 1


def test_threads_that_start_together_make_one_pool_of_connections(emulator: Emulator) -> None:
    with t.Client(api_key=KEY, base_url=emulator.base_url) as client, ThreadPoolExecutor(10) as workers:
        pools = list(workers.map(lambda _: client._http(), range(10)))
    assert len(set(map(id, pools))) == 1


def test_a_client_that_is_dropped_closes_its_connections(emulator: Emulator) -> None:
    client = t.Client(api_key=KEY, base_url=emulator.base_url)
    client.create(QUESTION, knowledge_store_id=emulator.knowledge_store_id)
    assert emulator.open_connections == 1
    del client
    assert emulator.wait_until(lambda running: running.open_connections == 0)


async def test_an_async_client_that_is_dropped_closes_its_connections(emulator: Emulator) -> None:
    client = t.AsyncClient(api_key=KEY, base_url=emulator.base_url)
    await client.create(QUESTION, knowledge_store_id=emulator.knowledge_store_id)
    del client
    closed = asyncio.to_thread(emulator.wait_until, lambda running: running.open_connections == 0)
    assert await closed


def test_a_closed_client_says_so() -> None:
    client = t.Client(api_key=KEY)
    client.close()
    with pytest.raises(RuntimeError, match="closed"):
        client.create(QUESTION, knowledge_store_id="ks_1")
    with pytest.raises(RuntimeError, match="closed"):
        client._http()


async def test_a_closed_async_client_says_so() -> None:
    client = t.AsyncClient(api_key=KEY)
    await client.aclose()
    with pytest.raises(RuntimeError, match="closed"):
        await client.create(QUESTION, knowledge_store_id="ks_1")
    with pytest.raises(RuntimeError, match="closed"):
        await client._http()


def test_a_given_httpx_client_is_used_and_stays_open() -> None:
    answer = httpx.Response(200, json={"output": [], "status": "completed"})
    with httpx.Client(transport=httpx.MockTransport(lambda _: answer), follow_redirects=True) as http:
        with t.Client(api_key=KEY, http=http) as client:
            assert client.create(QUESTION, knowledge_store_id="ks_1").text == ""
        assert not http.is_closed


async def test_a_given_async_httpx_client_is_used_and_stays_open() -> None:
    answer = httpx.Response(200, json={"output": [], "status": "completed"})
    async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _: answer)) as http:
        async with t.AsyncClient(api_key=KEY, http=http) as client:
            assert (await client.create(QUESTION, knowledge_store_id="ks_1")).text == ""
        assert not http.is_closed


@TWINS
def test_a_redirect_is_not_followed_even_by_a_client_that_would(twin_name: str) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.host == "127.0.0.1"
        return httpx.Response(307, headers={"location": "http://elsewhere.example.com/"})

    transport = httpx.MockTransport(answer)
    kinds: dict[str, Any] = {"Client": httpx.Client, "AsyncClient": httpx.AsyncClient}
    http = kinds[twin_name](transport=transport, follow_redirects=True)
    with (
        twin(twin_name, api_key=KEY, http=http, base_url="http://127.0.0.1:9") as client,
        pytest.raises(t.ProtocolError, match="redirected"),
    ):
        client.create(QUESTION, knowledge_store_id="ks_1")


def test_an_error_that_is_not_ours_passes_and_leaves_the_session_in_doubt(client: AnyClient) -> None:
    session = t.Session("sess_1", "resp_1", "ks_1")

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    inner = client if isinstance(client, t.Client) else client._client
    inner._attempt = interrupted  # type: ignore[method-assign,assignment]  # a user's Ctrl-C
    with pytest.raises(KeyboardInterrupt):
        client.create(QUESTION, knowledge_store_id="ks_1", session_id="sess_1")
    assert continued(client.sessions, session) is None


def test_the_key_is_in_no_error_even_if_the_service_repeats_it() -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(401, json={"code": "api_key_invalid", "message": f"no such key: {KEY}"})

    with (
        httpx.Client(transport=httpx.MockTransport(answer)) as http,
        pytest.raises(t.AuthenticationError) as caught,
    ):
        t.Client(api_key=KEY, http=http).create(QUESTION, knowledge_store_id="ks_1")
    assert str(caught.value) == "401 api_key_invalid: no such key: [API key]"
    assert KEY not in repr(vars(caught.value))


@TWINS
def test_a_body_that_breaks_off_is_a_connection_error(twin_name: str, emulator: Emulator) -> None:
    emulator.fault = "cut-json"
    with (
        twin(twin_name, api_key=KEY, base_url=emulator.base_url) as client,
        pytest.raises(t.APIConnectionError) as caught,
    ):
        client.create(QUESTION, knowledge_store_id=emulator.knowledge_store_id)
    assert caught.value.ambiguous


class EndlessBody(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that goes on, or after some chunks breaks off, or is not packed as it says."""

    def __init__(self, *chunks: bytes, goes_on: bool = False) -> None:
        self._chunks = chunks
        self._goes_on = goes_on
        self.given = 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in repeat(b"words " * 1_000) if self._goes_on else self._chunks:
            self.given += len(chunk)
            yield chunk
        raise httpx.ReadError("reset")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self:
            yield chunk


@TWINS
@pytest.mark.parametrize(
    ("body", "headers", "said"),
    [
        (EndlessBody(goes_on=True), {}, "words words"),
        (EndlessBody(b'{"code": "api_key_invalid", '), {}, '{"code": "api_key_invalid",'),
        (EndlessBody(b"{}"), {"content-encoding": "gzip"}, "an empty body"),
        (EndlessBody(b"{}"), {"content-encoding": "br"}, "an empty body"),
    ],
)
def test_the_status_is_told_whatever_becomes_of_the_body(
    twin_name: str, body: EndlessBody, headers: dict[str, str], said: str
) -> None:
    http = {"Client": httpx.Client, "AsyncClient": httpx.AsyncClient}[twin_name]
    transport = httpx.MockTransport(lambda _: httpx.Response(401, headers=headers, stream=body))
    with twin(twin_name, api_key=KEY, http=http(transport=transport)) as client:
        for asked in (client.create, lambda *_, **options: client.stream(QUESTION, **options).__enter__()):
            with pytest.raises(t.AuthenticationError, match=r"^401: ") as caught:
                asked(QUESTION, knowledge_store_id="ks_1")
            assert caught.value.message.startswith(said)
            assert not caught.value.ambiguous
    assert body.given < 5_000_000


async def test_cancelling_a_create_closes_the_connection_at_once(emulator: Emulator) -> None:
    emulator.fault = "stall-headers"
    async with t.AsyncClient(api_key=KEY, base_url=emulator.base_url) as client:
        asking = asyncio.create_task(client.create(QUESTION, knowledge_store_id=emulator.knowledge_store_id))
        arrived = await asyncio.to_thread(emulator.wait_until, lambda running: bool(running.exchanges))
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        left = await asyncio.to_thread(emulator.wait_until, lambda running: running.exchanges[-1].disconnected)
    assert (arrived, left) == (True, True)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """Let the clients' waits pass at once; the seconds asked for are noted."""
    noted: list[float] = []

    async def asleep(seconds: float) -> None:
        noted.append(seconds)

    monkeypatch.setattr("twelvelabs_responses._client.sleep", noted.append)
    monkeypatch.setattr("twelvelabs_responses._client.asleep", asleep)
    yield noted
    assert threading.active_count() < 100


def test_the_twin_of_a_client_has_its_settings_and_its_memory_of_sessions() -> None:
    client = t.Client(api_key=KEY, base_url="https://api.example.com/v1.3", timeout=5.0, retry=t.Retry(max_retries=0))
    there = client.twin()
    back = there.twin()
    assert (type(there), type(back)) == (t.AsyncClient, t.Client)
    assert client._arguments() == there._arguments() == back._arguments()


def test_a_client_with_an_httpx_client_of_its_own_has_no_twin() -> None:
    with httpx.Client() as http, pytest.raises(t.InvalidArgumentError, match="its twin made by hand"):
        t.Client(api_key=KEY, http=http).twin()


def test_twins_that_are_given_must_share_their_memory_of_sessions() -> None:
    client = t.Client(api_key=KEY)
    assert t.client_twins(client, None)[1].sessions is client.sessions
    assert t.client_twins(None, client.twin())[0].sessions is client.sessions
    assert t.client_twins(client, twin_of_it := client.twin()) == (client, twin_of_it)
    with pytest.raises(t.InvalidArgumentError, match="another memory of sessions"):
        t.client_twins(client, t.AsyncClient(api_key=KEY))
    with pytest.raises(t.InvalidArgumentError, match="neither"):
        t.client_twins(None, None)


def test_what_is_no_client_or_is_the_other_twin_is_refused_in_its_place() -> None:
    client = t.Client(api_key=KEY)
    with pytest.raises(t.InvalidArgumentError, match=r"client: got a AsyncClient; allowed: a twelvelabs_\w+\.Client\b"):
        t.client_twins(client.twin(), None)  # type: ignore[arg-type]  # refused
    with pytest.raises(t.InvalidArgumentError, match=r"async_client: got a Client; allowed: .*\.AsyncClient\b"):
        t.client_twins(None, client)  # type: ignore[arg-type]  # refused
    with pytest.raises(t.InvalidArgumentError, match="client: got a str; allowed"):
        t.client_twins("key", None)  # type: ignore[arg-type]  # refused


@TWINS
def test_the_key_is_in_no_log(twin_name: str, emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with twin(twin_name, api_key=KEY, base_url=emulator.base_url) as client:
        client.create(QUESTION, knowledge_store_id=emulator.knowledge_store_id)
        emulator.fault = "401"
        with pytest.raises(t.AuthenticationError):
            client.create(QUESTION, knowledge_store_id=emulator.knowledge_store_id)
    assert "httpcore" in {record.name.partition(".")[0] for record in caplog.records}
    assert KEY not in caplog.text
