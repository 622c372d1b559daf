from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twelvelabs_responses._conversation import Conversation, HistoryMessage, Media, NextTurn, conversation, next_turn
from twelvelabs_responses._errors import InvalidArgumentError, SessionError
from twelvelabs_responses._request import InputItem, Selection
from twelvelabs_responses._session import Claim, Session, Sessions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twelvelabs_responses._conversation import Piece

STORE = "ks_1"


def user(*pieces: Piece) -> HistoryMessage:
    return HistoryMessage("user", pieces)


def other(*pieces: Piece, role: str = "assistant") -> HistoryMessage:
    return HistoryMessage(role, pieces)


def system(*pieces: Piece) -> HistoryMessage:
    return HistoryMessage("system", pieces)


def ours(
    text: str = "Two.", session_id: str = "sess_1", response_id: str = "resp_1", store: str = STORE
) -> HistoryMessage:
    return HistoryMessage("assistant", (text,), Session(session_id, response_id, store))


GOALS, WHO, WHEN = user("Any goals?"), user("Who?"), user("When?")
CLIP = Selection(kind="item", id="ksi_7")


def turn_of(history: Sequence[HistoryMessage], sessions: Sessions | None = None, **options: Any) -> NextTurn:
    told = {"knowledge_store_id": STORE, "sessions": sessions or Sessions(), "limit": 10_000, **options}
    with next_turn(history, **told) as turn:
        return turn


def texts(turn: NextTurn) -> list[str]:
    return [item.content for item in turn.input]


def session_id(turn: NextTurn) -> str | None:
    return turn.session_id.session_id if isinstance(turn.session_id, Claim) else turn.session_id


def moved_on() -> Sessions:
    """Return a memory of sessions that knows of a turn after the answer of `ours`."""
    sessions = Sessions()
    sessions.answered("sess_1", "resp_1")
    sessions.answered("sess_1", "resp_2")
    return sessions


def test_a_turn_is_sent_with_its_own_options_and_those_that_it_does_not_know() -> None:
    turn = turn_of([system("Be brief."), GOALS], selections=[CLIP])
    assert turn.options(knowledge_store_id=STORE, model=None, instructions="Not these.") == {
        "knowledge_store_id": STORE,
        "model": None,
        "session_id": turn.session_id,
        "instructions": "Be brief.",
        "selections": (CLIP,),
    }


# -- where the conversation stands --------------------------------------------------------------------------------


def test_a_history_is_told_apart_at_the_last_answer_of_this_store() -> None:
    first, second = ours(), ours("Kim.", response_id="resp_2")
    assert conversation([GOALS, first, WHO, second, WHEN], STORE) == Conversation(
        guidance=(),
        session=Session("sess_1", "resp_2", STORE),
        said=(GOALS, first, WHO, second),
        since=(),
        asked=(WHEN,),
    )


def test_a_conversation_that_has_not_begun_has_no_session() -> None:
    told = conversation([GOALS, WHO], STORE)
    assert (told.session, told.said, told.since, told.asked) == (None, (), (), (GOALS, WHO))


@pytest.mark.parametrize("stranger", [other("Two."), other("Two.", role="tool"), ours(store="ks_2")])
def test_an_answer_of_another_model_or_store_is_what_others_said(stranger: HistoryMessage) -> None:
    told = conversation([GOALS, stranger, WHO], STORE)
    assert (told.session, told.since, told.asked) == (None, (GOALS, stranger), (WHO,))


def test_what_others_said_since_our_answer_is_told_apart() -> None:
    answer, stranger = ours(), other("Kim.")
    told = conversation([GOALS, answer, WHO, stranger, WHEN], STORE)
    assert (told.said, told.since, told.asked) == ((GOALS, answer, WHO, stranger), (WHO, stranger), (WHEN,))


@pytest.mark.parametrize("history", [[], [system("Be brief.")], [GOALS, ours()], [GOALS, other("3", role="tool")]])
def test_nothing_new_to_ask_is_refused(history: list[HistoryMessage]) -> None:
    with pytest.raises(InvalidArgumentError, match="no user message after the last answer"):
        conversation(history, STORE)


@pytest.mark.parametrize("stranger", [other("Two."), ours(session_id="sess_2", response_id="resp_2")])
def test_what_others_answered_beside_our_answer_its_session_does_not_know(stranger: HistoryMessage) -> None:
    answer, tool = ours("Kim.", response_id="resp_3"), other("3.", role="tool")
    assert conversation([GOALS, ours(), WHO, stranger, answer, WHEN], STORE, "sess_1").since == (stranger,)
    assert conversation([GOALS, stranger, ours(), tool, answer, tool, WHEN], STORE, "sess_1").since == (tool, tool)


