"""Where a conversation stands, kept on the assistant's message: any memory that keeps messages keeps it too.

It stands under a name of our own. LlamaIndex's memory writes `additional_kwargs["session_id"]` by itself, and other
names there mean function calls and pictures. It holds ids only, as memories count its tokens and store it as JSON.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llama_index.core.base.llms.types import MessageRole

from twelvelabs_responses import Session

if TYPE_CHECKING:
    from llama_index.core.base.llms.types import ChatMessage

    from twelvelabs_responses import Response

MARKER = "twelvelabs"
CANCELLED, FAILED = "cancelled", "failed"


def marker(response: Response) -> dict[str, Any]:
    """Return the `additional_kwargs` of the message of this response; empty while its session is unknown."""
    if not response.session_id or not response.knowledge_store_id:
        return {}
    return {MARKER: {"response_id": "", **response.ids}}


def turn_marker(response: Response, status: str) -> dict[str, Any]:
    """Return the `additional_kwargs` of the message of a turn, whatever became of it: its status, and the ids known.

    Args:
        response: The response as far as it came.
        status: `completed`, `incomplete`, `cancelled` or `failed`.
    """
    return {MARKER: {**response.ids, "status": status}}


def session_of(message: ChatMessage) -> Session | None:
    """Return where the conversation stood after this message, if it is an answer of ours.

    What came of a turn that was left or failed is none: nobody knows whether the session holds it, so it is told again.
    """
    facts = message.additional_kwargs.get(MARKER)
    if message.role is not MessageRole.ASSISTANT or not isinstance(facts, dict) or unfinished(message):
        return None
    ids = [facts.get(name) for name in ("session_id", "response_id", "knowledge_store_id")]
    if not all(isinstance(each, str) for each in ids) or not ids[0] or not ids[2]:
        return None
    return Session(*map(str, ids))


def unfinished(message: ChatMessage) -> bool:
    """Say whether this message is what came of a turn that was left or failed."""
    facts = message.additional_kwargs.get(MARKER)
    return isinstance(facts, dict) and facts.get("status") in (CANCELLED, FAILED)


def without_marker(message: ChatMessage) -> ChatMessage:
    """Return the message as if another model had written it."""
    others = {name: fact for name, fact in message.additional_kwargs.items() if name != MARKER}
    return message.model_copy(update={"additional_kwargs": others})
