"""What a chat model sends in each situation of a conversation, for every keeper of histories and every way to ask.

`RunnableWithMessageHistory` has no third protocol: LangChain refuses it there. A tool's question comes from the model
that drives it, so that no answer can stand in its place.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from langchain_twelvelabs import ChatTwelveLabs
from tests.langchain_twelvelabs.graph_keepers import Agent, Graph, SqliteGraph, Tool
from tests.langchain_twelvelabs.keepers import WAYS, MessageHistory, PlainList
from tests.langchain_twelvelabs.sent import FOLLOW_UP, OTHER, QUESTION
from twelvelabs_responses import InternalServerError, InvalidArgumentError, RateLimitError
from twelvelabs_responses.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from langchain_core.messages import BaseMessage

    from tests.langchain_twelvelabs.keepers import Keeper

pytestmark = [
    pytest.mark.filterwarnings("ignore:RunnableWithMessageHistory is deprecated"),
    pytest.mark.filterwarnings("ignore:The method .* is in beta"),
    pytest.mark.filterwarnings("ignore:The v3 streaming protocol on Pregel is experimental"),
]

KEEPERS: tuple[type[Keeper], ...] = (PlainList, MessageHistory, Graph, SqliteGraph, Agent, Tool)
TABLE = [(kind, way) for kind in KEEPERS for way in WAYS if kind is not MessageHistory or not way.endswith("events")]


def row_name(row: tuple[type[Keeper], str]) -> str:
    kind, way = row
    return f"{kind.__name__}-{way}"


@pytest.fixture(scope="module")
def shared() -> Iterator[Emulator]:
    with Emulator() as running:
        yield running


@pytest.fixture(params=TABLE, ids=row_name)
def keeper(request: pytest.FixtureRequest, shared: Emulator, tmp_path: Path) -> Keeper:
    kind, way = request.param
    shared.fault = None
    model = ChatTwelveLabs(
        knowledge_store_id=shared.knowledge_store_id, api_key="key-of-the-tests", base_url=shared.base_url
    )
    made: Keeper = kind(model, way, tmp_path)
    return made


class Sent:
    """What came since it was made."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._before = len(emulator.exchanges)

    @property
    def exchanges(self) -> list[Any]:
        return self._emulator.exchanges[self._before :]

    @property
    def bodies(self) -> list[Any]:
        return [exchange.body for exchange in self.exchanges]

    @property
    def sessions(self) -> list[Any]:
        return [exchange.session_id for exchange in self.exchanges]


@pytest.fixture
def sent(shared: Emulator) -> Sent:
    return Sent(shared)


def first_turn(keeper: Keeper) -> list[tuple[str, str]]:
    """Hold the first turn; return what was said in it."""
    keeper.ask(QUESTION)
    return [("user", QUESTION), ("assistant", keeper.messages()[-1].text)]


def test_a_second_turn_goes_on_with_the_session(keeper: Keeper, sent: Sent) -> None:
    keeper.ask(QUESTION)
    keeper.ask(FOLLOW_UP)
    assert sent.bodies == [keeper.sends(QUESTION), keeper.sends(FOLLOW_UP, session_id=sent.sessions[0])]


def test_a_second_turn_in_another_process_goes_on_with_the_session(keeper: Keeper, sent: Sent) -> None:
    keeper.ask(QUESTION)
    keeper.reopened().ask(FOLLOW_UP)
    assert sent.bodies[1] == keeper.sends(FOLLOW_UP, session_id=sent.sessions[0])


def test_a_fork_begins_a_new_session_and_goes_on_with_that(keeper: Keeper, sent: Sent) -> None:
    said = first_turn(keeper)
    then = keeper.messages()
    keeper.ask(FOLLOW_UP)
    keeper.fork(then, OTHER)
    keeper.ask(FOLLOW_UP)
    assert sent.bodies[2:] == [
        keeper.sends(keeper.retold(*said, now=OTHER)),
        keeper.sends(FOLLOW_UP, session_id=sent.sessions[2]),
    ]


def test_a_fork_in_another_process_that_has_seen_the_thread_begins_a_new_session(keeper: Keeper, sent: Sent) -> None:
    said = first_turn(keeper)
    then = keeper.messages()
    keeper.ask(FOLLOW_UP)
    keeper = keeper.reopened()
    keeper.ask(OTHER)
    keeper.fork(then, FOLLOW_UP)
    assert sent.bodies[2:] == [
        keeper.sends(OTHER, session_id=sent.sessions[0]),
        keeper.sends(keeper.retold(*said, now=FOLLOW_UP)),
    ]


def test_a_first_question_that_is_edited_begins_a_new_session(keeper: Keeper, sent: Sent) -> None:
    keeper.ask(QUESTION)
    keeper.keep([])
    keeper.ask(OTHER)
    assert sent.bodies == [keeper.sends(QUESTION), keeper.sends(OTHER)]


