"""A stream of the LLM that is closed closes its connection, whoever listens.

LlamaIndex wraps the generators of an LLM to tell its callbacks of them, and does not close what it wraps: it leaves
that to the garbage collector. A handler that keeps the events keeps the exception that ended the stream, that one its
frames, and those the connection.
"""

from __future__ import annotations

from contextlib import aclosing, closing
from functools import wraps
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine, Generator

    from typing_extensions import Self

    from twelvelabs_responses import AsyncStream, Stream

    class Observed(Protocol):
        """Whatever tells of the streams that it opens."""

        def observed(self, on_open: Callable[[Any], object]) -> Self:
            """Return the same, with one more that hears of each stream."""
            raise NotImplementedError


ItemT = TypeVar("ItemT")


class aclosing_once(Generic[ItemT]):  # noqa: N801 - as `aclosing`
    """Closes a generator at the end, unless that is under way: an event loop that ends closes all at the same time.

    No generator itself, or the loop would close it as well.
    """

    def __init__(self, items: AsyncGenerator[ItemT, None]) -> None:
        self._items = items

    async def __aenter__(self) -> AsyncGenerator[ItemT, None]:
        return self._items

    async def __aexit__(self, *failure: object) -> None:
        if not getattr(self._items, "ag_running", False):
            await self._items.aclose()


def closes_its_stream(
    method: Callable[..., Generator[ItemT, None, None]],
) -> Callable[..., Generator[ItemT, None, None]]:
    """Return the method of an LLM, its generator one that closes the connection too."""

    @wraps(method)
    def closes(llm: Observed, *args: Any, **kwargs: Any) -> Generator[ItemT, None, None]:
        opened: list[Stream] = []
        items = method(llm.observed(opened.append), *args, **kwargs)
        closed = _closed(items, opened[0])
        next(closed)
        return closed

    return closes


def acloses_its_stream(
    method: Callable[..., Coroutine[Any, Any, AsyncGenerator[ItemT, None]]],
) -> Callable[..., Coroutine[Any, Any, AsyncGenerator[ItemT, None]]]:
    """Return the method of an LLM, its generator one that closes the connection too."""

    @wraps(method)
    async def closes(llm: Observed, *args: Any, **kwargs: Any) -> AsyncGenerator[ItemT, None]:
        opened: list[AsyncStream] = []
        items = await method(llm.observed(opened.append), *args, **kwargs)
        closed = _aclosed(items, opened[0])
        await anext(closed)
        return closed

    return closes


# Both begin with nothing, which is read before they are given away: a generator that has not begun closes nothing.


def _closed(items: Generator[ItemT, None, None], stream: Stream) -> Generator[Any, None, None]:
    with closing(stream), closing(items):
        yield
        yield from items


async def _aclosed(items: AsyncGenerator[ItemT, None], stream: AsyncStream) -> AsyncGenerator[Any, None]:
    async with aclosing(stream), aclosing(items):
        yield
        async for item in items:
            yield item
