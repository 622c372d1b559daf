from __future__ import annotations

import asyncio
import json
import pickle
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core.instrumentation.events.query import QueryEndEvent
from llama_index.core.workflow import JsonPickleSerializer, JsonSerializer

from llama_index_twelvelabs import (
    TwelveLabsAsyncStreamingResponse,
    TwelveLabsResponse,
    TwelveLabsStreamingResponse,
)
from llama_index_twelvelabs.testing import ASYNC_READERS, READERS
from tests.llama_index_twelvelabs.engines import QUESTION, engine_at
from twelvelabs_responses import StreamInterruptedError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

    from twelvelabs_responses.emulator import Emulator

gotten, iterated = ASYNC_READERS["get_response"], ASYNC_READERS["iterate"]


def stream_of(emulator: Emulator) -> TwelveLabsStreamingResponse:
    response = engine_at(emulator, streaming=True).query(QUESTION)
    assert isinstance(response, TwelveLabsStreamingResponse)
    return response


async def astream_of(emulator: Emulator) -> TwelveLabsAsyncStreamingResponse:
    response = await engine_at(emulator, streaming=True).aquery(QUESTION)
    assert isinstance(response, TwelveLabsAsyncStreamingResponse)
    return response


def facts(response: Any) -> dict[str, Any]:
    """Return what is the same of every answer of the emulator to one question."""
    of_one = ("session_id", "response_id", "created_at")
    return {name: fact for name, fact in response.metadata.items() if name not in of_one}


def check_same(text: str, response: Any, emulator: Emulator) -> None:
    plain = engine_at(emulator).query(QUESTION)
    assert text == str(plain)
    assert [found.node for found in response.source_nodes] == [found.node for found in plain.source_nodes]
    assert facts(response) == facts(plain)


@pytest.mark.parametrize("reader", sorted(READERS.keys() - {"iterate"}))
def test_what_has_been_read_or_begun_can_be_read_again_in_whole(emulator: Emulator, reader: str) -> None:
    response = stream_of(emulator)
    next(response.response_gen)
    text = str(response)
    assert text.startswith("(Emulator)")
    assert READERS[reader](response).removesuffix("\n") == text


@pytest.mark.parametrize("reader", sorted(ASYNC_READERS.keys() - {"iterate"}))
async def test_what_has_been_read_or_begun_can_be_awaited_again_in_whole(emulator: Emulator, reader: str) -> None:
    response = await astream_of(emulator)
    await anext(response.response_gen)
    text = await gotten(response)
    assert text.startswith("(Emulator)")
    assert await ASYNC_READERS[reader](response) == text == str(response)


async def test_two_tasks_may_wait_for_one_answer(emulator: Emulator) -> None:
    response = await astream_of(emulator)
    one, other = await asyncio.gather(gotten(response), gotten(response))
    assert one == other == str(response)


async def test_the_text_of_an_async_stream_is_no_text_before_it_has_come(emulator: Emulator) -> None:
    async with await astream_of(emulator) as response:
        for read in (str, lambda unread: unread.response):
            with pytest.raises(RuntimeError, match="has not been read to its end"):
                read(response)


def test_a_closed_stream_says_so_whoever_reads_it(emulator: Emulator) -> None:
    emulator.fault = "slow"
    with stream_of(emulator) as response:
        first = next(response.response_gen)
    assert list(response.response_gen) == []
    assert response.response_txt == first
    assert (response.metadata or {})["status"] == "cancelled"
    for name in READERS.keys() - {"iterate"}:
        with pytest.raises(StreamInterruptedError, match="closed before its end") as caught:
            READERS[name](response)
        assert (caught.value.text, caught.value.session_id) == (first, emulator.exchanges[-1].session_id)


async def test_a_closed_async_stream_says_so_whoever_reads_it(emulator: Emulator) -> None:
    emulator.fault = "slow"
    async with await astream_of(emulator) as response:
        first = await anext(response.response_gen)
    assert response.response_txt == first
    for name in ASYNC_READERS.keys() - {"iterate"}:
        with pytest.raises(StreamInterruptedError, match="closed before its end"):
            await ASYNC_READERS[name](response)


def test_closing_disconnects_within_a_second(emulator: Emulator) -> None:
    emulator.fault = "stall"
    engine = engine_at(emulator, streaming=True)
    response: Any = engine.query(QUESTION)
    response.close()
    assert emulator.wait_until(lambda running: running.exchanges[-1].disconnected, timeout=1.0)
    http: Any = engine.llm._client._made_http
    assert http._transport._pool.connections == []


