"""One turn, asked of a server that means no good, and what must be true of it whatever it comes to."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import pytest

import twelvelabs_responses as t
from tests.sessions import continued
from tests.twins import twin

if TYPE_CHECKING:
    from tests.hostile.servers import Hostile
    from tests.twins import AnyClient

KEY = "key-of-the-tests"
SSE, JSON, HTML = "text/event-stream", "application/json", "text/html"
WHOLE = b'{"id":"resp_1","session_id":"sess_1","status":"completed","output":[{"type":"message","content":[]}]}'
MEBIBYTE = 1_048_576
SESSION = t.Session("sess_1", "resp_0", "ks_1")
WAYS = pytest.mark.parametrize("way", ["create", "stream"])
TWINS = pytest.mark.parametrize("twin_name", ["Client", "AsyncClient"])


def head(status: str = "200 OK", content_type: str = JSON, *more: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"content-type: {content_type}", *more, "connection: close"]
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode()


def ask(client: AnyClient, way: str) -> None:
    if way == "create":
        client.create("Any goals?", knowledge_store_id="ks_1", session_id="sess_1")
        return
    with client.stream("Any goals?", knowledge_store_id="ks_1", session_id="sess_1") as stream:
        list(stream)


def asked(server: Hostile, twin_name: str, way: str) -> t.ResponsesError:
    """Return the error that a turn in a session comes to, its connection closed and its session as the error says."""
    retry = t.Retry(max_retries=0)
    with twin(twin_name, api_key=KEY, base_url=server.url, retry=retry, timeout=5.0) as client:
        with pytest.raises(t.ResponsesError) as caught:
            ask(client, way)
        assert server.closed.wait(5), "the connection is still open"
        goes_on = continued(client.sessions, SESSION) == "sess_1"
    assert goes_on is not caught.value.ambiguous
    assert caught.value.session_id == "sess_1"
    assert KEY not in str(caught.value)
    return caught.value


def peak(server: Hostile, twin_name: str, way: str) -> tuple[t.ResponsesError, int]:
    """Return the error, and the most bytes that were held at once on the way to it."""
    tracemalloc.start()
    try:
        return asked(server, twin_name, way), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
