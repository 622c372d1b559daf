from __future__ import annotations

import asyncio
import gc
import threading
from typing import TYPE_CHECKING, Any

import httpx
import pytest

import twelvelabs_responses as t
from tests.sessions import continued
from tests.twins import twin

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.twins import AnyClient
    from twelvelabs_responses.emulator import Emulator

QUESTION = "Which clips show a goal?"
KEY = "key-of-the-tests"
TWINS = pytest.mark.parametrize("twin_name", ["Client", "AsyncClient"])


def left(emulator: Emulator) -> bool:
    """Say whether the emulator noticed within a second that the client had left."""
    return emulator.wait_until(lambda running: running.exchanges[-1].disconnected, timeout=1.0)


def test_a_stream_gives_the_text_that_the_whole_response_gives(client: AnyClient, emulator: Emulator) -> None:
    whole = client.create(QUESTION, knowledge_store_id=emulator.knowledge_store_id)
    with client.stream(QUESTION, knowledge_store_id=emulator.knowledge_store_id) as stream:
        texts = list(stream.text_deltas())
    assert len(texts) > 10
    assert "".join(texts) == whole.text == stream.response.text
    assert stream.response.citations == whole.citations


def test_events_come_typed_and_in_order(client: AnyClient, emulator: Emulator) -> None:
    with client.stream(QUESTION, knowledge_store_id=emulator.knowledge_store_id) as stream:
        events = list(stream)
    kinds = [type(event) for event in events if not isinstance(event, t.OutputTextDelta)]
    assert kinds == [
        t.ResponseEvent,
        t.ResponseEvent,
        t.OutputItemAdded,
        t.ContentPartAdded,
        t.OutputTextDone,
        t.ContentPartDone,
        t.OutputItemDone,
        t.ResponseEvent,
    ]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert [event.terminal for event in events] == [False] * (len(events) - 1) + [True]


def test_updates_tell_commentary_from_the_answer(client: AnyClient, emulator: Emulator) -> None:
    store = emulator.knowledge_store_id
    with client.stream(QUESTION, knowledge_store_id=store, include=["intermediate_outputs"]) as stream:
        pieces = [piece for _, added in stream.updates() for piece in added]
    commentary, *_, answer = stream.response.output
    assert isinstance(commentary, t.Message)
    assert isinstance(answer, t.Message)
    assert "".join(piece.text for piece in pieces if not piece.is_answer) == commentary.text
    assert "".join(piece.text for piece in pieces if piece.is_answer) == answer.text == stream.response.text


def test_the_session_is_known_as_soon_as_the_stream_is_open(client: AnyClient, emulator: Emulator) -> None:
    stream = client.stream(QUESTION, knowledge_store_id=emulator.knowledge_store_id)
    assert stream.session_id is None
    assert stream.response == t.Response()
    with stream:
        assert stream.session_id == emulator.exchanges[-1].session_id
        assert stream.response.status == "in_progress"


def test_a_session_that_goes_on_is_known_before_the_stream_is_open(client: AnyClient) -> None:
    assert client.stream(QUESTION, knowledge_store_id="ks_1", session_id="sess_1").session_id == "sess_1"


def test_keepalives_before_the_first_event_are_passed_on(client: AnyClient, emulator: Emulator) -> None:
    emulator.fault = "keepalives"
    with client.stream(QUESTION, knowledge_store_id=emulator.knowledge_store_id) as stream:
        events = list(stream)
    assert any(isinstance(event, t.Keepalive) for event in events)
    assert events[-1].terminal


def test_breaking_out_of_the_loop_closes_the_connection_at_once(client: AnyClient, emulator: Emulator) -> None:
    emulator.fault = "slow"
    with client.stream(QUESTION, knowledge_store_id=emulator.knowledge_store_id) as stream:
        for count, _ in enumerate(stream):
            if count == 2:
                break
        if isinstance(stream, t.Stream):
            # Before the `with` is left. The async twin's generator is closed by the loop's next step.
            assert left(emulator)
    assert left(emulator)


def test_leaving_the_with_closes_the_connection_at_once(client: AnyClient, emulator: Emulator) -> None:
    emulator.fault = "stall"
    with client.stream(QUESTION, knowledge_store_id=emulator.knowledge_store_id) as stream:
        assert next(iter(stream)).sequence_number == 0
    assert left(emulator)


def test_a_stream_that_was_left_early_says_so_when_read_again(client: AnyClient, emulator: Emulator) -> None:
    with client.stream(QUESTION, knowledge_store_id=emulator.knowledge_store_id) as stream:
        for text in stream.text_deltas():
            assert text
            break
        with pytest.raises(t.StreamInterruptedError, match="closed before its end") as caught:
            list(stream)
    assert caught.value.session_id == stream.session_id
    assert stream.response.status == "in_progress"


