from __future__ import annotations

import asyncio
import pickle
from itertools import pairwise
from time import perf_counter
from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core.base.response.schema import AsyncStreamingResponse, Response, StreamingResponse
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.prompts import BasePromptTemplate, ChatPromptTemplate, PromptTemplate, RichPromptTemplate
from llama_index.core.schema import QueryBundle
from pydantic import BaseModel

from llama_index_twelvelabs import TwelveLabsPydanticResponse, TwelveLabsQueryEngine, TwelveLabsResponse
from tests.llama_index_twelvelabs.engines import FOLLOW_UP, QUESTION, TITLE, bodies, engine_at
from twelvelabs_responses import (
    AsyncClient,
    IncompleteResponseError,
    InvalidArgumentError,
    RateLimitError,
    StreamInterruptedError,
)

if TYPE_CHECKING:
    from twelvelabs_responses.emulator import Emulator

WAYS = pytest.mark.parametrize("way", ["query", "aquery", "stream", "astream"])


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
    assert labels[0] == f"{TITLE} (12:04-12:31)"
    assert labels[2] == f"{TITLE} (1:33:08-1:33:39)"


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
    text, _ = ask(emulator, FOLLOW_UP, way, session_id=session_id)
    assert "handball" in text
    assert (emulator.exchanges[-1].body or {})["session_id"] == session_id


@pytest.mark.parametrize(
    ("prompt", "sent"),
    [
        (PromptTemplate("Be {tone}.", tone="brief"), "Be brief."),
        (
            ChatPromptTemplate.from_messages([("system", "Be brief."), ("user", "Name players.")]),
            "Be brief.\n\nName players.",
        ),
        (RichPromptTemplate("{% chat role='system' %}Be brief.{% endchat %}"), "Be brief."),
        (RichPromptTemplate("Be brief."), "Be brief."),
        (PromptTemplate('Write {"title": "{{x}}"}'), 'Write {"title": "{{x}}"}'),
    ],
)
def test_a_prompt_of_any_kind_says_its_text_and_no_roles(
    emulator: Emulator, prompt: BasePromptTemplate, sent: str
) -> None:
    engine = engine_at(emulator)
    engine.update_prompts({"instructions": prompt})
    engine.query(QUESTION)
    assert bodies(emulator)[-1]["instructions"] == sent


@pytest.mark.parametrize("session_id", [None, "", 3])
def test_with_session_takes_no_answer_without_a_session_for_one(emulator: Emulator, session_id: Any) -> None:
    with pytest.raises(InvalidArgumentError, match=f"session_id: got {session_id!r}; allowed: the id of a session"):
        engine_at(emulator).with_session(session_id)


def test_a_tool_says_whether_earlier_questions_are_known(emulator: Emulator) -> None:
    engine = engine_at(emulator)
    for asked, told in (
        (engine, "Each question stands for itself"),
        (engine.with_session("s_1"), "may refer to earlier"),
    ):
        assert told in asked.as_tool().metadata.description
    assert engine.as_tool(description="Asks matches.").metadata.description == "Asks matches."


def test_with_session_leaves_the_engine_itself_unbound(emulator: Emulator) -> None:
    engine = engine_at(emulator)
    first = engine.query(QUESTION)
    engine.with_session((first.metadata or {})["session_id"]).query(FOLLOW_UP)
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


def test_instructions_are_a_prompt_that_can_be_updated(emulator: Emulator) -> None:
    engine = engine_at(emulator, instructions="Be brief.")
    assert engine.get_prompts()["instructions"].format() == "Be brief."
    engine.update_prompts({"instructions": PromptTemplate("Answer in one sentence.")})
    engine.query(QUESTION)
    engine.update_prompts({"another": PromptTemplate("Nothing of ours.")})
    engine.query(QUESTION)
    engine.update_prompts({"instructions": PromptTemplate("")})
    engine.query(QUESTION)
    asked = [body.get("instructions") for body in bodies(emulator)]
    assert asked == ["Answer in one sentence.", "Answer in one sentence.", None]


