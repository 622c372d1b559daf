"""A conversation that goes on, whatever it is held with."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from twelvelabs_responses import AsyncClient, Client

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

    from tests.faults.table import Failed
    from twelvelabs_responses import ResponsesError
    from twelvelabs_responses.emulator import Emulator


@dataclass(frozen=True)
class Clients:
    """Both twins at one emulator, with one memory of sessions, and a loop for the async one."""

    blocking: Client
    awaited: AsyncClient
    loop: asyncio.AbstractEventLoop
    knowledge_store_id: str

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Return what is awaited."""
        return self.loop.run_until_complete(coroutine)


@contextmanager
def clients_at(emulator: Emulator, patience: float, base_url: str | None = None) -> Iterator[Clients]:
    """Give clients that put up with so many seconds of silence; they are closed at the end, with no task left.

    Args:
        emulator: What they ask.
        patience: The seconds.
        base_url: An address at which the emulator is not.
    """
    loop = asyncio.new_event_loop()
    try:
        with Client(
            api_key="key-of-the-tests", base_url=base_url or emulator.base_url, timeout=patience, stall_timeout=patience
        ) as blocking:
            clients = Clients(blocking, blocking.twin(), loop, emulator.knowledge_store_id)
            yield clients
            clients.run(clients.awaited.aclose())
        # httpx leaves its own generators to the loop, which closes them in its next steps.
        for _ in range(5):
            clients.run(asyncio.sleep(0))
        assert not asyncio.all_tasks(loop)
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


@dataclass(frozen=True)
class Got:
    """What a user gets to know of an answer."""

    text: str
    session_id: str | None
    response_id: str | None
    status: str | None


class Conversation(ABC):
    """Asks one question after another on one way.

    Attributes:
        keeper: Who keeps the history: the application, a memory of the framework's, or nobody.
        seen: The text of the last answer, piece by piece as it came, if the way is a stream.
    """

    keeper: ClassVar[Literal["application", "memory", "nobody"]] = "application"

    def __init__(self, clients: Clients, way: str) -> None:
        self.clients = clients
        self.way = way
        self.seen: list[str] = []

    @abstractmethod
    def ask(self, question: str) -> Got:
        """Return the answer, read to its end."""

    def check_kind(self, error: ResponsesError, right: Failed) -> None:
        """Check what the framework asks of an error, besides that it is one of ours."""
        assert type(error) is right.kind
