from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from twelvelabs_responses.emulator._answer import Turn
from twelvelabs_responses.emulator._sessions import Session, Sessions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SESSION = Session("sess_1", "ks_1", ())
TURN = Turn("Who?", "Ada.", ("ksi_1", "ksi_2"))


@pytest.fixture
def sessions() -> Iterator[Sessions]:
    with closing(Sessions()) as sessions:
        yield sessions


def test_a_new_session_has_an_id_of_its_own() -> None:
    one, other = Session.new("ks_1"), Session.new("ks_1")
    assert one.session_id.startswith("sess_")
    assert one.session_id != other.session_id


def test_a_session_exists_once_its_first_turn_has_begun(sessions: Sessions) -> None:
    assert sessions.find("sess_1") is None
    assert sessions.begin(SESSION)
    assert sessions.find("sess_1") == SESSION


def test_a_session_takes_one_turn_at_a_time(sessions: Sessions) -> None:
    assert sessions.begin(SESSION)
    assert not sessions.begin(SESSION)
    assert sessions.begin(Session("sess_2", "ks_1", ()))
    sessions.end(SESSION)
    assert sessions.begin(SESSION)


def test_turns_are_kept_in_order_with_all_selections(sessions: Sessions) -> None:
    sessions.begin(SESSION)
    sessions.record(Session("sess_1", "ks_1", ("ksi_1",)), "resp_1", TURN)
    second = Turn("And then?", "Nothing.", ())
    sessions.record(Session("sess_1", "ks_1", ("ksi_2", "ksi_1")), "resp_2", second)
    assert sessions.find("sess_1") == Session("sess_1", "ks_1", ("ksi_2", "ksi_1"), (TURN, second))


def test_a_file_survives_a_restart(tmp_path: Path) -> None:
    with closing(Sessions(tmp_path / "sessions.db")) as sessions:
        sessions.begin(SESSION)
        sessions.record(SESSION, "resp_1", TURN)
    with closing(Sessions(tmp_path / "sessions.db")) as sessions:
        assert sessions.find("sess_1") == Session("sess_1", "ks_1", (), (TURN,))
        assert sessions.begin(SESSION)


def test_a_file_that_is_no_database_is_an_error_and_is_left_closed(tmp_path: Path) -> None:
    file = tmp_path / "sessions.db"
    file.write_text("not a database, and long enough to be looked at as if it were one")
    with pytest.raises(sqlite3.DatabaseError, match=r"sessions\.db: file is not a database"):
        Sessions(file)


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError, match=r"nowhere.sessions\.db: unable to open database file"):
        Sessions(tmp_path / "nowhere" / "sessions.db")
