"""A conversation with the videos, as each of LangChain's keepers of histories holds it, behind one face.

What is kept differs: a list, a file, a graph's checkpoints (`graph_keepers`). What is asked of all is the same: a turn,
a fork, an edit.
"""

from __future__ import annotations

import asyncio
import json
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from threading import Barrier
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.chat_history import BaseChatMessageHistory
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, messages_from_dict, messages_to_dict
from langchain_core.runnables.history import RunnableWithMessageHistory

from langchain_twelvelabs import ChatTwelveLabs
from langchain_twelvelabs.testing import total
from tests.langchain_twelvelabs.sent import body, retold

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from langchain_core.runnables import RunnableConfig
    from typing_extensions import Self

THREAD: RunnableConfig = {"configurable": {"thread_id": "1", "session_id": "1"}}
BLOCKING_WAYS = ("invoke", "stream", "stream_events")
WAYS = (*BLOCKING_WAYS, "ainvoke", "astream", "astream_events")

Asked: TypeAlias = str | AIMessage | None
"""A question; an answer where a question should be; None for what is kept and has no answer yet."""


class _Together(BaseCallbackHandler):
    """Lets the calls of two runs go on in step, so that both have read the history before either is answered."""

    raise_error = True

    def __init__(self) -> None:
        self._barrier = Barrier(2, timeout=30)

    def on_chat_model_start(self, *_started: Any, **_facts: Any) -> None:
        self._barrier.wait()


@dataclass
class Keeper(ABC):
    """A conversation that is kept somewhere.

    Attributes:
        model: Who answers.
        way: One of LangChain's ways to ask.
        directory: Where files may be kept.
    """

    model: ChatTwelveLabs
    way: str
    directory: Path

    def ask(self, asked: Asked, config: RunnableConfig = THREAD) -> None:
        """Hold one turn."""
        given = None if asked is None else [HumanMessage(asked) if isinstance(asked, str) else asked]
        if self.way in BLOCKING_WAYS:
            self._turn(given, config)
        else:
            asyncio.run(self._aturn(given, config))

    def ask_at_once(self, *texts: str) -> None:
        """Hold several turns at the same moment, all after what is kept now."""
        config: RunnableConfig = {**self.now(), "callbacks": [_Together()]}
        given = [[HumanMessage(text)] for text in texts]
        if self.way in BLOCKING_WAYS:
            with ThreadPoolExecutor(len(texts)) as pool:
                list(pool.map(lambda each: self._turn(each, config), given))
        else:

            async def all_turns() -> None:
                await asyncio.gather(*(self._aturn(each, config) for each in given))

            asyncio.run(all_turns())

    def now(self) -> RunnableConfig:
        """Return what a turn is given to come after what is kept now, whatever comes in between."""
        return THREAD

    @property
    def streams(self) -> bool:
        """Whether the model is asked for a stream."""
        return not self.way.endswith("invoke")

    def sends(self, *texts: str, **more: Any) -> dict[str, Any]:
        """Return the body that a turn with these input items should send."""
        stream = {"stream": True} if self.streams else {}
        return body(self.model.knowledge_store_id, *texts, **stream, **more)

    def retold(self, *said: tuple[str, str], now: str) -> str:
        """Return how a session is told what was said before."""
        return retold(*said, now=now)

    def raises(self, kind: type[Exception]) -> AbstractContextManager[Any]:
        """Return what a turn raises that fails so."""
        return pytest.raises(kind)

    def reopened(self) -> Self:
        """Return the conversation as another process finds it, whose model remembers no session."""
        model = ChatTwelveLabs(
            knowledge_store_id=self.model.knowledge_store_id, api_key="key-of-the-tests", base_url=self.model.base_url
        )
        return replace(self, model=model)

    def fork(self, messages: Sequence[BaseMessage], asked: str) -> None:
        """Ask after these messages, whatever was said since."""
        self.keep(messages)
        self.ask(asked)

    def regenerate(self) -> None:
        """Have the last question answered once more."""
        *before, asked, _ = self.messages()
        self.fork(before, asked.text)

    def retry(self, asked: str) -> None:
        """Ask again what failed."""
        self.ask(asked)

    @abstractmethod
    def messages(self) -> list[BaseMessage]:
        """Return what is kept."""

    @abstractmethod
    def keep(self, messages: Sequence[BaseMessage]) -> None:
        """Keep these messages in the place of the others."""

    @abstractmethod
    def _turn(self, given: Sequence[BaseMessage] | None, config: RunnableConfig) -> None: ...

    @abstractmethod
    async def _aturn(self, given: Sequence[BaseMessage] | None, config: RunnableConfig) -> None: ...

    def _answer(self, runnable: Any, given: Sequence[BaseMessage], config: RunnableConfig) -> AIMessage:
        answer: AIMessage
        if self.way == "invoke":
            answer = runnable.invoke(given, config)
        elif self.way == "stream":
            answer = total(list(runnable.stream(given, config)))
        else:
            answer = runnable.stream_events(given, config, version="v3").output
        return answer

    async def _aanswer(self, runnable: Any, given: Sequence[BaseMessage], config: RunnableConfig) -> AIMessage:
        answer: AIMessage
        if self.way == "ainvoke":
            answer = await runnable.ainvoke(given, config)
        elif self.way == "astream":
            answer = total([chunk async for chunk in runnable.astream(given, config)])
        else:
            answer = await (await runnable.astream_events(given, config, version="v3")).output
        return answer


