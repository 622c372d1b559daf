"""Events -> the reply as it grows, and the one response at the end.

The text of a part comes up to five times: as deltas, and whole in four closing events. The deltas are passed on; what
they missed is taken from the closing events. The terminal event's response is the final one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from io import StringIO
from typing import TYPE_CHECKING, TypeVar

from twelvelabs_responses._errors import ResponseFailedError, ResponsesError, StreamInterruptedError
from twelvelabs_responses._events import (
    AnnotationAdded,
    ContentPartAdded,
    ContentPartDone,
    ErrorEvent,
    FunctionCallArgumentsDelta,
    FunctionCallArgumentsDone,
    OutputItemAdded,
    OutputItemDone,
    OutputTextDelta,
    OutputTextDone,
    ResponseEvent,
)
from twelvelabs_responses._response import FunctionCall, Message, OutputText, Response, UnknownItem, is_answer

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from twelvelabs_responses._events import ResponseStreamEvent
    from twelvelabs_responses._response import AnyAnnotation, ContentPart, Failure, OutputItem

ErrorT = TypeVar("ErrorT", bound=ResponsesError)


@dataclass(frozen=True, slots=True)
class TextPiece:
    """Some more text of the response.

    Attributes:
        text: The text, never empty.
        output_index: Which output item it belongs to.
        content_index: Which content part of the item.
        is_answer: Whether it belongs to the reply; else it is commentary on the way there.
    """

    text: str
    output_index: int
    content_index: int
    is_answer: bool


@dataclass(slots=True)
class _Part:
    text: StringIO = field(default_factory=StringIO)
    passed_on: int = 0  # how many characters of it have been given out
    annotations: list[AnyAnnotation] = field(default_factory=list)
    done: ContentPart | None = None

    def fill(self, whole: str) -> None:
        """Add what the deltas missed of the whole text. Text that differs is not taken back; the response has it."""
        so_far = self.text.getvalue()
        if len(whole) > len(so_far) and whole.startswith(so_far):
            self.text.write(whole[len(so_far) :])

    def content_part(self) -> ContentPart:
        if self.done is not None:
            return self.done
        return OutputText(text=self.text.getvalue(), annotations=tuple(self.annotations))


@dataclass(slots=True)
class _Item:
    item: OutputItem | None = None
    done: bool = False
    parts: dict[int, _Part] = field(default_factory=dict)
    arguments: StringIO = field(default_factory=StringIO)

    def part(self, content_index: int | None) -> _Part:
        return self.parts.setdefault(content_index or 0, _Part())

    @property
    def phase(self) -> str | None:
        return self.item.phase if isinstance(self.item, Message) else None

    @property
    def is_message(self) -> bool:
        return isinstance(self.item, Message) or (self.item is None and bool(self.parts))

    @property
    def text(self) -> str:
        return "".join(self.parts[index].text.getvalue() for index in sorted(self.parts))

    def may_be(self, final: OutputItem) -> bool:
        """Say whether the final item may be this one, going by what streamed."""
        if not isinstance(final, Message):
            return not self.is_message
        same_phase = self.phase is None or final.phase in (None, self.phase)
        return self.is_message and same_phase and final.text.startswith(self.text)

    def output_item(self) -> OutputItem:
        """Return the item as it stands."""
        if self.done and self.item is not None:
            return self.item
        if self.is_message:
            message = self.item if isinstance(self.item, Message) else Message(role="assistant", status="in_progress")
            parts = tuple(self.parts[index].content_part() for index in sorted(self.parts))
            return message.model_copy(update={"content": parts or message.content})
        if isinstance(self.item, FunctionCall) and self.arguments.tell():
            return self.item.model_copy(update={"arguments": self.arguments.getvalue()})
        return self.item or UnknownItem()


class Fold:
    """Takes the events of one stream in and knows what they amount to.

    While no message has said its phase (services before SDK 1.3.6 say none), nobody can tell the answer from commentary
    until the last message has come. Such text is held back until a phase or the terminal event settles it: late is
    better than commentary passed on as the answer.
    """

    def __init__(self) -> None:
        self._response = Response()
        self._items: dict[int, _Item] = {}
        self._index_by_id: dict[str, int] = {}
        self.ended = False
        """Whether the terminal event has come."""

    @property
    def response(self) -> Response:
        """The response as it stands; the final one once `ended`."""
        if self.ended:
            return self._response
        return self._response.model_copy(update={"output": self._output()})

    @property
    def session_id(self) -> str | None:
        """The session, known from the first event that carries a response."""
        return self._response.session_id

    def add(self, event: ResponseStreamEvent) -> list[TextPiece]:
        """Return the text that the event adds.

        Raises:
            ResponseFailedError: The event says that the response failed.
        """
        if self.ended:
            return []
        match event:
            case OutputTextDelta():
                return self._add_delta(event)
            case ResponseEvent():
                return self._add_response(event)
            case ErrorEvent():
                raise self.with_text_so_far(_failure(event.error, event.code, event.message))
            case OutputItemAdded() | OutputItemDone():
                return self._add_item(event)
            case OutputTextDone() | ContentPartAdded() | ContentPartDone() | AnnotationAdded():
                return self._add_to_part(event)
            case FunctionCallArgumentsDelta() | FunctionCallArgumentsDone():
                self._add_arguments(event)
        return []

    def close(self) -> None:
        """Note that no more events come.

        Raises:
            StreamInterruptedError: The terminal event has not come.
        """
        if not self.ended:
            raise self.with_text_so_far(StreamInterruptedError("the stream ended before the response did"))

    def with_text_so_far(self, error: ErrorT) -> ErrorT:
        """Return the error with the reply's text so far and the ids, as far as it lacks them."""
        response = self.response
        error.text = error.text or response.text
        error.response_id = error.response_id or response.id
        error.session_id = error.session_id or response.session_id
        # The service answered with a stream, so it has the turn.
        error.ambiguous = True
        return error

    def _add_delta(self, event: OutputTextDelta) -> list[TextPiece]:
        index = self._index(event.output_index, event.item_id)
        item = self._item(index)
        part = item.part(event.content_index)
        part.text.write(event.delta)
        answers = self._answers(item)
        if answers is None or not event.delta:
            return []
        # Passed on as it came: looking it up in the text so far would cost that text's length each time.
        part.passed_on += len(event.delta)
        return [TextPiece(event.delta, index, event.content_index or 0, answers)]

    def _add_response(self, event: ResponseEvent) -> list[TextPiece]:
        if event.response is not None:
            known = self._response
            self._response = event.response.model_copy(
                update={
                    "id": event.response.id or known.id,
                    "session_id": event.response.session_id or known.session_id,
                    "knowledge_store_id": event.response.knowledge_store_id or known.knowledge_store_id,
                }
            )
        if not event.terminal:
            return []
        # A status known from before is that of a response under way.
        status = (event.response and event.response.status) or event.type.removeprefix("response.")
        final = self._response.model_copy(update={"status": status, "output": self._response.output or self._output()})
        if status == "failed" or event.type == "response.failed":
            raise self.with_text_so_far(failed(final))
        pieces = self._last_pieces(final)
        self._response, self.ended = final, True
        return pieces

    def _add_item(self, event: OutputItemAdded | OutputItemDone) -> list[TextPiece]:
        if event.item is None:
            return []
        index = self._index(event.output_index, event.item.id, begins=isinstance(event, OutputItemAdded))
        if isinstance(event, OutputItemDone):
            self._complete(index, event.item)
        else:
            self._item(index).item = event.item
        # A message with a phase settles what the ones without are, so look at all.
        return self._pieces(sorted(self._items))

    def _add_to_part(
        self, event: OutputTextDone | ContentPartAdded | ContentPartDone | AnnotationAdded
    ) -> list[TextPiece]:
        index = self._index(event.output_index, event.item_id)
        part = self._item(index).part(event.content_index)
        match event:
            case OutputTextDone():
                part.fill(event.text or "")
            case AnnotationAdded(annotation=annotation) if annotation is not None:
                part.annotations.append(annotation)
            case ContentPartAdded(part=OutputText(text=text)):
                part.fill(text)
            case ContentPartDone(part=content) if content is not None:
                part.done = content
                part.fill(content.text if isinstance(content, OutputText) else "")
        return self._pieces([index])

    def _add_arguments(self, event: FunctionCallArgumentsDelta | FunctionCallArgumentsDone) -> None:
        arguments = self._item(self._index(event.output_index, event.item_id)).arguments
        if isinstance(event, FunctionCallArgumentsDelta):
            arguments.write(event.delta)
        elif event.arguments is not None:
            arguments.seek(0)
            arguments.truncate()
            arguments.write(event.arguments)

    def _complete(self, index: int, item: OutputItem) -> None:
        known = self._item(index)
        known.item, known.done = item, True
        if isinstance(item, Message):
            for content_index, content in enumerate(item.content):
                if isinstance(content, OutputText):
                    known.part(content_index).fill(content.text)

    def _last_pieces(self, final: Response) -> list[TextPiece]:
        """Return what is left of the text, now that the final response tells the reply from commentary."""
        places = self._places(final.output) if self._response.output else sorted(self._items)
        for index, item in zip(places, final.output, strict=True):
            self._complete(index, item)
        reply = {id(message) for message in final.reply}
        answering = {index for index, item in zip(places, final.output, strict=True) if id(item) in reply}
        return self._pieces([*sorted(self._items.keys() - places), *places], answering)

    def _places(self, output: Sequence[OutputItem]) -> list[int]:
        """Return the index under which each final item streamed.

        Positions alone do not tell: what was not asked for may be left out of the stream, of the output, or of neither.
        """
        places: dict[int, int] = {}
        for position, item in enumerate(output):
            index = self._index_named(item, position)
            if index is not None and index not in places.values():
                places[position] = index
        for position, item in enumerate(output):
            if position not in places:
                places[position] = self._index_like(item, position, places.values())
        return [places[position] for position in range(len(output))]

    def _index_named(self, item: OutputItem, position: int) -> int | None:
        if item.id is None:
            return None
        # An id may repeat; then position and text tell.
        streamed = self._items.get(position, _Item())
        if streamed.item is not None and streamed.item.id == item.id and streamed.may_be(item):
            return position
        return self._index_by_id.get(item.id)

    def _index_like(self, item: OutputItem, position: int, taken: Collection[int]) -> int:
        alike = [index for index in sorted(self._items.keys() - taken) if self._items[index].may_be(item)]
        if alike:
            return max(alike, key=lambda index: len(self._items[index].text))
        known = self._items.keys() | taken
        return position if position not in known else max(known) + 1

    def _index(self, output_index: int | None, item_id: str | None, *, begins: bool = False) -> int:
        if output_index is None:
            output_index = self._index_by_id.get(item_id or "")
        if output_index is None:
            newest = max(self._items, default=-1)
            # What names no item goes on with the newest one, and so does what names it first.
            is_next = begins or (item_id is not None and newest in self._index_by_id.values())
            output_index = newest + 1 if is_next else max(newest, 0)
        if item_id is not None:
            self._index_by_id[item_id] = output_index
        return output_index

    def _item(self, index: int) -> _Item:
        return self._items.setdefault(index, _Item())

    def _output(self) -> tuple[OutputItem, ...]:
        return tuple(self._items[index].output_item() for index in sorted(self._items))

    def _pieces(self, indices: Iterable[int], answering: Collection[int] | None = None) -> list[TextPiece]:
        """Return the text of these items that has not been passed on and need not be held back.

        Args:
            indices: The items.
            answering: Which of them answer, once that is settled.
        """
        pieces: list[TextPiece] = []
        for index in indices:
            item = self._items[index]
            answers = self._answers(item) if answering is None else index in answering
            if answers is None:
                continue
            for content_index in sorted(item.parts):
                part = item.parts[content_index]
                if part.text.tell() > part.passed_on:
                    text = part.text.getvalue()[part.passed_on :]
                    part.passed_on += len(text)
                    pieces.append(TextPiece(text, index, content_index, answers))
        return pieces

    def _answers(self, item: _Item) -> bool | None:
        """Say whether the item's text answers; None while nobody can know."""
        if not item.is_message:
            return False
        if item.phase is not None:
            return is_answer(item.phase)
        return True if any(other.phase is not None for other in self._items.values()) else None


def failed(response: Response) -> ResponseFailedError:
    """Return the error that a response with status `failed` means."""
    error = _failure(response.error, None, None)
    error.response = response
    error.text, error.response_id, error.session_id = response.text, response.id, response.session_id
    return error


def _failure(details: Failure | None, code: str | None, message: str | None) -> ResponseFailedError:
    code = (details and (details.code or details.type)) or code
    message = (details and details.message) or message or "the service gave no reason"
    return ResponseFailedError(f"the response failed: {code}: {message}" if code else message, code=code)
