"""What a request asks for, once it is known to be right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twelvelabs_responses.emulator._script import JsonObject


@dataclass(frozen=True, slots=True)
class Asked:
    """A checked request; its selections are ids, and `schema` is the JSON Schema the answer must keep to."""

    question: str
    knowledge_store_id: str
    session_id: str | None = None
    instructions: str = ""
    shows_steps: bool = False
    streams: bool = False
    schema: JsonObject | None = None
    selections: tuple[str, ...] = ()


def asked_of(body: Mapping[str, object]) -> Asked:
    """Return what a body asks for; `_contract` has found nothing wrong with it."""
    contents = (_text(item, "content") for item in _objects(body, "input"))
    session_id = _text(body, "session_id")
    return Asked(
        question="\n\n".join(contents),
        knowledge_store_id=_text(body, "knowledge_store_id"),
        session_id=session_id or None,
        instructions=_text(body, "instructions"),
        shows_steps=bool(body.get("include")),
        streams=body.get("stream") is True,
        schema=_schema(body),
        selections=tuple(_text(entry, "id") for entry in _objects(body, "selections")),
    )


def _objects(body: Mapping[str, object], name: str) -> list[JsonObject]:
    value = body.get(name)
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _text(body: Mapping[str, object], name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) else ""


def _schema(body: Mapping[str, object]) -> JsonObject | None:
    text = body.get("text")
    text_format = text.get("format") if isinstance(text, dict) else None
    schema = text_format.get("schema") if isinstance(text_format, dict) else None
    return schema if isinstance(schema, dict) else None