@dataclass
class PlainList(Keeper):
    """A list of messages, written to a file and read again where a process ends."""

    _messages: list[BaseMessage] = field(default_factory=list)

    def messages(self) -> list[BaseMessage]:
        return list(self._messages)

    def keep(self, messages: Sequence[BaseMessage]) -> None:
        self._messages = list(messages)

    def reopened(self) -> Self:
        written = json.dumps(messages_to_dict(self._messages))
        return replace(super().reopened(), _messages=messages_from_dict(json.loads(written)))

    def _turn(self, given: Sequence[BaseMessage] | None, config: RunnableConfig) -> None:
        history = [*self._messages, *(given or ())]
        self._messages = [*history, self._answer(self.model, history, config)]

    async def _aturn(self, given: Sequence[BaseMessage] | None, config: RunnableConfig) -> None:
        history = [*self._messages, *(given or ())]
        self._messages = [*history, await self._aanswer(self.model, history, config)]


class FileHistory(BaseChatMessageHistory):
    """Messages in a JSON file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def messages(self) -> list[BaseMessage]:  # type: ignore[override]  # declared as an attribute, meant as a property
        return messages_from_dict(json.loads(self._path.read_text("utf-8"))) if self._path.exists() else []

    def add_messages(self, messages: Sequence[BaseMessage]) -> None:
        self._path.write_text(json.dumps(messages_to_dict([*self.messages, *messages])), "utf-8")

    def clear(self) -> None:
        self._path.unlink(missing_ok=True)


@dataclass
class MessageHistory(Keeper):
    """`RunnableWithMessageHistory` over a file."""

    @property
    def _history(self) -> FileHistory:
        return FileHistory(self.directory / "history.json")

    def messages(self) -> list[BaseMessage]:
        return self._history.messages

    def keep(self, messages: Sequence[BaseMessage]) -> None:
        self._history.clear()
        self._history.add_messages(messages)

    def _turn(self, given: Sequence[BaseMessage] | None, config: RunnableConfig) -> None:
        self._answer(RunnableWithMessageHistory(self.model, lambda _: self._history), given or [], config)

    async def _aturn(self, given: Sequence[BaseMessage] | None, config: RunnableConfig) -> None:
        await self._aanswer(RunnableWithMessageHistory(self.model, lambda _: self._history), given or [], config)
