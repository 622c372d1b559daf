"""Tests for chat engines of this endpoint; `llama_index_twelvelabs.testing` is the door to them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import pytest
from llama_index.core.base.llms.types import ChatMessage, MessageRole
from llama_index.core.chat_engine.types import StreamingAgentChatResponse
from llama_index.core.memory import ChatMemoryBuffer

from twelvelabs_responses import ResponsesError
from twelvelabs_responses.emulator import ScriptedAnswer, ScriptedCall, ScriptedCitation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llama_index.core.chat_engine.types import BaseChatEngine
    from llama_index.core.memory import BaseMemory

    from twelvelabs_responses.emulator import Emulator

QUESTION = "Which clips show a goal?"
FOLLOW_UP = "And who saves a penalty?"
CHAT_WAYS = ("chat", "achat", "stream_chat", "astream_chat")

_GOALS = ScriptedAnswer(
    "\U0001f945 Two [1],\u2028both late [2].",
    citations=(ScriptedCitation("ksi_1", 12.0, 15.5, "Final"), ScriptedCitation("ksi_2", title="Poster", kind="image")),
    commentary="Looking for goals.",
    calls=(ScriptedCall("search", {"query": "goal"}, "3 clips"),),
)
_ON_EVERY_WAY = pytest.mark.parametrize("way", CHAT_WAYS)
_STREAMED = pytest.mark.parametrize("way", ["stream_chat", "astream_chat"])


class ChatEngineFactory(Protocol):
    """Makes chat engines that ask the emulator, each one anew."""

    def __call__(self, *, memory: BaseMemory | None = None) -> BaseChatEngine:
        """Return an engine whose conversation this memory keeps; without one, a memory of its own."""
        raise NotImplementedError


def chatted(
    engine: BaseChatEngine, way: str, message: str = QUESTION, chat_history: list[ChatMessage] | None = None
) -> tuple[str, Any]:
    """Return the text and the response, read to its end, on one of the `CHAT_WAYS`."""

    async def awaited() -> tuple[str, Any]:
        response = await getattr(engine, way)(message, chat_history)
        if isinstance(response, StreamingAgentChatResponse):
            return "".join([text async for text in response.async_response_gen()]), response
        return str(response), response

    if way.startswith("a"):
        return asyncio.run(awaited())
    response = getattr(engine, way)(message, chat_history)
    streams = isinstance(response, StreamingAgentChatResponse)
    return "".join(response.response_gen) if streams else str(response), response


class ChatEngineSuite:
    """What holds for a LlamaIndex chat engine of this endpoint, whoever wrote it. Subclass it, and give `new_engine`.

    The tests ask the `emulator` fixture of this package's pytest plugin, which the environment points to as well.
    """

    errors: ClassVar[type[Exception] | tuple[type[Exception], ...]] = ResponsesError
    """What a turn that comes to no answer raises; name the errors of your own client here."""

    @pytest.fixture
    def new_engine(self, emulator: Emulator) -> ChatEngineFactory:
        """Return what makes engines that ask the emulator, each one anew."""
        raise NotImplementedError("override the fixture `new_engine`: a function of `memory` that makes an engine")

    @_ON_EVERY_WAY
    def test_every_way_gives_the_same(self, emulator: Emulator, new_engine: ChatEngineFactory, way: str) -> None:
        """The text is the service's on each way, and what is cited and called is that of a whole answer."""
        emulator.script(_GOALS, _GOALS)
        text, response = chatted(new_engine(), way)
        _, whole = chatted(new_engine(), "chat")
        assert text == str(response) == _GOALS.text
        assert [found.node for found in response.source_nodes] == [found.node for found in whole.source_nodes]
        assert len(response.source_nodes) == 2
        assert [source.content for source in response.sources] == [source.content for source in whole.sources]

    @_ON_EVERY_WAY
    def test_the_history_holds_what_was_said(self, emulator: Emulator, new_engine: ChatEngineFactory, way: str) -> None:
        """When an answer has come, or its stream has ended, the memory has the whole turn, once."""
        emulator.script(_GOALS, "A keeper.")
        engine = new_engine()
        chatted(engine, way)
        chatted(engine, way, FOLLOW_UP)
        assert _said(engine) == [
            ("user", QUESTION),
            ("assistant", _GOALS.text),
            ("user", FOLLOW_UP),
            ("assistant", "A keeper."),
        ]

    @_ON_EVERY_WAY
    def test_the_conversation_goes_on_in_its_session(
        self, emulator: Emulator, new_engine: ChatEngineFactory, way: str
    ) -> None:
        """Only what is new is sent, and the service knows the rest."""
        engine = new_engine()
        chatted(engine, way)
        chatted(engine, way, FOLLOW_UP)
        assert _sent(emulator) == [(None, [QUESTION]), (emulator.exchanges[0].session_id, [FOLLOW_UP])]

    @_ON_EVERY_WAY
    def test_another_engine_with_the_same_memory_goes_on(
        self, emulator: Emulator, new_engine: ChatEngineFactory, way: str
    ) -> None:
        """The session is in the memory, not on the engine."""
        memory = ChatMemoryBuffer.from_defaults(token_limit=10_000)
        chatted(new_engine(memory=memory), way)
        chatted(new_engine(memory=memory), way, FOLLOW_UP)
        assert _sent(emulator)[1] == (emulator.exchanges[0].session_id, [FOLLOW_UP])

    @_ON_EVERY_WAY
    def test_conversations_share_nothing(self, emulator: Emulator, new_engine: ChatEngineFactory, way: str) -> None:
        """Two engines are two conversations."""
        engines = [new_engine(), new_engine()]
        for question in (QUESTION, FOLLOW_UP):
            for engine in engines:
                chatted(engine, way, question)
        sessions = [exchange.session_id for exchange in emulator.exchanges]
        assert sessions[:2] == sessions[2:]
        assert len(set(sessions)) == 2

    @_ON_EVERY_WAY
    def test_a_reset_begins_anew(self, emulator: Emulator, new_engine: ChatEngineFactory, way: str) -> None:
        """Neither the memory nor the service goes on with what was said before."""
        engine = new_engine()
        chatted(engine, way)
        engine.reset()
        assert engine.chat_history == []
        chatted(engine, way, FOLLOW_UP)
        assert _sent(emulator)[1] == (None, [FOLLOW_UP])

    @_ON_EVERY_WAY
    def test_an_empty_history_begins_anew(self, emulator: Emulator, new_engine: ChatEngineFactory, way: str) -> None:
        """`chat_history=[]` replaces the conversation by none."""
        engine = new_engine()
        chatted(engine, way)
        chatted(engine, way, FOLLOW_UP, [])
        assert _sent(emulator)[1] == (None, [FOLLOW_UP])
        assert [text for _, text in _said(engine)][:1] == [FOLLOW_UP]

    @_ON_EVERY_WAY
    def test_the_history_of_another_goes_along(
        self, emulator: Emulator, new_engine: ChatEngineFactory, way: str
    ) -> None:
        """What another model has said is told to the service, once, and kept."""
        engine = new_engine()
        others = [_message(MessageRole.USER, "Who plays?"), _message(MessageRole.ASSISTANT, "Rovers and United.")]
        chatted(engine, way, QUESTION, others)
        chatted(engine, way, FOLLOW_UP)
        (_, first), second = _sent(emulator)
        assert [text in "\n".join(first) for text in ("Who plays?", "Rovers and United.", QUESTION)] == [True] * 3
        assert second == (emulator.exchanges[0].session_id, [FOLLOW_UP])
        assert [text for _, text in _said(engine)][:3] == ["Who plays?", "Rovers and United.", QUESTION]

    @_ON_EVERY_WAY
    @pytest.mark.parametrize("fault", ["429-quota", "401", "400-flat"])
    def test_a_refusal_raises_and_leaves_the_conversation_as_it_was(
        self, emulator: Emulator, new_engine: ChatEngineFactory, way: str, fault: str
    ) -> None:
        """A turn that is refused was not taken: it is sent once, and may be asked again in the same session."""
        engine = new_engine()
        chatted(engine, way)
        before, emulator.fault = _said(engine), f"{fault}:once"
        with pytest.raises(self.errors):
            chatted(engine, way, FOLLOW_UP)
        assert _said(engine) == before
        chatted(engine, way, FOLLOW_UP)
        assert _sent(emulator)[1:] == [(emulator.exchanges[0].session_id, [FOLLOW_UP])] * 2

    @_STREAMED
    @pytest.mark.parametrize("fault", ["cut", "done-early", "failed", "malformed-event"])
    def test_a_stream_that_breaks_raises_and_is_told_to_a_new_session(
        self, emulator: Emulator, new_engine: ChatEngineFactory, way: str, fault: str
    ) -> None:
        """Nobody knows whether the session holds the turn, so the next one neither repeats nor loses it."""
        engine = new_engine()
        emulator.fault = f"{fault}:once"
        with pytest.raises(self.errors):
            chatted(engine, way)
        chatted(engine, way, FOLLOW_UP)
        session_id, texts = _sent(emulator)[1]
        assert session_id is None
        assert "\n".join(texts).count(QUESTION) == 1
        assert texts[-1].endswith(FOLLOW_UP)

    def test_a_stream_that_is_left_hangs_up(self, emulator: Emulator, new_engine: ChatEngineFactory) -> None:
        """Closing the generator closes the connection within a second."""
        emulator.fault = "slow"
        response: Any = new_engine().stream_chat(QUESTION)
        texts = response.response_gen
        next(texts)
        texts.close()
        assert _hung_up(emulator)

    def test_a_chat_that_is_cancelled_hangs_up(self, emulator: Emulator, new_engine: ChatEngineFactory) -> None:
        """Cancelling the task closes the connection within a second."""
        emulator.fault = "stall"

        async def chat() -> None:
            response: Any = await new_engine().astream_chat(QUESTION)
            async for _ in response.async_response_gen():
                pass

        async def cancelled() -> None:
            task = asyncio.ensure_future(chat())
            while not emulator.exchanges:  # noqa: ASYNC110 - the emulator is in another thread
                await asyncio.sleep(0.01)
            task.cancel()
            await asyncio.wait({task})
            assert task.cancelled()

        asyncio.run(cancelled())
        assert _hung_up(emulator)


def _hung_up(emulator: Emulator) -> bool:
    return emulator.wait_until(lambda running: running.exchanges[-1].disconnected, timeout=1.0)


def _said(engine: BaseChatEngine) -> list[tuple[str, str | None]]:
    return [(message.role.value, message.content) for message in engine.chat_history]


def _sent(emulator: Emulator) -> list[tuple[str | None, Sequence[str]]]:
    """Return the session and the texts of each request."""
    bodies: list[Any] = [exchange.body for exchange in emulator.exchanges]
    return [(body.get("session_id"), [item["content"] for item in body["input"]]) for body in bodies]


def _message(role: MessageRole, text: str) -> ChatMessage:
    return ChatMessage(role=role, content=text)
