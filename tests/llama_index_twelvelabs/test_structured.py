from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, MessageRole
from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]  # passed on, not listed
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.prompts import ChatPromptTemplate, PromptTemplate
from pydantic import BaseModel, Field

from llama_index_twelvelabs import TwelveLabsLLM, TwelveLabsQueryEngine
from llama_index_twelvelabs._structured import Partial, object_format
from tests.llama_index_twelvelabs.asking import FOLLOW_UP, QUESTION, answers, bodies, disconnected, llm_at, user
from twelvelabs_responses import (
    AsyncClient,
    Client,
    IncompleteResponseError,
    InvalidArgumentError,
    ProtocolError,
    RateLimitError,
    StreamInterruptedError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twelvelabs_responses.emulator import Emulator

PROMPT = PromptTemplate("Which clips show {what}?")
WAYS = pytest.mark.parametrize("way", ["predict", "apredict", "stream", "astream"])
STREAMS = pytest.mark.parametrize("way", ["stream", "astream"])


class Scorer(BaseModel):
    name: str
    minute: int


class Goals(BaseModel):
    """The goals of a match."""

    scorers: list[Scorer]
    summary: str = Field(description="In one sentence.")


class Pairs(BaseModel):
    pair: tuple[int, int]


class Recorded(BaseEventHandler):
    """Keeps the names of the events about structured answers."""

    names: list[str] = []  # noqa: RUF012 - a field of a pydantic model

    @classmethod
    def class_name(cls) -> str:
        return "Recorded"

    def handle(self, event: Any, **_: Any) -> None:
        if "StructuredPredict" in event.class_name():
            self.names.append(event.class_name())


@pytest.fixture
def recorded() -> Iterator[Recorded]:
    root = get_dispatcher()
    handlers = list(root.event_handlers)
    handler = Recorded(names=[])
    root.add_event_handler(handler)
    yield handler
    root.event_handlers = handlers


def objects(llm: TwelveLabsLLM, output_cls: type[BaseModel], way: str, **options: Any) -> list[Any]:
    """Return what each of the four ways gives; a whole answer is a list of one."""

    async def awaited() -> list[Any]:
        if way == "apredict":
            return [await llm.astructured_predict(output_cls, PROMPT, llm_kwargs=options, what="a goal")]
        stream = await llm.astream_structured_predict(output_cls, PROMPT, llm_kwargs=options, what="a goal")
        return [grown async for grown in stream]

    if way == "predict":
        return [llm.structured_predict(output_cls, PROMPT, llm_kwargs=options, what="a goal")]
    if way == "stream":
        return list(llm.stream_structured_predict(output_cls, PROMPT, llm_kwargs=options, what="a goal"))
    return asyncio.run(awaited())


def answered(*pieces: str, status: str = "completed") -> TwelveLabsLLM:
    """Return an LLM whose service answers with this text, in these pieces if as a stream."""
    message = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "".join(pieces)}]}
    response = {"id": "resp_1", "session_id": "sess_1", "knowledge_store_id": "ks_1", "status": status}
    whole = response | {"output": [message | {"id": "msg_1"}]}
    deltas = [
        {
            "type": "response.output_text.delta",
            "item_id": "msg_1",
            "output_index": 0,
            "content_index": 0,
            "delta": piece,
        }
        for piece in pieces
    ]
    opening = {"type": "response.created", "response": response | {"status": "in_progress", "output": []}}
    events = [opening, *deltas, {"type": "response.completed", "response": whole}]
    frames = "".join(f"data: {json.dumps(event)}\n\n" for event in events)

    def answer(request: httpx.Request) -> httpx.Response:
        if json.loads(request.content).get("stream"):
            return httpx.Response(200, headers={"content-type": "text/event-stream"}, text=frames)
        return httpx.Response(200, json=whole)

    transport = httpx.MockTransport(answer)
    client = Client(api_key="key-of-the-tests", http=httpx.Client(transport=transport))
    async_client = AsyncClient(
        api_key="key-of-the-tests", http=httpx.AsyncClient(transport=transport), sessions=client.sessions
    )
    return TwelveLabsLLM("ks_1", client=client, async_client=async_client)


