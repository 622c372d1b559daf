"""The stream of one turn: what LlamaIndex's handlers, the memory and the response get to know of it, and when."""

from __future__ import annotations

from contextlib import AsyncExitStack, ExitStack, closing
from typing import TYPE_CHECKING
from weakref import ref

from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]  # passed on, not listed
from llama_index.core.instrumentation.events.chat_engine import (
    StreamChatDeltaReceivedEvent,
    StreamChatEndEvent,
    StreamChatErrorEvent,
    StreamChatStartEvent,
)

from llama_index_twelvelabs._chat_responses import TwelveLabsStreamingChatResponse
from llama_index_twelvelabs._closing import aclosing_once

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Generator

    from llama_index.core.base.llms.types import ChatResponse

    from llama_index_twelvelabs._chat_turn import ChatTurn

dispatcher = get_dispatcher(__name__)
# The span of the call has ended when the answer is read, and that of its reader is not meant. The LLM's goes on.
_NO_SPAN = None


def streamed(
    turn: ChatTurn, open_stream: Callable[[], Generator[ChatResponse, None, None]]
) -> TwelveLabsStreamingChatResponse:
    """Return the answer of a turn as it is made; the request has been sent, and the memory has the user's message.

    Args:
        turn: The turn; it ends with the stream.
        open_stream: Sends the request.
    """
    teller = _Teller(turn)
    chunks = _told(teller, open_stream)
    next(chunks)
    response = TwelveLabsStreamingChatResponse(turn, chat_stream=chunks)
    teller.response = ref(response)
    return response


async def astreamed(
    turn: ChatTurn, open_stream: Callable[[], Awaitable[AsyncGenerator[ChatResponse, None]]]
) -> TwelveLabsStreamingChatResponse:
    """Return what `streamed` returns."""
    teller = _Teller(turn)
    chunks = _atold(teller, open_stream)
    await anext(chunks)
    response = TwelveLabsStreamingChatResponse(turn, achat_stream=chunks)
    teller.response = ref(response)
    return response


class _Teller:
    """Tells LlamaIndex's handlers and the response what becomes of a turn.

    It holds the response weakly: the response holds the stream, which holds this, and a cycle would keep the connection
    of a response that nobody reads open until the garbage collector comes.
    """

    def __init__(self, turn: ChatTurn) -> None:
        self.turn = turn
        self.response: ref[TwelveLabsStreamingChatResponse] | None = None
        dispatcher.event(StreamChatStartEvent())

    def heard(self, chunk: ChatResponse) -> None:
        self.turn.heard(chunk)
        if chunk.delta:
            dispatcher.event(StreamChatDeltaReceivedEvent(delta=chunk.delta, span_id=_NO_SPAN))

    def ends(self) -> None:
        response = self.response() if self.response is not None else None
        if response is not None:
            response.tell_end()

    def ended(self) -> None:
        if self.turn.error is not None:
            dispatcher.event(StreamChatErrorEvent(exception=self.turn.error, span_id=_NO_SPAN))
        else:
            dispatcher.event(StreamChatEndEvent(span_id=_NO_SPAN))


# The two generators below own the turn: however they end, by exhaustion, an error, `close()` or because nobody holds
# them any more, the connection is closed, the response knows the end, the memory has the turn, the handlers are told.


def _told(
    teller: _Teller, open_stream: Callable[[], Generator[ChatResponse, None, None]]
) -> Generator[ChatResponse, None, None]:
    turn = teller.turn
    with ExitStack() as at_the_end:
        at_the_end.callback(teller.ended)
        at_the_end.callback(turn.end)
        at_the_end.callback(teller.ends)
        at_the_end.push(turn.stopped_by)
        chunks = at_the_end.enter_context(closing(open_stream()))
        # Once more: why the stream is left counts, not what may come of closing it.
        at_the_end.push(turn.stopped_by)
        turn.keep_user()
        for chunk in chunks:
            teller.heard(chunk)
            yield chunk


async def _atold(
    teller: _Teller, open_stream: Callable[[], Awaitable[AsyncGenerator[ChatResponse, None]]]
) -> AsyncGenerator[ChatResponse, None]:
    turn = teller.turn
    async with AsyncExitStack() as at_the_end:
        at_the_end.callback(teller.ended)
        at_the_end.push_async_callback(turn.aend)
        at_the_end.callback(teller.ends)
        at_the_end.push(turn.stopped_by)
        chunks = await at_the_end.enter_async_context(aclosing_once(await open_stream()))
        # Once more: why the stream is left counts, not that an event loop at its end is closing it already.
        at_the_end.push(turn.stopped_by)
        await turn.akeep_user()
        async for chunk in chunks:
            teller.heard(chunk)
            yield chunk
