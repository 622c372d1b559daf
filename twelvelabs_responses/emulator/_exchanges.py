"""What came in and what became of it, for tests to look at."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SECRET_HEADERS = frozenset({"x-api-key", "authorization", "proxy-authorization", "cookie"})


@dataclass(slots=True, eq=False)
class Exchange:
    """A request and the answer to it, as far as it has come.

    `body` is None if the request had no JSON object. `headers` have lower-case names and hold no key.
    `connection` is the same for exchanges on the same connection. `status`, `session_id` and `response_id`
    are None until there is one. `accepted` says that the turn is in its session, `finished` that the answer
    went out whole, `disconnected` that the client left before.
    """

    body: dict[str, object] | None
    headers: dict[str, str]
    connection: int
    status: int | None = None
    session_id: str | None = None
    response_id: str | None = None
    events_sent: int = 0
    accepted: bool = False
    finished: bool = False
    disconnected: bool = False


def kept_headers(headers: dict[str, str]) -> dict[str, str]:
    """Return the headers without those that hold a secret."""
    return {name: value for name, value in headers.items() if name not in _SECRET_HEADERS}


@dataclass(frozen=True, slots=True)
class Exchanges:
    """All exchanges in order of arrival; whoever waits for a change is woken by it."""

    _all: list[Exchange] = field(default_factory=list)
    _condition: threading.Condition = field(default_factory=threading.Condition)

    def add(self, exchange: Exchange) -> None:
        """Add one that has just arrived."""
        with self.changing():
            self._all.append(exchange)

    def all(self) -> list[Exchange]:
        """Return those there are by now."""
        with self._condition:
            return list(self._all)

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Hold others off while something changes, then wake them."""
        with self._condition:
            yield
            self._condition.notify_all()

    def notify(self) -> None:
        """Wake those who wait, for something else that they may look at has changed."""
        with self.changing():
            pass

    def wait_for(self, predicate: Callable[[], bool], timeout: float) -> bool:
        """Return whether `predicate` came true within `timeout` seconds."""
        with self._condition:
            return self._condition.wait_for(predicate, timeout)
