"""The nine ways to read a streamed response of LlamaIndex, each as a function that gives the text."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping


def _printed(response: Any) -> str:
    with redirect_stdout(io.StringIO()) as out:
        response.print_response_stream()
    return out.getvalue()


async def _iterated(response: Any) -> str:
    return "".join([token async for token in response.response_gen])


async def _generated(response: Any) -> str:
    return "".join([token async for token in response.async_response_gen()])


async def _gotten(response: Any) -> str:
    return str((await response.get_response()).response)


async def _awaited_print(response: Any) -> str:
    with redirect_stdout(io.StringIO()) as out:
        await response.print_response_stream()
    # LlamaIndex's async twin ends its output with a line end, the blocking one does not.
    return out.getvalue().removesuffix("\n")


READERS: Mapping[str, Callable[[Any], str]] = MappingProxyType(
    {
        "iterate": lambda response: "".join(response.response_gen),
        "str": str,
        "get_response": lambda response: response.get_response().response,
        "print": _printed,
        "property": lambda response: response.response,
    }
)
"""What reads a `StreamingResponse` to its end."""

ASYNC_READERS: Mapping[str, Callable[[Any], Coroutine[Any, Any, str]]] = MappingProxyType(
    {"iterate": _iterated, "async_response_gen": _generated, "get_response": _gotten, "print": _awaited_print}
)
"""What reads an `AsyncStreamingResponse` to its end."""
