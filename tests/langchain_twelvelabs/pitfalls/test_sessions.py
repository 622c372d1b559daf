"""How a conversation is lost, repeated, or shared with strangers: pitfalls 17, 19, 20, 28, 29."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.globals import set_llm_cache
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from pydantic import ValidationError

from langchain_twelvelabs import ChatTwelveLabs, create_video_tool
from langchain_twelvelabs.testing import QUESTION
from tests.langchain_twelvelabs.scripted_agent import agent_of, asking, held, in_thread
from tests.langchain_twelvelabs.scripted_answers import MODES
from tests.langchain_twelvelabs.ways import WAYS, ask
from twelvelabs_responses import NotFoundError, SessionError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from langchain_core.messages import BaseMessage
    from langchain_core.runnables import RunnableConfig

    from twelvelabs_responses.emulator import Emulator


def begun(model: ChatTwelveLabs, way: str = "invoke") -> list[BaseMessage]:
    """Return a history that ends with a new question after one answer."""
    question = HumanMessage(QUESTION)
    return [question, ask(model, [question], way), HumanMessage("And then?")]


def session_id(message: BaseMessage) -> str:
    return str(message.response_metadata["session_id"])


# agno #9240, dotnet/extensions #7704, bifrost #2441. What to do then is the caller's decision: the model never begins
# anew by itself.
@WAYS
def test_a_lost_session_is_an_error_of_its_own_kind_and_no_silent_restart(
    model: ChatTwelveLabs, emulator: Emulator, way: str
) -> None:
    history = begun(model)
    history[1].response_metadata["session_id"] = "sess_gone"
    with pytest.raises(SessionError) as caught:
        ask(model, history, way)
    assert caught.value.session_id == "sess_gone"
    assert caught.value.__cause__ is not None
    assert isinstance(caught.value.__cause__.__cause__, NotFoundError)
    assert len(emulator.exchanges) == 2


# langchain-aws #1018; PraisonAI #3105; strands #3545
@WAYS
def test_two_conversations_share_one_model_and_no_session(model: ChatTwelveLabs, way: str) -> None:
    ours, theirs = begun(model, way), begun(model, way)
    goes_on = [session_id(ask(model, history, way)) for history in (ours, theirs)]
    assert goes_on == [session_id(ours[1]), session_id(theirs[1])]
    assert len(set(goes_on)) == 2


# langchain-aws #1018; PraisonAI #3105; strands #3545
def test_fifty_threads_share_one_model_and_no_session(model: ChatTwelveLabs) -> None:
    def conversation(_: int) -> list[str]:
        history = begun(model)
        return [session_id(history[1]), session_id(model.invoke(history))]

    with ThreadPoolExecutor(50) as pool:
        sessions = list(pool.map(conversation, range(50)))
    assert all(first == second for first, second in sessions)
    assert len({first for first, _ in sessions}) == 50


# langchain-aws #1018; PraisonAI #3105; strands #3545
def test_of_fifty_threads_that_follow_one_answer_one_goes_on_and_each_other_begins_anew(model: ChatTwelveLabs) -> None:
    history, together = begun(model), Barrier(50)

    def follow(_: int) -> str:
        together.wait()
        return session_id(model.invoke(history))

    with ThreadPoolExecutor(50) as pool:
        sessions = list(pool.map(follow, range(50)))
    sessions.append(session_id(model.invoke(history)))
    assert sessions.count(session_id(history[1])) == 1
    assert len(set(sessions)) == 51


# langchain-aws #1018; PraisonAI #3105; strands #3545
@WAYS
def test_a_session_with_a_turn_under_way_is_left_for_a_new_one(model: ChatTwelveLabs, way: str) -> None:
    history = begun(model)
    under_way = model.stream(history)
    next(under_way)
    other = ask(model, history, way)
    assert session_id(other) != session_id(history[1])
    assert sum(chunk.response_metadata.get("session_id") == session_id(history[1]) for chunk in under_way) == 0


# langchain-aws #1057
def test_the_session_follows_the_thread_however_deep_in_the_graph_the_model_is_asked(model: ChatTwelveLabs) -> None:
    namespaces: set[str] = set()

    def answer(state: MessagesState, config: RunnableConfig) -> dict[str, list[AIMessage]]:
        namespaces.add(config["configurable"]["checkpoint_ns"])
        return {"messages": [model.invoke(state["messages"])]}

    step = StateGraph(MessagesState).add_node("answer", answer).add_edge(START, "answer").compile()
    whole = StateGraph(MessagesState).add_node("watch", step).add_edge(START, "watch")
    graph = whole.compile(checkpointer=InMemorySaver())
    for text, thread in ((QUESTION, "1"), ("And then?", "1"), (QUESTION, "2")):
        graph.invoke({"messages": [HumanMessage(text)]}, in_thread(thread))
    _, first, _, second = graph.get_state(in_thread("1")).values["messages"]
    _, other = graph.get_state(in_thread("2")).values["messages"]
    assert len(namespaces) == 3
    assert session_id(first) == session_id(second) != session_id(other)


# langchain-aws #1057
def test_the_tools_session_follows_the_thread(model: ChatTwelveLabs, emulator: Emulator) -> None:
    turns = [asking(QUESTION, turn="one_"), asking("And then?", turn="two_"), asking(QUESTION, turn="three_")]
    agent = agent_of(create_video_tool(model), turns, InMemorySaver())
    for thread in ("1", "1", "2"):
        held(agent, "Ask the videos.", in_thread(thread))
    first, second, other = (exchange.session_id for exchange in emulator.exchanges)
    assert first == second != other


@pytest.fixture
def _global_cache() -> Iterator[None]:
    set_llm_cache(InMemoryCache())
    yield
    set_llm_cache(None)


# found here: LangChain keys its cache by the messages, and the answer in it carries a session
@WAYS
@pytest.mark.usefixtures("_global_cache")
def test_a_global_cache_serves_no_session_to_a_second_caller(model: ChatTwelveLabs, way: str) -> None:
    assert len({session_id(ask(model, QUESTION, way)) for _ in range(2)}) == 2


# found here. A cache cannot be forced, so no answer has to be robbed of its session for it.
@pytest.mark.parametrize("cache", [True, InMemoryCache()])
def test_a_cache_of_answers_is_refused_in_the_constructor_and_later(model: ChatTwelveLabs, cache: Any) -> None:
    with pytest.raises(ValidationError, match="cache"):
        ChatTwelveLabs(knowledge_store_id="ks_1", api_key="key-of-the-tests", cache=cache)
    with pytest.raises(ValidationError, match="cache"):
        model.cache = cache  # type: ignore[misc]  # the point


# found here: ChatOpenAI goes on with any `resp_...` that stands as `id` in a message's metadata
@pytest.mark.parametrize("mode", MODES)
@WAYS
def test_an_answer_names_its_response_where_no_other_model_takes_it_for_its_own(
    model: ChatTwelveLabs, emulator: Emulator, mode: str, way: str
) -> None:
    facts = ask(model.model_copy(update=MODES[mode]), QUESTION, way).response_metadata
    assert "id" not in facts
    assert facts["response_id"] == emulator.exchanges[-1].response_id


# found here
@WAYS
@pytest.mark.parametrize("provider", ["openai", None])
def test_a_session_that_another_provider_names_is_not_gone_on_with(
    model: ChatTwelveLabs, emulator: Emulator, provider: str | None, way: str
) -> None:
    foreign = {"id": "resp_9", "response_id": "resp_9", "session_id": "sess_9"}
    facts = {**foreign, "knowledge_store_id": emulator.knowledge_store_id, "model_provider": provider}
    ask(model, [HumanMessage("Hi"), AIMessage("Hello", response_metadata=facts), HumanMessage(QUESTION)], way)
    assert "session_id" not in (emulator.exchanges[-1].body or {})
