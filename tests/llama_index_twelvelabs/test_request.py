from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core.base.llms.types import ChatMessage, MessageRole

from llama_index_twelvelabs._request import chat_request
from tests.llama_index_twelvelabs.asking import user
from twelvelabs_responses import Client, InvalidArgumentError, Selection, SessionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llama_index_twelvelabs._request import ChatRequest

DEFAULTS: dict[str, Any] = {
    "knowledge_store_id": "ks_1",
    "model": "jockey1.0",
    "instructions": "Be brief.",
    "include": (),
    "selections": (),
    "request_metadata": {"team": "red"},
    "session_id": None,
    "on_stale_session": "fork",
    "extra_body": {"new": 1},
}
MARKED = {"session_id": "sess_1", "response_id": "resp_1", "knowledge_store_id": "ks_1"}


def request_of(
    messages: Sequence[ChatMessage], call: dict[str, Any] | None = None, client: Client | None = None
) -> ChatRequest:
    client = client or Client(api_key="key-of-the-tests")
    with chat_request(messages, defaults=DEFAULTS, call=call or {}, client=client) as request:
        return request


def texts(request: ChatRequest) -> list[str]:
    return [item.content for item in request.input]


def assistant(text: str, **facts: Any) -> ChatMessage:
    return ChatMessage(
        role=MessageRole.ASSISTANT, content=text, additional_kwargs={"twelvelabs": facts} if facts else {}
    )


def test_a_call_sends_the_llms_own_options() -> None:
    request = request_of([user("What happens?")])
    assert texts(request) == ["What happens?"]
    assert request.options == {
        "knowledge_store_id": "ks_1",
        "model": "jockey1.0",
        "session_id": request.options["session_id"],
        "instructions": "Be brief.",
        "include": (),
        "text": None,
        "selections": (),
        "metadata": {"team": "red"},
        "extra_body": {"new": 1},
    }


def test_an_option_of_the_call_wins() -> None:
    call = {"knowledge_store_id": "ks_2", "request_metadata": None, "text": {"format": {"type": "text"}}}
    options = request_of([user("What happens?")], call).options
    assert (options["knowledge_store_id"], options["metadata"]) == ("ks_2", None)
    assert options["text"] == {"format": {"type": "text"}}


def test_what_is_no_option_is_refused_by_name() -> None:
    with pytest.raises(InvalidArgumentError, match="temperature: got an option of this name") as caught:
        request_of([user("What happens?")], {"temperature": 0})
    assert caught.value.allowed == (
        "extra_body, include, instructions, knowledge_store_id, model, on_stale_session, request_metadata, selections, "
        "session_id, text"
    )


def test_only_what_follows_our_answer_is_sent_in_its_session() -> None:
    request = request_of([user("Old?"), assistant("Old.", **MARKED), user("New?"), user("And this?")])
    assert texts(request) == ["New?", "And this?"]
    assert getattr(request.options["session_id"], "session_id", None) == "sess_1"


def test_a_session_that_is_given_wins_over_the_history() -> None:
    history = [user("Old?"), assistant("Old.", **MARKED), user("New?")]
    assert request_of(history, {"session_id": "sess_9"}).options["session_id"] == "sess_9"


def test_the_session_is_let_go_of_when_nothing_was_sent() -> None:
    client = Client(api_key="key-of-the-tests")
    history = [user("Old?"), assistant("Old.", **MARKED), user("New?")]
    for _ in range(2):
        assert texts(request_of(history, {"on_stale_session": "error"}, client)) == ["New?"]


def test_a_stale_history_is_told_apart_as_asked() -> None:
    client = Client(api_key="key-of-the-tests")
    client.sessions.answered("sess_1", "resp_1")
    client.sessions.answered("sess_1", "resp_2")
    history = [user("Old?"), assistant("Old.", **MARKED), user("New?")]
    with pytest.raises(SessionError, match="moved on since resp_1"):
        request_of(history, {"on_stale_session": "error"}, client)
    (forked,) = texts(request_of(history, client=client))
    assert "Old." in forked
    assert forked.endswith("New?")
    assert texts(request_of(history, {"on_stale_session": "continue"}, client)) == ["New?"]


def test_selections_of_the_call_keep_their_numbers() -> None:
    chosen = (Selection(kind="item", id="ksi_1"),)
    request = request_of([user("What happens in {{sel:0}}?")], {"selections": chosen})
    assert (texts(request), request.options["selections"]) == (["What happens in {{sel:0}}?"], chosen)
