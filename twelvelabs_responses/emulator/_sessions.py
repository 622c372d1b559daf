"""The sessions of the emulator, kept in SQLite."""

from __future__ import annotations

import json
import sqlite3
import threading
import uuid
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twelvelabs_responses.emulator._answer import Turn

if TYPE_CHECKING:
    from pathlib import Path

_TABLES = """
CREATE TABLE IF NOT EXISTS session (
    session_id TEXT PRIMARY KEY,
    knowledge_store_id TEXT NOT NULL,
    selections TEXT NOT NULL DEFAULT '[]'
);
CREATE TABLE IF NOT EXISTS turn (
    number INTEGER PRIMARY KEY,
    session_id TEXT NOT NULL REFERENCES session,
    response_id TEXT NOT NULL,
    question TEXT NOT NULL,
    answer TEXT NOT NULL,
    item_ids TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS turn_by_session ON turn (session_id, number);
"""


@dataclass(frozen=True, slots=True)
class Session:
    """What a session remembers: the store it belongs to, all selections so far, and its turns in order."""

    session_id: str
    knowledge_store_id: str
    selections: tuple[str, ...]
    turns: tuple[Turn, ...] = ()

    @classmethod
    def new(cls, knowledge_store_id: str) -> Session:
        """Return a session over that store in which nothing has been said."""
        return cls(f"sess_{uuid.uuid4()}", knowledge_store_id, ())


class Sessions:
    """Sessions in a database file, which survives a restart, or in memory; any thread may call."""

    def __init__(self, database: Path | None = None) -> None:
        self._lock = threading.Lock()
        self._under_way: set[str] = set()
        self._database = _opened(":memory:" if database is None else database)

    def find(self, session_id: str) -> Session | None:
        """Return the session, or None if there is none of that id."""
        with self._lock:
            row = self._database.execute(
                "SELECT knowledge_store_id, selections FROM session WHERE session_id = ?", (session_id,)
            ).fetchone()
            if row is None:
                return None
            turns = self._database.execute(
                "SELECT question, answer, item_ids FROM turn WHERE session_id = ? ORDER BY number", (session_id,)
            ).fetchall()
        held = tuple(Turn(question, answer, tuple(json.loads(item_ids))) for question, answer, item_ids in turns)
        return Session(session_id, row[0], tuple(json.loads(row[1])), held)

    def begin(self, session: Session) -> bool:
        """Return whether a turn may start now; `end` must follow if it may. A new session exists from now on."""
        with self._lock, self._database:
            if session.session_id in self._under_way:
                return False
            self._under_way.add(session.session_id)
            self._database.execute(
                "INSERT OR IGNORE INTO session (session_id, knowledge_store_id) VALUES (?, ?)",
                (session.session_id, session.knowledge_store_id),
            )
            return True

    def end(self, session: Session) -> None:
        """Let the session take its next turn."""
        with self._lock:
            self._under_way.discard(session.session_id)

    def record(self, session: Session, response_id: str, turn: Turn) -> None:
        """Keep a turn, and the selections the session has by now."""
        with self._lock, self._database:
            self._database.execute(
                "UPDATE session SET selections = ? WHERE session_id = ?",
                (json.dumps(session.selections), session.session_id),
            )
            self._database.execute(
                "INSERT INTO turn (session_id, response_id, question, answer, item_ids) VALUES (?, ?, ?, ?, ?)",
                (session.session_id, response_id, turn.question, turn.answer, json.dumps(turn.item_ids)),
            )

    def close(self) -> None:
        """Close the database; what is in memory is gone."""
        with self._lock:
            self._database.close()


def _opened(place: Path | str) -> sqlite3.Connection:
    with ExitStack() as on_error:
        try:
            # The server runs in a thread of its own, and whoever started it closes this.
            database = sqlite3.connect(place, check_same_thread=False)
            on_error.callback(database.close)
            database.executescript(_TABLES)
        except sqlite3.Error as error:
            # SQLite does not say of which file it speaks.
            raise type(error)(f"{place}: {error}") from error
        on_error.pop_all()
    return database
