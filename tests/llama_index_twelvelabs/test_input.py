from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest
from llama_index.core.base.llms.types import (
    AudioBlock,
    CachePoint,
    ChatMessage,
    DocumentBlock,
    ImageBlock,
    MessageRole,
    TextBlock,
)
from llama_index.core.schema import QueryBundle

from llama_index_twelvelabs._input import chat_messages, history, question, user_message
from twelvelabs_responses import HistoryMessage, InvalidArgumentError, Media, Session

FACTS = {"session_id": "sess_1", "response_id": "resp_1", "knowledge_store_id": "ks_1"}


@pytest.mark.parametrize(
    ("role", "said_by"),
    [
        (MessageRole.SYSTEM, "system"),
        (MessageRole.DEVELOPER, "system"),
        (MessageRole.USER, "user"),
        (MessageRole.ASSISTANT, "assistant"),
        (MessageRole.CHATBOT, "assistant"),
        (MessageRole.MODEL, "assistant"),
        (MessageRole.TOOL, "tool"),
        (MessageRole.FUNCTION, "function"),
    ],
)
def test_a_message_keeps_its_text_and_says_who_spoke(role: MessageRole, said_by: str) -> None:
    assert history([ChatMessage(role=role, content="Two.")]) == [HistoryMessage(said_by, ("Two.",))]


def test_an_answer_of_ours_says_where_its_session_stands() -> None:
    answer = ChatMessage(role=MessageRole.ASSISTANT, content="Two.", additional_kwargs={"twelvelabs": FACTS})
    assert history([answer]) == [HistoryMessage("assistant", ("Two.",), Session("sess_1", "resp_1", "ks_1"))]


def test_several_texts_are_lines_as_llama_index_reads_them() -> None:
    message = ChatMessage(blocks=[TextBlock(text="Who?"), TextBlock(text="When?")])
    assert history([message])[0].pieces == (message.content,) == ("Who?\nWhen?",)
    message.blocks.append(ImageBlock(url="https://example.com/a.png"))
    assert history([message])[0].pieces == ("Who?\nWhen?", Media("image"))


@pytest.mark.parametrize(
    ("block", "kind"),
    [
        (ImageBlock(url="https://example.com/a.png"), "image"),
        (AudioBlock(url="https://example.com/a.mp3"), "audio"),
        (DocumentBlock(url="https://example.com/a.pdf"), "document"),
    ],
)
def test_what_is_no_text_is_media_of_its_kind_in_its_place(block: Any, kind: str) -> None:
    message = ChatMessage(blocks=[TextBlock(text="Who?"), block, TextBlock(text="When?")])
    assert history([message])[0].pieces == ("Who?", Media(kind), "When?")
    assert history([ChatMessage(blocks=[block])])[0].pieces == (Media(kind),)


@pytest.mark.parametrize("role", [MessageRole.SYSTEM, MessageRole.USER, MessageRole.ASSISTANT])
def test_a_hint_for_another_provider_says_nothing(role: MessageRole) -> None:
    blocks = [TextBlock(text="Who?"), CachePoint.model_validate({"cache_control": {"type": "ephemeral"}})]
    assert history([ChatMessage(role=role, blocks=blocks)])[0].pieces == ("Who?",)


FUNCTION = {"name": "look", "arguments": '{"at": "goal"}'}


@pytest.mark.parametrize(
    "call",
    [
        {"function": FUNCTION, "id": "1"},
        SimpleNamespace(function=SimpleNamespace(**FUNCTION)),
        SimpleNamespace(**FUNCTION),
        {"name": "look", "arguments": {"at": "goal"}},
    ],
)
def test_a_call_of_another_models_tool_is_told_in_words(call: object) -> None:
    message = ChatMessage(role=MessageRole.ASSISTANT, content="Hm.", additional_kwargs={"tool_calls": [call]})
    assert history([message])[0].pieces == ("Hm.", '[look({"at": "goal"})]')


def test_a_call_is_told_whatever_its_arguments_are() -> None:
    call = {"name": "look", "arguments": {"at": "Größe", "on": date(2026, 4, 1)}}
    message = ChatMessage(role=MessageRole.ASSISTANT, content="", additional_kwargs={"tool_calls": [call]})
    assert history([message])[0].pieces[-1] == '[look({"at": "Größe", "on": "2026-04-01"})]'


def test_what_a_model_thought_and_called_in_blocks_is_told_in_words_or_not_at_all() -> None:
    types = pytest.importorskip("llama_index.core.base.llms.types")
    if not hasattr(types, "ToolCallBlock"):
        pytest.skip("this LlamaIndex has no blocks for thoughts and calls")
    blocks = [
        types.ThinkingBlock(content="hm"),
        TextBlock(text="Hm."),
        types.ToolCallBlock(tool_name="look", tool_kwargs={"at": "goal"}),
    ]
    message = ChatMessage(role=MessageRole.ASSISTANT, blocks=blocks)
    assert history([message])[0].pieces == ("Hm.", '[look({"at": "goal"})]')


@pytest.mark.parametrize("role", [MessageRole.SYSTEM, MessageRole.USER])
def test_only_what_others_say_calls_tools(role: MessageRole) -> None:
    message = ChatMessage(role=role, content="Who?", additional_kwargs={"tool_calls": [{"function": FUNCTION}]})
    assert history([message])[0].pieces == ("Who?",)


def test_the_callers_messages_are_left_as_they_are() -> None:
    messages = [ChatMessage(content="Who?"), ChatMessage(role=MessageRole.ASSISTANT, content="Kim.")]
    before = [message.model_copy(deep=True) for message in messages]
    history(messages)
    assert messages == before


def test_a_query_is_a_history_of_one_user_message() -> None:
    (message,) = question(QueryBundle("Any goals?", custom_embedding_strs=["A goal is scored."]))
    assert (message.role, message.content) == (MessageRole.USER, "Any goals?")


def test_a_query_with_an_image_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match=r"image_path: got .goal\.png.; allowed: text"):
        question(QueryBundle("Any goals?", image_path="goal.png"))


@pytest.mark.parametrize("query", [None, 7])
def test_a_query_without_a_string_is_refused_as_such(query: Any) -> None:
    with pytest.raises(InvalidArgumentError, match=f"query_str: got a {type(query).__name__}; allowed: a string"):
        question(QueryBundle(query))


def test_what_the_user_says_is_a_string() -> None:
    assert user_message("Any goals?", "message").content == "Any goals?"
    with pytest.raises(InvalidArgumentError, match="message: got a QueryBundle; allowed: a string"):
        user_message(QueryBundle("Any goals?"), "message")  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ([ChatMessage(content="Who?"), {"role": "user"}], r"chat_history\[1\]: got a dict; allowed: a ChatMessage"),
        ([None], r"chat_history\[0\]: got a NoneType"),
        ("Who?", "chat_history: got a str; allowed: a list of ChatMessage"),
        (ChatMessage(content="Who?"), "chat_history: got a ChatMessage; allowed: a list"),
        (7, "chat_history: got a int"),
    ],
)
def test_what_is_no_list_of_messages_is_refused(given: Any, complaint: str) -> None:
    with pytest.raises(InvalidArgumentError, match=complaint):
        chat_messages(given, "chat_history")


def test_messages_may_come_one_by_one() -> None:
    message = ChatMessage(content="Who?")
    assert chat_messages(iter([message]), "messages") == [message]
    with pytest.raises(InvalidArgumentError, match=r"messages\[0\]: got a dict"):
        history([{"role": "user"}])  # type: ignore[list-item]  # wrong on purpose
