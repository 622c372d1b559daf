"""`create_agent(ChatTwelveLabs(...))` without tools, and a plain graph: threads, and what they stream.

What each situation of a conversation sends stands in `test_sessions`, middleware in `test_agent_middleware`, typed
answers in `test_agent_answers`; an agent that has the video tool in `test_tools`.
"""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from langchain.agents import create_agent
from langchain_core.messages import HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.config import get_stream_writer
from langgraph.graph import START, MessagesState, StateGraph

from langchain_twelvelabs.testing import total
from tests.langchain_twelvelabs import plain_agent
from tests.langchain_twelvelabs.graph_keepers import HEARS_WHO_LISTENS
from tests.langchain_twelvelabs.plain_agent import SYSTEM_PROMPT
from tests.langchain_twelvelabs.scripted_agent import held, in_thread
from tests.langchain_twelvelabs.sent import FOLLOW_UP, OTHER, QUESTION, bodies, body, retold

if TYPE_CHECKING:
    from pathlib import Path

    from langchain_core.messages import AIMessage, AIMessageChunk
    from langchain_core.runnables import RunnableConfig

    from langchain_twelvelabs import ChatTwelveLabs
    from twelvelabs_responses.emulator import Emulator

THREAD = in_thread("1")
GIVEN: Any = {"messages": [HumanMessage(QUESTION)]}


def agent_of(model: ChatTwelveLabs, **options: Any) -> Any:
    return create_agent(model, checkpointer=InMemorySaver(), **options)


def told(emulator: Emulator, *texts: str, **more: Any) -> dict[str, Any]:
    """Return the body of an agent's turn, whose system prompt goes along each time."""
    return body(emulator.knowledge_store_id, *texts, instructions=SYSTEM_PROMPT, **more)


# Threads


def test_each_turn_of_a_thread_sends_what_is_new_and_the_system_prompt(
    model: ChatTwelveLabs, emulator: Emulator
) -> None:
    agent = agent_of(model, system_prompt=SYSTEM_PROMPT)
    messages = [held(agent, question, THREAD) for question in (QUESTION, FOLLOW_UP, OTHER)][-1]
    session = emulator.exchanges[0].session_id
    assert bodies(emulator) == [
        told(emulator, QUESTION),
        told(emulator, FOLLOW_UP, session_id=session),
        told(emulator, OTHER, session_id=session),
    ]
    assert [message.type for message in messages] == ["human", "ai"] * 3
    assert [message.id for message in messages[1::2]] == [each.response_id for each in emulator.exchanges]


def test_threads_of_one_agent_share_no_session(model: ChatTwelveLabs, emulator: Emulator) -> None:
    agent = agent_of(model)
    for question in (QUESTION, FOLLOW_UP):
        for thread in ("1", "2"):
            held(agent, question, in_thread(thread))
    first, second, *followed = [exchange.session_id for exchange in emulator.exchanges]
    assert first != second
    assert followed == [first, second]


def test_a_second_process_goes_on_with_the_session_of_a_thread_that_is_kept_in_a_file(
    emulator: Emulator, tmp_path: Path
) -> None:
    where = (str(tmp_path / "threads.sqlite"), emulator.base_url, emulator.knowledge_store_id)
    plain_agent.main(*where, QUESTION)
    command = [sys.executable, "-W", "error", "-m", plain_agent.__name__, *where, FOLLOW_UP]
    subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - our own interpreter
    plain_agent.main(*where, OTHER)
    session = emulator.exchanges[0].session_id
    assert bodies(emulator)[1:] == [
        told(emulator, FOLLOW_UP, session_id=session),
        told(emulator, OTHER, session_id=session),
    ]


def back_to_first_answer(agent: Any) -> RunnableConfig:
    """Return the place in the thread where the first answer had just come."""
    past = [state for state in agent.get_state_history(THREAD) if not state.next and len(state.values["messages"]) == 2]
    config: RunnableConfig = past[0].config
    return config


@pytest.mark.parametrize("database", [":memory:", "file"])
def test_time_travel_begins_a_new_session_with_a_transcript(
    model: ChatTwelveLabs, emulator: Emulator, tmp_path: Path, database: str
) -> None:
    with SqliteSaver.from_conn_string(database.replace("file", str(tmp_path / "threads.sqlite"))) as saver:
        agent: Any = create_agent(model, system_prompt=SYSTEM_PROMPT, checkpointer=saver)
        answer = held(agent, QUESTION, THREAD)[-1].text
        held(agent, FOLLOW_UP, THREAD)
        held(agent, OTHER, back_to_first_answer(agent))
        held(agent, FOLLOW_UP, THREAD)
    fork = emulator.exchanges[2].session_id
    assert fork != emulator.exchanges[0].session_id
    assert bodies(emulator)[2:] == [
        told(emulator, retold(("user", QUESTION), ("assistant", answer), now=OTHER)),
        told(emulator, FOLLOW_UP, session_id=fork),
    ]