async def test_closing_an_async_stream_disconnects_within_a_second(emulator: Emulator) -> None:
    emulator.fault = "stall"
    engine = engine_at(emulator, streaming=True)
    response: Any = await engine.aquery(QUESTION)
    await response.aclose()
    assert await asyncio.to_thread(emulator.wait_until, lambda running: running.exchanges[-1].disconnected, 1.0)
    ((http, _),) = engine.llm._async_client._made_http.values()
    assert http._transport._pool.connections == []  # type: ignore[attr-defined]  # of httpx's own


def test_another_thread_may_close_what_one_is_reading(emulator: Emulator) -> None:
    emulator.fault = "stall"
    response = stream_of(emulator)
    errors: list[BaseException] = []

    def read() -> None:
        try:
            str(response)
        except StreamInterruptedError as error:
            errors.append(error)

    reader = Thread(target=read)
    reader.start()
    reader.join(timeout=0.05)
    assert reader.is_alive()
    response.close()
    reader.join(timeout=5)
    assert [type(error) for error in errors] == [StreamInterruptedError]


async def test_another_task_may_close_what_one_is_reading(emulator: Emulator) -> None:
    emulator.fault = "stall"
    response = await astream_of(emulator)
    reader = asyncio.create_task(gotten(response))
    _, waiting = await asyncio.wait({reader}, timeout=0.05)
    assert waiting == {reader}
    await response.aclose()
    with pytest.raises(StreamInterruptedError):
        await reader


def test_an_event_of_llama_index_holds_the_stream_itself_and_leaves_it_alone(emulator: Emulator) -> None:
    response = stream_of(emulator)
    event = QueryEndEvent(query=QUESTION, response=response)
    event.model_dump()
    assert event.response is response
    assert "".join(response.response_gen).startswith("(Emulator)")


def test_a_handler_that_eats_the_tokens_leaves_the_text(emulator: Emulator) -> None:
    response = stream_of(emulator)
    QueryEndEvent(query=QUESTION, response=response).model_dump_json()
    assert list(response.response_gen) == []
    check_same(str(response), response, emulator)


def copies(response: Any) -> list[Any]:
    """Return what comes back of a response that is stored, in each way there is."""
    stored = [type(response).from_dict(json.loads(json.dumps(response.to_dict())))]
    stored.append(pickle.loads(pickle.dumps(response)))  # noqa: S301 - pickled here
    return stored + [each.deserialize(each.serialize(response)) for each in (JsonSerializer(), JsonPickleSerializer())]


def test_a_stream_that_has_been_read_is_stored_and_can_be_read_again(emulator: Emulator) -> None:
    response = stream_of(emulator)
    text = str(response)
    for again in copies(response):
        assert isinstance(again, TwelveLabsStreamingResponse)
        assert "".join(again.response_gen) == str(again) == text
        assert (again.source_nodes, again.metadata) == (response.source_nodes, response.metadata)
        assert again.session_id == response.session_id


async def test_an_async_stream_that_has_been_read_is_stored_and_can_be_read_again(emulator: Emulator) -> None:
    response = await astream_of(emulator)
    text = await gotten(response)
    for again in copies(response):
        assert isinstance(again, TwelveLabsAsyncStreamingResponse)
        assert await iterated(again) == str(again) == text
        assert (again.source_nodes, again.metadata) == (response.source_nodes, response.metadata)


def test_a_stream_that_has_not_been_read_is_not_stored(emulator: Emulator) -> None:
    with stream_of(emulator) as response:
        for store in (response.to_dict, lambda: pickle.dumps(response)):
            with pytest.raises(RuntimeError, match="has not been read to its end"):
                store()
        assert isinstance(response.get_response(), TwelveLabsResponse)


async def test_tokens_that_others_put_in_place_are_read_as_well() -> None:
    def tokens() -> Generator[str, None, None]:
        yield from ("One ", "goal.")

    async def atokens() -> AsyncGenerator[str, None]:
        for token in tokens():
            yield token

    response, awaited = TwelveLabsStreamingResponse(tokens()), TwelveLabsAsyncStreamingResponse(atokens())
    assert str(response) == await gotten(awaited) == "One goal."
    response.close()
    await awaited.aclose()
    assert (str(response), str(awaited)) == ("One goal.", "One goal.")


def test_an_answer_is_printed_as_it_comes(emulator: Emulator, capsys: pytest.CaptureFixture[str]) -> None:
    response = stream_of(emulator)
    response.print_response_stream()
    assert capsys.readouterr().out == str(response)


async def test_an_awaited_answer_is_given_as_it_comes(emulator: Emulator) -> None:
    response = await astream_of(emulator)
    texts = [text async for text in response.async_response_gen()]
    assert len(texts) > 10
    assert "".join(texts) == str(response)