@WAYS
def test_each_way_gives_an_object_by_the_services_own_schema(emulator: Emulator, way: str) -> None:
    *_, goals = objects(llm_at(emulator), Goals, way)
    assert isinstance(goals, Goals)
    (body,) = bodies(emulator)
    assert body["input"][0]["content"] == "Which clips show a goal?"
    assert body["text"]["format"]["name"] == "Goals"
    assert body["text"]["format"]["schema"]["required"] == ["scorers", "summary"]
    assert body.get("stream", False) is way.endswith("stream")


@WAYS
def test_fenced_json_is_read(emulator: Emulator, way: str) -> None:
    emulator.fault = "fenced-json"
    assert isinstance(objects(llm_at(emulator), Goals, way)[-1], Goals)


@WAYS
@pytest.mark.parametrize("fault", ["incomplete", "incomplete-event"])
def test_an_answer_that_was_cut_short_is_an_error_with_its_text(emulator: Emulator, way: str, fault: str) -> None:
    emulator.fault = fault
    with pytest.raises(IncompleteResponseError, match="max_output_tokens") as caught:
        objects(llm_at(emulator), Goals, way)
    assert caught.value.text.startswith("{")
    assert caught.value.session_id == emulator.exchanges[-1].session_id


@WAYS
def test_a_schema_the_service_cannot_honour_is_refused_by_its_path(emulator: Emulator, way: str) -> None:
    with pytest.raises(InvalidArgumentError, match="prefixItems") as caught:
        objects(llm_at(emulator), Pairs, way)
    assert caught.value.field == "text.format.schema.properties.pair.prefixItems"
    assert not emulator.exchanges


@WAYS
def test_an_answer_without_json_is_an_error(way: str) -> None:
    with pytest.raises(ProtocolError, match="Goals"):
        objects(answered("There are no goals."), Goals, way)


@STREAMS
def test_an_object_grows_and_ends_whole(way: str) -> None:
    llm = answered('{"scorers": [{"name": "Ada", ', '"minute": 12}], "summ', 'ary": "One goal."', "}")
    told = objects(llm, Goals, way)
    assert told == [Goals(scorers=[Scorer(name="Ada", minute=12)], summary="One goal.")]
    growing = answered('{"name": "Ada", "minute": 1', "2", "}")
    assert objects(growing, Scorer, way) == [Scorer(name="Ada", minute=1), Scorer(name="Ada", minute=12)]


@STREAMS
def test_a_fenced_object_comes_once_at_the_end(way: str) -> None:
    told = objects(answered("```json\n", '{"name": "Ada", "minute": 12}', "\n```"), Scorer, way)
    assert told == [Scorer(name="Ada", minute=12)]


def test_a_text_that_adds_nothing_tells_nothing() -> None:
    partial = Partial(Scorer)
    answer = ChatResponse(message=ChatMessage(role=MessageRole.ASSISTANT, content='{"name": "Ada", "minute": 12}'))
    assert partial.more(answer) == [Scorer(name="Ada", minute=12)]
    assert partial.more(answer) == []


async def test_a_refused_stream_raises_before_it_is_read(emulator: Emulator) -> None:
    emulator.fault = "429-long"
    llm = llm_at(emulator)
    with pytest.raises(RateLimitError):
        llm.stream_structured_predict(Goals, PROMPT, what="a goal")
    with pytest.raises(RateLimitError):
        await llm.astream_structured_predict(Goals, PROMPT, what="a goal")


@STREAMS
def test_a_cut_stream_raises(emulator: Emulator, way: str) -> None:
    emulator.fault = "cut"
    with pytest.raises(StreamInterruptedError):
        objects(llm_at(emulator), Goals, way)


