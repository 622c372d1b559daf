"""`TwelveLabsChatEngine`: a conversation about the videos of a knowledge store."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from llama_index.core.callbacks import CallbackManager
from llama_index.core.chat_engine.types import BaseChatEngine

from llama_index_twelvelabs._asking import Asking, new_llm
from llama_index_twelvelabs._chat_responses import whole_response
from llama_index_twelvelabs._chat_stream import astreamed, streamed
from llama_index_twelvelabs._chat_turn import ChatTurn, OneTurn
from llama_index_twelvelabs._input import chat_messages
from llama_index_twelvelabs._marker import without_marker
from llama_index_twelvelabs._memory import bound, checked, empty_beside, new_memory, recalled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llama_index.core.base.llms.types import ChatMessage
    from llama_index.core.chat_engine.types import AgentChatResponse
    from llama_index.core.memory import BaseMemory
    from typing_extensions import Self, Unpack

    from llama_index_twelvelabs._asking import LLMOptions
    from llama_index_twelvelabs._chat_responses import TwelveLabsStreamingChatResponse


class TwelveLabsChatEngine(Asking, BaseChatEngine):
    """A conversation about the videos of one TwelveLabs knowledge store.

    The service keeps the conversation too, so only what is new is sent. Its session stands on the assistant's messages
    (`additional_kwargs["twelvelabs"]`), so whatever memory keeps them goes on with the conversation, in another process
    as well. A history that its session does not know, another model's, an edited one, or one whose last turn failed,
    goes along once as a transcript in a new session.

    One engine is one conversation, one turn at a time; `with_memory` gives the engine of another one over the same
    connections. An answer takes 30 s to 3 min: stream it.

    Args:
        knowledge_store_id: The store to reason over (`ks_...`).
        memory: What keeps the conversation: any of LlamaIndex's memories. Without it, it is kept in this process.
        callback_manager: LlamaIndex's callbacks.
        **options: `model`, `api_key`, `base_url`, `timeout`, `max_retries`, `client`, `async_client`, `instructions`,
            `include` (`("intermediate_outputs",)` asks for the service's own function calls, which are the `sources`),
            `selections`, `request_metadata`, `session_id` (go on with it until the conversation is reset or replaced),
            `on_stale_session` (also for a history whose last turn failed), `extra_body`, `on_event`; see
            `TwelveLabsLLM`.

    Raises:
        InvalidArgumentError: No API key, or an argument that cannot be.
    """

    def __init__(
        self,
        knowledge_store_id: str,
        *,
        memory: BaseMemory | None = None,
        callback_manager: CallbackManager | None = None,
        **options: Unpack[LLMOptions],
    ) -> None:
        self._memory = new_memory() if memory is None else checked(memory)
        self.callback_manager = callback_manager or CallbackManager([])
        self._llm = new_llm(knowledge_store_id, self.callback_manager, **options)
        # The session is the conversation's, which may be reset or replaced.
        self._session_id, self._llm.session_id = self._llm.session_id, None
        self._one_turn = OneTurn()

    @property
    def memory(self) -> BaseMemory:
        """What keeps the conversation; in async code, ask it by its own async methods."""
        return self._memory

    @property
    def chat_history(self) -> list[ChatMessage]:
        """The conversation so far."""
        return list(self._memory.get_all())

    def with_memory(self, memory: BaseMemory) -> Self:
        """Return the engine of another conversation: the options and connections of this one, its session left out."""
        other = copy.copy(self)
        other._memory, other._session_id, other._one_turn = checked(memory), None, OneTurn()  # noqa: SLF001 - its class
        return other

    def fork(self, memory: BaseMemory | None = None) -> Self:
        """Return an engine that goes on from here by itself: in a new session, which gets a transcript.

        Args:
            memory: What keeps the fork; its messages are replaced. Without it, the fork stands in the same store under
                a new key (`fork.memory.session_id`, `.chat_store_key`).

        Raises:
            InvalidArgumentError: No memory is given, and this one is of a kind that cannot be copied.
            SessionError: A turn is under way.
        """
        forked = self.with_memory(empty_beside(self._memory) if memory is None else memory)
        with self._one_turn:
            messages = self._memory.get_all()
        forked.memory.set([without_marker(message) for message in messages])
        return forked

    async def afork(self, memory: BaseMemory | None = None) -> Self:
        """Return what `fork` returns."""
        forked = self.with_memory(empty_beside(self._memory) if memory is None else memory)
        with self._one_turn:
            messages = await self._memory.aget_all()
        await forked.memory.aset([without_marker(message) for message in messages])
        return forked

    def reset(self) -> None:
        """Forget the conversation, and the session given to the constructor; the next turn begins a new one.

        Raises:
            SessionError: A turn is under way.
        """
        with self._one_turn:
            self._memory.reset()
            self._session_id = None

    async def areset(self) -> None:
        """Forget what `reset` forgets."""
        with self._one_turn:
            await self._memory.areset()
            self._session_id = None

    def chat(self, message: str, chat_history: list[ChatMessage] | None = None) -> AgentChatResponse:
        """Return the answer to a message.

        A turn that the service refuses leaves the conversation as it was. One that it may have taken is kept with what
        came of it, so the next turn neither loses nor repeats it.

        Args:
            message: What the user says.
            chat_history: Replaces the conversation so far, also if the turn is then refused; an empty one begins anew.

        Returns:
            The answer, what it cites (`source_nodes`), the service's own function calls if included (`sources`), and
            in `metadata` its session, usage and the like.

        Raises:
            SessionError: Another turn is under way, or the session is lost, or stale and the policy is to say so.
            InvalidArgumentError: The message or an option is one that the service cannot take; nothing was sent.
            ResponsesError: Any other of the tree; see `twelvelabs_responses.ResponsesError`.
        """
        with self.callback_manager.as_trace("chat"):
            turn = self._begun(message, chat_history)
            try:
                turn.heard(self._asked(turn.opened).chat(turn.messages, **self._session()))
            except BaseException as error:
                turn.stopped(error)
                raise
            finally:
                turn.end()
            return whole_response(turn.response)

    async def achat(self, message: str, chat_history: list[ChatMessage] | None = None) -> AgentChatResponse:
        """Return what `chat` returns."""
        with self.callback_manager.as_trace("chat"):
            turn = await self._abegun(message, chat_history)
            try:
                turn.heard(await self._asked(turn.opened).achat(turn.messages, **self._session()))
            except BaseException as error:
                turn.stopped(error)
                raise
            finally:
                await turn.aend()
            return whole_response(turn.response)

    def stream_chat(
        self, message: str, chat_history: list[ChatMessage] | None = None
    ) -> TwelveLabsStreamingChatResponse:
        """Return the answer as it is made; the arguments and errors are those of `chat`.

        The request has been sent when this returns, so what is refused is raised here, and the session is known.
        """
        with self.callback_manager.as_trace("chat"):
            turn = self._begun(message, chat_history)
            return streamed(turn, lambda: self._asked(turn.opened).stream_chat(turn.messages, **self._session()))

    async def astream_chat(
        self, message: str, chat_history: list[ChatMessage] | None = None
    ) -> TwelveLabsStreamingChatResponse:
        """Return what `stream_chat` returns."""
        with self.callback_manager.as_trace("chat"):
            turn = await self._abegun(message, chat_history)
            return await astreamed(
                turn, lambda: self._asked(turn.opened).astream_chat(turn.messages, **self._session())
            )

    def _begun(self, message: str, chat_history: Sequence[ChatMessage] | None) -> ChatTurn:
        turn = ChatTurn(message, self._memory, self._one_turn)
        with turn.preparing():
            if chat_history is not None:
                self._memory.set(chat_messages(chat_history, "chat_history"))
                self._session_id = None
            window = self._memory.get(input=message)
            turn.messages = [*self._recalled(window, self._memory.get_all()), turn.user]
        return turn

    async def _abegun(self, message: str, chat_history: Sequence[ChatMessage] | None) -> ChatTurn:
        turn = ChatTurn(message, self._memory, self._one_turn)
        with turn.preparing():
            if chat_history is not None:
                await self._memory.aset(chat_messages(chat_history, "chat_history"))
                self._session_id = None
            window = await self._memory.aget(input=message)
            turn.messages = [*self._recalled(window, await self._memory.aget_all()), turn.user]
        return turn

    def _recalled(self, window: Sequence[ChatMessage], everything: Sequence[ChatMessage]) -> list[ChatMessage]:
        messages = recalled(window, everything, self._llm.knowledge_store_id)
        if self._session_id is None:
            return messages
        return bound(messages, self._llm.knowledge_store_id, self._session_id)

    def _session(self) -> dict[str, str]:
        # Only where there is one: the LLM's own handlers are told of each option of a call.
        return {} if self._session_id is None else {"session_id": self._session_id}
