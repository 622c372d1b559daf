"""What the next turn must carry, and which turn is a session's newest.

The service keeps a conversation under a session that is linear: it cannot be listed, rewound or forked. A framework's
history can: it is edited, branched, replayed. So the framework keeps a `Session` on each answer, and `Sessions`
remembers which answers have been superseded. It holds ids only, no conversation, and only what this process has seen
or a history has shown it: what it does not know is taken to be the newest.
"""

from __future__ import annotations

from collections import OrderedDict

# Pydantic before 2.13 looks up what a dataclass names, wherever a model has a field of it.
from contextlib import AbstractContextManager  # noqa: TC003
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal, get_args

from twelvelabs_responses._errors import InvalidArgumentError, SessionError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from typing_extensions import Self

OnStaleSession = Literal["fork", "continue", "error"]
_POLICIES: tuple[str, ...] = get_args(OnStaleSession)
_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Session:
    """Where a conversation stands: what a framework's memory keeps on the service's answer.

    Attributes:
        session_id: `sess_...`.
        response_id: The answer's own id, `resp_...`; it tells an old answer of the session from its newest. Empty if it
            has none: then it is taken for the newest.
        knowledge_store_id: The store the session is bound to; the service refuses another.
    """

    session_id: str
    response_id: str
    knowledge_store_id: str


class Claim:
    """A session that is held for one turn, from the decision to go on with it until the turn is sent.

    Enter it, and pass it on as the `session_id` of that turn; leaving it lets go of a session for which none was sent.

    Attributes:
        session_id: The session to go on with; None to begin a new one, which knows nothing yet.
    """

    def __init__(self, sessions: Sessions, session_id: str | None) -> None:
        self._sessions = sessions
        self.session_id = session_id

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._sessions.refused(self.session_id, self)


@dataclass(slots=True)
class Sessions:
    """Which turns are under way, which answer is a session's newest, which sessions are in doubt.

    Attributes:
        lock: Held for each step, so that threads may share one object.
        remembered: How many sessions, and how many superseded answers, are kept; the oldest are forgotten first.
    """

    lock: AbstractContextManager[Any] = field(default_factory=Lock, repr=False)
    remembered: int = _REMEMBERED
    _under_way: dict[str, object] = field(default_factory=dict, repr=False)
    _newest: OrderedDict[str, tuple[str, ...]] = field(default_factory=OrderedDict, repr=False)
    _superseded: OrderedDict[str, None] = field(default_factory=OrderedDict, repr=False)
    _in_doubt: OrderedDict[str, None] = field(default_factory=OrderedDict, repr=False)

    def claim(self, session: Session | None, on_stale_session: OnStaleSession = "fork") -> Claim:
        """Return a hold on the session to go on with after the answer `session`, or on none, to begin a new one.

        Stale is an answer that another has followed already, a session with a turn under way, or one whose last turn
        failed or was left, so that nobody knows whether the service took it. The new session knows nothing yet: give
        it the conversation so far. To decide and to take are one step, so that of two turns that follow one answer at
        the same moment only one goes on.

        Args:
            session: Where the conversation stands; None if it has not begun.
            on_stale_session: What to do about a stale answer: `fork` begins a new session, `continue` goes on all the
                same, `error` raises.

        Raises:
            SessionError: The session is stale and the policy is `error`; or it is `continue`, and a turn is under way.
        """
        if on_stale_session not in _POLICIES:
            raise InvalidArgumentError("on_stale_session", repr(on_stale_session), ", ".join(_POLICIES))
        if session is None:
            return Claim(self, None)
        with self.lock:
            trouble = self._trouble(session)
            if trouble is None:
                self._adopt(session)
            if trouble is None or (on_stale_session == "continue" and session.session_id not in self._under_way):
                claim = Claim(self, session.session_id)
                self._under_way[session.session_id] = claim
                return claim
        if on_stale_session == "fork":
            return Claim(self, None)
        raise SessionError(f"session {session.session_id} {trouble}", session_id=session.session_id)

    def followed(self, answers: Iterable[Session]) -> None:
        """Note answers that others of their sessions have followed, as a history shows that this process has not made.

        So a branch off an earlier answer is known to be stale also after a restart.
        """
        with self.lock:
            for answer in answers:
                if answer.response_id:
                    self._remember(self._superseded, answer.response_id, None)

    def begin(self, session_id: str | None, turn: object = None, claim: Claim | None = None) -> None:
        """Note that a turn of this session is being sent; None is a session that the service has yet to make.

        Args:
            session_id: The session.
            turn: Who sends it. Only the same can end what it has begun.
            claim: The hold on the session that was taken for this turn.

        Raises:
            SessionError: Another turn of it is under way. The service documents nothing for two at once.
        """
        if session_id is None:
            return
        with self.lock:
            if session_id in self._under_way and (claim is None or self._under_way[session_id] is not claim):
                raise SessionError(
                    f"a turn of session {session_id} is under way; wait for it, or begin a new session",
                    session_id=session_id,
                )
            self._under_way[session_id] = turn

    def named(self, session_id: str, turn: object = None) -> None:
        """Note that the service has named the session of a turn under way."""
        with self.lock:
            self._under_way.setdefault(session_id, turn)

    def answered(self, session_id: str | None, response_id: str | None, turn: object = None) -> None:
        """Note the answer that the session's turn came to: it is the newest now."""
        if session_id is None:
            return
        with self.lock:
            self._end(session_id, turn)
            self._in_doubt.pop(session_id, None)
            for previous in self._newest.get(session_id, ()):
                if previous != response_id:
                    self._remember(self._superseded, previous, None)
            # An answer without an id supersedes those before it all the same.
            self._remember(self._newest, session_id, (response_id,) if response_id else ())

    def refused(self, session_id: str | None, turn: object = None) -> None:
        """Note that the service did not take the turn: the session stands where it stood."""
        if session_id is not None:
            with self.lock:
                self._end(session_id, turn)

    def left(self, session_id: str | None, turn: object = None) -> None:
        """Note that the turn failed or was left, so that nobody knows whether the service took it."""
        if session_id is not None:
            with self.lock:
                self._end(session_id, turn)
                self._remember(self._in_doubt, session_id, None)

    def _end(self, session_id: str, turn: object) -> None:
        if self._under_way.get(session_id) is turn:
            self._under_way.pop(session_id, None)

    def _trouble(self, session: Session) -> str | None:
        if session.session_id in self._under_way:
            return "has a turn under way"
        if session.session_id in self._in_doubt:
            return "had a turn that failed or was left; the service may or may not have taken it"
        if session.response_id in self._superseded:
            return f"has moved on since {session.response_id}"
        return None

    def _adopt(self, session: Session) -> None:
        # An answer that this process has not seen: another one made it, after or before those known here.
        known = self._newest.get(session.session_id, ())
        # One without an id cannot be told from others, so nothing can be noted of it.
        if session.response_id and session.response_id not in known:
            unseen = (*known, session.response_id)[-self.remembered :]
            self._remember(self._newest, session.session_id, unseen)

    def _remember(self, ledger: OrderedDict[str, Any], key: str, value: tuple[str, ...] | None) -> None:
        ledger[key] = value
        ledger.move_to_end(key)
        if len(ledger) > self.remembered:
            ledger.popitem(last=False)