def test_instructions_that_are_no_prompt_are_refused_and_those_before_stay(emulator: Emulator) -> None:
    engine = engine_at(emulator, instructions="Be brief.")
    with pytest.raises(InvalidArgumentError, match=r"instructions: got a str; allowed: a prompt, PromptTemplate\("):
        engine.update_prompts({"instructions": "Answer in one sentence."})  # type: ignore[dict-item]  # refused
    assert engine.get_prompts()["instructions"].format() == "Be brief."


def test_instructions_are_taken_by_their_letters(emulator: Emulator) -> None:
    engine_at(emulator, instructions='Say {"goals": 1}, not {goals}.').query(QUESTION)
    assert bodies(emulator)[-1]["instructions"] == 'Say {"goals": 1}, not {goals}.'


def test_an_image_query_is_refused(emulator: Emulator) -> None:
    with pytest.raises(InvalidArgumentError, match="image_path"):
        engine_at(emulator).query(QueryBundle(QUESTION, image_path="goal.png"))
    assert not emulator.exchanges


def test_a_plain_answer_is_a_response_of_llama_index(emulator: Emulator) -> None:
    response = engine_at(emulator).query(QUESTION)
    assert isinstance(response, Response)
    assert isinstance(response, TwelveLabsResponse)
    assert response.session_id == emulator.exchanges[-1].session_id


class Goal(BaseModel):
    scorer: str
    start_sec: float


@pytest.mark.parametrize("way", ["query", "aquery"])
def test_an_answer_can_be_an_object(emulator: Emulator, way: str) -> None:
    _, response = ask(emulator, QUESTION, way, output_cls=Goal)
    assert isinstance(response, TwelveLabsPydanticResponse)
    assert isinstance(response.response, Goal)
    assert response.start_sec == response.response.start_sec
    assert response.session_id == emulator.exchanges[-1].session_id
    assert bodies(emulator)[-1]["text"]["format"]["name"] == "Goal"


def test_an_object_is_not_streamed(emulator: Emulator) -> None:
    with pytest.raises(InvalidArgumentError, match="streaming: got True with an `output_cls`"):
        engine_at(emulator, output_cls=Goal, streaming=True)
    with pytest.raises(InvalidArgumentError, match="streaming: got True with an `output_cls`"):
        engine_at(emulator, output_cls=Goal).streaming_view()


def test_an_answer_that_was_cut_short_is_flagged_and_is_no_object(emulator: Emulator) -> None:
    emulator.fault = "incomplete"
    response = engine_at(emulator).query(QUESTION)
    assert (response.metadata or {})["status"] == "incomplete"
    with pytest.raises(IncompleteResponseError):
        engine_at(emulator, output_cls=Goal).query(QUESTION)


def test_what_embeddings_are_made_of_is_no_part_of_the_question(emulator: Emulator) -> None:
    engine_at(emulator).query(QueryBundle(QUESTION, custom_embedding_strs=["A goal is scored."]))
    assert [item["content"] for item in bodies(emulator)[-1]["input"]] == [QUESTION]


def test_an_engine_has_a_streaming_view_and_one_that_is_not(emulator: Emulator) -> None:
    engine = engine_at(emulator)
    streaming = engine.streaming_view()
    assert isinstance(streaming.query(QUESTION), StreamingResponse)
    assert isinstance(streaming.non_streaming_view().query(QUESTION), Response)
    assert isinstance(engine.query(QUESTION), Response)


