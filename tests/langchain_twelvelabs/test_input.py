from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from langchain_twelvelabs._input import Conversation, NewTurn, conversation, session_of
from twelvelabs_responses import InputItem, InvalidArgumentError, Selection, Session

STORE = "ks_1"
GOALS, WHO, WHEN = HumanMessage("Any goals?"), HumanMessage("Who?"), HumanMessage("When?")


def ours(text: str = "Two.", session_id: str = "sess_1", response_id: str = "resp_1", store: str = STORE) -> AIMessage:
    facts = {"session_id": session_id, "response_id": response_id, "knowledge_store_id": store}
    return AIMessage(text, response_metadata={"model_provider": "twelvelabs", **facts})


def turn_of(messages: list[BaseMessage], *, goes_on: bool = True, limit: int = 10_000) -> NewTurn:
    return conversation(messages, STORE).turn(goes_on=goes_on, selections=(), limit=limit)


def texts(turn: NewTurn) -> list[str]:
    return [item.content for item in turn.input]


# -- where the conversation stands --------------------------------------------------------------------------------


def test_a_history_is_told_apart_at_the_last_answer_of_this_store() -> None:
    first, second = ours(), ours("Kim.", response_id="resp_2")
    assert conversation([GOALS, first, WHO, second, WHEN], STORE) == Conversation(
        instructions=None,
        session=Session("sess_1", "resp_2", STORE),
        known=(GOALS, first, WHO, second),
        since=(),
        asked=(WHEN,),
    )


def test_a_conversation_that_has_not_begun_has_no_session() -> None:
    told = conversation([GOALS, WHO], STORE)
    assert (told.session, told.known, told.since, told.asked) == (None, (), (), (GOALS, WHO))


def test_system_messages_are_instructions_wherever_they_stand() -> None:
    messages = [SystemMessage("One."), GOALS, ours(), SystemMessage("Two."), WHO]
    assert conversation(messages, STORE).instructions == "One.\n\nTwo."


@pytest.mark.parametrize(
    "stranger",
    [
        AIMessage("Two."),
        AIMessage(
            "Two.", response_metadata={"model_provider": "openai", "session_id": "s", "knowledge_store_id": STORE}
        ),
        AIMessage("Two.", response_metadata={"model_provider": "twelvelabs", "knowledge_store_id": STORE}),
        AIMessage("Two.", response_metadata={"model_provider": "twelvelabs", "session_id": "sess_1"}),
        ours(store="ks_2"),
    ],
)
def test_an_answer_of_another_model_or_store_is_what_others_said(stranger: AIMessage) -> None:
    told = conversation([GOALS, stranger, WHO], STORE)
    assert (told.session, told.since, told.asked) == (None, (GOALS, stranger), (WHO,))


def test_what_others_said_since_our_answer_is_told_apart() -> None:
    answer, other = ours(), AIMessage("Kim.")
    told = conversation([GOALS, answer, WHO, other, WHEN], STORE)
    assert (told.known, told.since, told.asked) == ((GOALS, answer), (WHO, other), (WHEN,))


@pytest.mark.parametrize(
    "messages", [[], [SystemMessage("Be brief.")], [GOALS, ours()], [GOALS, ToolMessage("3", tool_call_id="1")]]
)
def test_nothing_new_to_ask_is_refused(messages: list[BaseMessage]) -> None:
    with pytest.raises(InvalidArgumentError, match="no human message after the last answer"):
        conversation(messages, STORE)


def test_a_session_that_is_given_is_found_in_the_history() -> None:
    first, second = ours(), ours(session_id="sess_2", response_id="resp_2")
    told = conversation([GOALS, first, WHO, second, WHEN], STORE, "sess_1")
    assert told.session == Session("sess_1", "resp_1", STORE)
    assert (told.since, told.asked) == ((WHO, second), (WHEN,))


def test_a_session_that_is_given_and_not_in_the_history_knows_what_came_before() -> None:
    other = AIMessage("Two.")
    told = conversation([GOALS, other, WHO], STORE, "sess_9")
    assert (told.session, told.known, told.since, told.asked) == (
        Session("sess_9", "", STORE),
        (GOALS, other),
        (),
        (WHO,),
    )


def test_an_answer_says_where_its_session_stands() -> None:
    assert session_of(ours()) == Session("sess_1", "resp_1", STORE)
    assert session_of(GOALS) is None


# -- the new turn ---------------------------------------------------------------------------------------------------


def test_only_what_is_new_is_sent_one_item_each() -> None:
    assert turn_of([GOALS, ours(), WHO, WHEN]) == NewTurn((InputItem(content="Who?"), InputItem(content="When?")), ())


def test_a_session_that_does_not_go_on_takes_the_conversation_along() -> None:
    (text,) = texts(turn_of([GOALS, ours(), WHO], goes_on=False))
    assert text == (
        "The conversation so far:\n<conversation>\n"
        '<message role="user">Any goals?</message>\n'
        '<message role="assistant">Two.</message>\n'
        "</conversation>\n\nThe new message:\nWho?"
    )


