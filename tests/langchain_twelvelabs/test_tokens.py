from __future__ import annotations

from unittest.mock import AsyncMock, Mock

from langchain_core.messages import AIMessageChunk

from langchain_twelvelabs._tokens import atold, told

CHUNK = AIMessageChunk(content="Two")


def test_the_callbacks_are_told_of_a_chunk() -> None:
    listener = Mock()
    chunk = told(CHUNK, listener)
    assert chunk.message is CHUNK
    listener.on_llm_new_token.assert_called_once_with("Two", chunk=chunk)


async def test_async_callbacks_are_told_of_a_chunk() -> None:
    listener = AsyncMock()
    chunk = await atold(CHUNK, listener)
    assert chunk.message is CHUNK
    listener.on_llm_new_token.assert_awaited_once_with("Two", chunk=chunk)


async def test_a_chunk_passes_where_nobody_listens() -> None:
    assert told(CHUNK, None).message is (await atold(CHUNK, None)).message is CHUNK
