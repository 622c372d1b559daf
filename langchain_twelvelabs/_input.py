"""LangChain's messages -> what the next turn must carry. Nothing here waits, calls back or keeps anything."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from langchain_twelvelabs._blocks import MODEL_PROVIDER
from twelvelabs_responses import EarlierMessage, InputItem, InvalidArgumentError, Selection, Session, with_transcript

if TYPE_CHECKING:
    from collections.abc import Sequence

_MEDIA = frozenset({"image", "video", "audio", "file"})
_KINDS = (("ksic_", "collection"), ("ksi_", "item"))
_ROLES = {"human": "user", "ai": "assistant"}


@dataclass(frozen=True, slots=True)
class NewTurn:
    """What one request says: its input items, and the store items that they name."""

    input: tuple[InputItem, ...]
    selections: tuple[Selection, ...]


@dataclass(frozen=True, slots=True)
class Conversation:
    """A list of messages, told apart for the next turn.

    Attributes:
        instructions: All system messages, wherever they stand: the service forgets them after each turn.
        session: Where the conversation stands with this knowledge store; None if it has not begun there.
        known: The messages that the session knows: up to and with its last answer.
        since: What was said since by others: another model's answers, tool results, what they answer.
        asked: The human messages at the end: the new turn.
    """

    instructions: str | None
    session: Session | None
    known: tuple[BaseMessage, ...]
    since: tuple[BaseMessage, ...]
    asked: tuple[BaseMessage, ...]

    def turn(self, *, goes_on: bool, selections: Sequence[Selection], limit: int) -> NewTurn:
        """Return the new turn.

        Args:
            goes_on: Whether the session goes on, so that it knows what it knows. If not, the conversation so far goes
                along as a transcript; the same with what others said since.
            selections: The selections that the text may name already.
            limit: Characters that one input item may have.
        """
        named = list(selections)
        earlier = [*(() if goes_on else self.known), *self.since]
        told = [EarlierMessage(_role(message), text) for message in earlier if (text := _told(message, named))]
        texts = [_asked(message, named) for message in self.asked]
        texts[0] = with_transcript(told, texts[0], limit)
        return NewTurn(tuple(InputItem(content=text) for text in texts), tuple(named))


def conversation(
    messages: Sequence[BaseMessage], knowledge_store_id: str, session_id: str | None = None
) -> Conversation:
    """Return what the messages mean for the next turn with this knowledge store.

    Args:
        messages: The history, oldest first, the new human messages at its end.
        knowledge_store_id: The store of the next turn; answers about another one are others' answers.
        session_id: The session to go on with, whatever the history says. Without an answer of it in the history, what
            comes before the new human messages is taken to be known to it.

    Raises:
        InvalidArgumentError: There is nothing new to ask.
    """
    spoken = [message for message in messages if not isinstance(message, SystemMessage)]
    first_asked = len(spoken)
    while first_asked and isinstance(spoken[first_asked - 1], HumanMessage):
        first_asked -= 1
    if first_asked == len(spoken):
        raise InvalidArgumentError("messages", "no human message after the last answer", "a human message at the end")
    session, known = None, 0
    for index, message in enumerate(spoken[:first_asked]):
        found = _session(message, knowledge_store_id)
        if found is not None and session_id in (None, found.session_id):
            session, known = found, index + 1
    if session_id is not None and session is None:
        session, known = Session(session_id, "", knowledge_store_id), first_asked
    instructions = [message.text for message in messages if isinstance(message, SystemMessage)]
    return Conversation(
        instructions="\n\n".join(instructions) or None,
        session=session,
        known=tuple(spoken[:known]),
        since=tuple(spoken[known:first_asked]),
        asked=tuple(spoken[first_asked:]),
    )


def session_of(message: BaseMessage) -> Session | None:
    """Return where the conversation stood after this message, if it is an answer of ours."""
    facts = message.response_metadata
    if not isinstance(message, AIMessage) or facts.get("model_provider") != MODEL_PROVIDER:
        return None
    if not facts.get("session_id") or not facts.get("knowledge_store_id"):
        return None
    return Session(facts["session_id"], facts.get("response_id", ""), facts["knowledge_store_id"])


def session_message(session: Session) -> AIMessage:
    """Return an answer that says nothing but where the conversation stands."""
    return AIMessage("", response_metadata={"model_provider": MODEL_PROVIDER} | asdict(session))


def _session(message: BaseMessage, knowledge_store_id: str) -> Session | None:
    session = session_of(message)
    return session if session is not None and session.knowledge_store_id == knowledge_store_id else None


def _role(message: BaseMessage) -> str:
    return _ROLES.get(message.type, message.type)


def _asked(message: BaseMessage, named: list[Selection]) -> str:
    """Return the text of a new message; a store item that it shows is named in its place."""
    pieces: list[str] = []
    for block in message.content_blocks:
        if block["type"] in ("text", "text-plain"):
            pieces.append(str(block.get("text", "")))
        else:
            named.append(_selection(dict(block)))
            pieces.append(f"{{{{sel:{len(named) - 1}}}}}")
    return "".join(pieces)


def _told(message: BaseMessage, named: list[Selection]) -> str:
    """Return the text of an earlier message for the transcript; a store item that it showed is shown again."""
    pieces = [str(message.text)]
    for block in message.content_blocks if isinstance(message, HumanMessage) else ():
        if _kind(dict(block)):
            named.append(_selection(dict(block)))
            pieces.append(f"[{named[-1].id}]")
        elif block["type"] != "text":
            pieces.append(f"[{block['type']}]")
    if isinstance(message, AIMessage):
        pieces += [f"[{call['name']}({json.dumps(call['args'])})]" for call in message.tool_calls]
    return " ".join(piece for piece in pieces if piece)


def _kind(block: dict[str, Any]) -> str | None:
    if block["type"] not in _MEDIA:
        return None
    file_id = _file_id(block)
    return next((kind for prefix, kind in _KINDS if file_id.startswith(prefix)), None)


def _selection(block: dict[str, Any]) -> Selection:
    kind = _kind(block)
    if kind is None:
        raise InvalidArgumentError(
            "messages",
            f"a block of type {block['type']}",
            "text, and media whose file_id is a store item (ksi_...) or collection (ksic_...): upload it as an asset, "
            "add it to the knowledge store, and name it so",
        )
    return Selection.model_validate({"kind": kind, "id": _file_id(block)})


def _file_id(block: dict[str, Any]) -> str:
    # LangChain's older blocks name a file by `id`, with a word beside it that says so.
    named = block.get("id") if block.get("source_type") == "id" else block.get("file_id")
    return str(named or "")