def test_a_stream_read_to_its_end_has_nothing_more_to_give(client: AnyClient, emulator: Emulator) -> None:
    with client.stream(QUESTION, knowledge_store_id=emulator.knowledge_store_id) as stream:
        assert list(stream)
        assert list(stream) == []


def test_a_stream_left_early_puts_its_session_in_doubt(client: AnyClient, emulator: Emulator) -> None:
    store = emulator.knowledge_store_id
    first = client.create(QUESTION, knowledge_store_id=store)
    session = t.Session(str(first.session_id), str(first.id), store)
    with client.stream("And then?", knowledge_store_id=store, session_id=session.session_id) as stream:
        next(iter(stream.text_deltas()))
    assert continued(client.sessions, session) is None


def test_a_stream_read_to_its_end_supersedes_the_answer_before(client: AnyClient, emulator: Emulator) -> None:
    store = emulator.knowledge_store_id
    first = client.create(QUESTION, knowledge_store_id=store)
    with client.stream("And then?", knowledge_store_id=store, session_id=first.session_id) as stream:
        list(stream)
    stale = t.Session(str(first.session_id), str(first.id), store)
    newest = t.Session(str(first.session_id), str(stream.response.id), store)
    assert continued(client.sessions, stale) is None
    assert continued(client.sessions, newest) == first.session_id


def test_a_stream_that_fails_before_it_is_open_leaves_the_session_free(client: AnyClient, emulator: Emulator) -> None:
    store = emulator.knowledge_store_id
    session_id = client.create(QUESTION, knowledge_store_id=store).session_id
    emulator.fault = "400-flat:once"
    stream = client.stream("And then?", knowledge_store_id=store, session_id=session_id)
    with pytest.raises(t.BadRequestError), stream:
        pass
    with client.stream("And then?", knowledge_store_id=store, session_id=session_id) as again:
        assert list(again)


def test_a_stream_is_entered_once(client: AnyClient, emulator: Emulator) -> None:
    stream = client.stream(QUESTION, knowledge_store_id=emulator.knowledge_store_id)
    with stream, pytest.raises(RuntimeError, match="entered once"):
        stream.__enter__()


def test_a_stream_must_be_entered_before_it_is_read(client: AnyClient) -> None:
    stream = client.stream(QUESTION, knowledge_store_id="ks_1")
    with pytest.raises(RuntimeError, match="not open"):
        list(stream)
    stream.close()


def test_what_follows_the_answer_is_waited_for_a_tenth_of_a_second_only(client: AnyClient, emulator: Emulator) -> None:
    emulator.fault = "hold-open"
    with client.stream(QUESTION, knowledge_store_id=emulator.knowledge_store_id) as stream:
        assert list(stream)[-1].terminal
    assert left(emulator)


def test_leaving_at_the_terminal_event_keeps_the_connection_for_the_next_turn(
    client: AnyClient, emulator: Emulator
) -> None:
    for _ in range(3):
        with client.stream(QUESTION, knowledge_store_id=emulator.knowledge_store_id) as stream:
            for event in stream:
                if event.terminal:
                    break
    assert len({exchange.connection for exchange in emulator.exchanges}) == 1


def test_a_stream_that_is_closed_while_it_is_read_does_not_look_whole(client: AnyClient, emulator: Emulator) -> None:
    with client.stream(QUESTION, knowledge_store_id=emulator.knowledge_store_id) as stream:
        events = iter(stream)
        next(events)
        stream.close()
        with pytest.raises(t.StreamInterruptedError, match="closed before its end"):
            list(events)


def test_a_stream_can_be_closed_by_another_thread(emulator: Emulator) -> None:
    emulator.fault = "stall"
    with (
        t.Client(api_key=KEY, base_url=emulator.base_url) as client,
        client.stream(QUESTION, knowledge_store_id=emulator.knowledge_store_id) as stream,
    ):
        events = iter(stream)
        next(events)
        closer = threading.Timer(0.05, stream.close)
        closer.start()
        with pytest.raises(t.StreamInterruptedError, match="closed before its end"):
            list(events)
        closer.join()
    assert left(emulator)


async def test_an_async_stream_can_be_closed_by_another_task(emulator: Emulator) -> None:
    emulator.fault = "stall"
    async with (
        t.AsyncClient(api_key=KEY, base_url=emulator.base_url) as client,
        client.stream(QUESTION, knowledge_store_id=emulator.knowledge_store_id) as stream,
    ):

        async def read() -> None:
            async for _ in stream:
                pass

        reader = asyncio.create_task(read())
        await asyncio.sleep(0.05)
        await stream.aclose()
        with pytest.raises(t.StreamInterruptedError, match="closed before its end"):
            await reader
    assert await asyncio.to_thread(left, emulator)