def test_a_pickled_engine_asks_the_same(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = engine_at(emulator, streaming=True).with_session("s_1")
    engine.update_prompts({"instructions": PromptTemplate("Be brief.")})
    monkeypatch.setenv("TWELVELABS_API_KEY", "key-of-the-other-process")
    again = pickle.loads(pickle.dumps(engine))  # noqa: S301 - pickled here
    assert (again.llm.session_id, again._streaming, again._guidance()) == ("s_1", True, "Be brief.")
    typed = pickle.loads(pickle.dumps(engine_at(emulator, output_cls=Goal)))  # noqa: S301 - pickled here
    assert isinstance(typed.query(QUESTION).response, Goal)


def test_a_retriever_asks_as_its_engine_does(emulator: Emulator) -> None:
    engine = engine_at(emulator, request_metadata={"user": "u_1"})
    engine.update_prompts({"instructions": PromptTemplate("Be brief.")})
    retriever = engine.as_retriever()
    assert retriever.retrieve(QUESTION)[0].text.startswith(TITLE)
    assert (bodies(emulator)[-1]["instructions"], bodies(emulator)[-1]["metadata"]) == ("Be brief.", {"user": "u_1"})
    assert retriever.llm._client is engine.llm._client


def test_a_chat_engine_asks_as_its_query_engine_does(emulator: Emulator) -> None:
    engine = engine_at(emulator, request_metadata={"user": "u_1"}, instructions="Be brief.")
    memory = ChatMemoryBuffer.from_defaults(token_limit=9_000)
    chat = engine.as_chat_engine(memory, instructions="Be long.")
    assert str(chat.chat(QUESTION)).startswith("(Emulator)")
    assert (bodies(emulator)[-1]["instructions"], bodies(emulator)[-1]["metadata"]) == ("Be long.", {"user": "u_1"})
    assert len(memory.get_all()) == 2
    assert chat.llm._client is engine.llm._client


@pytest.mark.parametrize("streaming", [False, True])
def test_a_tool_gives_whole_answers_with_their_sources(emulator: Emulator, streaming: bool) -> None:
    tool = engine_at(emulator, streaming=streaming).as_tool(name="ask_football", description="Asks football matches.")
    for output in (tool.call(QUESTION), asyncio.run(tool.acall(QUESTION))):
        assert output.content.startswith("(Emulator)")
        assert output.raw_output.source_nodes[0].node.metadata["title"] == TITLE
    assert (tool.metadata.name, tool.metadata.description) == ("ask_football", "Asks football matches.")


async def test_the_loop_goes_on_while_an_answer_is_awaited(emulator: Emulator) -> None:
    emulator.fault = "stall"
    answer = asyncio.create_task(engine_at(emulator, on_event=lambda _: None).aquery(QUESTION))
    gaps = [perf_counter()]
    while gaps[-1] - gaps[0] < 0.5:
        await asyncio.wait({answer}, timeout=0.01)
        gaps.append(perf_counter())
    assert max(later - earlier for earlier, later in pairwise(gaps)) < 0.25
    answer.cancel()
    assert await asyncio.to_thread(emulator.wait_until, lambda running: running.exchanges[-1].disconnected)


async def test_many_may_share_one_engine(emulator: Emulator) -> None:
    engine = engine_at(emulator)
    responses: list[Any] = await asyncio.gather(*(engine.aquery(QUESTION) for _ in range(10)))
    await engine.aclose()
    assert len({response.session_id for response in responses}) == 10


def test_without_a_key_the_constructor_says_where_to_get_one() -> None:
    with pytest.raises(InvalidArgumentError, match=r"TWELVELABS_API_KEY.*playground.twelvelabs.io"):
        TwelveLabsQueryEngine("ks_1")


async def test_both_ways_of_asking_share_one_memory_of_sessions(emulator: Emulator) -> None:
    async with AsyncClient(api_key="key-of-the-tests", base_url=emulator.base_url) as async_client:
        engine = TwelveLabsQueryEngine(emulator.knowledge_store_id, async_client=async_client)
        assert engine.llm._client.sessions is async_client.sessions
        assert str(await engine.aquery(QUESTION)) == str(engine.query(QUESTION))
    assert engine_at(emulator).llm._client.sessions is not async_client.sessions
