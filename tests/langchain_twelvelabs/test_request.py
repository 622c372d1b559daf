from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

from langchain_twelvelabs._content import BlockContent, StringContent
from langchain_twelvelabs._request import ModelRequest, model_request
from twelvelabs_responses import (
    Claim,
    Client,
    InputItem,
    InvalidArgumentError,
    Selection,
    SessionError,
    Sessions,
    TextPiece,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from langchain_core.messages import BaseMessage

WHO = HumanMessage("Who?")
FACTS = {"session_id": "sess_1", "response_id": "resp_1", "knowledge_store_id": "ks_1"}
TWO = AIMessage("Two.", response_metadata={"model_provider": "twelvelabs", **FACTS})
DEFAULTS: dict[str, Any] = {
    "knowledge_store_id": "ks_1",
    "model": "jockey1.0",
    "session_id": None,
    "on_stale_session": "fork",
    "instructions": None,
    "include": (),
    "selections": (),
    "request_metadata": None,
    "extra_body": None,
    "output_version": None,
}


def client(sessions: Sessions | None) -> Client:
    return Client(api_key="key-of-the-tests", sessions=sessions)


def requested(
    messages: list[BaseMessage], sessions: Sessions | None = None, stop: Sequence[str] = (), **call: Any
) -> ModelRequest:
    with model_request(messages, defaults=DEFAULTS, call=call, stop=stop, client=client(sessions)) as request:
        return request


def session_id(request: ModelRequest) -> str | None:
    claimed = request.options["session_id"]
    return claimed.session_id if isinstance(claimed, Claim) else claimed


def test_the_models_options_are_the_requests_under_the_apis_names() -> None:
    request = requested([WHO], request_metadata={"team": "sport"}, extra_body={"new": 1})
    assert request.input == (InputItem(content="Who?"),)
    assert request.model == "jockey1.0"
    assert request.options == {
        "knowledge_store_id": "ks_1",
        "model": "jockey1.0",
        "session_id": request.options["session_id"],
        "instructions": None,
        "include": (),
        "text": None,
        "selections": (),
        "metadata": {"team": "sport"},
        "extra_body": {"new": 1},
    }


def test_instructions_of_the_model_come_before_the_system_messages() -> None:
    request = requested([SystemMessage("Two."), WHO], instructions="One.")
    assert request.options["instructions"] == "One.\n\nTwo."


def test_a_session_of_the_history_goes_on_and_knows_what_was_said() -> None:
    request = requested([HumanMessage("Goals?"), TWO, WHO])
    assert session_id(request) == "sess_1"
    assert request.input == (InputItem(content="Who?"),)


def test_a_session_that_is_given_wins_over_the_history() -> None:
    assert requested([HumanMessage("Goals?"), TWO, WHO], session_id="sess_9").options["session_id"] == "sess_9"


@pytest.mark.parametrize(("policy", "kept"), [("fork", None), ("continue", "sess_1")])
def test_a_session_in_doubt_is_left_or_kept_as_the_policy_says(policy: str, kept: str | None) -> None:
    sessions = Sessions()
    sessions.left("sess_1")
    request = requested([HumanMessage("Goals?"), TWO, WHO], sessions, on_stale_session=policy)
    assert session_id(request) == kept
    assert ("The conversation so far" in request.input[0].content) is (kept is None)


def test_a_session_in_doubt_is_an_error_if_the_policy_says_so() -> None:
    sessions = Sessions()
    sessions.left("sess_1")
    with pytest.raises(SessionError):
        requested([HumanMessage("Goals?"), TWO, WHO], sessions, on_stale_session="error")


def test_a_store_item_in_a_message_is_selected() -> None:
    message = HumanMessage([{"type": "text", "text": "Who is in "}, {"type": "video", "file_id": "ksi_1"}])
    request = requested([message])
    assert request.options["selections"] == (Selection(kind="item", id="ksi_1"),)
    assert request.input == (InputItem(content="Who is in {{sel:0}}"),)


def test_selections_of_the_call_keep_their_numbers() -> None:
    chosen = (Selection(kind="item", id="ksi_1"),)
    request = requested([HumanMessage("Who is in {{sel:0}}?")], selections=chosen)
    assert request.options["selections"] == chosen
    assert request.input == (InputItem(content="Who is in {{sel:0}}?"),)


@pytest.mark.parametrize(
    ("call", "shape"),
    [
        ({}, StringContent),
        ({"include": ("intermediate_outputs",)}, BlockContent),
        ({"output_version": "v1"}, BlockContent),
    ],
)
def test_the_call_decides_the_shape_of_its_answer(call: dict[str, Any], shape: type) -> None:
    assert type(requested([WHO], **call).content) is shape


def test_the_answer_ends_before_a_stop_sequence_of_the_call() -> None:
    piece = TextPiece("Two. END Three.", 0, 0, is_answer=True)
    assert [shown.text for shown in requested([WHO], stop=["END"]).stop.pieces([piece], at_end=True)] == ["Two. "]
    assert requested([WHO]).stop.pieces([piece]) == [piece]


def test_the_text_field_can_be_given_as_the_api_has_it() -> None:
    text = {"format": {"type": "text"}}
    assert requested([WHO], text=text).options["text"] == text
    assert requested([WHO], text=text, response_format=None).options["text"] == text


def test_a_response_format_becomes_the_text_field() -> None:
    schema = {"title": "Goal", "type": "object", "properties": {"scorer": {"type": "string"}}}
    text = requested([WHO], response_format=schema).options["text"]
    assert isinstance(text, dict)
    assert text["format"]["name"] == "Goal"


def test_what_agents_hand_over_empty_says_nothing() -> None:
    empty: dict[str, Any] = {
        "tools": [],
        "tool_choice": None,
        "parallel_tool_calls": None,
        "strict": None,
        "stream": True,
    }
    assert {**requested([WHO], **empty).options, "session_id": None} == {
        **requested([WHO]).options,
        "session_id": None,
    }


@pytest.mark.parametrize("tool_choice", [None, "auto", "none"])
def test_a_choice_that_asks_for_no_tool_says_nothing(tool_choice: str | None) -> None:
    assert requested([WHO], tool_choice=tool_choice).input == (InputItem(content="Who?"),)


def test_tools_are_refused_with_what_to_use_instead() -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        requested([WHO], tools=[{"name": "look"}])
    assert str(caught.value) == (
        "tools: got tools to call; allowed: none: the service calls functions of its own only. Let another model "
        "drive the agent, and give it create_video_tool(model). Nothing was sent."
    )


@pytest.mark.parametrize("tool_choice", ["any", "required", "look", {"type": "function"}])
def test_a_choice_of_tools_is_refused_as_there_are_none(tool_choice: Any) -> None:
    with pytest.raises(InvalidArgumentError, match=r"create_video_tool\(model\)") as caught:
        requested([WHO], tool_choice=tool_choice)
    assert caught.value.got == f"tool_choice={tool_choice!r}"


def test_an_option_that_does_not_exist_is_refused_by_its_name() -> None:
    with pytest.raises(InvalidArgumentError, match="sesion_id: got an option of this name") as caught:
        requested([WHO], sesion_id="sess_1")
    assert caught.value.allowed == (
        "extra_body, include, instructions, knowledge_store_id, model, on_stale_session, output_version, "
        "request_metadata, response_format, selections, session_id, text"
    )
