"""Clients that nobody here wrote, unpatched, and the schemas that the service publishes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import jsonschema
import openai
import pytest
from pydantic import TypeAdapter
from twelvelabs import AsyncTwelveLabs, TwelveLabs
from twelvelabs.types import ResponseInputItem, ResponseObject
from twelvelabs.types.response_stream_event import ResponseStreamEvent

from tests.emulator.asking import KEY, QUESTION, STORE, asking, events_of
from twelvelabs_responses.emulator import ERAS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.emulator.asking import Asker

SPEC = Path(__file__).parents[1] / "spec"
EVENTS: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
NEXT = "And what comes next?"


@pytest.fixture(scope="module", params=ERAS)
def era(request: pytest.FixtureRequest, library_file: Path) -> Iterator[tuple[str, Asker]]:
    with asking(library_file, era=request.param, think=0.003) as asker:
        yield request.param, asker


@pytest.fixture
def twelvelabs_client(ask: Asker) -> Iterator[TwelveLabs]:
    # Closing this SDK's client closes nothing; the connections are ours to close.
    with httpx.Client() as http:
        yield TwelveLabs(api_key=KEY, base_url=ask.emulator.base_url, httpx_client=http)


def required(era: str) -> dict[str, str]:
    return {"model": "jockey1.0"} if era == "april" else {}


def item(content: str) -> list[ResponseInputItem]:
    return [ResponseInputItem(type="message", role="user", content=content)]


def message(content: str) -> list[Any]:
    return [{"type": "message", "role": "user", "content": content}]


def turns_together(ask: Asker) -> list[bool]:
    """Whether the last two exchanges were taken, in one session."""
    first, second = ask.emulator.exchanges[-2:]
    return [first.accepted, second.accepted, first.session_id == second.session_id]


def readable(value: Any) -> Any:
    """With an empty `annotations` in each content part: the SDK of today insists on what is younger than July."""
    if isinstance(value, dict):
        absent: dict[str, Any] = {"annotations": []} if value.get("type") == "output_text" else {}
        return {**absent, **{name: readable(each) for name, each in value.items()}}
    return [readable(each) for each in value] if isinstance(value, list) else value


def schema_of(published: str, place: Any) -> jsonschema.Draft202012Validator:
    spec = json.loads((SPEC / f"responses-{published}-2026.json").read_text(encoding="utf-8"))
    return jsonschema.Draft202012Validator({**spec, **place}, format_checker=jsonschema.FormatChecker())


def test_every_event_is_one_that_the_twelvelabs_sdk_knows(era: tuple[str, Asker]) -> None:
    name, ask = era
    events = events_of(ask.stream(include=["intermediate_outputs"], **required(name)).text)
    for event in events:
        assert EVENTS.validate_python(event if name == "latest" else readable(event)).type == event["type"]
    types = {event["type"] for event in events}
    assert len(types) == (11 if name == "latest" else 10)
    assert ("keepalive" in types) is (name == "latest")


def test_a_json_answer_is_a_response_of_the_twelvelabs_sdk(era: tuple[str, Asker]) -> None:
    name, ask = era
    response = ask.whole(include=["intermediate_outputs"], **required(name)).json()
    read = ResponseObject.model_validate(response if name == "latest" else readable(response))
    assert (read.id, read.session_id, read.status) == (response["id"], response["session_id"], "completed")
    assert len(read.output or []) == 4


@pytest.mark.parametrize("published", ["april", "july"])
def test_every_response_keeps_to_the_published_schemas(era: tuple[str, Asker], published: str) -> None:
    name, ask = era
    schema = schema_of(published, {"$ref": "#/components/schemas/ResponseObject"})
    events = events_of(ask.stream(include=["intermediate_outputs"], **required(name)).text)
    responses = [event["response"] for event in events if "response" in event]
    assert len(responses) == 3
    for response in [ask.whole(**required(name)).json(), *responses]:
        schema.validate(response)


def test_every_event_keeps_to_the_schema_published_in_july(era: tuple[str, Asker]) -> None:
    name, ask = era
    shapes = json.loads((SPEC / "responses-july-2026.json").read_text(encoding="utf-8"))["components"]["schemas"]
    # The events that carry a response have one shape there, four times over: any of them is meant, not one of them.
    schema = schema_of("july", {"anyOf": shapes["ResponseStreamEvent"]["oneOf"]})
    for event in events_of(ask.stream(include=["intermediate_outputs"], **required(name)).text):
        assert event["type"] == "keepalive" or schema.is_valid(event)


@pytest.mark.parametrize("published", ["april", "july"])
def test_a_body_that_the_published_schema_allows_is_answered(published: str, library_file: Path) -> None:
    with asking(library_file, era=published) as ask:
        body = ask.body(stream=True, include=["intermediate_outputs"], text={"format": {"type": "text"}})
        body |= required(published)
        schema_of(published, {"$ref": "#/request"}).validate(body)
        assert ask.send(body).status_code == 200


def test_the_twelvelabs_sdk_holds_a_conversation(ask: Asker, twelvelabs_client: TwelveLabs) -> None:
    first = twelvelabs_client.responses.create(knowledge_store_id=STORE, input=item(QUESTION))
    second = twelvelabs_client.responses.create(knowledge_store_id=STORE, input=item(NEXT), session_id=first.session_id)
    assert first.session_id == second.session_id
    assert turns_together(ask) == [True, True, True]


def test_the_twelvelabs_sdk_holds_a_streamed_conversation(ask: Asker, twelvelabs_client: TwelveLabs) -> None:
    stream = twelvelabs_client.responses.create_stream
    first: list[Any] = list(stream(knowledge_store_id=STORE, input=item(QUESTION)))
    session_id = first[0].response.session_id
    second: list[Any] = list(stream(knowledge_store_id=STORE, input=item(NEXT), session_id=session_id))
    assert [events[-1].type for events in (first, second)] == ["response.completed"] * 2
    text = "".join(event.delta for event in second if event.type == "response.output_text.delta")
    assert text == second[-1].response.output[-1].content[0].text
    assert turns_together(ask) == [True, True, True]


async def test_the_async_twelvelabs_sdk_holds_a_conversation(ask: Asker) -> None:
    async with httpx.AsyncClient() as http:
        client = AsyncTwelveLabs(api_key=KEY, base_url=ask.emulator.base_url, httpx_client=http)
        first = await client.responses.create(knowledge_store_id=STORE, input=item(QUESTION))
        stream = client.responses.create_stream(knowledge_store_id=STORE, input=item(NEXT), session_id=first.session_id)
        types = [event.type async for event in stream]
    assert types[-1] == "response.completed"
    assert turns_together(ask) == [True, True, True]


def test_the_openai_sdk_holds_a_streamed_conversation(ask: Asker) -> None:
    extra: dict[str, Any] = {"knowledge_store_id": STORE}
    texts = []
    with openai.OpenAI(api_key="none", base_url=ask.emulator.base_url, default_headers={"x-api-key": KEY}) as client:
        for question in (QUESTION, NEXT):
            with client.responses.create(input=message(question), stream=True, extra_body=extra) as stream:
                events: list[Any] = list(stream)
            told = "".join(event.delta for event in events if event.type == "response.output_text.delta")
            texts.append(told == events[-1].response.output[-1].content[0].text)
            extra["session_id"] = events[-1].response.session_id
    assert texts == [True, True]
    assert turns_together(ask) == [True, True, True]
    assert "authorization" not in ask.emulator.exchanges[-1].headers


def test_the_openai_sdk_gets_a_whole_answer(ask: Asker) -> None:
    with openai.OpenAI(api_key="none", base_url=ask.emulator.base_url, default_headers={"x-api-key": KEY}) as client:
        response = client.responses.create(input=message("Who?"), extra_body={"knowledge_store_id": STORE})
    assert response.output_text.startswith("(Emulator) ")
    assert response.status == "completed"


async def test_the_async_openai_sdk_holds_a_streamed_conversation(ask: Asker) -> None:
    extra: dict[str, Any] = {"knowledge_store_id": STORE}
    headers = {"x-api-key": KEY}
    async with openai.AsyncOpenAI(api_key="none", base_url=ask.emulator.base_url, default_headers=headers) as client:
        for question in (QUESTION, NEXT):
            async with await client.responses.create(input=message(question), stream=True, extra_body=extra) as stream:
                events: list[Any] = [event async for event in stream]
            extra["session_id"] = events[-1].response.session_id
    assert turns_together(ask) == [True, True, True]


def test_the_openai_sdk_reads_a_refusal(ask: Asker) -> None:
    with (
        openai.OpenAI(api_key="none", base_url=ask.emulator.base_url, max_retries=0) as client,
        pytest.raises(openai.AuthenticationError, match="x-api-key header is missing"),
    ):
        client.responses.create(input=message("Who?"), extra_body={"knowledge_store_id": STORE})
