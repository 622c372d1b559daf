"""The output items of a response, and how each is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from twelvelabs_responses.emulator._era import Era
    from twelvelabs_responses.emulator._script import JsonObject


@dataclass(frozen=True, slots=True)
class Message:
    """Text for the user; a phase of None is left out."""

    id: str
    text: str
    phase: str | None
    annotations: tuple[JsonObject, ...] = ()
    status: str = "completed"

    def json(self, era: Era) -> JsonObject:
        """Return the message as the era writes it."""
        phase = {"phase": self.phase} if era.annotates and self.phase else {}
        head = {"type": "message", "id": self.id, "status": self.status, "role": "assistant", **phase}
        return {**head, "content": [self.part(era)]}

    def part(self, era: Era) -> JsonObject:
        """Return its one content part."""
        return output_text(era, self.text, self.annotations)

    def opening(self, era: Era) -> JsonObject:
        """Return the message before its first word."""
        return {**self.json(era), "status": "in_progress", "content": [output_text(era)]}


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """A tool that the service called for itself; `arguments` is JSON."""

    id: str
    name: str
    call_id: str
    arguments: str

    def json(self, _era: Era) -> JsonObject:
        """Return the call, which every era writes alike."""
        head: JsonObject = {"type": "function_call", "id": self.id, "status": "completed"}
        return {**head, "name": self.name, "call_id": self.call_id, "arguments": self.arguments}

    def opening(self, era: Era) -> JsonObject:
        """Return the call before its arguments."""
        return {**self.json(era), "status": "in_progress", "arguments": ""}


@dataclass(frozen=True, slots=True)
class FunctionCallOutput:
    """What that tool said."""

    id: str
    call_id: str
    output: str

    def json(self, _era: Era) -> JsonObject:
        """Return the output, which every era writes alike."""
        head: JsonObject = {"type": "function_call_output", "id": self.id, "status": "completed"}
        return {**head, "call_id": self.call_id, "output": self.output}

    def opening(self, era: Era) -> JsonObject:
        """Return the output before its text."""
        return {**self.json(era), "status": "in_progress", "output": ""}


@dataclass(frozen=True, slots=True)
class OtherItem:
    """An item of a kind that no reference lists."""

    type: str
    id: str
    fields: JsonObject = field(default_factory=dict)

    def json(self, _era: Era) -> JsonObject:
        """Return the item."""
        return {"type": self.type, "id": self.id, "status": "completed", **self.fields}

    def opening(self, _era: Era) -> JsonObject:
        """Return the item without its fields."""
        return {"type": self.type, "id": self.id, "status": "in_progress"}


Item: TypeAlias = Message | FunctionCall | FunctionCallOutput | OtherItem


def output_text(era: Era, text: str = "", annotations: tuple[JsonObject, ...] = ()) -> JsonObject:
    """Return a content part of text."""
    noted = {"annotations": list(annotations)} if era.annotates else {}
    return {"type": "output_text", "text": text, **noted}
