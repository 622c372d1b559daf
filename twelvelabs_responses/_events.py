"""The events of a stream, and their union.

Every field but `type` is optional, as in the published schema; an absent `delta` adds nothing. Key by `output_index`:
an item's id may repeat between the turns of a session. Sources: API reference, "Create a response", streaming;
`keepalive` from SDK 1.3.6; `error`, `response.incomplete`, `response.queued`, arguments deltas and added annotations
from Open Responses.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias, get_args

from pydantic import ConfigDict, Field

from twelvelabs_responses._response import AnyAnnotation, ContentPart, Failure, OutputItem, Read, Response

_TERMINAL = frozenset({"response.completed", "response.failed", "response.incomplete"})


class _Event(Read):
    """What every event has. `sequence_number` rises by one from 0; a gap is no error."""

    sequence_number: int | None = None

    @property
    def terminal(self) -> bool:
        """Whether nothing of substance follows."""
        return False


class ResponseEvent(_Event):
    """The response as it stands: created, in progress, or at its end (`terminal`)."""

    type: Literal[
        "response.created",
        "response.in_progress",
        "response.queued",
        "response.completed",
        "response.failed",
        "response.incomplete",
    ]
    response: Response | None = None

    @property
    def terminal(self) -> bool:
        """Whether nothing of substance follows."""
        return self.type in _TERMINAL


class OutputItemAdded(_Event):
    """An output item has begun. A message's phase is set already, its text is not."""

    type: Literal["response.output_item.added"]
    output_index: int | None = None
    item: OutputItem | None = None


class OutputItemDone(_Event):
    """An output item is complete."""

    type: Literal["response.output_item.done"]
    output_index: int | None = None
    item: OutputItem | None = None


class ContentPartAdded(_Event):
    """A content part has begun, empty."""

    type: Literal["response.content_part.added"]
    item_id: str | None = None
    output_index: int | None = None
    content_index: int | None = None
    part: ContentPart | None = None


class ContentPartDone(_Event):
    """A content part is complete: here its annotations come first."""

    type: Literal["response.content_part.done"]
    item_id: str | None = None
    output_index: int | None = None
    content_index: int | None = None
    part: ContentPart | None = None


class OutputTextDelta(_Event):
    """Some more text of a content part."""

    type: Literal["response.output_text.delta"]
    item_id: str | None = None
    output_index: int | None = None
    content_index: int | None = None
    delta: str = ""


class OutputTextDone(_Event):
    """The whole text of a content part."""

    type: Literal["response.output_text.done"]
    item_id: str | None = None
    output_index: int | None = None
    content_index: int | None = None
    text: str | None = None


class AnnotationAdded(_Event):
    """One annotation of a content part, before the part is complete."""

    type: Literal["response.output_text.annotation.added"]
    item_id: str | None = None
    output_index: int | None = None
    content_index: int | None = None
    annotation_index: int | None = None
    annotation: AnyAnnotation | None = None


class FunctionCallArgumentsDelta(_Event):
    """Some more of a function call's arguments."""

    type: Literal["response.function_call_arguments.delta"]
    item_id: str | None = None
    output_index: int | None = None
    delta: str = ""


class FunctionCallArgumentsDone(_Event):
    """The whole arguments of a function call, as a JSON string."""

    type: Literal["response.function_call_arguments.done"]
    item_id: str | None = None
    output_index: int | None = None
    arguments: str | None = None


class Keepalive(_Event):
    """The service is alive and has nothing to say yet; about every ten seconds."""

    type: Literal["keepalive"]


class ErrorEvent(_Event):
    """The service failed in the middle of a stream. The failure stands in `error`, or flat beside `type`."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    type: Literal["error"] = "error"
    error: Failure | None = None
    code: str | None = None
    message: str | None = None

    @property
    def terminal(self) -> bool:
        """Whether nothing of substance follows."""
        return True


class UnknownEvent(_Event):
    """An event that came after this version: its fields are in `model_extra`. To be ignored."""

    type: str | None = None


KnownEvent: TypeAlias = Annotated[
    ResponseEvent
    | OutputItemAdded
    | OutputItemDone
    | ContentPartAdded
    | ContentPartDone
    | OutputTextDelta
    | OutputTextDone
    | AnnotationAdded
    | FunctionCallArgumentsDelta
    | FunctionCallArgumentsDone
    | Keepalive
    | ErrorEvent,
    Field(discriminator="type"),
]
KNOWN_TYPES = frozenset(
    name for event in get_args(get_args(KnownEvent)[0]) for name in get_args(event.model_fields["type"].annotation)
)
ResponseStreamEvent: TypeAlias = (
    ResponseEvent
    | OutputItemAdded
    | OutputItemDone
    | ContentPartAdded
    | ContentPartDone
    | OutputTextDelta
    | OutputTextDone
    | AnnotationAdded
    | FunctionCallArgumentsDelta
    | FunctionCallArgumentsDone
    | Keepalive
    | ErrorEvent
    | UnknownEvent
)
