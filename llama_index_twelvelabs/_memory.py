"""What a memory holds -> the messages of the next turn; a memory -> an empty one beside it. Nothing here waits."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from llama_index.core.base.llms.types import ChatMessage, MessageRole
from llama_index.core.memory import BaseMemory, ChatMemoryBuffer, Memory
from llama_index.core.memory.memory import InsertMethod
from llama_index.core.memory.types import BaseChatStoreMemory

from llama_index_twelvelabs._marker import MARKER, session_of, unfinished
from twelvelabs_responses import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llama_index.core.memory import BaseMemoryBlock

# As of LlamaIndex's `Memory`.
_WINDOW_TOKENS = 30_000


def new_memory() -> BaseMemory:
    """Return the memory of an engine that was given none: in this process only, without threads or event loops."""
    return ChatMemoryBuffer.from_defaults(token_limit=_WINDOW_TOKENS)


def checked(memory: object) -> BaseMemory:
    """Return the memory if an engine can use it.

    Raises:
        InvalidArgumentError: It is none of LlamaIndex's memories; or it puts what it knows into the newest user message
            that it holds. That is a past one, as the new one goes in when its turn is taken, so what it knows would be
            lost.
    """
    if not isinstance(memory, BaseMemory):
        raise InvalidArgumentError("memory", f"a {type(memory).__name__}", "a memory of LlamaIndex, a BaseMemory")
    if isinstance(memory, Memory) and memory.memory_blocks and memory.insert_method is InsertMethod.USER:
        got = "memory blocks that are inserted into the user message"
        raise InvalidArgumentError("memory", got, "insert_method=InsertMethod.SYSTEM")
    return memory


def has_answer(messages: Sequence[ChatMessage], knowledge_store_id: str) -> bool:
    """Say whether there is an answer among the messages that a session of this knowledge store can go on from."""
    sessions = map(session_of, messages)
    return any(session is not None and session.knowledge_store_id == knowledge_store_id for session in sessions)


def recalled(
    window: Sequence[ChatMessage], everything: Sequence[ChatMessage], knowledge_store_id: str
) -> list[ChatMessage]:
    """Return the messages of the next turn: what a memory recalls, and what its window has lost of importance.

    Without an answer in it, that is all that was said. Without guidance, it is the guidance, as the service forgets it
    after each turn; where the window has some, that is all: what memory blocks know stands in it.
    """
    guidance = _of_the_system(window) or _of_the_system(everything)
    said = window if has_answer(window, knowledge_store_id) else everything
    return [*guidance, *(message for message in said if message.role is not MessageRole.SYSTEM)]


def _of_the_system(messages: Sequence[ChatMessage]) -> list[ChatMessage]:
    return [message for message in messages if message.role is MessageRole.SYSTEM]


def bound(messages: Sequence[ChatMessage], knowledge_store_id: str, session_id: str) -> list[ChatMessage]:
    """Return the messages of a conversation that goes on with a session of which they hold no answer yet.

    What stands before the first turn of ours is known to the session. Where that turn was left or failed, nobody knows
    whether the session holds it: an empty answer before it says so, and it is told again.
    """
    answers = [session_of(message) for message in messages]
    first = next((place for place, message in enumerate(messages) if unfinished(message)), None)
    if first is None or any(answer is not None and answer.session_id == session_id for answer in answers):
        return list(messages)
    while first and messages[first - 1].role is MessageRole.USER:
        first -= 1
    facts = {"session_id": session_id, "response_id": "", "knowledge_store_id": knowledge_store_id}
    known = ChatMessage(role=MessageRole.ASSISTANT, content="", additional_kwargs={MARKER: facts})
    return [*messages[:first], known, *messages[first:]]


def empty_beside(memory: BaseMemory) -> BaseMemory:
    """Return an empty memory of the same kind, in the same store under a key of its own; it knows the same facts.

    Raises:
        InvalidArgumentError: It is of a kind that cannot be told how; a copy might share its place.
    """
    key = str(uuid4())
    if isinstance(memory, Memory):
        return memory.model_copy(
            update={"session_id": key, "memory_blocks": list(map(_block_beside, memory.memory_blocks))}
        )
    if isinstance(memory, BaseChatStoreMemory):
        return memory.model_copy(update={"chat_store_key": key})
    got = f"none, and a {type(memory).__name__} cannot be copied"
    raise InvalidArgumentError("memory", got, "an empty memory for the fork: fork(memory=...)")


def _block_beside(block: BaseMemoryBlock[Any]) -> BaseMemoryBlock[Any]:
    """Return a block that learns by itself from here on: it has the same LLM and store, and lists of its own."""
    learned = {name: copy(value) for name, value in block if isinstance(value, list | dict | set)}
    return block.model_copy(update=learned)
