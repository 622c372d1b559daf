"""Responses and the updates of a stream -> LlamaIndex's chat responses. Nothing here waits or calls back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llama_index.core.base.llms.types import ChatMessage, ChatResponse, MessageRole

from llama_index_twelvelabs._marker import marker

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twelvelabs_responses import Response, TextPiece


def chat_response(response: Response, **fields: Any) -> ChatResponse:
    """Return the whole response, its session marked on the message.

    Args:
        response: The response.
        **fields: Of the chat response, besides those that follow from the response.
    """
    return ChatResponse(
        message=_message(response.text, response),
        # LlamaIndex counts tokens by `usage` in a plain dict.
        raw=response.json(),
        additional_kwargs=response_facts(response),
        **fields,
    )


class ChatResponses:
    """The updates of one stream -> LlamaIndex's chat responses: what is new in `delta`, all so far in the message."""

    def __init__(self) -> None:
        self._text = ""

    def first(self, response: Response) -> ChatResponse:
        """Return the chat response of a stream that has been opened: no text yet, but its session."""
        return ChatResponse(message=_message("", response), delta="")

    def of(self, pieces: Sequence[TextPiece]) -> ChatResponse | None:
        """Return the chat response that an update makes, None if it says nothing.

        What the service says on the way to its answer is a `thinking_delta`, as of other models that think.
        """
        if not pieces:
            return None
        delta = "".join(piece.text for piece in pieces if piece.is_answer)
        commentary = "".join(piece.text for piece in pieces if not piece.is_answer)
        self._text += delta
        return ChatResponse(
            message=ChatMessage(role=MessageRole.ASSISTANT, content=self._text),
            delta=delta,
            additional_kwargs={"thinking_delta": commentary} if commentary else {},
        )

    def last(self, response: Response) -> ChatResponse:
        """Return the chat response that ends the stream: all that is known, nothing new in the text."""
        return chat_response(response, delta="")


def response_facts(response: Response) -> dict[str, Any]:
    """Return what is known of the response besides its text, JSON values only; never empty."""
    details, usage = response.incomplete_details, response.usage
    facts = {
        "incomplete_details": details.model_dump() if details else None,
        "usage": usage.model_dump() if usage else None,
        "created_at": response.created_at,
    }
    # A router replaces an empty dict by another one, and what is written later would be lost.
    known: dict[str, Any] = {"status": response.status or "in_progress"}
    cited = [citation.as_dict() for citation in response.citations]
    return (
        known
        | response.ids
        | {name: fact for name, fact in facts.items() if fact is not None}
        | ({"citations": cited} if cited else {})
    )


def _message(text: str, response: Response) -> ChatMessage:
    return ChatMessage(role=MessageRole.ASSISTANT, content=text, additional_kwargs=marker(response))
