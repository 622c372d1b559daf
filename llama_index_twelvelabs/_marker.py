"""Where a conversation stands, kept on the assistant's message: any memory that keeps messages keeps it too.

It stands under a name of our own. LlamaIndex's memory writes `additional_kwargs["session_id"]` by itself, and other
names there mean function calls and pictures. It holds ids only, as memories count its tokens and store it as JSON.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from llama_index.core.base.llms.types import MessageRole

from twelvelabs_responses import Session

if TYPE_CHECKING:
    from llama_index.core.base.llms.types import ChatMessage

    from twelvelabs_responses import Response

MARKER = "twelvelabs"


def marker(response: Response) -> dict[str, Any]:
    """Return the `additional_kwargs` of the message of this response; empty while its session is unknown."""
    if not response.session_id or not response.knowledge_store_id:
        return {}
    session = Session(response.session_id, response.id or "", response.knowledge_store_id)
    return {MARKER: asdict(session)}


def session_of(message: ChatMessage) -> Session | None:
    """Return where the conversation stood after this message, if it is an answer of ours."""
    facts = message.additional_kwargs.get(MARKER)
    if message.role is not MessageRole.ASSISTANT or not isinstance(facts, dict):
        return None
    ids = [facts.get(name) for name in ("session_id", "response_id", "knowledge_store_id")]
    if not all(isinstance(each, str) for each in ids) or not ids[0] or not ids[2]:
        return None
    return Session(*map(str, ids))