def test_a_session_that_is_given_is_found_in_the_history() -> None:
    second = ours(session_id="sess_2", response_id="resp_2")
    told = conversation([GOALS, ours(), WHO, second, WHEN], STORE, "sess_1")
    assert told.session == Session("sess_1", "resp_1", STORE)
    assert (told.since, told.asked) == ((WHO, second), (WHEN,))


def test_a_session_that_is_given_and_not_in_the_history_knows_what_came_before() -> None:
    stranger = other("Two.")
    told = conversation([GOALS, stranger, WHO], STORE, "sess_9")
    assert (told.session, told.said) == (Session("sess_9", "", STORE), (GOALS, stranger))
    assert (told.since, told.asked) == ((), (WHO,))


# -- the next turn --------------------------------------------------------------------------------------------------


def test_only_what_is_new_is_sent_one_item_each_in_the_session_of_the_last_answer() -> None:
    turn = turn_of([GOALS, ours(), WHO, WHEN])
    assert turn.input == (InputItem(content="Who?"), InputItem(content="When?"))
    assert (session_id(turn), turn.instructions, turn.selections) == ("sess_1", None, ())


def test_a_conversation_that_has_not_begun_begins_a_new_session() -> None:
    turn = turn_of([GOALS])
    assert (texts(turn), session_id(turn)) == (["Any goals?"], None)


def test_a_session_that_is_given_wins_over_the_history_and_over_what_is_known_of_it() -> None:
    turn = turn_of([GOALS, ours(), WHO], moved_on(), session_id="sess_1")
    assert (turn.session_id, texts(turn)) == ("sess_1", ["Who?"])


def test_system_messages_are_instructions_wherever_they_stand_after_those_of_the_caller() -> None:
    history = [system("Two."), GOALS, ours(), system("Th", "ree."), WHO]
    assert turn_of(history, instructions="One.").instructions == "One.\n\nTwo.\n\nThree."
    assert turn_of([system(""), GOALS]).instructions is None


@pytest.mark.parametrize("piece", [CLIP, Media("image")])
def test_a_system_message_that_is_no_text_is_refused(piece: Piece) -> None:
    with pytest.raises(InvalidArgumentError, match="a system message with something else than text"):
        turn_of([system("Look: ", piece), GOALS])


def test_a_stale_history_takes_the_conversation_along_to_a_new_session() -> None:
    turn = turn_of([GOALS, ours(), WHO], moved_on())
    assert session_id(turn) is None
    (text,) = texts(turn)
    assert text == (
        "The conversation so far:\n<conversation>\n"
        '<message role="user">Any goals?</message>\n'
        '<message role="assistant">Two.</message>\n'
        "</conversation>\n\nThe new message:\nWho?"
    )


def test_a_stale_history_goes_on_or_is_an_error_if_the_policy_says_so() -> None:
    turn = turn_of([GOALS, ours(), WHO], moved_on(), on_stale_session="continue")
    assert (session_id(turn), texts(turn)) == ("sess_1", ["Who?"])
    with pytest.raises(SessionError, match="has moved on since resp_1"):
        turn_of([GOALS, ours(), WHO], moved_on(), on_stale_session="error")


def test_a_history_shows_which_of_its_answers_are_stale_also_after_a_restart() -> None:
    sessions, first, last = Sessions(), ours(response_id="resp_1"), ours(response_id="resp_2")
    other_session = ours(session_id="sess_0", response_id="resp_0")
    assert session_id(turn_of([GOALS, other_session, WHO, first, WHEN, last, GOALS], sessions)) == "sess_1"
    assert session_id(turn_of([GOALS, other_session, WHO, first, WHO], sessions)) is None
    assert session_id(turn_of([GOALS, other_session, WHO], sessions)) == "sess_0"
    assert session_id(turn_of([GOALS, first, WHO, last, WHO], sessions)) == "sess_1"


def test_of_two_turns_that_follow_one_answer_at_once_the_second_begins_anew() -> None:
    sessions, told = Sessions(), {"knowledge_store_id": STORE, "limit": 10_000}
    with (
        next_turn([GOALS, ours(), WHO], sessions=sessions, **told) as first,  # type: ignore[arg-type]  # two of three
        next_turn([GOALS, ours(), WHEN], sessions=sessions, **told) as second,  # type: ignore[arg-type]  # the same
    ):
        assert (session_id(first), session_id(second)) == ("sess_1", None)
        assert "The conversation so far" in second.input[0].content


