"""Each reader gives the whole text of a response of LlamaIndex's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from llama_index.core.base.response.schema import AsyncStreamingResponse

from llama_index_twelvelabs import TwelveLabsAsyncStreamingResponse, TwelveLabsStreamingResponse
from llama_index_twelvelabs.testing import ASYNC_READERS, READERS

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator


def tokens() -> Generator[str, None, None]:
    yield from ("One ", "goal.\n")


async def atokens() -> AsyncGenerator[str, None]:
    for token in tokens():
        yield token


@pytest.mark.parametrize("reader", READERS)
def test_a_reader_gives_the_text(reader: str) -> None:
    assert READERS[reader](TwelveLabsStreamingResponse(tokens())) == "One goal.\n"


@pytest.mark.parametrize("reader", ASYNC_READERS)
async def test_an_async_reader_gives_the_text(reader: str) -> None:
    assert await ASYNC_READERS[reader](TwelveLabsAsyncStreamingResponse(atokens())) == "One goal.\n"


async def test_a_response_of_llama_index_itself_is_read_as_well() -> None:
    assert await ASYNC_READERS["print"](AsyncStreamingResponse(atokens())) == "One goal.\n"