def test_an_earlier_message_that_is_edited_leaves_the_session_going_on(keeper: Keeper, sent: Sent) -> None:
    keeper.ask(QUESTION)
    keeper.keep([HumanMessage("Which clips show [removed]?"), *keeper.messages()[1:]])
    keeper.ask(FOLLOW_UP)
    assert sent.bodies[1] == keeper.sends(FOLLOW_UP, session_id=sent.sessions[0])


def test_an_answer_that_is_made_anew_comes_from_a_new_session(keeper: Keeper, sent: Sent) -> None:
    said = first_turn(keeper)
    keeper.ask(FOLLOW_UP)
    keeper.regenerate()
    assert sent.bodies[2:] == [keeper.sends(keeper.retold(*said, now=FOLLOW_UP))]


def test_of_two_turns_at_once_one_goes_on_and_the_other_begins_a_new_session(keeper: Keeper, sent: Sent) -> None:
    said = first_turn(keeper)
    keeper.ask_at_once(FOLLOW_UP, OTHER)
    pairs = ((FOLLOW_UP, OTHER), (OTHER, FOLLOW_UP))
    either = [
        [keeper.sends(one, session_id=sent.sessions[0]), keeper.sends(keeper.retold(*said, now=two))]
        for one, two in pairs
    ]
    assert sorted(sent.bodies[1:], key=json.dumps) in [sorted(each, key=json.dumps) for each in either]
    assert len(set(sent.sessions)) == 2


def test_a_turn_that_failed_is_asked_again_in_a_new_session(keeper: Keeper, sent: Sent, shared: Emulator) -> None:
    said = first_turn(keeper)
    shared.fault = "500:once"
    with keeper.raises(InternalServerError):
        keeper.ask(FOLLOW_UP)
    keeper.retry(FOLLOW_UP)
    assert sent.bodies[1:] == [
        keeper.sends(FOLLOW_UP, session_id=sent.sessions[0]),
        keeper.sends(keeper.retold(*said, now=FOLLOW_UP)),
    ]


def test_a_turn_that_was_refused_is_asked_again_in_its_session(keeper: Keeper, sent: Sent, shared: Emulator) -> None:
    keeper.ask(QUESTION)
    shared.fault = "429-long:once"
    with keeper.raises(RateLimitError):
        keeper.ask(FOLLOW_UP)
    keeper.retry(FOLLOW_UP)
    assert sent.bodies[1:] == [keeper.sends(FOLLOW_UP, session_id=sent.sessions[0])] * 2


def of_another_store(message: BaseMessage) -> BaseMessage:
    facts = message.artifact if isinstance(message, ToolMessage) else message.response_metadata
    field = "artifact" if isinstance(message, ToolMessage) else "response_metadata"
    return message.model_copy(update={field: facts | {"knowledge_store_id": "ks_other"}})


def test_a_session_of_another_store_is_not_gone_on_with(keeper: Keeper, sent: Sent) -> None:
    said = first_turn(keeper)
    keeper.keep([of_another_store(message) for message in keeper.messages()])
    keeper.ask(FOLLOW_UP)
    assert sent.bodies[1:] == [keeper.sends(keeper.retold(*said, now=FOLLOW_UP))]


def test_what_another_model_answered_goes_along_in_the_same_session(keeper: Keeper, sent: Sent) -> None:
    keeper.ask(QUESTION)
    keeper.keep([*keeper.messages(), HumanMessage("Hi"), AIMessage("Hello")])
    keeper.ask(FOLLOW_UP)
    told = keeper.retold(("user", "Hi"), ("assistant", "Hello"), now=FOLLOW_UP)
    assert sent.bodies[1:] == [keeper.sends(told, session_id=sent.sessions[0])]


@pytest.mark.parametrize("keeper", [row for row in TABLE if row[0] is not Tool], indirect=True, ids=row_name)
def test_an_answer_where_a_question_should_be_is_refused(keeper: Keeper, sent: Sent) -> None:
    keeper.ask(QUESTION)
    with pytest.raises(InvalidArgumentError, match="no user message after the last answer"):
        keeper.ask(AIMessage("Hello"))
    assert len(sent.bodies) == 1


def test_a_summary_of_earlier_turns_leaves_the_session_going_on(keeper: Keeper, sent: Sent) -> None:
    keeper.ask(QUESTION)
    first = keeper.messages()
    keeper.ask(FOLLOW_UP)
    keeper.keep([HumanMessage("Summary: goals."), *keeper.messages()[len(first) :]])
    keeper.ask(OTHER)
    assert sent.bodies[2:] == [keeper.sends(OTHER, session_id=sent.sessions[0])]


def test_a_summary_of_all_turns_begins_a_new_session(keeper: Keeper, sent: Sent) -> None:
    keeper.ask(QUESTION)
    keeper.keep([HumanMessage("Summary: goals.")])
    keeper.ask(FOLLOW_UP)
    assert sent.bodies[1:] == [keeper.sends("Summary: goals.", FOLLOW_UP)]