async def test_a_stream_that_is_closed_early_closes_its_connection(emulator: Emulator) -> None:
    emulator.fault = "slow"
    llm = llm_at(emulator)
    stream = llm.stream_structured_predict(Loose, PROMPT, what="a goal")
    astream = await llm.astream_structured_predict(Loose, PROMPT, what="a goal")
    next(stream)
    await anext(astream)
    stream.close()
    await astream.aclose()
    assert await asyncio.to_thread(disconnected, emulator)


class Loose(BaseModel):
    """An object that the first character makes."""

    summary: str = ""
    scorers: list[Scorer] = []


@WAYS
def test_the_events_tell_of_start_growth_and_end(way: str, recorded: Recorded) -> None:
    objects(answered('{"name": "Ada", "minute": 1', "2}"), Scorer, way)
    growth = ["LLMStructuredPredictInProgressEvent"] * 2 if way.endswith("stream") else []
    assert recorded.names == ["LLMStructuredPredictStartEvent", *growth, "LLMStructuredPredictEndEvent"]


@WAYS
def test_options_of_the_call_go_along(emulator: Emulator, way: str) -> None:
    objects(llm_at(emulator), Goals, way, instructions="Be brief.")
    assert bodies(emulator)[0]["instructions"] == "Be brief."


def test_the_system_prompt_goes_along(emulator: Emulator) -> None:
    llm_at(emulator, system_prompt="You watch football.").structured_predict(Goals, PROMPT, what="a goal")
    assert bodies(emulator)[0]["instructions"] == "You watch football."


# LlamaIndex itself writes a streamed object down by a method that pydantic deprecates.
@pytest.mark.filterwarnings("ignore:The `json` method is deprecated")
@pytest.mark.parametrize("way", ["chat", "achat", "stream_chat", "astream_chat"])
def test_a_structured_llm_goes_on_with_the_session_of_its_messages(emulator: Emulator, way: str) -> None:
    llm = llm_at(emulator)
    first = llm.chat([user(QUESTION)]).message
    *_, answer = answers(llm.as_structured_llm(Goals), [user(QUESTION), first, user(FOLLOW_UP)], way)
    assert isinstance(answer.raw, Goals)
    assert answer.message.content == answer.raw.model_dump_json()
    body = bodies(emulator)[-1]
    assert [item["content"] for item in body["input"]] == [FOLLOW_UP]
    assert body["session_id"] == emulator.exchanges[0].session_id


def test_a_prompt_of_messages_keeps_the_session_on_them(emulator: Emulator) -> None:
    llm = llm_at(emulator)
    first = llm.chat([user(QUESTION)]).message
    prompt = ChatPromptTemplate(message_templates=[user(QUESTION), first, user("And what is {what} for?")])
    llm.structured_predict(Goals, prompt, what="the penalty")
    assert [item["content"] for item in bodies(emulator)[-1]["input"]] == ["And what is the penalty for?"]


@pytest.mark.parametrize(
    ("kind", "got"),
    [
        ({"type": "object", "properties": {"a": {"type": "string"}}}, "a dict"),
        (int, "int"),
        (Scorer(name="K", minute=1), "a Scorer"),
    ],
)
def test_what_is_no_model_is_refused_before_it_costs_an_answer(emulator: Emulator, kind: Any, got: str) -> None:
    complaint = f"output_cls: got {got}; allowed: a pydantic model. Nothing was sent."
    with pytest.raises(InvalidArgumentError, match=complaint):
        object_format(kind)
    with pytest.raises(InvalidArgumentError, match=complaint):
        llm_at(emulator).structured_predict(kind, PROMPT, what="goals")
    with pytest.raises(InvalidArgumentError, match=complaint):
        TwelveLabsQueryEngine("ks_1", api_key="k", output_cls=kind)
    assert not emulator.exchanges
