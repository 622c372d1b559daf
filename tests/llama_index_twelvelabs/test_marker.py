from __future__ import annotations

from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage, MessageRole

from llama_index_twelvelabs._marker import marker, session_of
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
