"""What both clients know, and neither waits for: their arguments, their turns, how they are copied and pickled."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from twelvelabs_responses._conversation import next_turn
from twelvelabs_responses._errors import InvalidArgumentError
from twelvelabs_responses._session import Sessions
from twelvelabs_responses._settings import Settings
from twelvelabs_responses._turn import Turn

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from typing_extensions import Self

    from twelvelabs_responses._conversation import HistoryMessage, NextTurn
    from twelvelabs_responses._request import InputItem, Limits, RequestOptions, Selection
    from twelvelabs_responses._retry import Retry
    from twelvelabs_responses._session import OnStaleSession

HttpT = TypeVar("HttpT")


class Twin(ABC, Generic[HttpT]):
    """What a client is told. Making one does no I/O; connections are made at the first request and kept.

    Args:
        api_key: Else `TWELVELABS_API_KEY`, else `TWELVE_LABS_API_KEY` from the environment. Never shown, never pickled:
            an unpickled client reads the environment again.
        base_url: Else `TWELVELABS_BASE_URL`, else the public service.
        timeout: Seconds of silence to put up with. An answer takes 30 s to 3 min, and older services say nothing
            meanwhile. Connecting may take 10 s at most.
        stall_timeout: Seconds that a stream may go on with nothing but keepalives. Noticed with the next keepalive.
        retry: When to send a request again; by default twice, and only what the service cannot have acted on.
        limits: What a request may hold, if you know that the service allows more.
        http: Your own httpx client, for a proxy or a TLS context. It stays yours: it is not closed here.
        sessions: The memory of sessions to share with another client; by default its own.

    Raises:
        InvalidArgumentError: No API key, or an argument that cannot be.
    """

    _http_type: type[HttpT]

    def __init__(  # noqa: PLR0913 - the settings of a client, each by its name
        self,
        *,
        api_key: str | None = None,
        base_url: str | None = None,
        timeout: float = 300.0,
        stall_timeout: float = 600.0,
        retry: Retry | None = None,
        limits: Limits | None = None,
        http: HttpT | None = None,
        sessions: Sessions | None = None,
    ) -> None:
        self._settings = Settings.checked(
            api_key=api_key,
            base_url=base_url,
            timeout=timeout,
            stall_timeout=stall_timeout,
            retry=retry,
            limits=limits,
        )
        if http is not None and not isinstance(http, self._http_type):
            raise InvalidArgumentError("http", f"a {type(http).__name__}", f"an httpx.{self._http_type.__name__}")
        if sessions is not None and not isinstance(sessions, Sessions):
            raise InvalidArgumentError("sessions", f"a {type(sessions).__name__}", "a Sessions")
        self._given_http: HttpT | None = http
        self._closed = False
        self._prepare()
        self.sessions = sessions if sessions is not None else Sessions()
        """Which turns are under way and which answers are the newest; see `Sessions`."""

    @property
    def limits(self) -> Limits:
        """What a request may hold."""
        return self._settings.limits

    def next_turn(  # noqa: PLR0913 - a history, and what the caller knows of the turn
        self,
        history: Sequence[HistoryMessage],
        *,
        knowledge_store_id: str,
        session_id: str | None = None,
        on_stale_session: OnStaleSession = "fork",
        selections: Sequence[Selection] | None = None,
        instructions: str | None = None,
    ) -> AbstractContextManager[NextTurn]:
        """Give the next turn of a conversation that a framework keeps; see `NextTurn` for what to send.

        Only what the session does not know is sent. The session is held for this turn until the context is left.

        Args:
            history: The messages, oldest first, the new user messages at the end.
            knowledge_store_id: The store of the next turn.
            session_id: The session to go on with, whatever the history says.
            on_stale_session: What to do about a history whose session has moved on: begin a new one with a
                transcript, go on, or say so.
            selections: The selections that the text may name already.
            instructions: Guidance that comes before the system messages.

        Raises:
            InvalidArgumentError: There is nothing new to ask, or a message holds what the service cannot take.
            SessionError: The history is stale, and the policy is to say so.
        """
        return next_turn(
            history,
            knowledge_store_id=knowledge_store_id,
            session_id=session_id,
            on_stale_session=on_stale_session,
            selections=selections,
            instructions=instructions,
            sessions=self.sessions,
            limit=self.limits.content,
        )

    def __repr__(self) -> str:
        # A debugger may ask for one whose constructor has failed.
        settings = getattr(self, "_settings", None)
        if settings is None:
            return f"{type(self).__name__}()"
        return f"{type(self).__name__}(base_url={settings.base_url!r}, timeout={settings.timeout:g})"

    def __getstate__(self) -> dict[str, Any]:
        if self._given_http is not None:
            raise InvalidArgumentError(f"A {type(self).__name__} made with http=... cannot be pickled")
        return {name: value for name, value in self._arguments().items() if name not in ("api_key", "sessions")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        Twin.__init__(self, **state)

    def __copy__(self) -> Self:
        return type(self)(**self._arguments(), http=self._given_http)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self.__copy__()

    @abstractmethod
    def _prepare(self) -> None:
        """Make what the twin keeps its connections in."""

    def _check_twin(self) -> None:
        if self._given_http is not None:
            raise InvalidArgumentError(
                "http", "a client made with it", "its twin made by hand, with sessions=... of this one to share them"
            )

    def _arguments(self) -> dict[str, Any]:
        settings = self._settings
        return {
            "api_key": settings.api_key,
            "base_url": settings.base_url,
            "timeout": settings.timeout,
            "stall_timeout": settings.stall_timeout,
            "retry": settings.retry,
            "limits": settings.limits,
            "sessions": self.sessions,
        }

    def _turn(self, user_input: str | Sequence[InputItem], options: RequestOptions, *, stream: bool) -> Turn:
        self._check_open()
        return Turn(self._settings, self.sessions, user_input, options, stream=stream)

    def _check_open(self) -> None:
        if self._closed:
            raise RuntimeError("This client is closed; make another one")
