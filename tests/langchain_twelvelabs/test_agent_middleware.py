"""LangChain's middleware around `create_agent(ChatTwelveLabs(...))`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import (
    ModelFallbackMiddleware,
    ModelRequest,
    ModelRetryMiddleware,
    PIIMiddleware,
    SummarizationMiddleware,
    dynamic_prompt,
)
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.checkpoint.memory import InMemorySaver

from langchain_twelvelabs import ChatTwelveLabs
from tests.langchain_twelvelabs.scripted_agent import ScriptedModel, held, in_thread
from tests.langchain_twelvelabs.sent import FOLLOW_UP, OTHER, QUESTION, bodies, body, retold
from twelvelabs_responses import InternalServerError, QuotaExceededError, StreamInterruptedError

if TYPE_CHECKING:
    from twelvelabs_responses.emulator import Emulator

THREAD = in_thread("1")
RETRY = ModelRetryMiddleware(max_retries=2, initial_delay=0.0, on_failure="error")


@pytest.fixture
def model(emulator: Emulator) -> ChatTwelveLabs:
    """A model without retries of its own."""
    return ChatTwelveLabs(
        knowledge_store_id=emulator.knowledge_store_id,
        api_key="key-of-the-tests",
        base_url=emulator.base_url,
        max_retries=0,
    )


def agent_with(model: Any, *middleware: Any) -> Any:
    return create_agent(model, middleware=middleware, checkpointer=InMemorySaver())


def other_model(*answers: str) -> ScriptedModel:
    return ScriptedModel(responses=[AIMessage(answer) for answer in answers])


def test_the_retry_middleware_repeats_what_the_service_refused(model: ChatTwelveLabs, emulator: Emulator) -> None:
    agent = agent_with(model, RETRY)
    held(agent, QUESTION, THREAD)
    emulator.fault = "429-retry-after:once"
    held(agent, FOLLOW_UP, THREAD)
    session = emulator.exchanges[0].session_id
    assert bodies(emulator)[1:] == [body(emulator.knowledge_store_id, FOLLOW_UP, session_id=session)] * 2


@pytest.mark.parametrize(("fault", "kind"), [("500", InternalServerError), ("429-quota", QuotaExceededError)])
def test_the_retry_middleware_repeats_no_turn_that_may_be_taken_nor_is_in_vain(
    model: ChatTwelveLabs, emulator: Emulator, fault: str, kind: type[Exception]
) -> None:
    emulator.fault = fault
    with pytest.raises(kind):
        held(agent_with(model, RETRY), QUESTION, THREAD)
    assert len(emulator.exchanges) == 1


def test_the_retry_middleware_repeats_no_stream_that_has_begun(model: ChatTwelveLabs, emulator: Emulator) -> None:
    emulator.fault = "cut"
    given = {"messages": [HumanMessage(QUESTION)]}
    with pytest.raises(StreamInterruptedError):
        list(agent_with(model, RETRY).stream(given, THREAD, stream_mode="messages"))
    assert len(emulator.exchanges) == 1


def test_a_thread_that_is_summarised_goes_on_with_its_session(model: ChatTwelveLabs, emulator: Emulator) -> None:
    writer = other_model("They asked about goals.")
    agent = agent_with(model, SummarizationMiddleware(writer, trigger=("messages", 5), keep=("messages", 2)))
    messages = [held(agent, question, THREAD) for question in (QUESTION, FOLLOW_UP, OTHER)][-1]
    assert "They asked about goals." in messages[0].text
    assert len(messages) == 4
    session = emulator.exchanges[0].session_id
    assert bodies(emulator)[2] == body(emulator.knowledge_store_id, OTHER, session_id=session)


def test_a_prompt_that_changes_is_told_each_turn(model: ChatTwelveLabs, emulator: Emulator) -> None:
    @dynamic_prompt
    def prompt(request: ModelRequest) -> str:
        return f"Turn {len(request.messages) // 2 + 1}."

    agent = agent_with(model, prompt)
    for question in (QUESTION, FOLLOW_UP):
        held(agent, question, THREAD)
    assert [each["instructions"] for each in bodies(emulator)] == ["Turn 1.", "Turn 2."]
    assert emulator.exchanges[0].session_id == emulator.exchanges[1].session_id


def test_an_agent_can_summarise_with_the_model_itself_in_a_session_apart(
    model: ChatTwelveLabs, emulator: Emulator
) -> None:
    agent = agent_with(model, SummarizationMiddleware(model, trigger=("messages", 5), keep=("messages", 2)))
    for question in (QUESTION, FOLLOW_UP):
        held(agent, question, THREAD)
    asyncio.run(agent.ainvoke({"messages": [HumanMessage(OTHER)]}, THREAD))
    first, _, summarised, last = [exchange.session_id for exchange in emulator.exchanges]
    assert first == last != summarised
    assert "session_id" not in bodies(emulator)[2]


def test_a_fallback_of_another_provider_answers_in_between_and_is_told_of(
    model: ChatTwelveLabs, emulator: Emulator
) -> None:
    agent = agent_with(model, ModelFallbackMiddleware(other_model("For a handball.")))
    held(agent, QUESTION, THREAD)
    emulator.fault = "429-long:once"
    held(agent, FOLLOW_UP, THREAD)
    held(agent, OTHER, THREAD)
    session = emulator.exchanges[0].session_id
    said = retold(("user", FOLLOW_UP), ("assistant", "For a handball."), now=OTHER)
    assert bodies(emulator)[2] == body(emulator.knowledge_store_id, said, session_id=session)


def test_what_is_redacted_on_the_way_in_is_not_sent(model: ChatTwelveLabs, emulator: Emulator) -> None:
    agent = agent_with(model, PIIMiddleware("email", strategy="redact"))
    held(agent, QUESTION, THREAD)
    held(agent, "Who scored? Tell a@example.com.", THREAD)
    session = emulator.exchanges[0].session_id
    asked = "Who scored? Tell [REDACTED_EMAIL]."
    assert bodies(emulator)[1] == body(emulator.knowledge_store_id, asked, session_id=session)
