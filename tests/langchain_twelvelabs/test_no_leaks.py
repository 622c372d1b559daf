"""Users who share a model, an agent or a cache share no session and get no answer of another.

What one provider's ids do at another stands in `test_fallbacks`; many threads that share the tool in `test_tools`.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Lock, get_ident
from typing import TYPE_CHECKING, Any

import pytest
from langchain.agents import create_agent
from langchain_core.caches import InMemoryCache
from langchain_core.globals import set_llm_cache
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.checkpoint.memory import InMemorySaver

from langchain_twelvelabs import ChatTwelveLabs
from langchain_twelvelabs.testing import total
from tests.langchain_twelvelabs.scripted_agent import in_thread
from tests.langchain_twelvelabs.sent import FOLLOW_UP, OTHER, QUESTION, bodies, body
from twelvelabs_responses import Client, Sessions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from langchain_core.messages import BaseMessage

    from twelvelabs_responses.emulator import Emulator, Exchange

USERS = range(50)


@pytest.fixture
def _cached() -> Iterator[None]:
    set_llm_cache(InMemoryCache())
    yield
    set_llm_cache(None)


def asked(user: int) -> str:
    """Return a question that only this user asks; an answer that goes on from it quotes it."""
    return f"Which clips show goal {user}?"


def contents(exchange: Exchange) -> list[str]:
    body: Any = exchange.body
    return [item["content"] for item in body["input"]]


def check_apart(emulator: Emulator, answers: dict[int, AIMessage]) -> None:
    """Check that each user had a session, and each session one user."""
    conversations: defaultdict[str | None, list[str]] = defaultdict(list)
    for exchange in emulator.exchanges:
        conversations[exchange.session_id] += contents(exchange)
    assert len(emulator.exchanges) == 100
    assert sorted(conversations.values()) == sorted([asked(user), FOLLOW_UP] for user in USERS)
    for user, answer in answers.items():
        assert f"Going on from \u201c{asked(user)}\u201d" in answer.text
        assert conversations[answer.response_metadata["session_id"]] == [asked(user), FOLLOW_UP]


def answered(model: ChatTwelveLabs, history: list[BaseMessage], user: int) -> AIMessage:
    return model.invoke(history) if user % 2 else total(list(model.stream(history)))


async def aanswered(model: ChatTwelveLabs, history: list[BaseMessage], user: int) -> AIMessage:
    return await model.ainvoke(history) if user % 2 else total([chunk async for chunk in model.astream(history)])


def test_fifty_threads_on_one_model_hold_fifty_conversations(model: ChatTwelveLabs, emulator: Emulator) -> None:
    all_have_begun = Barrier(len(USERS), timeout=60)

    def conversation(user: int) -> AIMessage:
        history: list[BaseMessage] = [HumanMessage(asked(user))]
        history += [answered(model, history, user), HumanMessage(FOLLOW_UP)]
        all_have_begun.wait()
        return answered(model, history, user)

    with ThreadPoolExecutor(len(USERS)) as pool:
        answers = list(pool.map(conversation, USERS))
    check_apart(emulator, dict(zip(USERS, answers, strict=True)))


class SideBySide:
    """A lock that holds a thread up after its first turn with it until another thread has had one."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._seen: set[int] = set()
        self._both = Barrier(2, timeout=30)

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_failure: object) -> None:
        first = get_ident() not in self._seen
        self._seen.add(get_ident())
        self._lock.release()
        if first:
            self._both.wait()


def test_two_turns_that_decide_at_the_same_moment_do_not_share_a_session(
    model: ChatTwelveLabs, emulator: Emulator
) -> None:
    history = [HumanMessage(QUESTION), model.invoke(QUESTION)]
    client = Client(api_key="key-of-the-tests", base_url=emulator.base_url, sessions=Sessions(lock=SideBySide()))
    shared = ChatTwelveLabs(knowledge_store_id=emulator.knowledge_store_id, client=client)
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(shared.invoke, ([*history, HumanMessage(text)] for text in (FOLLOW_UP, OTHER))))
    session = history[1].response_metadata["session_id"]
    assert sorted(each.response_metadata["session_id"] == session for each in answers) == [False, True]
    assert [each.get("session_id") for each in bodies(emulator)].count(session) == 1


async def test_fifty_tasks_on_one_model_hold_fifty_conversations(model: ChatTwelveLabs, emulator: Emulator) -> None:
    async def conversation(user: int) -> AIMessage:
        history: list[BaseMessage] = [HumanMessage(asked(user))]
        history += [await aanswered(model, history, user), HumanMessage(FOLLOW_UP)]
        return await aanswered(model, history, user)

    answers = await asyncio.gather(*map(conversation, USERS))
    check_apart(emulator, dict(zip(USERS, answers, strict=True)))


async def test_fifty_threads_of_one_agent_hold_fifty_conversations(model: ChatTwelveLabs, emulator: Emulator) -> None:
    agent: Any = create_agent(model, checkpointer=InMemorySaver())

    async def conversation(user: int) -> AIMessage:
        given = [{"messages": [HumanMessage(text)]} for text in (asked(user), FOLLOW_UP)]
        thread = in_thread(str(user))
        # Blocking and awaited calls of one model, at the same time.
        first = agent.ainvoke(given[0], thread) if user % 2 else asyncio.to_thread(agent.invoke, given[0], thread)
        await first
        answer: AIMessage = (await agent.ainvoke(given[1], thread))["messages"][-1]
        return answer

    answers = await asyncio.gather(*map(conversation, USERS))
    check_apart(emulator, dict(zip(USERS, answers, strict=True)))


@pytest.mark.usefixtures("_cached")
def test_two_users_of_a_global_cache_have_a_session_each_through_all_turns(
    model: ChatTwelveLabs, emulator: Emulator
) -> None:
    agent: Any = create_agent(model, checkpointer=InMemorySaver())
    for question in (QUESTION, FOLLOW_UP):
        for user in ("ann", "bob"):
            agent.invoke({"messages": [HumanMessage(question)]}, in_thread(user))
    store = emulator.knowledge_store_id
    ann, bob = (exchange.session_id for exchange in emulator.exchanges[:2])
    assert ann != bob
    assert bodies(emulator) == [
        body(store, QUESTION),
        body(store, QUESTION),
        body(store, FOLLOW_UP, session_id=ann),
        body(store, FOLLOW_UP, session_id=bob),
    ]


@pytest.mark.usefixtures("_cached")
def test_a_global_cache_is_neither_asked_nor_filled_on_any_path(model: ChatTwelveLabs, emulator: Emulator) -> None:
    for _ in range(2):
        model.invoke(QUESTION)
        list(model.stream(QUESTION))
        model.batch([QUESTION])
        model.generate([[HumanMessage(QUESTION)]])
        asyncio.run(model.ainvoke(QUESTION))
        asyncio.run(model.agenerate([[HumanMessage(QUESTION)]]))
    assert len({exchange.session_id for exchange in emulator.exchanges}) == 12
