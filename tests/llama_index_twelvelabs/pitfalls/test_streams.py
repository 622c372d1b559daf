"""What a stream gives, and whoever reads it: pitfalls 1, 2, 3, 4, 19, 25, 28."""

from __future__ import annotations

import asyncio
import io
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core.base.llms.types import TextBlock
from llama_index.core.base.response.schema import AsyncStreamingResponse, StreamingResponse
from llama_index.core.chat_engine.types import StreamingAgentChatResponse
from llama_index.core.evaluation import BaseEvaluator, EvaluationResult

from tests.llama_index_twelvelabs.asking import QUESTION, llm_at, user
from tests.llama_index_twelvelabs.engines import TITLE, engine_at
from tests.llama_index_twelvelabs.pitfalls.surfaces import (
    ENGINES,
    STREAMS,
    SURFACES,
    WAYS,
    answer,
    aopened,
    atexts,
    made,
    opened,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from twelvelabs_responses.emulator import Emulator

READERS: dict[tuple[str, str], Callable[[Any], object]] = {
    ("query", "iterate"): lambda response: list(response.response_gen),
    ("query", "str"): str,
    ("query", "get_response"): lambda response: response.get_response(),
    ("query", "print"): lambda response: response.print_response_stream(),
    ("query", "response"): lambda response: response.response,
    ("chat", "iterate"): lambda response: list(response.response_gen),
    ("chat", "iterate chunks"): lambda response: list(response.chat_stream),
    ("chat", "print"): lambda response: response.print_response_stream(),
}


async def iterated(tokens: Any) -> None:
    async for _ in tokens:
        pass


ASYNC_READERS: dict[tuple[str, str], Callable[[Any], Awaitable[object]]] = {
    ("query", "iterate"): lambda response: iterated(response.response_gen),
    ("query", "async_response_gen"): lambda response: iterated(response.async_response_gen()),
    ("query", "get_response"): lambda response: response.get_response(),
    ("query", "print"): lambda response: response.print_response_stream(),
    ("chat", "async_response_gen"): lambda response: iterated(response.async_response_gen()),
    ("chat", "iterate chunks"): lambda response: iterated(response.achat_stream),
    ("chat", "print"): lambda response: response.aprint_response_stream(),
}


# llama_index #15323, #18931, #7403
@pytest.mark.parametrize(("surface", "reader"), READERS)
def test_whoever_reads_a_stream_finds_its_sources_in_the_list_that_was_there_at_once(
    emulator: Emulator, surface: str, reader: str
) -> None:
    response = opened(made(surface, emulator))
    nodes = response.source_nodes
    with redirect_stdout(io.StringIO()):
        READERS[surface, reader](response)
    assert [found.node.metadata["title"] for found in nodes] == [TITLE] * 3
    assert response.source_nodes is nodes


# llama_index #15323, #18931, #7403
@pytest.mark.parametrize(("surface", "reader"), ASYNC_READERS)
async def test_whoever_awaits_a_stream_finds_its_sources_in_the_list_that_was_there_at_once(
    emulator: Emulator, surface: str, reader: str
) -> None:
    response = await aopened(made(surface, emulator))
    nodes = response.source_nodes
    with redirect_stdout(io.StringIO()):
        await ASYNC_READERS[surface, reader](response)
    assert [found.node.metadata["title"] for found in nodes] == [TITLE] * 3
    assert response.source_nodes is nodes


# llama_index #8927, #11680
@ENGINES
@STREAMS
@pytest.mark.parametrize("fault", [None, "empty-answer", "terminal-only", "no-deltas"])
def test_whatever_the_answer_what_streams_gives_a_stream(
    emulator: Emulator, surface: str, way: str, fault: str | None
) -> None:
    emulator.fault = fault
    _, response = answer(made(surface, emulator), way)
    kinds = {"stream": StreamingResponse, "astream": AsyncStreamingResponse}
    assert isinstance(response, StreamingAgentChatResponse if surface == "chat" else kinds[way])


# llama_index #11755, #7930, #17371, #15114
@SURFACES
async def test_an_awaited_stream_gives_its_text_as_it_comes(emulator: Emulator, surface: str) -> None:
    emulator.fault = "stall"

    async def read() -> None:
        async for text in atexts(await aopened(made(surface, emulator))):
            if text:
                came.set()

    came = asyncio.Event()
    reader = asyncio.create_task(read())
    with_text = asyncio.create_task(came.wait())
    done, _ = await asyncio.wait({with_text}, timeout=2)
    reader.cancel()
    with_text.cancel()
    await asyncio.wait({reader, with_text})
    assert done
    assert not emulator.exchanges[0].finished


# llama_index #9978
@pytest.mark.parametrize("streaming", [False, True])
async def test_the_tool_of_a_streaming_engine_gives_whole_answers(emulator: Emulator, streaming: bool) -> None:
    tool = engine_at(emulator, streaming=streaming).as_tool()
    for output in (await asyncio.to_thread(tool.call, QUESTION), await tool.acall(QUESTION)):
        assert type(output.raw_output).__name__ == "TwelveLabsResponse"
        assert str(output.content) == str(output.raw_output)
        assert not output.is_error


# llama_index #9978
async def test_the_text_of_an_awaited_stream_is_asked_of_no_loop_within_the_loop(emulator: Emulator) -> None:
    async with await engine_at(emulator, streaming=True).aquery(QUESTION) as response:  # type: ignore[union-attr]  # it streams
        with pytest.raises(RuntimeError, match=r"has not been read to its end.*get_response\(\), awaited"):
            str(response)
        whole = await response.get_response()
        assert str(response) == str(whole) != ""


# llama_index #21679, pull request #22124
@STREAMS
@pytest.mark.parametrize("include", [(), ("intermediate_outputs",)])
def test_each_message_of_a_stream_has_one_block_of_text(emulator: Emulator, way: str, include: tuple[str, ...]) -> None:
    llm = llm_at(emulator, include=include)
    text, last = answer(llm, way)
    assert last.message.blocks == [TextBlock(text=text)]
    for chunk in llm.stream_chat([user(QUESTION)]):
        assert [block.block_type for block in chunk.message.blocks] == ["text"]


class Remembers(BaseEvaluator):
    """Judges nothing; notes what it was given to judge."""

    def __init__(self) -> None:
        self.given: list[Any] = []

    async def aevaluate(self, *_: Any, response: Any = None, contexts: Any = None, **__: Any) -> EvaluationResult:
        self.given = [response, contexts]
        return EvaluationResult(passing=True)

    def _get_prompts(self) -> dict[str, Any]:
        return {}

    def _update_prompts(self, prompts: Any) -> None: ...


# llama_index #12035
def test_an_evaluator_reads_the_text_and_then_the_sources_of_a_stream(emulator: Emulator) -> None:
    evaluator, response = Remembers(), opened(engine_at(emulator))
    evaluator.evaluate_response(query=QUESTION, response=response)
    text, contexts = evaluator.given
    assert text.startswith("(Emulator)")
    assert contexts[0] == f"{TITLE} (12:04-12:31)"


# llama_index #12035. What is awaited cannot be waited for there, so the text is that of a stream that has been read.
async def test_an_evaluator_reads_the_text_and_the_sources_of_an_awaited_stream(emulator: Emulator) -> None:
    evaluator, response = Remembers(), await aopened(engine_at(emulator))
    text = str(await response.get_response())
    await evaluator.aevaluate_response(query=QUESTION, response=response)
    assert evaluator.given[0] == text
    assert evaluator.given[1][0] == f"{TITLE} (12:04-12:31)"


# found here: LlamaIndex's own responses say "None"
@SURFACES
@WAYS
def test_the_text_of_an_empty_answer_is_empty(emulator: Emulator, surface: str, way: str) -> None:
    emulator.fault = "empty-answer"
    text, given = answer(made(surface, emulator), way)
    assert text == ""
    assert surface == "llm" or (str(given), given.response) == ("", "")
