from __future__ import annotations

import asyncio
import gc
import inspect
from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.callbacks import CallbackManager, CBEventType, LlamaDebugHandler

from llama_index_twelvelabs._tokens import astreamed, streamed
from tests.llama_index_twelvelabs.engines import QUESTION, TITLE, engine_at
from twelvelabs_responses import ResponseFailedError, StreamInterruptedError

if TYPE_CHECKING:
    from llama_index_twelvelabs import TwelveLabsResponse
    from twelvelabs_responses.emulator import Emulator


def stream_of(emulator: Emulator, ended: list[TwelveLabsResponse] | None = None, **options: Any) -> Any:
    """Return a streaming response, and note the whole answer when it has come."""
    streams: list[Any] = []
    llm = engine_at(emulator, **options).llm.observed(streams.append)
    chats = llm.stream_chat(_messages())
    return streamed(chats, streams[0], ([] if ended is None else ended).append)


async def astream_of(emulator: Emulator, ended: list[TwelveLabsResponse] | None = None, **options: Any) -> Any:
    streams: list[Any] = []
    llm = engine_at(emulator, **options).llm.observed(streams.append)
    chats = await llm.astream_chat(_messages())
    return await astreamed(chats, streams[0], ([] if ended is None else ended).append)


def _messages() -> list[ChatMessage]:
    return [ChatMessage(content=QUESTION)]


def check_whole(response: Any, ended: list[TwelveLabsResponse], tokens: list[str]) -> None:
    (answer,) = ended
    assert len(tokens) > 10
    assert all(tokens)
    assert "".join(tokens) == answer.response == response.response_txt
    assert response.source_nodes == answer.source_nodes
    assert response.source_nodes[0].node.metadata["title"] == TITLE
    assert response.metadata == answer.metadata
    assert response.metadata["status"] == "completed"


def test_when_the_tokens_end_all_is_known(emulator: Emulator) -> None:
    ended: list[TwelveLabsResponse] = []
    response = stream_of(emulator, ended)
    assert (response.source_nodes, response.metadata["status"], ended) == ([], "in_progress", [])
    check_whole(response, ended, list(response.response_gen))


async def test_when_the_awaited_tokens_end_all_is_known(emulator: Emulator) -> None:
    ended: list[TwelveLabsResponse] = []
    response = await astream_of(emulator, ended)
    assert (response.source_nodes, response.metadata["status"], ended) == ([], "in_progress", [])
    check_whole(response, ended, [token async for token in response.response_gen])


def test_who_holds_the_tokens_and_the_list_of_nodes_needs_no_response(emulator: Emulator) -> None:
    ended: list[TwelveLabsResponse] = []
    response = stream_of(emulator, ended)
    tokens, nodes = response.response_gen, response.source_nodes
    del response
    assert "".join(tokens) == ended[0].response
    assert nodes == ended[0].source_nodes


def test_what_others_have_put_into_the_metadata_stays(emulator: Emulator) -> None:
    response = stream_of(emulator)
    response.metadata = {"chosen": 1}
    text = "".join(response.response_gen)
    assert response.metadata["chosen"] == 1
    assert response.metadata["usage"]["output_tokens"] > 0
    assert response.response_txt == text


async def test_tokens_are_real_generators_as_tracing_wants_them(emulator: Emulator) -> None:
    response, awaited = stream_of(emulator), await astream_of(emulator)
    assert inspect.isgenerator(response.response_gen)
    assert inspect.isasyncgen(awaited.response_gen)
    response.close()
    await awaited.aclose()


@pytest.mark.parametrize(("fault", "error"), [("cut", StreamInterruptedError), ("failed", ResponseFailedError)])
def test_a_stream_that_breaks_is_no_answer(emulator: Emulator, fault: str, error: type[Exception]) -> None:
    emulator.fault = fault
    ended: list[TwelveLabsResponse] = []
    response = stream_of(emulator, ended)
    with pytest.raises(error) as caught:
        list(response.response_gen)
    with pytest.raises(error) as again:
        str(response)
    assert again.value is caught.value
    assert response.response_txt.startswith("(Emulator)")
    assert (response.metadata["status"], ended) == ("failed", [])


async def test_an_async_stream_that_breaks_is_no_answer(emulator: Emulator) -> None:
    emulator.fault = "cut"
    response = await astream_of(emulator)
    for _ in range(2):
        with pytest.raises(StreamInterruptedError):
            await response.get_response()
    assert response.response_txt.startswith("(Emulator)")
    assert response.metadata["status"] == "failed"


def test_a_stream_that_nobody_reads_is_closed_when_dropped(emulator: Emulator) -> None:
    emulator.fault = "slow"
    gc.disable()
    try:
        stream_of(emulator)
        assert emulator.wait_until(lambda running: running.exchanges[-1].disconnected)
    finally:
        gc.enable()


async def test_an_async_stream_that_nobody_reads_is_closed_when_dropped(emulator: Emulator) -> None:
    emulator.fault = "slow"
    await astream_of(emulator)
    assert await asyncio.to_thread(emulator.wait_until, lambda running: running.exchanges[-1].disconnected)


def test_the_call_of_the_llm_ends_when_a_stream_is_closed_that_nobody_has_read(emulator: Emulator) -> None:
    debug = LlamaDebugHandler(print_trace_on_end=False)
    stream_of(emulator, callback_manager=CallbackManager([debug])).close()
    ((_, end),) = debug.get_event_pairs(CBEventType.LLM)
    assert isinstance((end.payload or {})["exception"], GeneratorExit)


async def test_who_reads_after_a_cancelled_task_is_told_and_not_cancelled(emulator: Emulator) -> None:
    emulator.fault = "stall"
    response = await astream_of(emulator)
    reader = asyncio.create_task(response.get_response())
    await asyncio.wait({reader}, timeout=0.05)
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    with pytest.raises(StreamInterruptedError, match="closed before its end") as caught:
        await response.get_response()
    assert caught.value.ambiguous
    assert await asyncio.to_thread(emulator.wait_until, lambda running: running.exchanges[-1].disconnected)


def test_an_async_stream_whose_loop_has_ended_says_so(emulator: Emulator) -> None:
    response = asyncio.run(astream_of(emulator))
    with pytest.raises(StreamInterruptedError, match="closed before its end"):
        str(response)
