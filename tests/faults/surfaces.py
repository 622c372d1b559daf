"""Every way to ask: the core, LangChain and LlamaIndex, blocking and async, as far as they are installed."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.conversation import Clients, Conversation

# Each module, and what it needs.
_ROOMS = {"core": "httpx", "chat_model": "langchain_core", "engines": "llama_index"}


@dataclass(frozen=True)
class Surface:
    """One way to ask.

    Attributes:
        made: What the conversation is held with.
        way: What is called.
    """

    made: type[Conversation]
    way: str

    @property
    def name(self) -> str:
        """Whose it is, and what is called."""
        return f"{self.made.__name__} {self.way}"

    @property
    def streams(self) -> bool:
        """Whether the answer comes as a stream."""
        return "stream" in self.way

    def conversation(self, clients: Clients) -> Conversation:
        """Return a new conversation."""
        return self.made(clients, self.way)


def _surfaces() -> Iterator[Surface]:
    for room, needed in _ROOMS.items():
        if find_spec(needed) is None:
            continue
        ways: dict[type[Conversation], tuple[str, ...]] = import_module(f"tests.faults.{room}").WAYS
        for made, called in ways.items():
            for way in called:
                yield Surface(made, way)


SURFACES = tuple(_surfaces())
