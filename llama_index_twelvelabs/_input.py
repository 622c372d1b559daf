"""LlamaIndex's messages -> a history in no framework's terms. Nothing here waits, calls back or keeps anything."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from llama_index.core.base.llms.types import ChatMessage, MessageRole, TextBlock

from llama_index_twelvelabs._marker import session_of
from twelvelabs_responses import HistoryMessage, InvalidArgumentError, Media, call_in_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from llama_index.core.schema import QueryBundle

    from twelvelabs_responses import Piece

_ROLES = {
    MessageRole.DEVELOPER: "system",
    MessageRole.CHATBOT: "assistant",
    MessageRole.MODEL: "assistant",
}
# Hints for other providers, which say nothing.
_SILENT = frozenset({"cache"})
# What a model thought, or asked its tools, is no part of what it said; its calls are told in words.
_UNSAID = _SILENT | {"thinking", "tool_call"}


def history(messages: Sequence[ChatMessage]) -> list[HistoryMessage]:
    """Return the messages in no framework's terms, in order.

    Raises:
        InvalidArgumentError: Something else than a message is among them.
    """
    return [_history_message(message) for message in chat_messages(messages, "messages")]


def chat_messages(messages: object, field: str) -> list[ChatMessage]:
    """Return the messages as a list.

    Args:
        messages: What the caller gave for them.
        field: What the caller calls them.

    Raises:
        InvalidArgumentError: They are not messages.
    """
    if isinstance(messages, str | ChatMessage) or not isinstance(messages, Iterable):
        raise InvalidArgumentError(field, f"a {type(messages).__name__}", "a list of ChatMessage")
    listed = list(messages)
    for place, message in enumerate(listed):
        if not isinstance(message, ChatMessage):
            raise InvalidArgumentError(f"{field}[{place}]", f"a {type(message).__name__}", "a ChatMessage")
    return listed


def user_message(text: str, field: str) -> ChatMessage:
    """Return what the user says as a message; LlamaIndex makes an empty one of all that is no string.

    Args:
        text: What the user says.
        field: What the caller calls it.

    Raises:
        InvalidArgumentError: It is no string.
    """
    if not isinstance(text, str):
        raise InvalidArgumentError(field, f"a {type(text).__name__}", "a string")
    return ChatMessage(content=text)


def question(query: QueryBundle) -> list[ChatMessage]:
    """Return a query as a history of one message; what LlamaIndex adds to it for embeddings says nothing here.

    Raises:
        InvalidArgumentError: The query has an image, or no string.
    """
    if query.image_path is not None:
        raise InvalidArgumentError("image_path", repr(query.image_path), "text; add the image to the store")
    return [user_message(query.query_str, "query_str")]


def _history_message(message: ChatMessage) -> HistoryMessage:
    role = _ROLES.get(message.role, message.role.value)
    if role in ("system", "user"):
        return HistoryMessage(role, tuple(_pieces(message, _SILENT)))
    said = [*_pieces(message, _UNSAID), *_calls(message)]
    return HistoryMessage(role, tuple(said), session_of(message))


def _pieces(message: ChatMessage, left_out: frozenset[str]) -> Iterator[Piece]:
    texts: list[str] = []
    for block in message.blocks:
        if isinstance(block, TextBlock):
            texts.append(block.text)
        elif block.block_type not in left_out:
            if texts:
                yield "\n".join(texts)
            texts = []
            yield Media(block.block_type)
    if texts:
        # As LlamaIndex itself reads a message of several texts.
        yield "\n".join(texts)


def _calls(message: ChatMessage) -> Iterator[str]:
    """Yield the calls of another model's tools, in words: newer cores have blocks for them, older ones a list."""
    for block in message.blocks:
        if block.block_type == "tool_call":
            yield call_in_words(block.tool_name, block.tool_kwargs)
    for call in message.additional_kwargs.get("tool_calls") or ():
        # Objects of the provider's SDK, or what a memory has made of them.
        function = _member(call, "function") or call
        yield call_in_words(_member(function, "name"), _member(function, "arguments"))


def _member(whole: Any, name: str) -> Any:
    return whole.get(name) if isinstance(whole, dict) else getattr(whole, name, None)
