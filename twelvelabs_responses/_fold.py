"""Events -> the text of the reply as it grows, and the one response at the end.

The text of a part comes up to five times: as deltas, and whole in four closing events. The deltas are passed on; what
they missed is taken from the closing events. The terminal event's response is the final one.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from twelvelabs_responses._errors import ProtocolError, ResponseFailedError, ResponsesError, StreamInterruptedError
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
from twelvelabs_responses._output import GrowingOutput
from twelvelabs_responses._response import Message, OutputText, Response, is_answer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twelvelabs_responses._events import ResponseStreamEvent
    from twelvelabs_responses._output import Item, Part
    from twelvelabs_responses._response import Failure

ErrorT = TypeVar("ErrorT", bound=ResponsesError)
_IDS = ("id", "session_id", "knowledge_store_id")


class TextPiece(NamedTuple):
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


class Fold:
    """Takes the events of one stream in and knows what they amount to.

    Args:
        wants_intermediate_outputs: Whether the request asked for commentary. If it did and no message says its phase
            (services before SDK 1.3.6 say none), nobody can tell the answer from commentary until the last message has
            come: such text is held back until a phase or the terminal event settles it. Otherwise the answer comes
            alone, as documented, and its text is passed on as it comes.
    """

    def __init__(self, *, wants_intermediate_outputs: bool = False) -> None:
        self._holds_back = wants_intermediate_outputs
        self._response = Response()
        self._output = GrowingOutput()
        self._phase_said = False
        self._named_anew: set[str] = set()
        self.ended = False
        """Whether the terminal event has come."""

    @property
    def response(self) -> Response:
        """The response as it stands; the final one once `ended`."""
        if self.ended:
            return self._response
        return self._response.model_copy(update={"output": self._output.output_items()})

    @property
    def session_id(self) -> str | None:
        """The session, known from the first event that carries a response."""
        return self._response.session_id

    def add(self, event: ResponseStreamEvent) -> list[TextPiece]:
        """Return the text that the event adds.

        Raises:
            ResponseFailedError: The event says that the response failed.
            ProtocolError: The response has ended, and its text is another one than was passed on.
        """
        if self.ended:
            return []
        match event:
            case OutputTextDelta():
                return self._add_delta(event)
            case OutputTextDone() | ContentPartAdded() | ContentPartDone() | AnnotationAdded():
                return self._add_to_part(event)
            case OutputItemAdded() | OutputItemDone():
                return self._add_item(event)
            case FunctionCallArgumentsDelta() | FunctionCallArgumentsDone():
                self._add_arguments(event)
            case ResponseEvent():
                return self._add_response(event)
            case ErrorEvent():
                raise self.with_text_so_far(_failure(event.error, event.code, event.message))
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
        item = self._output.item(event.output_index, event.item_id)
        part = item.part(event.content_index)
        text = event.delta
        part.text.write(text)
        answers = self._answers(item)
        if answers is None or not text:
            return []
        # What came before has been passed on. To look it up would cost the length of all of it, with each delta.
        part.taken += len(text)
        part.is_answer = answers
        return [TextPiece(text, item.index, part.index, answers)]

    def _add_to_part(
        self, event: OutputTextDone | ContentPartAdded | ContentPartDone | AnnotationAdded
    ) -> list[TextPiece]:
        item = self._output.item(event.output_index, event.item_id)
        part = item.part(event.content_index)
        match event:
            case OutputTextDone(text=str(text)) | ContentPartAdded(part=OutputText(text=text)) if text:
                part.fill(text)
            case AnnotationAdded(annotation=annotation) if annotation is not None:
                part.cite(annotation)
            case ContentPartDone(part=content) if content is not None:
                part.end(content)
        return _pieces(item, [part], answers=self._answers(item))

    def _add_item(self, event: OutputItemAdded | OutputItemDone) -> list[TextPiece]:
        if event.item is None:
            return []
        if isinstance(event, OutputItemAdded):
            item = self._output.begun(event.output_index, event.item.id)
            item.begin(event.item)
        else:
            item = self._output.item(event.output_index, event.item.id)
            item.end(event.item)
        # The first phase settles what the messages without one are.
        settles = item.phase is not None and not self._phase_said
        self._phase_said = self._phase_said or settles
        items = self._output.items() if settles else [item]
        return [piece for each in items for piece in _pieces(each, each.parts_in_order(), answers=self._answers(each))]

    def _add_arguments(self, event: FunctionCallArgumentsDelta | FunctionCallArgumentsDone) -> None:
        arguments = self._output.item(event.output_index, event.item_id).arguments
        if isinstance(event, FunctionCallArgumentsDelta):
            arguments.write(event.delta)
        elif event.arguments is not None:
            arguments.seek(0)
            arguments.truncate()
            arguments.write(event.arguments)

    def _add_response(self, event: ResponseEvent) -> list[TextPiece]:
        if event.response is not None:
            ids = {name: self._first_id(name, event.response) for name in _IDS}
            self._response = event.response.model_copy(update=ids)
        return self._end(event) if event.terminal else []

    def _first_id(self, name: str, response: Response) -> str | None:
        """Return the id that the response was given first, which those who follow the stream go by already."""
        first: str | None = getattr(self._response, name)
        given: str | None = getattr(response, name)
        # Once: Python keeps each warning that it has shown.
        if first and given and given != first and name not in self._named_anew:
            self._named_anew.add(name)
            warnings.warn(f"the stream names its {name} {first} and later {given}; the first holds", stacklevel=2)
        return first or given

    def _end(self, event: ResponseEvent) -> list[TextPiece]:
        # A status or an output known from before is that of a response under way.
        status = (event.response and event.response.status) or event.type.removeprefix("response.")
        output = (event.response and event.response.output) or self._output.output_items()
        final = self._response.model_copy(update={"status": status, "output": output})
        if status == "failed" or event.type == "response.failed":
            raise self.with_text_so_far(failed(final))
        self._response, self.ended = final, True
        # The final response tells the reply from commentary; what it leaves out is none of the reply.
        reply = {id(message) for message in final.reply}
        items = self._output.end(final.output)
        if not all(_agrees(item, answers=id(item.known) in reply) for item in items):
            raise self.with_text_so_far(ProtocolError("the text of the stream is not the text of its final response"))
        return [
            piece for item in items for piece in _pieces(item, item.parts_in_order(), answers=id(item.known) in reply)
        ]

    def _answers(self, item: Item) -> bool | None:
        """Say whether the item's text answers; None while nobody can know."""
        if item.phase is not None:
            return is_answer(item.phase)
        if not item.is_message:
            return False
        return True if self._phase_said or not self._holds_back else None


