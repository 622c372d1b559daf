from __future__ import annotations

import asyncio
import gc
import inspect
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core.chat_engine.types import StreamingAgentChatResponse
from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]  # passed on, not listed
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events.chat_engine import StreamChatErrorEvent
from pydantic import Field

from llama_index_twelvelabs._chat_responses import whole_response
from tests.llama_index_twelvelabs.chats import (
    FOLLOW_UP,
    QUESTION,
    STREAMS,
    THIRD,
    ask,
    bodies,
    engine_at,
    kept,
    leave_early,
    texts_sent,
)
from twelvelabs_responses import (
    RateLimitError,
    Response,
    ResponseFailedError,
    SessionError,
    StreamInterruptedError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llama_index.core.instrumentation.events import BaseEvent

    from llama_index_twelvelabs import TwelveLabsChatEngine, TwelveLabsStreamingChatResponse
    from twelvelabs_responses.emulator import Emulator


class Listener(BaseEventHandler):
    """Notes the chat engine's events."""

    heard: list[Any] = Field(default_factory=list)

    def handle(self, event: BaseEvent, **_: Any) -> None:
        if event.class_name().startswith("StreamChat"):
            self.heard.append(event)

    def told(self) -> list[str]:
        """Return what was heard, in short, runs of deltas as one."""
        names = [event.class_name().removeprefix("StreamChat").removesuffix("Event") for event in self.heard]
        return [name for place, name in enumerate(names) if names[place - 1 : place] != [name]]


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener, dispatcher = Listener(), get_dispatcher()
    dispatcher.add_event_handler(listener)
    yield listener
    dispatcher.event_handlers.remove(listener)


def opened(engine: TwelveLabsChatEngine, way: str) -> TwelveLabsStreamingChatResponse:
    """Return the response as it is when the call returns, its stream closed."""

    async def awaited() -> TwelveLabsStreamingChatResponse:
        async with await engine.astream_chat(QUESTION) as response:
            assert response.metadata["status"] == "in_progress"
            return response

    if way == "astream_chat":
        return asyncio.run(awaited())
    with engine.stream_chat(QUESTION) as response:
        assert response.metadata["status"] == "in_progress"
        return response


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


@STREAMS
def test_what_is_refused_raises_from_the_call_itself(emulator: Emulator, way: str) -> None:
    emulator.fault = "429-long"
    with pytest.raises(RateLimitError):
        opened(engine_at(emulator), way)


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


@STREAMS
def test_commentary_is_no_part_of_the_answer(emulator: Emulator, way: str) -> None:
    plain = str(engine_at(emulator).chat(QUESTION))
    assert str(ask(engine_at(emulator, include=("intermediate_outputs",)), QUESTION, way)) == plain


def test_streams_are_real_generators_as_tracing_wants_them(emulator: Emulator) -> None:
    async def awaited() -> None:
        async with await engine_at(emulator).astream_chat(QUESTION) as response:
            assert inspect.isasyncgen(response.achat_stream)
            assert inspect.isasyncgen(response.async_response_gen())

    with engine_at(emulator).stream_chat(QUESTION) as response:
        assert inspect.isgenerator(response.chat_stream)
        assert inspect.isgenerator(response.response_gen)
        assert isinstance(response, StreamingAgentChatResponse)
    asyncio.run(awaited())


def test_a_stream_read_through_its_chat_responses_is_kept_as_well(emulator: Emulator) -> None:
    engine = engine_at(emulator)
    response = engine.stream_chat(QUESTION)
    assert response.chat_stream is not None
    last = list(response.chat_stream)[-1]
    assert str(response) == last.message.content == engine.chat_history[-1].content
    assert response.is_done


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


def test_leaving_the_loop_closes_the_stream(emulator: Emulator) -> None:
    emulator.fault = "slow"
    engine = engine_at(emulator)
    response = engine.stream_chat(QUESTION)
    for _ in response.response_gen:
        break
    assert emulator.wait_until(lambda running: running.exchanges[-1].disconnected)
    assert kept(engine)[-1] == ("assistant", "cancelled")
    assert response.is_done


async def test_leaving_the_loop_and_closing_at_once_do_not_get_in_each_others_way(emulator: Emulator) -> None:
    emulator.fault = "slow"
    engine = engine_at(emulator)
    response = await engine.astream_chat(QUESTION)
    async for _ in response.async_response_gen():
        break
    await asyncio.gather(response.aclose(), response.aclose())
    assert kept(engine)[-1] == ("assistant", "cancelled")
    assert await asyncio.to_thread(emulator.wait_until, lambda running: running.exchanges[-1].disconnected)


@STREAMS
def test_a_response_that_is_dropped_unread_is_closed_and_kept(emulator: Emulator, way: str) -> None:
    async def dropped() -> None:
        await engine.astream_chat(QUESTION)
        # The loop closes what nobody holds in its next steps.
        assert await asyncio.to_thread(emulator.wait_until, lambda running: running.exchanges[-1].disconnected)

    emulator.fault = "slow"
    engine = engine_at(emulator)
    asyncio.run(dropped()) if way == "astream_chat" else engine.stream_chat(QUESTION)
    assert emulator.wait_until(lambda running: running.exchanges[-1].disconnected)
    assert kept(engine) == [("user", QUESTION), ("assistant", "cancelled")]


async def test_a_reader_that_is_cancelled_leaves_what_has_come(emulator: Emulator) -> None:
    emulator.fault = "stall"
    engine, came = engine_at(emulator), asyncio.Event()

    async def read() -> None:
        async for _ in (await engine.astream_chat(QUESTION)).async_response_gen():
            came.set()

    reader = asyncio.ensure_future(read())
    await came.wait()
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    assert kept(engine)[-1] == ("assistant", "cancelled")
    assert await asyncio.to_thread(emulator.wait_until, lambda running: running.exchanges[-1].disconnected)


@STREAMS
@pytest.mark.parametrize(("fault", "error"), [("cut", StreamInterruptedError), ("failed", ResponseFailedError)])
def test_a_stream_that_fails_raises_and_is_kept_as_far_as_it_came(
    emulator: Emulator, way: str, fault: str, error: type[Exception]
) -> None:
    emulator.fault = f"{fault}:once"
    engine = engine_at(emulator)
    with pytest.raises(error) as caught:
        ask(engine, QUESTION, way)
    assert engine.chat_history[-1].content == caught.value.text  # type: ignore[attr-defined]  # they are ResponsesErrors
    assert kept(engine)[-1] == ("assistant", "failed")
    ask(engine, FOLLOW_UP, way)
    (text,) = texts_sent(bodies(emulator)[-1])
    assert f'<message role="user">{QUESTION}</message>' in text
    assert "session_id" not in bodies(emulator)[-1]


def test_a_failure_is_told_again_to_who_reads_again(emulator: Emulator) -> None:
    emulator.fault = "cut"
    response = engine_at(emulator).stream_chat(QUESTION)
    for _ in range(2):
        with pytest.raises(StreamInterruptedError):
            list(response.response_gen)
    assert response.metadata["status"] == "failed"


@STREAMS
def test_after_a_stream_that_was_left_the_next_turn_tells_it_and_does_not_ask_it_again(
    emulator: Emulator, way: str
) -> None:
    engine = engine_at(emulator)
    ask(engine, QUESTION, way)
    left = leave_early(engine, FOLLOW_UP, way)
    ask(engine, THIRD, way)
    assert "session_id" not in bodies(emulator)[2]
    (text,) = texts_sent(bodies(emulator)[2])
    told = f'<message role="user">{FOLLOW_UP}</message>\n<message role="assistant">{left}</message>'
    assert text.count(told) == 1
    assert text.endswith(f"\n{THIRD}")


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


def read_for(seconds: float, engine: TwelveLabsChatEngine, way: str) -> tuple[float, float]:
    """Return how long a silent stream was read, and the CPU time of the whole process meanwhile."""

    async def awaited() -> tuple[float, float]:
        response = await engine.astream_chat(QUESTION)
        began = time.monotonic(), time.process_time()
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(response.aprint_response_stream(), seconds)
        return time.monotonic() - began[0], time.process_time() - began[1]

    if way == "astream_chat":
        return asyncio.run(awaited())
    response = engine.stream_chat(QUESTION)
    began = time.monotonic(), time.process_time()
    threading.Timer(seconds, response.close).start()
    with suppress(StreamInterruptedError):
        response.print_response_stream()
    return time.monotonic() - began[0], time.process_time() - began[1]


@STREAMS
def test_a_silent_stream_costs_no_cpu_time_and_no_thread(emulator: Emulator, way: str) -> None:
    emulator.fault = "stall"
    threads = threading.active_count()
    wall, cpu = read_for(1.0, engine_at(emulator), way)
    assert wall >= 0.9
    assert cpu / wall < 0.05
    assert threading.active_count() <= threads + 1  # the timer's


@STREAMS
@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (None, ["Start", "DeltaReceived", "End"]),
        ("empty-answer", ["Start", "End"]),
        ("cut", ["Start", "DeltaReceived", "Error"]),
        ("429-long", ["Start", "Error"]),
    ],
)
def test_the_events_of_a_stream_come_in_order(
    emulator: Emulator, listener: Listener, way: str, fault: str | None, told: list[str]
) -> None:
    emulator.fault = fault
    failed: BaseException | None = None
    try:
        ask(engine_at(emulator), QUESTION, way)
    except (StreamInterruptedError, RateLimitError) as error:
        failed = error
    assert listener.told() == told
    errors = [event.exception for event in listener.heard if isinstance(event, StreamChatErrorEvent)]
    assert errors == ([] if failed is None else [failed])


@STREAMS
def test_the_events_of_a_stream_that_is_left_end_too_and_belong_to_one_span(
    emulator: Emulator, listener: Listener, way: str
) -> None:
    leave_early(engine_at(emulator), QUESTION, way)
    assert listener.told() == ["Start", "DeltaReceived", "End"]
    (span,) = {event.span_id for event in listener.heard}
    assert span.startswith(f"TwelveLabsChatEngine.{way}-")


def test_nothing_is_left_to_the_garbage_collector(emulator: Emulator) -> None:
    emulator.fault = "slow"
    gc.disable()
    try:
        engine = engine_at(emulator)
        response = engine.stream_chat(QUESTION)
        with pytest.raises(SessionError):
            engine.chat(FOLLOW_UP)
        del response
        assert emulator.wait_until(lambda running: running.exchanges[-1].disconnected)
        assert kept(engine)[-1] == ("assistant", "cancelled")
    finally:
        gc.enable()
