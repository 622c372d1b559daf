"""LangChain's messages -> a history in no framework's terms. Nothing here waits, calls back or keeps anything."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from langchain_core.messages import AIMessage, BaseMessage, ChatMessage

from langchain_twelvelabs._blocks import MODEL_PROVIDER
from twelvelabs_responses import HistoryMessage, Media, Selection, Session, call_in_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from twelvelabs_responses import Piece

_TEXT = frozenset({"text", "text-plain"})
# What a model thought, or its provider's own functions did, is no part of what was said; its calls are told in words.
_UNSAID = frozenset(
    {
        "reasoning",
        "tool_call",
        "tool_call_chunk",
        "invalid_tool_call",
        "server_tool_call",
        "server_tool_call_chunk",
        "server_tool_result",
        "non_standard",
    }
)
_KINDS = (("ksic_", "collection"), ("ksi_", "item"))
_ROLES = {"human": "user", "ai": "assistant"}


def history(messages: Sequence[BaseMessage]) -> list[HistoryMessage]:
    """Return the messages in no framework's terms, in order."""
    return [_history_message(message) for message in messages]


def session_of(message: BaseMessage) -> Session | None:
    """Return where the conversation stood after this message, if it is an answer of ours."""
    facts = message.response_metadata
    if not isinstance(message, AIMessage) or facts.get("model_provider") != MODEL_PROVIDER:
        return None
    if not facts.get("session_id") or not facts.get("knowledge_store_id"):
        return None
    return Session(facts["session_id"], facts.get("response_id") or "", facts["knowledge_store_id"])


def session_message(session: Session) -> AIMessage:
    """Return an answer that says nothing but where the conversation stands."""
    return AIMessage("", response_metadata={"model_provider": MODEL_PROVIDER} | asdict(session))


def _history_message(message: BaseMessage) -> HistoryMessage:
    role = _role(message)
    if not isinstance(message, AIMessage):
        return HistoryMessage(role, tuple(_pieces(message)))
    said = [*_pieces(message, _UNSAID), *(call_in_words(call["name"], call["args"]) for call in message.tool_calls)]
    return HistoryMessage(role, tuple(said), session_of(message))


def _role(message: BaseMessage) -> str:
    # The sum of a stream has its own type, such as AIMessageChunk, and was said by the same.
    kind = message.type.removesuffix("MessageChunk").lower()
    spoken_by = message.role if isinstance(message, ChatMessage) else kind
    return _ROLES.get(spoken_by, spoken_by)


def _pieces(message: BaseMessage, unsaid: frozenset[str] = frozenset()) -> Iterator[Piece]:
    if _is_text(message):
        if message.content:
            yield str(message.content)
        return
    text = ""
    for block in message.content_blocks:
        if block["type"] in unsaid:
            continue
        if isinstance(said := _text(dict(block)), str):
            text += said
            continue
        if text:
            yield text
        text = ""
        yield _selection(dict(block)) or Media(_kind(dict(block)))
    if text:
        yield text


def _is_text(message: BaseMessage) -> bool:
    """Say whether the text of the message is all that its content says.

    LangChain's `content_blocks` comes to the same, but asks five providers about each text, and takes most of the time
    of a long history. What the translator of another provider makes of a text is up to that one.
    """
    provider = message.response_metadata.get("model_provider")
    return isinstance(message.content, str) and provider in (None, MODEL_PROVIDER)


def _text(block: dict[str, Any]) -> object:
    if block["type"] == "refusal":
        # Some providers refuse without a word: the kind says it then.
        return block.get("refusal") or None
    return block.get("text") if block["type"] in _TEXT else None


def _kind(block: dict[str, Any]) -> str:
    own = block["value"].get("type") if block["type"] == "non_standard" else None
    return str(own or block["type"])


def _selection(block: dict[str, Any]) -> Selection | None:
    # LangChain's older blocks name a file by `id`, with a word beside it that says so.
    named = block.get("id") if block.get("source_type") == "id" else block.get("file_id")
    kind = next((kind for prefix, kind in _KINDS if str(named).startswith(prefix)), None)
    return Selection.model_validate({"kind": kind, "id": named}) if kind else None
