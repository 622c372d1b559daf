from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.callbacks import AsyncCallbackHandler, BaseCallbackHandler
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, SystemMessage, ToolMessage
from pydantic import ValidationError

from langchain_twelvelabs import ChatTwelveLabs, citations
from twelvelabs_responses import Client, InvalidArgumentError, RateLimitError, SessionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from langchain_core.messages import BaseMessage

    from twelvelabs_responses.emulator import Emulator

QUESTION = "Which clips show a goal?"


@pytest.fixture
def model(emulator: Emulator) -> ChatTwelveLabs:
    return ChatTwelveLabs(
        knowledge_store_id=emulator.knowledge_store_id, api_key="key-of-the-tests", base_url=emulator.base_url
    )


def ask(model: ChatTwelveLabs, messages: Sequence[BaseMessage], way: str) -> AIMessage:
    """Return the answer on each of the four ways there are; a stream's is the sum of its chunks."""

    async def awaited() -> AIMessage:
        if way == "ainvoke":
            return await model.ainvoke(list(messages))
        return total([chunk async for chunk in model.astream(list(messages))])

    if way == "invoke":
        return model.invoke(list(messages))
    if way == "stream":
        return total(list(model.stream(list(messages))))
    return asyncio.run(awaited())


def total(chunks: Sequence[Any]) -> AIMessage:
    summed = chunks[0]
    for chunk in chunks[1:]:
        summed += chunk
    assert isinstance(summed, AIMessageChunk)
    return summed


WAYS = pytest.mark.parametrize("way", ["invoke", "ainvoke", "stream", "astream"])


@WAYS
def test_an_answer_carries_its_text_session_usage_and_citations(
    model: ChatTwelveLabs, emulator: Emulator, way: str
) -> None:
    answer = ask(model, [HumanMessage(QUESTION)], way)
    exchange = emulator.exchanges[-1]
    assert answer.text.startswith("(Emulator)")
    assert answer.id == exchange.response_id
    assert answer.response_metadata["session_id"] == exchange.session_id
    assert answer.response_metadata["response_id"] == exchange.response_id
    assert answer.response_metadata["knowledge_store_id"] == emulator.knowledge_store_id
    assert answer.response_metadata["model_provider"] == "twelvelabs"
    assert answer.response_metadata["model_name"] == "jockey1.0"
    assert answer.response_metadata["status"] == "completed"
    assert answer.usage_metadata is not None
    markers = [answer.text[found.start : found.end] for found in citations(answer)]
    assert markers == ["[1]", "[2]", "[3]"]


def test_all_ways_give_the_same_answer(model: ChatTwelveLabs) -> None:
    answers = [ask(model, [HumanMessage(QUESTION)], way) for way in ("invoke", "ainvoke", "stream", "astream")]
    assert len({answer.text for answer in answers}) == 1
    assert len({str(citations(answer)) for answer in answers}) == 1
    assert len({str(answer.usage_metadata) for answer in answers}) == 1
    facts = [sorted(answer.response_metadata) for answer in answers]
    assert facts == [facts[0]] * 4


@WAYS
def test_a_second_turn_sends_only_what_is_new_in_the_same_session(
    model: ChatTwelveLabs, emulator: Emulator, way: str
) -> None:
    first: list[BaseMessage] = [SystemMessage("Speak plainly."), HumanMessage(QUESTION)]
    answer = ask(model, first, way)
    followed = ask(model, [*first, answer, HumanMessage("And what is the penalty for?")], way)
    assert "handball" in followed.text
    body = emulator.exchanges[-1].body or {}
    assert body["input"] == [{"type": "message", "role": "user", "content": "And what is the penalty for?"}]
    assert body["session_id"] == answer.response_metadata["session_id"]
    assert body["instructions"] == "Speak plainly."


def test_a_turn_followed_through_one_twin_is_stale_for_the_other(model: ChatTwelveLabs) -> None:
    history: list[BaseMessage] = [HumanMessage(QUESTION)]
    history += [model.invoke(history), HumanMessage("And then?")]
    asyncio.run(model.ainvoke(history))
    with pytest.raises(SessionError, match="has moved on"):
        model.invoke(history)


def test_a_turn_asked_through_one_twin_can_be_followed_through_the_other(model: ChatTwelveLabs) -> None:
    history: list[BaseMessage] = []
    for way in ("invoke", "astream", "stream", "ainvoke"):
        history.append(HumanMessage(QUESTION))
        history.append(ask(model, history, way))
    sessions = {message.response_metadata["session_id"] for message in history[1::2]}
    assert len(sessions) == 1