async def test_cancelling_the_task_closes_the_connection_at_once(emulator: Emulator) -> None:
    emulator.fault = "stall"
    reading = asyncio.Event()
    async with t.AsyncClient(api_key=KEY, base_url=emulator.base_url) as client:

        async def read() -> None:
            async with client.stream(QUESTION, knowledge_store_id=emulator.knowledge_store_id) as stream:
                async for _ in stream:
                    reading.set()

        reader = asyncio.create_task(read())
        await reading.wait()
        reader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader
        assert await asyncio.to_thread(left, emulator)


async def test_cancelling_the_task_while_the_stream_opens_closes_the_connection(emulator: Emulator) -> None:
    emulator.fault = "stall-headers"
    async with t.AsyncClient(api_key=KEY, base_url=emulator.base_url) as client:
        stream = client.stream(QUESTION, knowledge_store_id=emulator.knowledge_store_id)
        opening = asyncio.create_task(stream.__aenter__())
        assert await asyncio.to_thread(emulator.wait_until, lambda running: bool(running.exchanges))
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        assert await asyncio.to_thread(left, emulator)


def test_a_stream_that_is_dropped_closes_its_connection_without_the_garbage_collector(emulator: Emulator) -> None:
    emulator.fault = "stall"
    with t.Client(api_key=KEY, base_url=emulator.base_url) as client:
        gc.disable()
        try:
            stream = client.stream(QUESTION, knowledge_store_id=emulator.knowledge_store_id)
            stream.__enter__()
            del stream
            assert left(emulator)
        finally:
            gc.enable()


async def test_an_async_stream_that_is_dropped_closes_its_connection_without_the_garbage_collector(
    emulator: Emulator,
) -> None:
    emulator.fault = "stall"
    async with t.AsyncClient(api_key=KEY, base_url=emulator.base_url) as client:
        gc.disable()
        try:
            stream = client.stream(QUESTION, knowledge_store_id=emulator.knowledge_store_id)
            await stream.__aenter__()
            del stream
            assert await asyncio.to_thread(left, emulator)
        finally:
            gc.enable()


@TWINS
def test_a_stream_that_breaks_is_interrupted_with_its_text_so_far(twin_name: str, emulator: Emulator) -> None:
    emulator.fault = "reset"
    with (
        twin(twin_name, api_key=KEY, base_url=emulator.base_url) as client,
        pytest.raises(t.StreamInterruptedError, match="the connection broke") as caught,
        client.stream(QUESTION, knowledge_store_id=emulator.knowledge_store_id) as stream,
    ):
        list(stream)
    assert caught.value.text.startswith("(Emulator)"[:5])
    assert isinstance(caught.value.__cause__, httpx.HTTPError)
    assert "x-api-key" not in caught.value.__cause__.request.headers


@TWINS
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("end-early", t.StreamInterruptedError),
        ("done-early", t.StreamInterruptedError),
        ("malformed-event", t.ProtocolError),
        ("failed", t.ResponseFailedError),
    ],
)
def test_a_stream_that_does_not_end_well_raises(
    twin_name: str, emulator: Emulator, fault: str, error: type[t.ResponsesError]
) -> None:
    emulator.fault = fault
    with (
        twin(twin_name, api_key=KEY, base_url=emulator.base_url) as client,
        pytest.raises(error) as caught,
        client.stream(QUESTION, knowledge_store_id=emulator.knowledge_store_id) as stream,
    ):
        list(stream)
    assert caught.value.text
    assert caught.value.session_id == emulator.exchanges[-1].session_id


@pytest.mark.parametrize("fault", ["no-last-blank", "json-for-stream", "no-done"])
def test_a_stream_that_ends_well_in_an_odd_way_is_read(client: AnyClient, emulator: Emulator, fault: str) -> None:
    whole = client.create(QUESTION, knowledge_store_id=emulator.knowledge_store_id)
    emulator.fault = fault
    with client.stream(QUESTION, knowledge_store_id=emulator.knowledge_store_id) as stream:
        assert "".join(stream.text_deltas()) == whole.text


def test_text_deltas_leave_commentary_out(client: AnyClient, emulator: Emulator) -> None:
    store = emulator.knowledge_store_id
    for fault in (None, "no-phase"):
        emulator.fault = fault
        with client.stream(QUESTION, knowledge_store_id=store, include=["intermediate_outputs"]) as stream:
            assert "".join(stream.text_deltas()) == stream.response.text
        assert len(stream.response.output) > 1


CREATED = b'data: {"type":"response.created","response":{"status":"in_progress","output":[]}}\n\n'
COMPLETED = b'data: {"type":"response.completed","response":{"status":"completed","output":[]}}\n\n'