def test_what_others_said_goes_along_also_when_the_session_goes_on() -> None:
    call = {"name": "look", "args": {"at": "goal"}, "id": "1"}
    since = [WHO, AIMessage("", tool_calls=[call]), ToolMessage("Kim", tool_call_id="1"), AIMessage("Kim.")]
    (text,) = texts(turn_of([GOALS, ours(), *since, WHEN]))
    assert '<message role="user">Who?</message>\n<message role="assistant">[look({"at": "goal"})]</message>' in text
    assert '<message role="tool">Kim</message>\n<message role="assistant">Kim.</message>' in text
    assert "Any goals?" not in text
    assert text.endswith("The new message:\nWhen?")


def test_the_transcript_stays_within_the_limit_and_says_what_it_left_out() -> None:
    long = [HumanMessage("x" * 50), AIMessage("y" * 50), WHO]
    with pytest.warns(UserWarning, match="1 of 2 earlier messages"):
        (text,) = texts(turn_of(long, limit=180))
    assert len(text) <= 180
    assert "y" * 50 in text


@pytest.mark.parametrize(
    "content",
    [
        "Who?",
        ["Who?"],
        [{"type": "text", "text": "Who?"}],
        [{"type": "text", "text": "Wh"}, "o?"],
        [{"type": "text-plain", "text": "Who?", "mime_type": "text/plain"}],
    ],
)
def test_text_is_read_in_every_shape_that_langchain_has(content: Any) -> None:
    assert texts(turn_of([HumanMessage(content)])) == ["Who?"]


@pytest.mark.parametrize(
    "block",
    [
        {"type": "video", "file_id": "ksi_7"},
        {"type": "image", "file_id": "ksi_7"},
        {"type": "video", "source_type": "id", "id": "ksi_7"},
        {"type": "file", "file": {"file_id": "ksi_7"}},
    ],
)
def test_a_store_item_is_selected_and_named_where_it_stands(block: dict[str, Any]) -> None:
    message = HumanMessage([{"type": "text", "text": "Who is in "}, block, {"type": "text", "text": "?"}])
    told = conversation([message], STORE)
    assert told.turn(goes_on=True, selections=[Selection(kind="collection", id="ksic_1")], limit=99) == NewTurn(
        (InputItem(content="Who is in {{sel:1}}?"),),
        (Selection(kind="collection", id="ksic_1"), Selection(kind="item", id="ksi_7")),
    )


def test_a_collection_is_selected_as_one() -> None:
    message = HumanMessage([{"type": "file", "file_id": "ksic_7"}])
    assert turn_of([message]).selections == (Selection(kind="collection", id="ksic_7"),)


def test_what_an_earlier_message_showed_is_selected_again() -> None:
    shown = HumanMessage([{"type": "text", "text": "Who?"}, {"type": "video", "file_id": "ksi_7"}])
    turn = turn_of([shown, ours("Kim."), WHEN], goes_on=False)
    assert '<message role="user">Who? [ksi_7]</message>' in turn.input[0].content
    assert turn.selections == (Selection(kind="item", id="ksi_7"),)


@pytest.mark.parametrize(
    "block",
    [
        {"type": "image", "url": "https://example.com/a.png"},
        {"type": "video", "base64": "aGk=", "mime_type": "video/mp4"},
        {"type": "file", "file_id": "file-123"},
        {"type": "reasoning", "reasoning": "hm"},
        {"type": "input_text", "text": "Who?"},
    ],
)
def test_other_media_is_refused_with_what_to_do(block: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgumentError, match="upload it as an asset, add it to the knowledge store"):
        turn_of([HumanMessage([block])])


def test_media_that_an_earlier_message_showed_and_nobody_can_select_is_named_by_its_kind() -> None:
    shown = HumanMessage([{"type": "text", "text": "Who?"}, {"type": "image", "url": "https://example.com/a.png"}])
    assert '<message role="user">Who? [image]</message>' in texts(turn_of([shown, AIMessage("Kim."), WHEN]))[0]


MESSAGES = st.lists(
    st.sampled_from(["human", "ours", "other", "tool", "system"]).flatmap(
        lambda kind: st.integers(0, 99).map(lambda number: (kind, number))
    ),
    max_size=12,
)


@given(kinds=MESSAGES, goes_on=st.booleans())
def test_every_message_is_sent_known_or_refused_and_in_order(kinds: list[tuple[str, int]], goes_on: bool) -> None:
    messages = [message_of(kind, f"<{index}-{number}>") for index, (kind, number) in enumerate(kinds)]
    try:
        told = conversation(messages, STORE)
    except InvalidArgumentError:
        spoken = [message for message in messages if not isinstance(message, SystemMessage)]
        assert not spoken or not isinstance(spoken[-1], HumanMessage)
        return
    spoken = [message for message in messages if not isinstance(message, SystemMessage)]
    assert [*told.known, *told.since, *told.asked] == spoken
    sent = "\n".join(item.content for item in told.turn(goes_on=goes_on, selections=(), limit=100_000).input)
    places = [sent.find(shown(message)) for message in spoken[len(told.known) if goes_on else 0 :]]
    assert -1 not in places
    assert places == sorted(places)


def message_of(kind: str, text: str) -> BaseMessage:
    made: dict[str, BaseMessage] = {
        "human": HumanMessage(text),
        "ours": ours(text),
        "other": AIMessage(text),
        "tool": ToolMessage(text, tool_call_id="1"),
        "system": SystemMessage(text),
    }
    return made[kind]


def shown(message: BaseMessage) -> str:
    return str(message.text).strip("<>")
