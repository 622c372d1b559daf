from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.emulator.asking import MATCH, SEASON, STORE
from twelvelabs_responses.emulator._contract import body_refusal, key_refusal, object_of
from twelvelabs_responses.emulator._era import era_named
from twelvelabs_responses.emulator._fields import Refusal
from twelvelabs_responses.emulator._library import Library
from twelvelabs_responses.emulator._sessions import Session, Sessions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ITEM = {"type": "message", "role": "user", "content": "Who?"}
BODY: dict[str, Any] = {"knowledge_store_id": STORE, "input": [ITEM]}
OTHER_STORE = "ks_00000000-0000-4000-8000-00000000000f"


@pytest.fixture
def sessions() -> Iterator[Sessions]:
    sessions = Sessions()
    sessions.begin(Session("sess_1", STORE, ()))
    sessions.begin(Session("sess_other", OTHER_STORE, ()))
    yield sessions
    sessions.close()


@pytest.fixture(scope="module")
def library(library_file: Path) -> Iterator[Library]:
    with Library.load(library_file) as library:
        yield library


@pytest.mark.parametrize("headers", [{}, {"x-api-key": " "}, {"authorization": "Bearer right"}])
def test_a_caller_without_a_key_is_turned_away(headers: dict[str, str]) -> None:
    refusal = key_refusal(headers, None)
    assert refusal == Refusal(401, "api_key_invalid", "the x-api-key header is missing or empty")


def test_any_key_opens_an_emulator_without_one_of_its_own() -> None:
    assert key_refusal({"x-api-key": "any"}, None) is None


def test_an_emulator_with_a_key_lets_in_no_other() -> None:
    assert key_refusal({"x-api-key": "right"}, "right") is None
    refusal = key_refusal({"x-api-key": "wröng"}, "right")
    assert refusal is not None
    assert (refusal.status, refusal.code) == (401, "api_key_invalid")


def test_a_body_is_a_json_object() -> None:
    assert object_of(b'{"a": 1}') == {"a": 1}


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{", b"\xff", b'{"a": NaN}', b'{"a": "\\ud800"}', b'{"a":' + b"[" * 100_000]
)
def test_anything_else_is_none(content: bytes) -> None:
    assert object_of(content) is None


@pytest.mark.parametrize("fields", [{}, {"session_id": "sess_1"}, {"selections": [{"kind": "item", "id": MATCH}]}])
def test_a_right_body_is_not_refused(fields: dict[str, Any], library: Library, sessions: Sessions) -> None:
    assert body_refusal({**BODY, **fields}, era_named("latest"), library, sessions) is None


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"top_p": 1}, Refusal(400, "parameter_unknown", "top_p is not a parameter of this endpoint")),
        (
            {"knowledge_store_id": OTHER_STORE},
            Refusal(404, "resource_not_exist", f"knowledge store {OTHER_STORE} does not exist"),
        ),
        ({"session_id": "sess_x"}, Refusal(404, "resource_not_exist", "session sess_x does not exist")),
        (
            {"session_id": "sess_other"},
            Refusal(400, "parameter_invalid", "session_id sess_other belongs to another knowledge store"),
        ),
        (
            {"session_id": "sess_1", "knowledge_store_id": OTHER_STORE},
            Refusal(400, "parameter_invalid", "session_id sess_1 belongs to another knowledge store"),
        ),
        (
            {"selections": [{"kind": "collection", "id": SEASON}, {"kind": "item", "id": "ksi_x"}]},
            Refusal(400, "parameter_invalid", "selections[1].id ksi_x is not in this knowledge store"),
        ),
        (
            {"input": [{**ITEM, "content": "{{sel:0}}"}]},
            Refusal(400, "parameter_invalid", "input[0].content refers to {{sel:0}}, and there are 0 selections"),
        ),
    ],
)
def test_the_first_thing_wrong_is_the_refusal(
    fields: dict[str, Any], refusal: Refusal, library: Library, sessions: Sessions
) -> None:
    assert body_refusal({**BODY, **fields}, era_named("latest"), library, sessions) == refusal


def test_a_token_is_plain_text_in_april(library: Library, sessions: Sessions) -> None:
    body = {**BODY, "model": "jockey1.0", "input": [{**ITEM, "content": "{{sel:0}}"}]}
    assert body_refusal(body, era_named("april"), library, sessions) is None