class Endless(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that goes on and on after its terminal event."""

    def __init__(self) -> None:
        self.sent = 0

    def __iter__(self) -> Iterator[bytes]:
        yield COMPLETED
        while self.sent < 1_000_000:
            self.sent += 1
            yield b": more\n"

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self:
            yield chunk


@TWINS
def test_a_body_that_never_ends_is_given_up_after_a_few_more_chunks(twin_name: str) -> None:
    body = Endless()
    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=body))
    kinds: dict[str, Any] = {"Client": httpx.Client, "AsyncClient": httpx.AsyncClient}
    http = kinds[twin_name](transport=transport)
    with twin(twin_name, api_key=KEY, http=http) as client, client.stream(QUESTION, knowledge_store_id="k") as stream:
        assert len(list(stream)) == 1
    assert body.sent <= 64


def test_a_stream_that_failed_to_open_is_not_sent_again_and_leaves_its_session_free(
    client: AnyClient, emulator: Emulator
) -> None:
    store = emulator.knowledge_store_id
    session_id = client.create(QUESTION, knowledge_store_id=store).session_id
    emulator.fault = "400-flat:once"
    stream = client.stream("And then?", knowledge_store_id=store, session_id=session_id)
    with pytest.raises(t.BadRequestError), stream:
        pass
    with pytest.raises(RuntimeError, match="entered once"), stream:
        pass
    assert len(emulator.exchanges) == 2
    assert client.create("And then?", knowledge_store_id=store, session_id=session_id).session_id == session_id


def test_the_first_turn_of_a_session_keeps_others_out_as_soon_as_the_session_has_a_name(
    client: AnyClient, emulator: Emulator
) -> None:
    store = emulator.knowledge_store_id
    with client.stream(QUESTION, knowledge_store_id=store) as stream:
        for _ in range(2):
            with pytest.raises(t.SessionError, match="is under way"):
                client.create("And then?", knowledge_store_id=store, session_id=stream.session_id)
        list(stream)
    assert client.create("And then?", knowledge_store_id=store, session_id=stream.session_id).status == "completed"


def test_an_answer_over_http_2_is_not_read_past_its_end() -> None:
    body = Endless()
    answer = httpx.Response(200, stream=body, extensions={"http_version": b"HTTP/2"})
    with (
        httpx.Client(transport=httpx.MockTransport(lambda _: answer)) as http,
        t.Client(api_key=KEY, http=http) as client,
        client.stream(QUESTION, knowledge_store_id="k") as stream,
    ):
        assert len(list(stream)) == 1
    assert body.sent == 0


class Shared(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body over HTTP/2: silent after its first event, until the connection brings something again."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.awaited, self.goes_on = threading.Event(), threading.Event()

    def answer(self, _: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=self, extensions={"http_version": b"HTTP/2"})

    def __iter__(self) -> Iterator[bytes]:
        yield CREATED
        self.awaited.set()
        assert self.goes_on.wait(5)
        self.steps.append("more bytes")
        yield b": keepalive\n\n"

    async def __aiter__(self) -> AsyncIterator[bytes]:
        chunks = iter(self)
        while chunk := await asyncio.to_thread(next, chunks, b""):
            yield chunk

    def close(self) -> None:
        self.steps.append("given back")

    async def aclose(self) -> None:
        self.close()


def test_another_thread_that_closes_a_stream_over_http_2_has_its_reader_end_with_the_next_bytes() -> None:
    body = Shared()
    with (
        httpx.Client(transport=httpx.MockTransport(body.answer)) as http,
        t.Client(api_key=KEY, http=http) as client,
        client.stream(QUESTION, knowledge_store_id="k") as stream,
    ):

        def close() -> None:
            assert body.awaited.wait(5)
            stream.close()
            body.goes_on.set()

        closer = threading.Thread(target=close)
        closer.start()
        with pytest.raises(t.StreamInterruptedError, match="closed before its end"):
            list(stream)
        closer.join()
    assert body.steps == ["more bytes", "given back"]


async def test_another_task_that_closes_a_stream_over_http_2_has_its_reader_end_with_the_next_bytes() -> None:
    body = Shared()
    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(body.answer)) as http,
        t.AsyncClient(api_key=KEY, http=http) as client,
        client.stream(QUESTION, knowledge_store_id="k") as stream,
    ):

        async def read() -> None:
            async for _ in stream:
                pass

        reader = asyncio.create_task(read())
        assert await asyncio.to_thread(body.awaited.wait, 5)
        await stream.aclose()
        body.goes_on.set()
        with pytest.raises(t.StreamInterruptedError, match="closed before its end"):
            await reader
    assert body.steps == ["more bytes", "given back"]