def failed(response: Response) -> ResponseFailedError:
    """Return the error that a response with status `failed` means."""
    error = _failure(response.error, None, None)
    error.response = response
    error.text, error.response_id, error.session_id = response.text, response.id, response.session_id
    return error


def _failure(details: Failure | None, code: str | None, message: str | None) -> ResponseFailedError:
    code = (details and (details.code or details.type)) or code
    message = (details and details.message) or message or "the service gave no reason"
    return ResponseFailedError(f"the response failed: {code + ': ' if code else ''}{message}", code=code)


def _agrees(item: Item, *, answers: bool) -> bool:
    """Say whether what was passed on of an item as the answer's text is how its final text begins.

    Space at the ends may go: what is around a text is none of it.
    """
    passed_on = "".join(part.text.getvalue()[: part.taken] for part in item.parts_in_order() if part.is_answer).strip()
    if not passed_on:
        return True
    return answers and isinstance(item.known, Message) and item.known.text.strip().startswith(passed_on)


def _pieces(item: Item, parts: Iterable[Part], *, answers: bool | None) -> list[TextPiece]:
    """Return what is left of the text of these parts of an item; nothing while nobody can know whether it answers."""
    if answers is None:
        return []
    pieces: list[TextPiece] = []
    for part in parts:
        if text := part.take():
            part.is_answer = answers
            pieces.append(TextPiece(text, item.index, part.index, answers))
    return pieces
