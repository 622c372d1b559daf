from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from llama_index_twelvelabs._chat_responses import whole_response
from tests.llama_index_twelvelabs.chats import (
    QUESTION,
    STREAMS,
    ask,
    engine_at,
    kept,
    leave_early,
    opened,
)
from twelvelabs_responses import (
    OutputTextDelta,
    Response,
    StreamInterruptedError,
)

if TYPE_CHECKING:
    from twelvelabs_responses import ResponseStreamEvent
    from twelvelabs_responses.emulator import Emulator


def test_a_whole_response_says_all_that_is_known() -> None:
    part = {"type": "output_text", "text": "Two."}
    output = [{"type": "function_call", "name": "search"}, {"type": "message", "content": [part]}]
    response = whole_response(Response.model_validate({"session_id": "sess_1", "output": output}))
    assert (str(response), [source.tool_name for source in response.sources]) == ("Two.", ["search"])
    assert (response.source_nodes, (response.metadata or {})["session_id"]) == ([], "sess_1")


@STREAMS
def test_when_the_call_returns_the_session_is_known_and_the_users_message_is_kept(emulator: Emulator, way: str) -> None:
    engine = engine_at(emulator)
    response = opened(engine, way)
    assert response.session_id == response.metadata["session_id"] == emulator.exchanges[0].session_id
    assert kept(engine)[0] == ("user", QUESTION)


def test_all_is_known_before_the_reader_is_told_of_the_end(emulator: Emulator) -> None:
    engine = engine_at(emulator, include=("intermediate_outputs",))
    response = engine.stream_chat(QUESTION)
    nodes, sources = response.source_nodes, response.sources
    text = "".join(response.response_gen)
    assert (len(nodes), len(sources)) == (3, 1)
    assert response.metadata["usage"]["output_tokens"] > 0
    assert response.response == response.unformatted_response == text
    assert response.is_done
    assert engine.chat_history[-1].content == text


async def test_all_is_known_before_the_awaiting_reader_is_told_of_the_end(emulator: Emulator) -> None:
    response = await engine_at(emulator, include=("intermediate_outputs",)).astream_chat(QUESTION)
    nodes, sources = response.source_nodes, response.sources
    text = "".join([token async for token in response.async_response_gen()])
    assert (len(nodes), len(sources), response.response) == (3, 1, text)
    assert response.metadata["status"] == "completed"


def test_a_response_is_printed_as_it_comes(emulator: Emulator, capsys: pytest.CaptureFixture[str]) -> None:
    response = engine_at(emulator).stream_chat(QUESTION)
    response.print_response_stream()
    assert capsys.readouterr().out == str(response)


