"""The emulator, from the outside."""

from __future__ import annotations

from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from twelvelabs_responses.emulator._app import PATH, app_of
from twelvelabs_responses.emulator._connections import Connections
from twelvelabs_responses.emulator._era import era_named
from twelvelabs_responses.emulator._exchanges import Exchanges
from twelvelabs_responses.emulator._fault import Chooser
from twelvelabs_responses.emulator._faults import FAULTS_BY_NAME
from twelvelabs_responses.emulator._library import Library
from twelvelabs_responses.emulator._scripted import ScriptedAnswer, ScriptedAnswers
from twelvelabs_responses.emulator._server import bound_socket, loopback, serving
from twelvelabs_responses.emulator._service import Service
from twelvelabs_responses.emulator._sessions import Sessions
from twelvelabs_responses.emulator._wire import Tempo

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from typing_extensions import Self

    from twelvelabs_responses.emulator._exchanges import Exchange


_HIGHEST_PORT = 65_535


@dataclass(frozen=True, slots=True)
class _Running:
    service: Service
    connections: Connections
    base_url: str


class Emulator:
    """A local `POST /v1.3/responses` over a small library of described videos.

    It serves from `with Emulator() as emulator:` on, until the `with` is left. Its answers are quoted from the
    library; no model writes them.

    Args:
        era: The dialect of the API, one of `ERAS`.
        library: A library file in place of the one that is part of the package.
        database: A file for the sessions, so that they survive a restart; without it they are kept in memory.
        fault: The name of a fault that requests get unless their `x-emulator-fault` header names one. `NAME:once`
            is for the first request only, `NAME:3` for three.
        api_key: The one key that is let in; without it any key that is not empty is.
        pace: Seconds before each delta of a stream.
        think: Seconds before the first word of an answer.
        host: A loopback address.
        port: The port; 0 takes a free one.

    Raises:
        ValueError: There is no such era or fault, the host is not a loopback address, or the key, the port or a number
            of seconds cannot be one.
    """

    def __init__(  # noqa: PLR0913  # each is an option of its own, and all have defaults
        self,
        *,
        era: str = "latest",
        library: Path | str | None = None,
        database: Path | str | None = None,
        fault: str | None = None,
        api_key: str | None = None,
        pace: float = 0.0,
        think: float = 0.0,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self._era = era_named(era)
        self._library = None if library is None else Path(library)
        self._database = None if database is None else Path(database)
        self._chooser = Chooser(FAULTS_BY_NAME, fault)
        self._api_key = _checked_key(api_key)
        self._tempo = Tempo(think, pace)
        self._address = (loopback(host), _checked_port(port))
        self._exchanges = Exchanges()
        self._scripted = ScriptedAnswers()
        self._stack = ExitStack()
        self._running: _Running | None = None

    def __enter__(self) -> Self:
        if self._running is not None:
            raise RuntimeError("this emulator is running already")
        with ExitStack() as stack:
            self._running = self._start(stack)
            # Whatever failed on the way here is closed; from here on __exit__ closes it.
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._running = None
        self._stack.close()

    def _start(self, stack: ExitStack) -> _Running:
        library = stack.enter_context(closing(Library.load(self._library)))
        sessions = stack.enter_context(closing(Sessions(self._database)))
        service = Service(
            self._era,
            library,
            sessions,
            self._exchanges,
            self._chooser,
            self._scripted,
            self._api_key,
            self._tempo,
        )
        connections = Connections(self._exchanges.notify)
        listener = stack.enter_context(bound_socket(*self._address))
        stack.enter_context(serving(app_of(service, connections), connections, listener))
        host, port = listener.getsockname()[:2]
        return _Running(service, connections, f"http://{f'[{host}]' if ':' in host else host}:{port}{PATH}")

    @property
    def _now(self) -> _Running:
        if self._running is None:
            raise RuntimeError("the emulator is not running; use it in a `with` statement")
        return self._running

    @property
    def base_url(self) -> str:
        """What clients take as their base URL, such as `http://127.0.0.1:49152/v1.3`."""
        return self._now.base_url

    @property
    def library(self) -> Library:
        """The library it answers from."""
        return self._now.service.library

    @property
    def knowledge_store_id(self) -> str:
        """The id of the one knowledge store there is."""
        return self.library.knowledge_store_id

    @property
    def fault(self) -> str | None:
        """The fault of requests that name none themselves; None if nothing goes wrong. Setting it counts anew."""
        return self._chooser.default

    @fault.setter
    def fault(self, name: str | None) -> None:
        self._chooser.default = name

    def script(self, *answers: ScriptedAnswer | str) -> None:
        """Give the next requests these answers, in order; after them the library answers again.

        A request that breaks the contract is refused as ever, and leaves the answer to the next one. So is one that a
        `fault` refuses; any other fault breaks the answer, unless that has a fault of its own: then only that holds,
        and the other is left to the next request.

        Raises:
            TypeError: An answer is neither a string nor a `ScriptedAnswer`; of a typed one the values are its `json`.
            ValueError: There is no such fault.
        """
        written = [ScriptedAnswer(answer) if isinstance(answer, str) else answer for answer in answers]
        for answer in written:
            if not isinstance(answer, ScriptedAnswer):
                allowed = "a string, or a ScriptedAnswer, with json=... for a typed answer"
                raise TypeError(f"a scripted answer: got a {type(answer).__name__}; allowed: {allowed}")
            if answer.fault is not None and answer.fault not in FAULTS_BY_NAME:
                raise ValueError(f"{answer.fault!r} is not a fault; choose one of {', '.join(FAULTS_BY_NAME)}")
        for answer in written:
            self._scripted.add(answer)

    @property
    def scripted(self) -> list[ScriptedAnswer]:
        """The answers of `script` that no request has got yet."""
        return self._scripted.left

    @property
    def exchanges(self) -> list[Exchange]:
        """All requests and their answers so far, in order of arrival."""
        return self._exchanges.all()

    @property
    def open_connections(self) -> int:
        """How many connections clients have open."""
        return len(self._now.connections)

    def wait_until(self, predicate: Callable[[Self], bool], timeout: float = 1.0) -> bool:
        """Return whether `predicate(emulator)` came true within `timeout` seconds."""
        return self._exchanges.wait_for(lambda: predicate(self), timeout)


def _checked_key(api_key: object) -> str | None:
    if api_key is None or (isinstance(api_key, str) and api_key.strip()):
        return api_key
    got = "an empty one" if isinstance(api_key, str) else f"a {type(api_key).__name__}"
    raise ValueError(f"api_key: got {got}; allowed: a string that is not empty, or None to let in any key")


def _checked_port(port: object) -> int:
    if isinstance(port, int) and 0 <= port <= _HIGHEST_PORT:
        return port
    raise ValueError(f"port: got {port!r}; allowed: 0 to {_HIGHEST_PORT:,}")
