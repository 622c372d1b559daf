"""A stream being read: bytes in any cut -> events, each noted in the fold, until the terminal one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twelvelabs_responses._errors import APITimeoutError, ProtocolError, ResponsesError, StreamInterruptedError
from twelvelabs_responses._events import Keepalive, ResponseEvent
from twelvelabs_responses._fold import Fold
from twelvelabs_responses._protocol import EventDecoder
from twelvelabs_responses._sse import MAX_FRAME_BYTES
from twelvelabs_responses._status import snippet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeAlias

    from twelvelabs_responses._events import ResponseStreamEvent
    from twelvelabs_responses._fold import TextPiece
    from twelvelabs_responses._turn import Turn

    Update: TypeAlias = tuple[ResponseStreamEvent, list[TextPiece]]
    """An event and the text that it adds."""


# An error says a few words.
MAX_ERROR_BYTES = 1024 * 1024
# The text of a stream comes in deltas, each with about ten times its own length around it, and is kept until the end.
MAX_STREAM_BYTES = 8 * MAX_FRAME_BYTES
# One comes about every ten seconds. Until a stream says something it keeps them, and each takes twenty times its bytes.
_MOST_KEEPALIVES = 100_000


class Body:
    """A whole body, taken piece by piece, of bounded size."""

    def __init__(self, max_bytes: int = MAX_FRAME_BYTES) -> None:
        self._max_bytes = max_bytes
        # It grows in place: a list of small pieces would take up many times their room.
        self._taken = bytearray()

    def take(self, chunk: bytes) -> None:
        """Add a piece.

        Raises:
            ProtocolError: The body is larger than the limit. What fits is taken.
        """
        room = self._max_bytes - len(self._taken)
        self._taken += chunk if len(chunk) <= room else chunk[:room]
        if len(chunk) > room:
            raise ProtocolError(f"the answer is larger than {self._max_bytes:,} bytes", ambiguous=True)

    def whole(self) -> bytes:
        """Return all pieces as one, and keep none: they would take up their room while the whole is read."""
        taken, self._taken = self._taken, bytearray()
        return bytes(taken)


class Reading:
    """What has been read of one stream.

    Args:
        turn: The turn that it answers.
        content_type: The answer's `content-type`; a plain JSON answer is read as the response.
    """

    def __init__(self, turn: Turn, content_type: str) -> None:
        self._turn = turn
        self._stall_timeout = turn.settings.stall_timeout
        self._content_type = content_type.partition(";")[0].strip().lower()
        self._decoder = EventDecoder()
        self._body = Body()
        self._silence = 0.0
        self._keepalives = 0
        self._size = 0
        self.fold = Fold(wants_intermediate_outputs=bool(turn.request.include))
        self.left = False
        """Whether nobody wants the rest."""

    @property
    def ended(self) -> bool:
        """Whether nothing more is to be read: the terminal event has come, or `[DONE]`."""
        return self.fold.ended or self._decoder.done

    def leave(self) -> None:
        """Take no further chunk: nobody wants the rest, and whoever waits for one is to know."""
        self.left = True

    def take(self, chunk: bytes, *, waited: float) -> Iterator[Update]:
        """Yield the updates that `chunk` completes, up to the terminal one. Take them all before the next chunk.

        Args:
            chunk: Bytes, cut anywhere.
            waited: Seconds that they were waited for; what the caller does between chunks is no silence.

        Raises:
            ProtocolError: The chunk cannot be read as part of a response.
            ResponseFailedError: The service says that the response failed.
            APITimeoutError: Nothing but keepalives came for longer than `stall_timeout`.
            StreamInterruptedError: The stream has been left.
        """
        self._silence += waited
        self._size += len(chunk)
        try:
            if self.left:
                raise StreamInterruptedError("the stream was closed before its end")
            if self._size > MAX_STREAM_BYTES:
                raise ProtocolError(f"the stream is larger than {MAX_STREAM_BYTES:,} bytes")
            if self._content_type in ("text/event-stream", ""):
                for event in self._decoder.feed(chunk):
                    yield event, self._noted(event)
                    if self.fold.ended:
                        return
                if self._silence > self._stall_timeout:
                    self._check_stall()
            elif self._content_type == "application/json":
                self._body.take(chunk)
            else:
                raise ProtocolError(f"the answer is {self._content_type}, not a stream: {snippet(chunk)}")
        except ResponsesError as error:
            self.fold.with_text_so_far(error)
            raise

    def close(self) -> Iterator[Update]:
        """Yield what the end of the body completes.

        Raises:
            StreamInterruptedError: The body ended before the terminal event.
            ProtocolError: The body is JSON and not a response.
        """
        if self._content_type == "application/json":
            response = self._turn.response_from(self._body.whole())
            ended = ResponseEvent(type="response.completed", response=response)
            yield ended, self._noted(ended)
        else:
            for event in self._decoder.close():
                yield event, self._noted(event)
        self.fold.close()

    def _noted(self, event: ResponseStreamEvent) -> list[TextPiece]:
        """Return the text that the event adds; tell the turn what it says of its session and its end."""
        if isinstance(event, Keepalive):
            self._count_keepalive()
        else:
            self._silence, self._keepalives = 0.0, 0
        try:
            return self.fold.add(event)
        finally:
            # No other event names a session or ends the response, and there are thousands of the others.
            if isinstance(event, ResponseEvent):
                self._turn.names_session(self.fold.session_id)
                if self.fold.ended:
                    self._turn.answered(self.fold.response)

    def _count_keepalive(self) -> None:
        self._keepalives += 1
        if self._keepalives > _MOST_KEEPALIVES:
            raise ProtocolError(f"the stream has more than {_MOST_KEEPALIVES:,} keepalives in a row")

    def _check_stall(self) -> None:
        # Bytes of an event that has not ended are on the way: that is slow, and no stall.
        if not self._decoder.is_amid:
            told = f"nothing but keepalives for {self._silence:.3g} s (stall_timeout={self._stall_timeout:g})"
            raise APITimeoutError(told)
