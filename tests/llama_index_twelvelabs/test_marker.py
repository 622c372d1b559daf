from __future__ import annotations

from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage, MessageRole

from llama_index_twelvelabs._marker import marker, session_of, turn_marker, unfinished, without_marker
from twelvelabs_responses import Response, Session

IDS = {"session_id": "sess_1", "response_id": "resp_1", "knowledge_store_id": "ks_1"}


def message(facts: Any, role: MessageRole = MessageRole.ASSISTANT) -> ChatMessage:
    return ChatMessage(role=role, content="Two.", additional_kwargs={"twelvelabs": facts})


def test_a_marker_says_where_the_conversation_stands() -> None:
    marked = marker(Response(id="resp_1", session_id="sess_1", knowledge_store_id="ks_1"))
    assert marked == {"twelvelabs": IDS}
    assert session_of(message(marked["twelvelabs"])) == Session("sess_1", "resp_1", "ks_1")


@pytest.mark.parametrize("response", [Response(), Response(session_id="sess_1"), Response(knowledge_store_id="ks_1")])
def test_without_a_session_there_is_no_marker(response: Response) -> None:
    assert marker(response) == {}


@pytest.mark.parametrize(
    "stranger",
    [
        ChatMessage(role=MessageRole.ASSISTANT, content="Two."),
        message(IDS, MessageRole.USER),
        message("sess_1"),
        message({**IDS, "session_id": ""}),
        message({**IDS, "knowledge_store_id": None}),
        message({**IDS, "response_id": 7}),
    ],
)
def test_a_message_that_is_no_answer_of_ours_has_no_session(stranger: ChatMessage) -> None:
    assert session_of(stranger) is None


def test_the_marker_of_a_turn_says_how_it_ended_and_what_ids_are_known() -> None:
    whole = Response(id="resp_1", session_id="sess_1", knowledge_store_id="ks_1")
    assert turn_marker(whole, "completed") == {"twelvelabs": {**IDS, "status": "completed"}}
    assert turn_marker(Response(session_id="sess_1"), "failed") == {
        "twelvelabs": {"session_id": "sess_1", "status": "failed"}
    }


@pytest.mark.parametrize(
    ("status", "goes_on"), [("completed", True), ("incomplete", True), ("cancelled", False), ("failed", False)]
)
def test_a_turn_that_was_left_or_failed_is_nothing_to_go_on_from(status: str, *, goes_on: bool) -> None:
    said = message({**IDS, "status": status})
    assert (session_of(said) is not None, unfinished(said)) == (goes_on, not goes_on)


def test_without_its_marker_a_message_is_another_models_and_the_original_is_untouched() -> None:
    said = ChatMessage(role=MessageRole.ASSISTANT, content="Two.", additional_kwargs={"twelvelabs": IDS, "name": "a"})
    assert without_marker(said).additional_kwargs == {"name": "a"}
    assert (session_of(said), unfinished(without_marker(said))) == (Session("sess_1", "resp_1", "ks_1"), False)
