"""What of a conversation is lost, refused or garbled on its way to the service: pitfalls 21, 22, 24."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.messages import (
    AIMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
    messages_from_dict,
    messages_to_dict,
)

from langchain_twelvelabs.testing import QUESTION
from tests.langchain_twelvelabs.scripted_answers import LONG, MODES, models
from tests.langchain_twelvelabs.ways import WAYS, ask
from twelvelabs_responses import InvalidArgumentError

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

    from langchain_twelvelabs import ChatTwelveLabs
    from twelvelabs_responses.emulator import Emulator


def sent(emulator: Emulator) -> dict[str, Any]:
    return emulator.exchanges[-1].body or {}


def contents(emulator: Emulator) -> list[str]:
    return [item["content"] for item in sent(emulator)["input"]]


# langchainjs #7950, llama_index #19087
@WAYS
def test_every_message_reaches_the_service(model: ChatTwelveLabs, emulator: Emulator, way: str) -> None:
    call: Any = {"name": "look_up", "args": {"word": "offside"}, "id": "call_1", "type": "tool_call"}
    history: list[BaseMessage] = [
        SystemMessage("Rule one."),
        HumanMessage("First?"),
        AIMessage("Another model's words.", tool_calls=[call]),
        ToolMessage("A tool's words.", tool_call_id="call_1"),
        SystemMessage("Rule two."),
        HumanMessage("Second?"),
        HumanMessage("Third?"),
    ]
    ask(model, history, way)
    first, *others = contents(emulator)
    assert sent(emulator)["instructions"] == "Rule one.\n\nRule two."
    for words in ("First?", "Another model's words.", '[look_up({"word": "offside"})]', "A tool's words."):
        assert words in first
    assert first.endswith("Second?")
    assert others == ["Third?"]


# langchainjs #7950, llama_index #19087
@WAYS
def test_what_cannot_be_sent_is_an_error_and_not_left_out(model: ChatTwelveLabs, emulator: Emulator, way: str) -> None:
    picture = {"type": "image", "url": "https://example.com/a.png"}
    with pytest.raises(InvalidArgumentError, match="a block of type image"):
        ask(model, [HumanMessage(["What is on it?", picture])], way)
    assert not emulator.exchanges


# langchain #38651, langchainjs #11472
@WAYS
def test_system_messages_may_stand_anywhere_and_go_along_on_every_turn(
    model: ChatTwelveLabs, emulator: Emulator, way: str
) -> None:
    history: list[BaseMessage] = [SystemMessage("Rule one."), HumanMessage(QUESTION)]
    history += [ask(model, history, way), SystemMessage("Rule two."), HumanMessage("And then?")]
    answer = ask(model, [*history, SystemMessage("Rule three.")], way)
    assert sent(emulator)["instructions"] == "Rule one.\n\nRule two.\n\nRule three."
    assert contents(emulator) == ["And then?"]
    assert answer.response_metadata["session_id"] == history[2].response_metadata["session_id"]


QUESTIONS = [
    pytest.param(["Which clips ", {"type": "text", "text": "show a goal?"}], id="v0"),
    pytest.param(
        [{"type": "text", "text": "Which clips "}, {"type": "text", "text": "show a goal?", "id": "1"}], id="v1"
    ),
]


# langchain-oracle #281
@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("mode", MODES)
def test_answers_and_questions_of_every_version_can_be_fed_back(
    model: ChatTwelveLabs, emulator: Emulator, mode: str, question: list[Any]
) -> None:
    versed = model.model_copy(update=MODES[mode])
    history: list[BaseMessage] = [HumanMessage(question)]
    history += [versed.invoke(history), HumanMessage(question)]
    kept = messages_from_dict(messages_to_dict(history))
    answer = versed.invoke(kept)
    assert contents(emulator) == [QUESTION]
    assert answer.response_metadata["session_id"] == history[1].response_metadata["session_id"]


# langchain-oracle #281
@pytest.mark.parametrize("mode", MODES)
def test_of_an_answer_about_another_store_the_text_alone_goes_along_whatever_its_version(
    model: ChatTwelveLabs, emulator: Emulator, mode: str
) -> None:
    elsewhere = models(LONG, mode)().invoke(QUESTION)
    model.invoke([HumanMessage(QUESTION), elsewhere, HumanMessage("And here?")])
    (content,) = contents(emulator)
    said = "🥅👩\u200d👧 Two [1]. Both 🥅 late [2][3]. 中 Done [4]."
    assert f'<message role="assistant">{said}</message>' in content
