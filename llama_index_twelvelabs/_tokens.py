"""A stream of the LLM -> a streaming response, which is completed as its tokens end."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING
from weakref import ref

from llama_index_twelvelabs._closing import aclosing_once
from llama_index_twelvelabs._marker import CANCELLED, FAILED
from llama_index_twelvelabs._nodes import source_nodes
from llama_index_twelvelabs._output import response_facts
from llama_index_twelvelabs._responses import TwelveLabsResponse
from llama_index_twelvelabs._streaming import TwelveLabsAsyncStreamingResponse, TwelveLabsStreamingResponse
from twelvelabs_responses import StreamInterruptedError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator
    from types import TracebackType

    from llama_index.core.base.llms.types import ChatResponse, ChatResponseAsyncGen, ChatResponseGen

    from twelvelabs_responses import AsyncStream, Stream

    AnyStreamingResponse = TwelveLabsStreamingResponse | TwelveLabsAsyncStreamingResponse


def streamed(
    chats: ChatResponseGen, stream: Stream, on_end: Callable[[TwelveLabsResponse], object]
) -> TwelveLabsStreamingResponse:
    """Return the streaming response of an open stream.

    Args:
        chats: What the LLM makes of the stream.
        stream: The stream itself, which may be closed while the tokens are read; they close it when they end.
        on_end: Called with the whole answer when it has come, before the tokens end.
    """
    response = TwelveLabsStreamingResponse(_no_tokens(), [], response_facts(stream.response))
    response.response_gen = _tokens(chats, _Ending(response, stream, on_end))
    response._stream = stream  # noqa: SLF001 - made here
    next(response.response_gen)
    return response


async def astreamed(
    chats: ChatResponseAsyncGen, stream: AsyncStream, on_end: Callable[[TwelveLabsResponse], object]
) -> TwelveLabsAsyncStreamingResponse:
    """Return what `streamed` returns."""
    response = TwelveLabsAsyncStreamingResponse(_ano_tokens(), [], response_facts(stream.response))
    response.response_gen = _atokens(chats, _Ending(response, stream, on_end))
    response._stream = stream  # noqa: SLF001 - made here
    await anext(response.response_gen)
    return response


class _Ending:
    """What a streaming response is told as its tokens come, and when the context in which they come is left.

    The response is held weakly: it holds the tokens, and a cycle would keep the connection of a response that nobody
    reads open until the garbage collector comes. Its list of nodes is filled all the same, as others may hold it.
    """

    def __init__(
        self,
        response: AnyStreamingResponse,
        stream: Stream | AsyncStream,
        on_end: Callable[[TwelveLabsResponse], object],
    ) -> None:
        self._response = ref(response)
        self._nodes = response.source_nodes
        self._stream = stream
        self._on_end = on_end
        self._text = ""

    def token(self, chat: ChatResponse) -> str:
        """Return what is new."""
        self._text = chat.message.content or ""
        return chat.delta or ""

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            self._complete()
        else:
            self._cut_short(error)

    def _complete(self) -> None:
        response = self._stream.response
        answer = TwelveLabsResponse(response.text, source_nodes(response), response_facts(response))
        self._nodes.extend(answer.source_nodes)
        self._tell(answer.response or "", answer.metadata or {}, None)
        self._on_end(answer)

    def _cut_short(self, error: BaseException) -> None:
        if isinstance(error, Exception):
            self._tell(self._text, {"status": FAILED}, error)
            return
        # It was closed, or its task cancelled: whoever reads it later must not be cancelled as well.
        closed = StreamInterruptedError(
            "the stream was closed before its end",
            text=self._text,
            response_id=self._stream.response.id,
            session_id=self._stream.session_id,
            ambiguous=True,
        )
        self._tell(self._text, {"status": CANCELLED}, closed)

    def _tell(self, text: str, facts: dict[str, object], error: Exception | None) -> None:
        response = self._response()
        if response is not None:
            # Through the response: others may have given it another dict.
            response.metadata = {**(response.metadata or {}), **facts}
            response.response_txt = text
            response._error = error  # noqa: SLF001 - the response is ours


# Both are started where they are made, with a token that nobody sees: what has not been started would not close what
# it holds when it is closed; and LlamaIndex tells of the end of a call only if something has been read of it.


def _tokens(chats: ChatResponseGen, ending: _Ending) -> Generator[str, None, None]:
    with closing(chats), ending:
        ending.token(next(chats))
        yield ""
        for chat in chats:
            if token := ending.token(chat):
                yield token


async def _atokens(chats: ChatResponseAsyncGen, ending: _Ending) -> AsyncGenerator[str, None]:
    async with aclosing_once(chats):
        with ending:
            ending.token(await anext(chats))
            yield ""
            async for chat in chats:
                if token := ending.token(chat):
                    yield token


def _no_tokens() -> Generator[str, None, None]:
    yield from ()


async def _ano_tokens() -> AsyncGenerator[str, None]:
    return
    yield ""
