from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.emulator.asking import STORE
from twelvelabs_responses.emulator import Emulator

if TYPE_CHECKING:
    from tests.emulator.asking import Asker


@pytest.mark.parametrize("path", ["/response", "/responses/", "/responses/resp_1", "/knowledge-stores"])
def test_another_path_does_not_exist(ask: Asker, path: str) -> None:
    response = ask.client.post(path, json={})
    assert (response.status_code, response.json()["code"]) == (404, "endpoint_not_exists")
    assert response.headers["content-type"] == "application/json"


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
def test_another_method_is_not_allowed(ask: Asker, method: str) -> None:
    response = ask.client.request(method, "/responses")
    assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")


def test_a_body_that_is_too_large_is_refused(ask: Asker) -> None:
    response = ask.client.post("/responses", content=b" " * (9 * 1024 * 1024))
    assert (response.status_code, response.json()["code"]) == (413, "request_too_large")


def test_an_exchange_shows_the_request_without_its_key(ask: Asker) -> None:
    ask.whole()
    exchange = ask.emulator.exchanges[-1]
    assert exchange.body is not None
    assert exchange.body["knowledge_store_id"] == STORE
    assert exchange.headers["content-type"] == "application/json"
    assert "x-api-key" not in exchange.headers


def test_a_client_that_leaves_before_its_body_is_whole_leaves_no_trace(ask: Asker) -> None:
    before = len(ask.emulator.exchanges)
    open_before = ask.emulator.open_connections
    address = httpx.URL(ask.emulator.base_url)
    with socket.create_connection((address.host, address.port or 0)) as connection:
        connection.sendall(b"POST /v1.3/responses HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{")
        assert ask.emulator.wait_until(lambda emulator: emulator.open_connections == open_before + 1)
    assert ask.emulator.wait_until(lambda emulator: emulator.open_connections == open_before)
    assert len(ask.emulator.exchanges) == before


def test_an_emulator_serves_one_path_and_one_method() -> None:
    with Emulator() as emulator, httpx.Client(base_url=emulator.base_url, headers={"x-api-key": "k"}) as http:
        item = {"type": "message", "role": "user", "content": "Any goals?"}
        body = {"knowledge_store_id": emulator.knowledge_store_id, "input": [item]}
        answers = [http.post("/responses", json=body), http.post("/response", json=body), http.get("/responses")]
    assert [answer.status_code for answer in answers] == [200, 404, 405]
    assert answers[1].json()["code"] == "endpoint_not_exists"