async def test_an_awaited_response_is_printed_as_it_comes(
    emulator: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    response = await engine_at(emulator).astream_chat(QUESTION)
    await response.aprint_response_stream()
    assert capsys.readouterr().out == str(response)


def test_read_again_a_response_gives_its_whole_text(emulator: Emulator) -> None:
    response = engine_at(emulator).stream_chat(QUESTION)
    text = "".join(response.response_gen)
    assert list(response.response_gen) == [text]


async def test_read_again_an_awaited_response_gives_its_whole_text(emulator: Emulator) -> None:
    response = await engine_at(emulator).astream_chat(QUESTION)
    text = "".join([token async for token in response.async_response_gen()])
    assert [token async for token in response.async_response_gen()] == list(response.response_gen) == [text]
    response.close()


@STREAMS
def test_an_empty_answer_is_empty(emulator: Emulator, way: str) -> None:
    emulator.fault = "empty-answer"
    engine = engine_at(emulator)
    response = ask(engine, QUESTION, way)
    assert str(response) == ""
    assert list(response.response_gen) == []
    assert kept(engine) == [("user", QUESTION), ("assistant", "completed")]


async def test_each_kind_says_how_it_is_read_and_closed(emulator: Emulator) -> None:
    async with await engine_at(emulator).astream_chat(QUESTION) as response:
        with pytest.raises(ValueError, match=r"async for text in response\.async_response_gen"):
            next(response.response_gen)
        with pytest.raises(RuntimeError, match=r"await response\.aclose\(\)"):
            response.close()
    async with engine_at(emulator).stream_chat(QUESTION) as blocking:
        with pytest.raises(ValueError, match=r"for text in response\.response_gen"):
            await anext(blocking.async_response_gen())
    assert blocking.metadata["status"] == "cancelled"


@STREAMS
def test_a_stream_that_is_left_is_closed_at_once_and_kept_as_far_as_it_came(emulator: Emulator, way: str) -> None:
    emulator.fault = "slow"
    engine = engine_at(emulator)
    response = leave_early(engine, QUESTION, way)
    assert emulator.wait_until(lambda running: running.exchanges[-1].disconnected)
    assert str(response) == response.response == engine.chat_history[-1].content == "(Emulator) I looked "
    assert kept(engine) == [("user", QUESTION), ("assistant", "cancelled")]
    with pytest.raises(StreamInterruptedError, match="closed before its end") as caught:
        next(response.response_gen)
    assert (caught.value.text, caught.value.session_id) == (str(response), emulator.exchanges[0].session_id)


async def test_leaving_the_loop_and_closing_at_once_do_not_get_in_each_others_way(emulator: Emulator) -> None:
    emulator.fault = "slow"
    engine = engine_at(emulator)
    response = await engine.astream_chat(QUESTION)
    async for _ in response.async_response_gen():
        break
    await asyncio.gather(response.aclose(), response.aclose())
    assert kept(engine)[-1] == ("assistant", "cancelled")
    assert await asyncio.to_thread(emulator.wait_until, lambda running: running.exchanges[-1].disconnected)


def test_a_failure_is_told_again_to_who_reads_again(emulator: Emulator) -> None:
    emulator.fault = "cut"
    response = engine_at(emulator).stream_chat(QUESTION)
    for _ in range(2):
        with pytest.raises(StreamInterruptedError):
            list(response.response_gen)
    assert response.metadata["status"] == "failed"


def test_another_thread_may_close_a_stream_that_is_being_read(emulator: Emulator) -> None:
    emulator.fault = "stall"
    engine = engine_at(emulator)
    response = engine.stream_chat(QUESTION)
    closing = threading.Timer(0.1, response.close)
    closing.start()
    with pytest.raises(StreamInterruptedError):
        list(response.response_gen)
    closing.join()
    assert kept(engine)[-1] == ("assistant", "cancelled")
    assert emulator.wait_until(lambda running: running.exchanges[-1].disconnected)


async def test_another_task_may_close_a_stream_that_is_being_read(emulator: Emulator) -> None:
    emulator.fault = "stall"
    engine, came = engine_at(emulator), asyncio.Event()
    response = await engine.astream_chat(QUESTION)

    async def read() -> None:
        async for _ in response.async_response_gen():
            came.set()

    reader = asyncio.ensure_future(read())
    await came.wait()
    await response.aclose()
    assert kept(engine)[-1] == ("assistant", "cancelled")
    with pytest.raises(StreamInterruptedError):
        await reader


@STREAMS
def test_a_stream_that_is_closed_between_two_reads_does_not_look_whole(emulator: Emulator, way: str) -> None:
    async def awaited() -> None:
        response = await engine.astream_chat(QUESTION)
        texts = response.async_response_gen()
        await anext(texts)
        await response.aclose()
        with pytest.raises(StreamInterruptedError, match="closed before its end"):
            await anext(texts)

    engine = engine_at(emulator)
    if way == "astream_chat":
        asyncio.run(awaited())
        return
    response = engine.stream_chat(QUESTION)
    texts = response.response_gen
    next(texts)
    response.close()
    with pytest.raises(StreamInterruptedError, match="closed before its end"):
        next(texts)


def test_who_hears_of_progress_may_close_the_stream(emulator: Emulator) -> None:
    def hear(event: ResponseStreamEvent) -> None:
        if isinstance(event, OutputTextDelta):
            response.close()

    engine = engine_at(emulator, on_event=hear)
    response = engine.stream_chat(QUESTION)
    with pytest.raises(StreamInterruptedError):
        list(response.response_gen)
    assert kept(engine)[-1] == ("assistant", "cancelled")
