"""Stop sequences: the service has none, so the text is cut here, the same for a whole answer and for a stream.

The answer is read to its end all the same: the turn is in the session, whatever of it is shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twelvelabs_responses import Annotation, InvalidArgumentError, Message, OutputText, Response

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from twelvelabs_responses import ContentPart, TextPiece


class StopSequences:
    """Cuts the text of one reply before the first stop sequence in it.

    Raises:
        InvalidArgumentError: The sequences are no list of strings.
    """

    def __init__(self, sequences: Sequence[str]) -> None:
        # A string is a sequence of strings too, of one letter each.
        if isinstance(sequences, str) or not all(isinstance(sequence, str) for sequence in sequences):
            raise InvalidArgumentError("stop", repr(sequences), "a list of strings")
        self._sequences = tuple(sequence for sequence in sequences if sequence)
        self._held: list[TextPiece] = []
        self._found = False

    def pieces(self, pieces: Iterable[TextPiece], *, at_end: bool = False) -> list[TextPiece]:
        """Return what of these pieces may be shown; what may be the start of a stop sequence is held back.

        Commentary passes: it is no part of the reply.
        """
        if not self._sequences:
            return list(pieces)
        passing: list[TextPiece] = []
        for piece in pieces:
            if not piece.is_answer:
                passing.append(piece)
            elif not self._found:
                self._held.append(piece)
        return passing + self._released(at_end=at_end)

    def response(self, response: Response) -> Response:
        """Return the response with its reply cut before the first stop sequence, citations behind the cut left out."""
        end = self._position(response.text)
        if end is None:
            return response
        room, cut = end, {}
        for message in response.reply:
            cut[id(message)] = message.model_copy(update={"content": _content_up_to(message, room)})
            room = max(0, room - len(message.text))
        output = tuple(cut.get(id(item), item) for item in response.output)
        return response.model_copy(update={"output": output})

    def _released(self, *, at_end: bool) -> list[TextPiece]:
        text = "".join(piece.text for piece in self._held)
        position = self._position(text)
        end = len(text) if position is None else position
        undecided = len(text) - self._beginning(text)
        # Also a sequence that is found waits for a longer one that may have begun before it.
        if undecided < end and not at_end:
            released, self._held = _split(self._held, undecided)
            return released
        self._found |= position is not None
        released, _cut = _split(self._held, end)
        self._held = []
        return released

    def _position(self, text: str) -> int | None:
        found = [position for sequence in self._sequences if (position := text.find(sequence)) >= 0]
        return min(found, default=None)

    def _beginning(self, text: str) -> int:
        """Return how many characters at the end may be the beginning of a stop sequence."""
        lengths = (
            length
            for sequence in self._sequences
            for length in range(1, min(len(sequence), len(text) + 1))
            if text.endswith(sequence[:length])
        )
        return max(lengths, default=0)


def _split(pieces: Sequence[TextPiece], end: int) -> tuple[list[TextPiece], list[TextPiece]]:
    before: list[TextPiece] = []
    after: list[TextPiece] = []
    for piece in pieces:
        shown = max(0, min(len(piece.text), end))
        if shown:
            before.append(piece._replace(text=piece.text[:shown]))
        if shown < len(piece.text):
            after.append(piece._replace(text=piece.text[shown:]))
        end -= len(piece.text)
    return before, after


def _content_up_to(message: Message, room: int) -> tuple[ContentPart, ...]:
    parts: list[ContentPart] = []
    for part in message.content:
        if isinstance(part, OutputText):
            parts.append(_part_up_to(part, max(0, room)))
            room -= len(part.text)
        else:
            parts.append(part)
    return tuple(parts)


def _part_up_to(part: OutputText, room: int) -> OutputText:
    if room >= len(part.text):
        return part
    kept = tuple(found for found in part.annotations if not _ends_behind(found, room))
    return part.model_copy(update={"text": part.text[:room], "annotations": kept})


def _ends_behind(annotation: object, room: int) -> bool:
    return isinstance(annotation, Annotation) and annotation.end_index is not None and annotation.end_index >= room
