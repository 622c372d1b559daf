from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core.base.response.schema import AsyncStreamingResponse, Response, StreamingResponse
from llama_index.core.callbacks import CallbackManager, LlamaDebugHandler
from llama_index.core.callbacks.schema import CBEventType
from llama_index.core.prompts import PromptTemplate
from llama_index.core.schema import QueryBundle

from llama_index_twelvelabs import TwelveLabsQueryEngine
from twelvelabs_responses import AsyncClient, InvalidArgumentError, RateLimitError, StreamInterruptedError

if TYPE_CHECKING:
    from twelvelabs_responses.emulator import Emulator

QUESTION = "Which clips show a goal?"
WAYS = pytest.mark.parametrize("way", ["query", "aquery", "stream", "astream"])


def engine_at(emulator: Emulator, **options: Any) -> TwelveLabsQueryEngine:
    settings = {"api_key": "key-of-the-tests", "base_url": emulator.base_url} | options
    return TwelveLabsQueryEngine(emulator.knowledge_store_id, **settings)


def ask(emulator: Emulator, question: str, way: str, **options: Any) -> tuple[str, Any]:
    """Return the text and the response, read to its end, on each of the four ways there are."""
    engine = engine_at(emulator, streaming=way.endswith("stream"), **options)

    async def awaited() -> tuple[str, Any]:
        response = await engine.aquery(question)
        if isinstance(response, AsyncStreamingResponse):
            return "".join([token async for token in response.response_gen]), response
        return str(response), response

    if way in ("aquery", "astream"):
        return asyncio.run(awaited())
    response = engine.query(question)
    if isinstance(response, StreamingResponse):
        return "".join(response.response_gen), response
    return str(response), response


@WAYS
def test_an_answer_has_its_text_nodes_and_metadata(emulator: Emulator, way: str) -> None:
    text, response = ask(emulator, QUESTION, way)
    exchange = emulator.exchanges[-1]
    assert text.startswith("(Emulator)")
    assert response.metadata["session_id"] == exchange.session_id
    assert response.metadata["response_id"] == exchange.response_id
    assert response.metadata["status"] == "completed"
    assert response.metadata["usage"]["output_tokens"] > 0
    labels = [found.node.get_content() for found in response.source_nodes]
    assert labels[0] == "Harbour City Derby: Rovers v United (12:04-12:31)"
    assert labels[2] == "Harbour City Derby: Rovers v United (1:33:08-1:33:39)"


@WAYS
def test_all_ways_give_the_same_text_and_nodes(emulator: Emulator, way: str) -> None:
    plain_text, plain = ask(emulator, QUESTION, "query")
    text, response = ask(emulator, QUESTION, way)
    assert text == plain_text
    assert [found.node for found in response.source_nodes] == [found.node for found in plain.source_nodes]
    assert sorted(response.metadata) == sorted(plain.metadata)


@WAYS
def test_a_bound_engine_goes_on_with_the_session(emulator: Emulator, way: str) -> None:
    _, response = ask(emulator, QUESTION, way)
    session_id = response.metadata["session_id"]
    text, _ = ask(emulator, "And what is the penalty for?", way, session_id=session_id)
    assert "handball" in text
    assert (emulator.exchanges[-1].body or {})["session_id"] == session_id


def test_with_session_leaves_the_engine_itself_unbound(emulator: Emulator) -> None:
    engine = engine_at(emulator)
    first = engine.query(QUESTION)
    engine.with_session((first.metadata or {})["session_id"]).query("And what is the penalty for?")
    engine.query(QUESTION)
    assert ["session_id" in (exchange.body or {}) for exchange in emulator.exchanges] == [False, True, False]


@pytest.mark.parametrize("way", ["stream", "astream"])
def test_a_stream_knows_its_session_when_the_query_returns(emulator: Emulator, way: str) -> None:
    engine = engine_at(emulator, streaming=True)

    async def opened() -> dict[str, Any]:
        response = await engine.aquery(QUESTION)
        return response.metadata or {}

    metadata = asyncio.run(opened()) if way == "astream" else engine.query(QUESTION).metadata or {}
    assert metadata["session_id"] == emulator.exchanges[-1].session_id
    assert metadata["status"] == "in_progress"


@WAYS
def test_an_error_raises_from_the_query_itself(emulator: Emulator, way: str) -> None:
    emulator.fault = "429-long"
    with pytest.raises(RateLimitError):
        ask(emulator, QUESTION, way)


@pytest.mark.parametrize("way", ["stream", "astream"])
def test_a_stream_that_is_cut_raises_with_the_text_so_far(emulator: Emulator, way: str) -> None:
    emulator.fault = "cut"
    with pytest.raises(StreamInterruptedError) as caught:
        ask(emulator, QUESTION, way)
    assert caught.value.text.startswith("(Emulator)")


def test_a_stream_that_nobody_reads_closes_its_connection_when_dropped(emulator: Emulator) -> None:
    emulator.fault = "slow"
    engine = engine_at(emulator, streaming=True)
    response = engine.query(QUESTION)
    del response
    assert emulator.wait_until(lambda running: running.exchanges[-1].disconnected)


def test_get_response_after_reading_gives_the_text_again(emulator: Emulator) -> None:
    response = engine_at(emulator, streaming=True).query(QUESTION)
    assert isinstance(response, StreamingResponse)
    text = "".join(response.response_gen)
    assert str(response) == text


def test_the_callbacks_hear_of_the_query_and_its_response(emulator: Emulator) -> None:
    handler = LlamaDebugHandler(print_trace_on_end=False)
    response = engine_at(emulator, callback_manager=CallbackManager([handler])).query(QUESTION)
    (pair,) = handler.get_event_pairs(CBEventType.QUERY)
    assert pair[0].payload == {"query_str": QUESTION}
    assert pair[1].payload == {"response": response}


def test_instructions_are_a_prompt_that_can_be_updated(emulator: Emulator) -> None:
    engine = engine_at(emulator, instructions="Be brief.")
    assert engine.get_prompts()["instructions"].format() == "Be brief."
    engine.update_prompts({"instructions": PromptTemplate("Answer in one sentence.")})
    engine.query(QUESTION)
    assert (emulator.exchanges[-1].body or {})["instructions"] == "Answer in one sentence."


def test_an_image_query_is_refused(emulator: Emulator) -> None:
    with pytest.raises(InvalidArgumentError, match="image_path"):
        engine_at(emulator).query(QueryBundle(QUESTION, image_path="goal.png"))
    assert not emulator.exchanges


def test_a_plain_answer_is_a_response_of_llama_index(emulator: Emulator) -> None:
    assert isinstance(engine_at(emulator).query(QUESTION), Response)


def test_without_a_key_the_constructor_says_where_to_get_one() -> None:
    with pytest.raises(InvalidArgumentError, match=r"TWELVELABS_API_KEY.*playground.twelvelabs.io"):
        TwelveLabsQueryEngine("ks_1")


async def test_both_ways_of_asking_share_one_memory_of_sessions(emulator: Emulator) -> None:
    async with AsyncClient(api_key="key-of-the-tests", base_url=emulator.base_url) as async_client:
        engine = TwelveLabsQueryEngine(emulator.knowledge_store_id, async_client=async_client)
        assert engine._client.sessions is async_client.sessions
        assert str(await engine.aquery(QUESTION)) == str(engine.query(QUESTION))
    assert engine_at(emulator)._client.sessions is not async_client.sessions
