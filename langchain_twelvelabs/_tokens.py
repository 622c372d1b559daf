"""Message chunks as LangChain passes them on: the callbacks hear of each before the caller does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from langchain_core.outputs import ChatGenerationChunk

if TYPE_CHECKING:
    from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
    from langchain_core.messages import AIMessageChunk


def told(message_chunk: AIMessageChunk, run_manager: CallbackManagerForLLMRun | None) -> ChatGenerationChunk:
    """Return the chunk, the callbacks told of it."""
    chunk = ChatGenerationChunk(message=message_chunk)
    if run_manager is not None:
        run_manager.on_llm_new_token(chunk.text, chunk=chunk)
    return chunk


async def atold(
    message_chunk: AIMessageChunk, run_manager: AsyncCallbackManagerForLLMRun | None
) -> ChatGenerationChunk:
    """Return the chunk, the callbacks told of it."""
    chunk = ChatGenerationChunk(message=message_chunk)
    if run_manager is not None:
        await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
    return chunk
