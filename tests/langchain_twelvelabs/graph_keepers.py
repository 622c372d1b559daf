"""A conversation with the videos, as LangGraph's checkpoints hold it: a graph's, an agent's, an agent with the tool."""

from __future__ import annotations

import sys
from contextlib import asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from langchain.agents import create_agent
from langchain_core.messages import AIMessage
from langchain_core.messages.modifier import RemoveMessage
from langchain_core.runnables import RunnableConfig  # noqa: TC002 - LangGraph reads the annotations of a node
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.graph.message import REMOVE_ALL_MESSAGES

from langchain_twelvelabs import create_video_tool
from tests.langchain_twelvelabs.keepers import BLOCKING_WAYS, THREAD, Keeper
from tests.langchain_twelvelabs.scripted_agent import agent_of, asking
from tests.langchain_twelvelabs.sent import body

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence
    from contextlib import AbstractContextManager

    from langchain_core.messages import BaseMessage

# `create_agent` leaves it to the context of a task to tell the model who listens, which Python 3.10 does not hand on.
HEARS_WHO_LISTENS = sys.version_info >= (3, 11)


@dataclass
class Graph(Keeper):
    """A graph of one node that calls the model, its checkpoints in memory."""

    memory: InMemorySaver = field(default_factory=InMemorySaver)
    node = "ask"

    def now(self) -> RunnableConfig:
        with self._saver() as saver:
            config: RunnableConfig = self._graph(saver).get_state(THREAD).config
            return config

    def messages(self) -> list[BaseMessage]:
        with self._saver() as saver:
            return list(self._graph(saver).get_state(THREAD).values["messages"])

    def keep(self, messages: Sequence[BaseMessage]) -> None:
        with self._saver() as saver:
            changed = {"messages": [RemoveMessage(id=REMOVE_ALL_MESSAGES), *messages]}
            self._graph(saver).update_state(THREAD, changed)

    def fork(self, messages: Sequence[BaseMessage], asked: str) -> None:
        with self._saver() as saver:
            past = self._graph(saver).get_state_history(THREAD)
            found = next(each for each in past if not each.next and each.values["messages"] == list(messages))
        self.ask(asked, found.config)

    def regenerate(self) -> None:
        with self._saver() as saver:
            past = self._graph(saver).get_state_history(THREAD)
            found = next(each for each in past if each.next == (self.node,))
        self.ask(None, found.config)

    def retry(self, asked: str) -> None:
        del asked  # It is kept: the graph goes on where it failed.
        self.ask(None)

    def _graph(self, saver: Any, given: Sequence[BaseMessage] | None = None) -> Any:
        del given  # What is asked makes no other graph.
        builder = StateGraph(MessagesState)
        builder.add_node(self.node, self._called)
        builder.add_edge(START, self.node)
        return builder.compile(checkpointer=saver)

    @property
    def _called(self) -> Any:
        def ask(state: MessagesState, config: RunnableConfig) -> dict[str, Any]:
            return {"messages": [self.model.invoke(state["messages"], config)]}

        async def aask(state: MessagesState, config: RunnableConfig) -> dict[str, Any]:
            return {"messages": [await self.model.ainvoke(state["messages"], config)]}

        return ask if self.way in BLOCKING_WAYS else aask

    @contextmanager
    def _saver(self) -> Iterator[Any]:
        yield self.memory

    @asynccontextmanager
    async def _asaver(self) -> AsyncIterator[Any]:
        yield self.memory

    def _turn(self, given: Sequence[BaseMessage] | None, config: RunnableConfig) -> None:
        state = None if given is None else {"messages": given}
        with self._saver() as saver:
            graph = self._graph(saver, given)
            if self.way == "invoke":
                graph.invoke(state, config)
            elif self.way == "stream":
                list(graph.stream(state, config, stream_mode="messages"))
            else:
                _ = graph.stream_events(state, config, version="v3").output

    async def _aturn(self, given: Sequence[BaseMessage] | None, config: RunnableConfig) -> None:
        state = None if given is None else {"messages": given}
        async with self._asaver() as saver:
            graph = self._graph(saver, given)
            if self.way == "ainvoke":
                await graph.ainvoke(state, config)
            elif self.way == "astream":
                _ = [part async for part in graph.astream(state, config, stream_mode="messages")]
            else:
                await (await graph.astream_events(state, config, version="v3")).output()


@dataclass
class SqliteGraph(Graph):
    """The same graph, its checkpoints in a file, which is opened for each turn."""

    @contextmanager
    def _saver(self) -> Iterator[Any]:
        with SqliteSaver.from_conn_string(str(self.directory / "threads.sqlite")) as saver:
            yield saver

    @asynccontextmanager
    async def _asaver(self) -> AsyncIterator[Any]:
        async with AsyncSqliteSaver.from_conn_string(str(self.directory / "threads.sqlite")) as saver:
            yield saver


@dataclass
class Agent(Graph):
    """`create_agent` without tools."""

    node = "model"

    @property
    def streams(self) -> bool:
        return super().streams and (HEARS_WHO_LISTENS or self.way in BLOCKING_WAYS)

    def _graph(self, saver: Any, given: Sequence[BaseMessage] | None = None) -> Any:
        del given  # What is asked makes no other agent.
        return create_agent(self.model, checkpointer=saver)


@dataclass
class Tool(Graph):
    """An agent of another model, which asks the videos by their tool whatever it is asked."""

    node = "tools"

    def sends(self, *texts: str, **more: Any) -> dict[str, Any]:
        *_, question = texts
        shown = {"include": ["intermediate_outputs"], "stream": True}
        return body(self.model.knowledge_store_id, question, **shown, **more)

    def retold(self, *said: tuple[str, str], now: str) -> str:
        del said  # What was said in the thread is the driving model's to repeat.
        return now

    def raises(self, kind: type[Exception]) -> AbstractContextManager[Any]:
        del kind  # It becomes a tool error in words.
        return nullcontext()

    def retry(self, asked: str) -> None:
        self.ask(asked)

    def _graph(self, saver: Any, given: Sequence[BaseMessage] | None = None) -> Any:
        questions = [asking(message.text, turn=message.text) for message in given or ()]
        return agent_of(create_video_tool(self.model), questions or [AIMessage("Done.")], saver)