def test_a_turn_that_is_refused_lets_go_of_its_session() -> None:
    sessions = Sessions()
    with pytest.raises(InvalidArgumentError):
        turn_of([GOALS, ours(), user(Media("image"))], sessions)
    assert session_id(turn_of([GOALS, ours(), WHO], sessions)) == "sess_1"


def test_what_others_said_goes_along_also_when_the_session_goes_on() -> None:
    since = [WHO, other("[look({})]"), other("Kim", role="tool"), other("Kim.")]
    (text,) = texts(turn_of([GOALS, ours(), *since, WHEN]))
    assert '<message role="user">Who?</message>\n<message role="assistant">[look({})]</message>' in text
    assert '<message role="tool">Kim</message>\n<message role="assistant">Kim.</message>' in text
    assert "Any goals?" not in text
    assert text.endswith("The new message:\nWhen?")


def test_an_earlier_message_that_says_nothing_makes_no_transcript() -> None:
    assert texts(turn_of([ours(""), WHO], moved_on())) == ["Who?"]


def test_the_transcript_stays_within_the_limit_and_says_what_it_left_out() -> None:
    with pytest.warns(UserWarning, match="1 of 2 earlier messages"):
        (text,) = texts(turn_of([user("x" * 50), other("y" * 50), WHO], limit=180))
    assert len(text) <= 180
    assert "y" * 50 in text


def test_a_store_item_is_selected_and_named_where_it_stands() -> None:
    collection = Selection(kind="collection", id="ksic_1")
    turn = turn_of([user("Who is in ", CLIP, "?")], selections=[collection])
    assert (texts(turn), turn.selections) == (["Who is in {{sel:1}}?"], (collection, CLIP))


@pytest.mark.parametrize("wrong", [{"selections": "ksi_7"}, {"selections": 5}, {"instructions": 5}])
def test_what_is_no_list_of_selections_or_no_guidance_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgumentError, match=f"^{next(iter(wrong))}: got"):
        turn_of([WHO], **wrong)
    assert turn_of([WHO], selections=None).selections == ()


def test_what_an_earlier_message_showed_is_selected_again() -> None:
    turn = turn_of([user("Who?", CLIP), other("Kim."), WHEN])
    assert '<message role="user">Who? [ksi_7]</message>' in turn.input[0].content
    assert turn.selections == (CLIP,)


def test_new_media_is_refused_with_what_to_do() -> None:
    allowed = "got a block of type image; .* upload it as an asset, add it to the knowledge store"
    with pytest.raises(InvalidArgumentError, match=allowed):
        turn_of([user("Who?", Media("image"))])


def test_earlier_media_is_named_by_its_kind() -> None:
    turn = turn_of([user("Who?", Media("image")), other("Kim."), WHEN])
    assert '<message role="user">Who? [image]</message>' in turn.input[0].content


KINDS = st.lists(st.sampled_from(["user", "ours", "other", "tool", "system"]), max_size=12)


@given(kinds=KINDS, stale=st.booleans())
def test_every_message_is_sent_known_or_refused_and_in_order(kinds: list[str], stale: bool) -> None:
    history = [message_of(kind, f"<{index}>") for index, kind in enumerate(kinds)]
    spoken = [message for message in history if message.role != "system"]
    sessions = moved_on() if stale else Sessions()
    try:
        told = conversation(history, STORE)
    except InvalidArgumentError:
        assert not spoken or spoken[-1].role != "user"
        return
    assert [*told.said, *told.asked] == spoken
    turn = turn_of(history, sessions, limit=100_000)
    sent = "\n".join(texts(turn))
    unknown = spoken if session_id(turn) is None else [*told.since, *told.asked]
    places = [sent.find(shown(message, is_new=message in told.asked)) for message in unknown]
    assert -1 not in places
    assert places == sorted(places)


def message_of(kind: str, text: str) -> HistoryMessage:
    return ours(text) if kind == "ours" else HistoryMessage("assistant" if kind == "other" else kind, (text,))


def shown(message: HistoryMessage, *, is_new: bool) -> str:
    text = str(message.pieces[0])
    return text if is_new else text.replace("<", "&lt;").replace(">", "&gt;")
