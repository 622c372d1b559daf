"""The four ways to ask a chat model, as one call: blocking and async, whole and as the sum of a stream."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from langchain_twelvelabs.testing import total

if TYPE_CHECKING:
    from collections.abc import Sequence

    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage, BaseMessage

WAYS = pytest.mark.parametrize("way", ["invoke", "ainvoke", "stream", "astream"])


def ask(model: BaseChatModel, messages: str | Sequence[BaseMessage], way: str, **options: Any) -> AIMessage:
    """Return the answer on this way."""
    asked = messages if isinstance(messages, str) else list(messages)

    async def awaited() -> AIMessage:
        if way == "ainvoke":
            return await model.ainvoke(asked, **options)
        return total([chunk async for chunk in model.astream(asked, **options)])

    if way == "invoke":
        return model.invoke(asked, **options)
    if way == "stream":
        return total(list(model.stream(asked, **options)))
    return asyncio.run(awaited())
