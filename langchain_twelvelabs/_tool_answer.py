"""An answer of `ChatTwelveLabs` -> what a tool gives back: text for the driving model, JSON values for programs."""

from __future__ import annotations

import re
from dataclasses import asdict
from math import isfinite
from typing import TYPE_CHECKING, Any

from langchain_twelvelabs._output import citations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from langchain_core.messages import AIMessage

    from twelvelabs_responses import Citation

_NO_ANSWER = "(No answer came.)"
_NUMBER = re.compile(r"\[\d+\]")


def content(message: AIMessage, *notes: str) -> str:
    """Return the answer's text, what is to be said about it, and a numbered list of what it cites.

    The text comes first: the spans of the citations hold in the content as well.
    """
    text = str(message.text)
    parts = [text or _NO_ANSWER, _cut_short(message), *notes, "\n".join(_sources(text, citations(message)))]
    return "\n\n".join(part for part in parts if part)


def artifact(message: AIMessage, knowledge_store_id: str) -> dict[str, Any]:
    """Return what a program needs of the answer, as values that JSON has.

    Args:
        message: The answer.
        knowledge_store_id: The store that was asked, should the answer not say it.
    """
    facts = message.response_metadata
    return {
        "session_id": facts.get("session_id"),
        "response_id": facts.get("response_id"),
        "knowledge_store_id": facts.get("knowledge_store_id") or knowledge_store_id,
        "citations": [_json_values(asdict(citation)) for citation in citations(message)],
        "usage": dict(message.usage_metadata) if message.usage_metadata else None,
    }


def _cut_short(message: AIMessage) -> str:
    facts = message.response_metadata
    if facts.get("status") != "incomplete":
        return ""
    reason = (facts.get("incomplete_details") or {}).get("reason") or "no reason given"
    return f"(Note: the answer was cut short: {reason}.)"


def _sources(text: str, cited: Sequence[Citation]) -> list[str]:
    """Return a line for each source, numbered by its marker, or in order where the marker is no number."""
    lines: list[str] = []
    for citation in cited:
        marker = text[citation.start : citation.end] if citation.start is not None else ""
        number = marker if _NUMBER.fullmatch(marker) else f"[{len(lines) + 1}]"
        line = f"{number} {_described(citation)}"
        if line not in lines:
            lines.append(line)
    return ["Sources:", *lines] if lines else []


def _described(citation: Citation) -> str:
    name = " ".join((citation.title or "").split()) or citation.item_id or citation.collection_id or "unnamed"
    return ", ".join(part for part in (name, citation.time_range) if part)


def _json_values(fields: dict[str, Any]) -> dict[str, Any]:
    # A citation is written by a model: its times may be NaN or infinite, which JSON has not.
    return {name: None if isinstance(value, float) and not isfinite(value) else value for name, value in fields.items()}
