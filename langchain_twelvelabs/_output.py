"""Responses and the updates of a stream -> LangChain's messages. Nothing here waits, calls back or keeps anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages.ai import UsageMetadata

from langchain_twelvelabs._blocks import MODEL_PROVIDER, annotated_citation
from twelvelabs_responses import ResponseEvent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from langchain_twelvelabs._content import AnswerContent, Part
    from twelvelabs_responses import Citation, Response, ResponseStreamEvent, TextPiece


def answer_message(response: Response, model: str | None, content: AnswerContent) -> AIMessage:
    """Return the response as an answer that carries its session along.

    Args:
        response: The response.
        model: The model that was asked for, as the newest service names none.
        content: The shape that the answer is to have.
    """
    whole = content.whole(response)
    return AIMessage(
        content=whole.content,
        id=response.id,
        response_metadata={"model_provider": MODEL_PROVIDER} | _facts(response, model),
        additional_kwargs=whole.additional_kwargs,
        usage_metadata=_usage(response),
    )


class AnswerChunks:
    """The updates of one stream -> LangChain's message chunks.

    LangChain adds chunks up by joining equal strings and adding numbers, so each fact goes on one chunk only; the id
    and the provider, by which it reads the content, go on all.

    Args:
        model: The model that was asked for, as the newest service names none.
        content: The shape that the answer is to have.
    """

    def __init__(self, model: str | None, content: AnswerContent) -> None:
        self._model = model
        self._content = content
        self._id: str | None = None
        self._told: set[str] = set()
        self._checked: AIMessageChunk | None = None

    def of(self, event: ResponseStreamEvent, pieces: Sequence[TextPiece]) -> AIMessageChunk | None:
        """Return the chunk that an update makes, None if it says nothing to the caller."""
        response = event.response if isinstance(event, ResponseEvent) else None
        if response is not None:
            self._id = self._id or response.id
        facts = self._untold(response.ids) if response is not None else {}
        part = self._content.more(event, pieces)
        if facts:
            return self._chunk(part, facts)
        return self._plain_chunk(part) if part.content else None

    def last(self, response: Response) -> AIMessageChunk:
        """Return the chunk that ends the message: how it came out, what it cites, what it cost."""
        facts = self._untold(_facts(response, self._model))
        return self._chunk(self._content.rest(response), facts, usage_metadata=_usage(response), chunk_position="last")

    def _untold(self, facts: dict[str, Any]) -> dict[str, Any]:
        untold = {name: fact for name, fact in facts.items() if name not in self._told}
        self._told.update(untold)
        return untold

    def _chunk(self, part: Part, facts: dict[str, Any], **fields: Any) -> AIMessageChunk:
        return AIMessageChunk(
            content=part.content,
            id=self._id,
            response_metadata={"model_provider": MODEL_PROVIDER} | facts,
            additional_kwargs=part.additional_kwargs,
            **fields,
        )

    def _plain_chunk(self, part: Part) -> AIMessageChunk:
        """Return a chunk of nothing but content, as most are.

        LangChain takes longer to check a chunk than all else here, so these are copies of one that it has checked.
        That one stays here, and what a caller could change of a copy is the copy's own.
        """
        if self._checked is None or self._checked.id != self._id:
            self._checked = self._chunk(part, {})
        own: dict[str, Any] = {
            "content": part.content,
            "response_metadata": {"model_provider": MODEL_PROVIDER},
            "additional_kwargs": part.additional_kwargs,
            "tool_calls": [],
            "invalid_tool_calls": [],
            "tool_call_chunks": [],
        }
        return self._checked.model_copy(update=own)


def citations(message: AIMessage) -> list[Citation]:
    """Return what an answer of `ChatTwelveLabs` cites, in order of appearance, whatever the shape of its content.

    `message.text[citation.start:citation.end]` is the marker. The URLs are signed and expire.
    """
    if message.response_metadata.get("model_provider") != MODEL_PROVIDER:
        return []
    found: list[Citation] = []
    offset = 0
    for block in message.content_blocks:
        if block["type"] == "text":
            cited = [annotation for annotation in block.get("annotations", []) if annotation["type"] == "citation"]
            found += [annotated_citation({**annotation}).shifted(offset) for annotation in cited]
            offset += len(block["text"])
    return found


def _facts(response: Response, model: str | None) -> dict[str, Any]:
    details = response.incomplete_details
    outcome = {
        # The newest service names no model, and LangChain counts tokens per model name.
        "model_name": response.model or model,
        "status": response.status,
        "incomplete_details": details.model_dump() if details else None,
        "created_at": response.created_at,
    }
    return response.ids | {name: fact for name, fact in outcome.items() if fact is not None}


def _usage(response: Response) -> UsageMetadata | None:
    usage = response.usage
    if usage is None or usage.input_tokens is None or usage.output_tokens is None:
        return None
    total = usage.input_tokens + usage.output_tokens
    return UsageMetadata(input_tokens=usage.input_tokens, output_tokens=usage.output_tokens, total_tokens=total)
