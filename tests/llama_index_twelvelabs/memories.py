"""Memories as people write them."""

from __future__ import annotations

from typing import Any

import pydantic
from llama_index.core.base.llms.types import ChatMessage  # noqa: TC002 - pydantic reads the annotation
from llama_index.core.memory import BaseMemory


class ListMemory(BaseMemory):
    """A memory of somebody's own: a list, and which of its methods were called."""

    held: list[ChatMessage] = pydantic.Field(default_factory=list)
    called: list[str] = pydantic.Field(default_factory=list)

    @classmethod
    def from_defaults(cls, **kwargs: Any) -> ListMemory:
        return cls(**kwargs)

    def get(self, input: str | None = None, **kwargs: Any) -> list[ChatMessage]:  # noqa: A002, ARG002 - its signature
        self.called.append("get")
        return self.held

    def get_all(self) -> list[ChatMessage]:
        self.called.append("get_all")
        return self.held

    def put(self, message: ChatMessage) -> None:
        self.called.append("put")
        self.held.append(message)

    def set(self, messages: list[ChatMessage]) -> None:
        self.called.append("set")
        self.held = messages

    def reset(self) -> None:
        self.called.append("reset")
        self.held = []


class AwaitedMemory(ListMemory):
    """A memory over a network: its blocking methods would hold the event loop up."""

    async def aget(self, input: str | None = None, **kwargs: Any) -> list[ChatMessage]:  # noqa: A002, ARG002 - its signature
        return self.held

    async def aget_all(self) -> list[ChatMessage]:
        return self.held

    async def aput(self, message: ChatMessage) -> None:
        self.held.append(message)

    async def aset(self, messages: list[ChatMessage]) -> None:
        self.held = messages

    async def areset(self) -> None:
        self.held = []
