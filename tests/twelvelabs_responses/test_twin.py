from __future__ import annotations

import copy
import pickle
from typing import Any

import httpx
import pytest

from tests.sessions import continued
from twelvelabs_responses import (
    AsyncClient,
    Client,
    HistoryMessage,
    InvalidArgumentError,
    Limits,
    Retry,
    Session,
    Sessions,
)

KEY = "key-of-the-tests"
TWINS = pytest.mark.parametrize("twin", [Client, AsyncClient])
SETTINGS: dict[str, Any] = {
    "base_url": "https://api.example.com/v1.3",
    "timeout": 60.0,
    "stall_timeout": 90.0,
    "retry": Retry(max_retries=5),
    "limits": Limits(content=20_000),
}


@TWINS
def test_a_client_shows_where_it_goes_and_not_its_key(twin: type[Client | AsyncClient]) -> None:
    client = twin(api_key=KEY, base_url="https://api.example.com/v1.3")
    assert repr(client) == f"{twin.__name__}(base_url='https://api.example.com/v1.3', timeout=300)"
    assert KEY not in f"{client._settings!r}"


@TWINS
def test_a_pickled_client_keeps_its_settings_and_not_its_key(
    twin: type[Client | AsyncClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    pickled = pickle.dumps(twin(api_key=KEY, **SETTINGS))
    assert KEY.encode() not in pickled
    monkeypatch.setenv("TWELVELABS_API_KEY", "key-of-the-other-process")
    client = pickle.loads(pickled)  # noqa: S301 - pickled two lines above
    assert client._arguments() | {"sessions": None} == SETTINGS | {
        "api_key": "key-of-the-other-process",
        "sessions": None,
    }


@TWINS
def test_a_client_cannot_be_unpickled_where_there_is_no_key(twin: type[Client | AsyncClient]) -> None:
    pickled = pickle.dumps(twin(api_key=KEY))
    with pytest.raises(InvalidArgumentError, match="TWELVELABS_API_KEY"):
        pickle.loads(pickled)  # noqa: S301 - pickled two lines above


@TWINS
@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_a_copied_client_keeps_its_settings_its_key_and_its_sessions(
    twin: type[Client | AsyncClient], copied: Any
) -> None:
    client = twin(api_key=KEY, **SETTINGS)
    assert copied(client)._arguments() == client._arguments()
    assert copied(client).sessions is client.sessions


async def test_a_client_with_a_given_httpx_client_is_copied_with_it_and_not_pickled() -> None:
    async with httpx.AsyncClient() as http:
        client = AsyncClient(api_key=KEY, http=http)
        assert copy.deepcopy(client)._given_http is http
        with pytest.raises(InvalidArgumentError, match="cannot be pickled"):
            pickle.dumps(client)


def test_two_clients_can_share_one_memory_of_sessions() -> None:
    sessions = Sessions()
    client, async_client = Client(api_key=KEY, sessions=sessions), AsyncClient(api_key=KEY, sessions=sessions)
    client.sessions.left("sess_1")
    assert continued(async_client.sessions, Session("sess_1", "resp_1", "ks_1")) is None


def test_raised_limits_hold() -> None:
    client = Client(api_key=KEY, limits=Limits(content=3))
    assert client.limits == Limits(content=3)
    with pytest.raises(InvalidArgumentError, match="4 characters; allowed: 1 to 3"):
        client.stream("four", knowledge_store_id="ks_1")


def test_the_help_of_both_twins_lists_their_arguments() -> None:
    for twin in (Client, AsyncClient):
        assert all(f"{name}:" in (twin.__doc__ or "") for name in (*SETTINGS, "api_key", "http", "sessions"))


def test_a_constructor_refuses_what_it_does_not_know() -> None:
    with pytest.raises(TypeError, match="base_ulr"):
        Client(api_key=KEY, base_ulr="https://api.example.com")  # type: ignore[call-arg]  # the point


def test_making_a_client_touches_no_socket_and_no_certificate(monkeypatch: pytest.MonkeyPatch) -> None:
    def touched(*_: object, **__: object) -> None:
        raise AssertionError

    for name in ("create_ssl_context", "Client", "AsyncClient"):
        monkeypatch.setattr(httpx, name, touched)
    Client(api_key=KEY)
    AsyncClient(api_key=KEY)


def test_a_closed_client_takes_no_more_questions() -> None:
    client = Client(api_key=KEY)
    client.close()
    with pytest.raises(RuntimeError, match="This client is closed"):
        client.stream("Hi", knowledge_store_id="ks_1")


@TWINS
@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"http": "x"}, r"http: got a str; allowed: an httpx\.(Async)?Client"),
        ({"sessions": "x"}, "sessions: got a str; allowed: a Sessions"),
    ],
)
def test_what_is_given_must_be_of_its_kind(twin: type[Client | AsyncClient], given: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidArgumentError, match=words):
        twin(api_key=KEY, **given)


async def test_the_httpx_client_of_the_other_twin_is_refused() -> None:
    async with httpx.AsyncClient() as http:
        with pytest.raises(InvalidArgumentError, match=r"http: got a AsyncClient; allowed: an httpx\.Client"):
            Client(api_key=KEY, http=http)  # type: ignore[arg-type]  # the point


@TWINS
def test_a_client_that_was_never_finished_can_be_shown(twin: type[Client | AsyncClient]) -> None:
    assert repr(twin.__new__(twin)) == f"{twin.__name__}()"


def test_a_client_with_an_httpx_client_has_no_twin() -> None:
    with httpx.Client() as http, pytest.raises(InvalidArgumentError, match="a client made with it"):
        Client(api_key=KEY, http=http)._check_twin()
    Client(api_key=KEY)._check_twin()


@TWINS
def test_a_clients_next_turn_keeps_to_its_limits_and_its_sessions(twin: type[Client | AsyncClient]) -> None:
    client, session = twin(api_key=KEY, limits=Limits(content=200)), Session("sess_1", "resp_1", "ks_1")
    answer = HistoryMessage("assistant", ("x" * 100,), session)
    with client.next_turn([answer, HistoryMessage("user", ("Who?",))], knowledge_store_id="ks_1") as turn:
        assert (turn.input[0].content, continued(client.sessions, session)) == ("Who?", None)
    client.sessions.left("sess_1")
    with (
        pytest.warns(UserWarning, match="1 of 1 earlier messages do not fit into 200 characters"),
        client.next_turn([answer, HistoryMessage("user", ("Who?" * 20,))], knowledge_store_id="ks_1") as forked,
    ):
        assert forked.input[0].content == "Who?" * 20
