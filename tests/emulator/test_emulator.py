from __future__ import annotations

import time
from contextlib import ExitStack
from threading import Thread
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.emulator.asking import STORE, asking
from twelvelabs_responses.emulator import Emulator, ScriptedAnswer

if TYPE_CHECKING:
    from pathlib import Path


def test_an_emulator_says_where_it_is_and_what_it_has(library_file: Path) -> None:
    with Emulator(library=str(library_file)) as emulator:
        assert emulator.base_url.startswith("http://127.0.0.1:")
        assert emulator.base_url.endswith("/v1.3")
        assert emulator.knowledge_store_id == emulator.library.knowledge_store_id == STORE


def test_without_a_library_it_has_the_one_of_the_package() -> None:
    with Emulator() as emulator:
        assert len(emulator.library.items) > 5


def test_it_listens_on_the_other_loopback_too(library_file: Path) -> None:
    with Emulator(library=library_file, host="::1") as emulator:
        assert emulator.base_url.startswith("http://[::1]:")
        assert httpx.get(f"{emulator.base_url}/responses").status_code == 405


def test_a_port_can_be_used_again_at_once(library_file: Path) -> None:
    with Emulator(library=library_file) as emulator:
        url = emulator.base_url
        httpx.get(url)
    with Emulator(library=library_file, port=httpx.URL(url).port or 0) as emulator:
        assert emulator.base_url == url


def test_it_can_run_again_and_keeps_its_exchanges(library_file: Path) -> None:
    emulator = Emulator(library=library_file)
    for _ in range(2):
        with emulator:
            httpx.post(f"{emulator.base_url}/responses")
    assert len(emulator.exchanges) == 2


def test_it_cannot_run_twice_at_once(library_file: Path) -> None:
    with Emulator(library=library_file) as emulator, pytest.raises(RuntimeError, match="running already"):
        emulator.__enter__()


def test_an_emulator_that_does_not_run_has_no_url() -> None:
    with pytest.raises(RuntimeError, match="not running; use it in a `with` statement"):
        _ = Emulator().base_url


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"era": "may"}, "not an era"),
        ({"fault": "flood"}, "not a fault"),
        ({"fault": 5}, "'5' is not a fault"),
        ({"host": "10.0.0.1"}, "not a loopback"),
        ({"api_key": ""}, "api_key: got an empty one; allowed: a string that is not empty, or None to let in any key"),
        ({"api_key": 5}, "api_key: got a int; "),
        ({"port": "8080"}, "port: got '8080'; allowed: 0 to 65,535"),
        ({"port": -1}, "port: got -1; "),
        ({"pace": -1}, "pace: got -1; allowed: 0 to 86,400 seconds"),
        ({"think": "1"}, "think: got '1'; "),
    ],
)
def test_a_wrong_option_is_an_error(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Emulator(**options)


def test_a_library_that_cannot_be_read_leaves_nothing_open(tmp_path: Path) -> None:
    file = tmp_path / "library.json"
    file.write_text("{}")
    with pytest.raises(ValueError, match="knowledge_store_id"):
        Emulator(library=file).__enter__()


def test_a_key_of_its_own_is_asked_for(library_file: Path) -> None:
    with asking(library_file, api_key="another") as ask:
        assert ask.whole().status_code == 401
        assert ask.send(ask.body(), **{"x-api-key": "another"}).status_code == 200


def test_the_default_fault_can_be_set(library_file: Path) -> None:
    with asking(library_file, fault="503:once") as ask:
        assert [ask.whole().status_code for _ in range(2)] == [503, 200]
        ask.emulator.fault = "500"
        assert ask.emulator.fault == "500"
        assert ask.whole().status_code == 500
        assert ask.whole(fault="409").status_code == 409
        ask.emulator.fault = None
        assert ask.whole().status_code == 200


def test_sessions_in_a_file_survive_a_restart(library_file: Path, tmp_path: Path) -> None:
    database = tmp_path / "sessions.db"
    with asking(library_file, database=database) as ask:
        session_id = ask.whole().json()["session_id"]
    with asking(library_file, database=str(database)) as ask:
        assert ask.whole("And then?", session_id=session_id).json()["session_id"] == session_id


def test_sessions_in_memory_do_not(library_file: Path) -> None:
    with asking(library_file) as ask:
        session_id = ask.whole().json()["session_id"]
    with asking(library_file) as ask:
        response = ask.whole("And then?", session_id=session_id)
        assert (response.status_code, response.json()["code"]) == (404, "resource_not_exist")
        assert session_id in response.json()["message"]


def test_open_connections_are_counted(library_file: Path) -> None:
    with asking(library_file) as ask:
        assert ask.emulator.open_connections == 0
        ask.whole()
        assert ask.emulator.open_connections == 1
        ask.client.close()
        assert ask.emulator.wait_until(lambda emulator: emulator.open_connections == 0)


def test_waiting_in_vain_ends(library_file: Path) -> None:
    with Emulator(library=library_file) as emulator:
        assert not emulator.wait_until(lambda emulator: bool(emulator.exchanges), timeout=0.01)


@pytest.mark.parametrize("fault", ["stall", "hold-open", "only-keepalives"])
def test_leaving_the_with_ends_what_never_ends(library_file: Path, fault: str) -> None:
    with ExitStack() as stack:
        with asking(library_file, fault=fault) as ask:
            response = stack.enter_context(ask.opened())
            emulator = ask.emulator
            began = time.monotonic()
            emulator.__exit__(None, None, None)
        with pytest.raises(httpx.TransportError):
            response.read()
    assert time.monotonic() - began < 1
    assert not emulator.exchanges[0].disconnected


def test_leaving_the_with_ends_what_never_begins(library_file: Path) -> None:
    answers: list[bytes] = []
    with asking(library_file) as ask:
        thread = Thread(target=lambda: answers.append(ask.bytes_until_the_end("stall-headers")))
        thread.start()
        assert ask.emulator.wait_until(lambda emulator: bool(emulator.exchanges))
    thread.join(1)
    assert answers == [b""]
    assert not ask.emulator.exchanges[0].disconnected


def test_exact_answers_can_be_written_before_it_runs() -> None:
    emulator = Emulator()
    emulator.script("One.", ScriptedAnswer("Two.", fault="cut"))
    assert [answer.text for answer in emulator.scripted] == ["One.", "Two."]


def test_an_answer_with_a_fault_there_is_not_is_an_error_and_no_answer_is_kept() -> None:
    emulator = Emulator()
    with pytest.raises(ValueError, match="'cutt' is not a fault; choose one of 400-flat, "):
        emulator.script("One.", ScriptedAnswer("Two.", fault="cutt"))
    assert emulator.scripted == []


def test_what_is_no_answer_is_refused_and_no_answer_is_kept() -> None:
    emulator = Emulator()
    values: Any = {"goals": 2}
    with pytest.raises(TypeError, match=r"got a dict; allowed: a string, or a ScriptedAnswer, with json=\.\.\."):
        emulator.script("One.", values)
    assert emulator.scripted == []
