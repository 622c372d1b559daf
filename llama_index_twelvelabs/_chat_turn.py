"""One turn of a chat engine: what the memory is to keep of it, and that no other begins meanwhile."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager, suppress
from threading import Lock
from typing import TYPE_CHECKING

from llama_index.core.base.llms.types import ChatMessage, MessageRole

from llama_index_twelvelabs._input import user_message
from llama_index_twelvelabs._marker import CANCELLED, FAILED, turn_marker
from twelvelabs_responses import Response, ResponsesError, SessionError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from llama_index.core.base.llms.types import ChatResponse
    from llama_index.core.memory import BaseMemory

    from twelvelabs_responses import AsyncStream, Stream


class OneTurn:
    """Lets one turn in at a time. It refuses instead of waiting, as a lock that waits belongs to one event loop."""

    def __init__(self) -> None:
        self._lock = Lock()

    def __reduce__(self) -> tuple[type[OneTurn], tuple[()]]:
        """Return what a pickle or a deep copy holds: no turn is under way in another conversation."""
        return OneTurn, ()

    def begin(self) -> None:
        """Let a turn in.

        Raises:
            SessionError: Another is under way.
        """
        if not self._lock.acquire(blocking=False):
            raise SessionError(
                "a turn of this conversation is under way, nothing was sent: read its stream to the end or close it, "
                "or give each conversation an engine of its own by with_memory()"
            )

    def end(self) -> None:
        """Let the next one in."""
        self._lock.release()

    def __enter__(self) -> None:
        self.begin()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.end()


class ChatTurn:
    """What is known of a turn. The memory keeps the user's message and what came of it, together or not at all.

    A turn that the service refused leaves no trace: the caller still has the message, and may send it again. One that
    the service may have taken leaves the text that came and how it ended, so that the next turn tells it and does not
    ask it again.

    Args:
        message: The new user message.
        memory: What keeps the conversation.
        one_turn: What lets one turn in at a time; the next one may come when the memory is written.

    Raises:
        InvalidArgumentError: The message is no string.

    Attributes:
        user: The new user message.
        messages: The conversation, with it at the end.
        text: The text of the reply so far.
        status: `in_progress`, then `completed`, `incomplete`, `cancelled` or `failed`.
        error: What it failed with.
        closing: Set by who closes its stream.
        written: Set when the memory of an awaited turn has been written.
    """

    def __init__(self, message: str, memory: BaseMemory, one_turn: OneTurn) -> None:
        self.user = user_message(message, "message")
        self.messages = [self.user]
        self.text = ""
        self.status = "in_progress"
        self.error: Exception | None = None
        self.closing = False
        self.written = asyncio.Event()
        self._memory = memory
        self._one_turn = one_turn
        self._stream: Stream | AsyncStream | None = None
        self._response = Response()
        self._answered = False
        self._user_kept = False
        self._refused = False

    @property
    def stream(self) -> Stream | AsyncStream | None:
        """The stream, once it is open."""
        return self._stream

    @property
    def response(self) -> Response:
        """The response as it stands."""
        return self._response if self._answered or self._stream is None else self._stream.response

    @contextmanager
    def preparing(self) -> Iterator[None]:
        """Begin the turn; let the next one in if what is done meanwhile fails, as nothing was sent yet.

        Raises:
            SessionError: Another turn is under way.
        """
        self._one_turn.begin()
        try:
            yield
        except BaseException:
            self._one_turn.end()
            raise

    def opened(self, stream: Stream | AsyncStream) -> None:
        """Note the stream that has been opened."""
        self._stream = stream

    def heard(self, chunk: ChatResponse) -> None:
        """Note what has come of the answer."""
        self.text = chunk.message.content or ""
        # Only the last one has the whole response.
        if chunk.raw is not None:
            self._response, self._answered = Response.model_validate(chunk.raw), True
            self.status = self._response.status or "completed"

    def stopped(self, error: BaseException) -> None:
        """Note that the turn ended without an answer, unless it has ended already."""
        if self.status != "in_progress":
            return
        given = error if isinstance(error, ResponsesError) else ResponsesError("")
        self.text = self.text or given.text or self.response.text
        if isinstance(error, Exception) and not self.closing:
            self.status, self.error = FAILED, error
        else:
            self.status = CANCELLED
        self._refused = self._stream is None and isinstance(error, ResponsesError) and not error.ambiguous
        if self._stream is None:
            self._response = Response(id=given.response_id, session_id=given.session_id)

    def stopped_by(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Note the error that a `with` is left with, if any."""
        if error is not None:
            self.stopped(error)

    def keep_user(self) -> None:
        """Put the user's message into the memory."""
        self._memory.put(self.user)
        self._user_kept = True

    async def akeep_user(self) -> None:
        """Put the user's message into the memory."""
        await self._memory.aput(self.user)
        self._user_kept = True

    def end(self) -> None:
        """Put into the memory what it has not got yet, and let the next turn in."""
        try:
            for message in self._left_to_keep():
                self._memory.put(message)
        finally:
            self._one_turn.end()

    async def aend(self) -> None:
        """Put into the memory what it has not got yet, and let the next turn in; to the end, even if cancelled."""
        left = self._left_to_keep()
        # A task of its own: a web framework cancels whoever answers a client that has left, again at each wait.
        putting = asyncio.ensure_future(self._aput(left))
        try:
            await asyncio.shield(putting)
        except asyncio.CancelledError:
            # `asyncio.run` cancels all tasks at its end, this one too, maybe before it has begun.
            await _two_steps()
            if putting.cancelled():
                await self._aput(left)
            raise
        finally:
            if putting.done():
                self._ended()
            else:
                putting.add_done_callback(self._ended_behind)

    async def _aput(self, left: list[ChatMessage]) -> None:
        while left:
            await self._memory.aput(left.pop(0))

    def _ended(self) -> None:
        self._one_turn.end()
        self.written.set()

    def _ended_behind(self, putting: asyncio.Future[None]) -> None:
        self._ended()
        if not putting.cancelled() and (error := putting.exception()) is not None:
            # Nobody waits for it any more.
            message = "a turn that was cancelled could not be put into the memory"
            putting.get_loop().call_exception_handler({"message": message, "exception": error, "future": putting})

    def _left_to_keep(self) -> list[ChatMessage]:
        if self._refused:
            return []
        answer = ChatMessage(
            role=MessageRole.ASSISTANT,
            content=self.text,
            additional_kwargs=turn_marker(self.response, self.status),
        )
        return [answer] if self._user_kept else [self.user, answer]


async def _two_steps() -> None:
    """Let the event loop begin what has been scheduled, and notice what has been cancelled."""
    for _ in range(2):
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(0)