def test_a_question_that_is_edited_in_the_state_is_asked_in_a_new_session(
    model: ChatTwelveLabs, emulator: Emulator
) -> None:
    agent = agent_of(model)
    answer = held(agent, QUESTION, THREAD)[-1].text
    held(agent, FOLLOW_UP, THREAD)
    asked = next(state for state in agent.get_state_history(THREAD) if state.next == ("model",))
    edited = HumanMessage(OTHER, id=asked.values["messages"][-1].id)
    agent.invoke(None, agent.update_state(asked.config, {"messages": [edited]}))
    said = retold(("user", QUESTION), ("assistant", answer), now=OTHER)
    assert bodies(emulator)[2:] == [body(emulator.knowledge_store_id, said)]


async def test_an_agent_that_is_awaited_does_the_same(model: ChatTwelveLabs, emulator: Emulator) -> None:
    agent = agent_of(model, system_prompt=SYSTEM_PROMPT)
    for question in (QUESTION, FOLLOW_UP):
        await agent.ainvoke({"messages": [HumanMessage(question)]}, THREAD)
    session = emulator.exchanges[0].session_id
    assert bodies(emulator) == [told(emulator, QUESTION), told(emulator, FOLLOW_UP, session_id=session)]


# Streams


def check_streamed(chunks: list[AIMessageChunk], answer: AIMessage) -> None:
    assert {chunk.id for chunk in chunks} == {answer.id}
    assert len(chunks) > 10
    assert total(chunks).text == answer.text
    assert total(chunks).usage_metadata == answer.usage_metadata


def test_an_agent_streams_one_message_with_one_id(model: ChatTwelveLabs) -> None:
    agent = agent_of(model)
    chunks = [chunk for chunk, _ in agent.stream(GIVEN, THREAD, stream_mode="messages")]
    check_streamed(chunks, agent.get_state(THREAD).values["messages"][-1])


@pytest.mark.skipif(not HEARS_WHO_LISTENS, reason="on this Python an agent that is awaited streams no tokens")
async def test_an_agent_that_is_awaited_streams_one_message_with_one_id(model: ChatTwelveLabs) -> None:
    agent = agent_of(model)
    chunks = [chunk async for chunk, _ in agent.astream(GIVEN, THREAD, stream_mode="messages")]
    check_streamed(chunks, agent.get_state(THREAD).values["messages"][-1])


def asking_graph(model: ChatTwelveLabs) -> Any:
    """Return a plain graph, whose node tells how long the answer is besides giving it."""

    def ask(state: MessagesState) -> dict[str, Any]:
        answer = model.invoke(state["messages"])
        get_stream_writer()({"characters": len(answer.text)})
        return {"messages": [answer]}

    builder = StateGraph(MessagesState)
    builder.add_node("ask", ask)
    builder.add_edge(START, "ask")
    return builder.compile(checkpointer=InMemorySaver())


def test_a_plain_graph_streams_messages_updates_and_what_its_node_writes(model: ChatTwelveLabs) -> None:
    graph = asking_graph(model)
    parts = list(graph.stream(GIVEN, THREAD, stream_mode=["messages", "updates", "custom"]))
    answer = graph.get_state(THREAD).values["messages"][-1]
    check_streamed([part[0] for mode, part in parts if mode == "messages"], answer)
    assert [part for mode, part in parts if mode == "updates"] == [{"ask": {"messages": [answer]}}]
    assert [part for mode, part in parts if mode == "custom"] == [{"characters": len(answer.text)}]


def test_commentary_reaches_an_agents_stream_before_the_answer_and_apart_from_it(model: ChatTwelveLabs) -> None:
    agent = agent_of(model.model_copy(update={"include": ("intermediate_outputs",)}))
    chunks = [chunk for chunk, _ in agent.stream(GIVEN, THREAD, stream_mode="messages")]
    kinds = [block["type"] for chunk in chunks for block in chunk.content_blocks]
    thoughts = [block.get("reasoning", "") for block in total(chunks).content_blocks if block["type"] == "reasoning"]
    assert thoughts == ["Searching the sample library for: goal"]
    assert kinds.index("reasoning") < kinds.index("text")
    assert agent.get_state(THREAD).values["messages"][-1].text.startswith("(Emulator) I looked")
