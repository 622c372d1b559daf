from __future__ import annotations

import asyncio
import gc
import inspect
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from llama_index.core.callbacks import CallbackManager, LlamaDebugHandler
from llama_index.core.chat_engine.types import StreamingAgentChatResponse
from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]  # passed on, not listed
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events.chat_engine import StreamChatErrorEvent
from llama_index.core.memory import ChatMemoryBuffer
from pydantic import Field

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
    opened,
    texts_sent,
)
from twelvelabs_responses import (
    RateLimitError,
    ResponseFailedError,
    SessionError,
    StreamInterruptedError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llama_index.core.base.llms.types import ChatMessage
    from llama_index.core.instrumentation.events import BaseEvent

    from llama_index_twelvelabs import TwelveLabsChatEngine
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


@STREAMS
def test_what_is_refused_raises_from_the_call_itself(emulator: Emulator, way: str) -> None:
    emulator.fault = "429-long"
    with pytest.raises(RateLimitError):
        opened(engine_at(emulator), way)


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


def test_leaving_the_loop_closes_the_stream(emulator: Emulator) -> None:
    emulator.fault = "slow"
    engine = engine_at(emulator)
    response = engine.stream_chat(QUESTION)
    for _ in response.response_gen:
        break
    assert emulator.wait_until(lambda running: running.exchanges[-1].disconnected)
    assert kept(engine)[-1] == ("assistant", "cancelled")
    assert response.is_done


@STREAMS
def test_a_response_that_is_dropped_unread_is_closed_and_kept(emulator: Emulator, way: str) -> None:
    async def dropped() -> None:
        await engine.astream_chat(QUESTION)
        # The loop closes what nobody holds in its next steps, and then writes it down.
        await asyncio.wait_for(written(), 5)

    async def written() -> None:
        while len(kept(engine)) < 2:  # noqa: ASYNC110 - nobody tells of what the loop does by itself
            await asyncio.sleep(0)

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
def test_the_events_of_a_stream_that_is_left_end_too_and_belong_to_no_span_that_has_ended(
    emulator: Emulator, listener: Listener, way: str
) -> None:
    leave_early(engine_at(emulator), QUESTION, way)
    assert listener.told() == ["Start", "DeltaReceived", "End"]
    start, *later = [event.span_id for event in listener.heard]
    assert start.startswith(f"TwelveLabsChatEngine.{way}-")
    assert set(later) == {None}


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


@STREAMS
def test_handlers_that_keep_what_they_hear_keep_no_connection_open(emulator: Emulator, way: str) -> None:
    async def awaited() -> None:
        async with await engine.astream_chat(QUESTION) as response:
            await anext(response.async_response_gen())
        # While the loop runs: at its end it closes whatever is left.
        assert await asyncio.to_thread(emulator.wait_until, lambda running: running.exchanges[-1].disconnected)

    emulator.fault = "slow"
    manager = CallbackManager([LlamaDebugHandler(print_trace_on_end=False)])
    engine = engine_at(emulator, callback_manager=manager)
    asyncio.run(awaited()) if way == "astream_chat" else leave_early(engine, QUESTION, way)
    assert emulator.wait_until(lambda running: running.exchanges[-1].disconnected)


class SlowMemory(ChatMemoryBuffer):
    """Waits at each message, as one over a network does."""

    async def aput(self, message: ChatMessage) -> None:
        for _ in range(3):
            await asyncio.sleep(0)
        await super().aput(message)


async def test_a_reader_that_is_cancelled_at_every_wait_leaves_what_has_come(emulator: Emulator) -> None:
    emulator.fault = "stall"
    engine = engine_at(emulator, memory=SlowMemory.from_defaults(token_limit=9_000))
    # As a web framework does with who answers a client that has left.
    with anyio.CancelScope() as scope:
        response = await engine.astream_chat(QUESTION)
        async for _ in response.async_response_gen():
            scope.cancel()
    await response._turn.written.wait()
    assert kept(engine) == [("user", QUESTION), ("assistant", "cancelled")]
    assert await asyncio.to_thread(emulator.wait_until, lambda running: running.exchanges[-1].disconnected)


class FullMemory(ChatMemoryBuffer):
    """Takes nothing."""

    def put(self, *_: Any) -> None:
        raise OSError("the disk is full")

    async def aput(self, *_: Any) -> None:
        raise OSError("the disk is full")


@STREAMS
def test_a_memory_that_cannot_be_written_is_heard_and_leaves_no_connection_open(emulator: Emulator, way: str) -> None:
    emulator.fault = "slow"
    engine = engine_at(emulator, memory=FullMemory.from_defaults(token_limit=9_000))
    for _ in range(2):
        with pytest.raises(OSError, match="full"):
            opened(engine, way)
        assert emulator.wait_until(lambda running: running.exchanges[-1].disconnected)


async def test_who_keeps_the_error_of_an_awaited_stream_keeps_no_connection_open(emulator: Emulator) -> None:
    emulator.fault = "slow"
    engine = engine_at(emulator, memory=FullMemory.from_defaults(token_limit=9_000))
    with pytest.raises(OSError, match="full") as caught:
        await engine.astream_chat(QUESTION)
    assert await asyncio.to_thread(emulator.wait_until, lambda running: running.exchanges[-1].disconnected)
    assert caught.tb is not None