def test_a_history_that_was_answered_already_is_refused(model: ChatTwelveLabs) -> None:
    history: list[BaseMessage] = [HumanMessage(QUESTION)]
    answer = model.invoke(history)
    model.invoke([*history, answer, HumanMessage("And then?")])
    with pytest.raises(SessionError, match="has moved on since resp_"):
        model.invoke([*history, answer, HumanMessage("Or rather?")])


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        ([], "nothing after the last answer"),
        ([SystemMessage("Be brief.")], "nothing after the last answer"),
        ([HumanMessage("Hi"), AIMessage("Hello"), HumanMessage("Who?")], "a new ai message"),
        ([HumanMessage("Hi"), ToolMessage("3", tool_call_id="1")], "a new tool message"),
        ([HumanMessage([{"type": "image", "url": "https://example.com/a.png"}])], "a block of type image"),
        ([HumanMessage("")], "0 characters"),
        ([SystemMessage("x" * 2001), HumanMessage("Hi")], "2,001 characters"),
    ],
)
def test_messages_that_cannot_be_sent_are_refused_before_anything_is(
    model: ChatTwelveLabs, emulator: Emulator, messages: list[BaseMessage], words: str
) -> None:
    with pytest.raises(InvalidArgumentError, match=words):
        model.invoke(messages)
    assert not emulator.exchanges


def test_tokens_reach_the_callbacks_before_the_caller_and_once_each(model: ChatTwelveLabs) -> None:
    seen: list[str] = []

    class Listener(BaseCallbackHandler):
        def on_llm_new_token(self, token: Any, **_facts: Any) -> None:
            seen.append(token)

    texts = [chunk.text for chunk in model.stream(QUESTION, config={"callbacks": [Listener()]})]
    assert [token for token in seen if token] == [text for text in texts if text]
    assert len(texts) > 10


# LangChain's own word about its third protocol.
BETA = pytest.mark.filterwarnings("ignore:The method .* is in beta")


@BETA
async def test_an_async_callback_hears_the_tokens_too(model: ChatTwelveLabs) -> None:
    seen: list[str] = []

    class Listener(AsyncCallbackHandler):
        async def on_llm_new_token(self, token: Any, **_facts: Any) -> None:
            seen.append(token)

    stream = await model.astream_events(QUESTION, version="v3", config={"callbacks": [Listener()]})
    assert "".join([text async for text in stream.text]).startswith("(Emulator)")
    assert "".join(seen).startswith("(Emulator)")


@BETA
def test_the_protocol_events_give_the_same_text(model: ChatTwelveLabs) -> None:
    streamed = model.stream_events(QUESTION, version="v3")
    assert streamed.output.text == model.invoke(QUESTION).text


def test_an_error_of_the_service_raises_with_its_type(model: ChatTwelveLabs, emulator: Emulator) -> None:
    emulator.fault = "429-long"
    with pytest.raises(RateLimitError) as caught:
        model.invoke(QUESTION)
    assert caught.value.retry_after == 3600.0


def test_without_a_key_the_constructor_says_where_to_get_one() -> None:
    with pytest.raises(ValidationError, match=r"TWELVELABS_API_KEY.*playground.twelvelabs.io"):
        ChatTwelveLabs(knowledge_store_id="ks_1")


def test_a_misspelt_option_is_refused() -> None:
    with pytest.raises(ValidationError, match="knowlege_store_id"):
        ChatTwelveLabs.model_validate({"knowledge_store_id": "ks_1", "api_key": "k", "knowlege_store_id": "x"})


def test_a_misspelt_call_option_is_refused(model: ChatTwelveLabs) -> None:
    with pytest.raises(InvalidArgumentError, match="sesion_id"):
        model.invoke(QUESTION, sesion_id="sess_1")


def test_stop_is_refused_as_the_service_has_none(model: ChatTwelveLabs) -> None:
    with pytest.raises(InvalidArgumentError, match="stop"):
        model.invoke(QUESTION, stop=["."])


def test_the_key_is_in_no_repr_and_no_dump(model: ChatTwelveLabs) -> None:
    assert "key-of-the-tests" not in f"{model!r} {model} {model.model_dump_json()} {model._identifying_params}"


def test_given_clients_are_used_and_need_no_key(emulator: Emulator) -> None:
    client = Client(api_key="key-of-the-tests", base_url=emulator.base_url)
    model = ChatTwelveLabs(knowledge_store_id=emulator.knowledge_store_id, client=client)
    assert model.invoke(QUESTION).text == asyncio.run(model.ainvoke(QUESTION)).text
    assert model._async_client.sessions is client.sessions
    client.close()
    with pytest.raises(RuntimeError, match="closed"):
        model.invoke(QUESTION)


def test_traces_name_the_provider_and_the_model(model: ChatTwelveLabs) -> None:
    params = model._get_ls_params()
    assert (params["ls_provider"], params["ls_model_name"]) == ("twelvelabs", "jockey1.0")
    assert model._llm_type == "twelvelabs"
    assert model.lc_secrets == {"api_key": "TWELVELABS_API_KEY"}


def test_instructions_of_the_model_come_before_the_system_messages(model: ChatTwelveLabs, emulator: Emulator) -> None:
    told = model.model_copy(update={"instructions": "Speak plainly."})
    told.invoke([HumanMessage(QUESTION), SystemMessage("Be brief.")])
    assert (emulator.exchanges[-1].body or {})["instructions"] == "Speak plainly.\n\nBe brief."
