"""LangChain's messages <-> input items and responses. Nothing here waits, calls back or keeps anything."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, SystemMessage
from langchain_core.messages.ai import UsageMetadata

from twelvelabs_responses import Citation, InputItem, InvalidArgumentError, Response, ResponseEvent, Session

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from twelvelabs_responses import ResponseStreamEvent, TextPiece

MODEL_PROVIDER = "twelvelabs"


@dataclass(frozen=True, slots=True)
class Conversation:
    """What a list of messages means for the next turn.

    Attributes:
        instructions: All system messages, wherever they stand: the service forgets them after each turn.
        session: Where the conversation stands with this knowledge store; None if it has not begun there.
        input: The user messages that the session does not know yet, one item each.
    """

    instructions: str | None
    session: Session | None
    input: tuple[InputItem, ...]


def conversation(messages: Sequence[BaseMessage], knowledge_store_id: str) -> Conversation:
    """Return what the next turn must carry.

    Raises:
        InvalidArgumentError: Nothing follows the last answer, or a message that the service cannot take.
    """
    last = max((index for index, message in enumerate(messages) if _session(message, knowledge_store_id)), default=-1)
    new = [message for message in messages[last + 1 :] if not isinstance(message, SystemMessage)]
    if not new:
        raise InvalidArgumentError("messages", "nothing after the last answer", "a human message at the end")
    instructions = [message.text for message in messages if isinstance(message, SystemMessage)]
    return Conversation(
        instructions="\n\n".join(instructions) or None,
        session=_session(messages[last], knowledge_store_id) if last >= 0 else None,
        input=tuple(_input_item(message) for message in new),
    )


def answer_message(response: Response, model: str | None) -> AIMessage:
    """Return the response as an answer that carries its session along."""
    return AIMessage(
        content=response.text,
        id=response.id,
        response_metadata=_identity(response) | _outcome(response, model),
        additional_kwargs=_cited(response),
        usage_metadata=_usage(response),
    )


class MessageChunks:
    """The updates of one stream -> LangChain's message chunks.

    LangChain adds chunks up by joining equal strings, so each fact goes on one chunk only; the id goes on all.
    """

    def __init__(self, model: str | None) -> None:
        self._model = model
        self._id: str | None = None

    def of(self, event: ResponseStreamEvent, pieces: Sequence[TextPiece]) -> Iterable[AIMessageChunk]:
        """Yield the chunks that one update makes."""
        response = event.response if isinstance(event, ResponseEvent) else None
        if response is not None and self._id is None:
            self._id = response.id
            yield self._chunk("", response_metadata=_identity(response))
        for piece in pieces:
            if piece.is_answer:
                yield self._chunk(piece.text)

    def last(self, response: Response) -> AIMessageChunk:
        """Return the chunk that ends the message: how it came out, what it cites, what it cost."""
        return self._chunk(
            "",
            response_metadata=_outcome(response, self._model),
            additional_kwargs=_cited(response),
            usage_metadata=_usage(response),
            chunk_position="last",
        )

    def _chunk(self, text: str, response_metadata: dict[str, Any] | None = None, **fields: Any) -> AIMessageChunk:
        metadata = {"model_provider": MODEL_PROVIDER} | (response_metadata or {})
        return AIMessageChunk(content=text, id=self._id, response_metadata=metadata, **fields)


def citations(message: AIMessage) -> list[Citation]:
    """Return what an answer of `ChatTwelveLabs` cites, in order of appearance.

    `message.text[citation.start:citation.end]` is the marker. The URLs are signed and expire.
    """
    return [Citation(**fields) for fields in message.additional_kwargs.get("citations", [])]


def _session(message: BaseMessage, knowledge_store_id: str) -> Session | None:
    """Return the session that an answer of ours carries, if it belongs to this store."""
    facts = message.response_metadata
    if not isinstance(message, AIMessage) or facts.get("model_provider") != MODEL_PROVIDER:
        return None
    if facts.get("knowledge_store_id") != knowledge_store_id or not facts.get("session_id"):
        return None
    return Session(facts["session_id"], facts.get("response_id", ""), knowledge_store_id)


def _input_item(message: BaseMessage) -> InputItem:
    if not isinstance(message, HumanMessage):
        raise InvalidArgumentError("messages", f"a new {message.type} message", "human and system messages")
    for block in message.content_blocks:
        if block["type"] != "text":
            raise InvalidArgumentError("messages", f"a block of type {block['type']}", "text")
    return InputItem(content=message.text)


def _identity(response: Response) -> dict[str, Any]:
    facts = {
        "model_provider": MODEL_PROVIDER,
        "session_id": response.session_id,
        "response_id": response.id,
        "knowledge_store_id": response.knowledge_store_id,
    }
    return {name: fact for name, fact in facts.items() if fact is not None}


def _outcome(response: Response, model: str | None) -> dict[str, Any]:
    details = response.incomplete_details
    facts = {
        # The newest service names no model, and LangChain counts tokens per model name.
        "model_name": response.model or model,
        "status": response.status,
        "incomplete_details": details.model_dump() if details else None,
        "created_at": response.created_at,
    }
    return {name: fact for name, fact in facts.items() if fact is not None}


def _cited(response: Response) -> dict[str, Any]:
    found = [asdict(citation) for citation in response.citations]
    return {"citations": found} if found else {}


def _usage(response: Response) -> UsageMetadata | None:
    usage = response.usage
    if usage is None or usage.total_tokens is None:
        return None
    return UsageMetadata(
        input_tokens=usage.input_tokens or 0, output_tokens=usage.output_tokens or 0, total_tokens=usage.total_tokens
    )
