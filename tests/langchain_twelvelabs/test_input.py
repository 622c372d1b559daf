from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    ChatMessage,
    ChatMessageChunk,
    HumanMessage,
    HumanMessageChunk,
    SystemMessage,
    SystemMessageChunk,
    ToolMessage,
    ToolMessageChunk,
)
from langchain_core.messages.block_translators import PROVIDER_TRANSLATORS

from langchain_twelvelabs._input import history, session_message, session_of
from twelvelabs_responses import HistoryMessage, Media, Selection, Session

if TYPE_CHECKING:
    from twelvelabs_responses import Piece

STORE = "ks_1"
CLIP = Selection(kind="item", id="ksi_7")
SESSION = Session("sess_1", "resp_1", STORE)


def ours(text: str = "Two.", **facts: Any) -> AIMessage:
    known = {"model_provider": "twelvelabs", "session_id": "sess_1", "response_id": "resp_1"}
    return AIMessage(text, response_metadata={**known, "knowledge_store_id": STORE, **facts})


def pieces(content: Any) -> tuple[Piece, ...]:
    return history([HumanMessage(content)])[0].pieces


@pytest.mark.parametrize(
    ("message", "role"),
    [
        (HumanMessage("Two."), "user"),
        (SystemMessage("Two."), "system"),
        (AIMessage("Two."), "assistant"),
        (ToolMessage("Two.", tool_call_id="1"), "tool"),
        (HumanMessageChunk(content="Two."), "user"),
        (SystemMessageChunk(content="Two."), "system"),
        (AIMessageChunk(content="Two."), "assistant"),
        (ToolMessageChunk(content="Two.", tool_call_id="1"), "tool"),
        (ChatMessage(content="Two.", role="critic"), "critic"),
        (ChatMessageChunk(content="Two.", role="critic"), "critic"),
        (ChatMessage(content="Two.", role="user"), "user"),
    ],
)
def test_a_message_keeps_its_text_and_says_who_spoke(message: BaseMessage, role: str) -> None:
    assert history([message]) == [HistoryMessage(role, ("Two.",))]


@pytest.mark.parametrize("text", ["Two.", ""])
@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"additional_kwargs": {"reasoning_content": "Hm."}},
        {"tool_calls": [{"name": "look", "args": {}, "id": "1"}]},
        {"invalid_tool_calls": [{"name": "look", "args": "{", "id": "1", "error": "no JSON"}]},
        {"response_metadata": {"output_version": "v1"}},
        {
            "response_metadata": {"model_provider": "twelvelabs"},
            "additional_kwargs": {"citations": [{"kind": "video"}]},
        },
    ],
)
@pytest.mark.parametrize("kind", [AIMessage, AIMessageChunk, HumanMessage])
def test_a_text_says_what_langchains_blocks_of_it_say(
    kind: type[BaseMessage], facts: dict[str, Any], text: str
) -> None:
    message = kind(content=text, **facts)
    said = [block["text"] for block in message.content_blocks if block["type"] == "text" and block["text"]]
    told = (piece for piece in history([message])[0].pieces if piece != "[look({})]")
    assert list(told) == said


def test_a_text_of_another_provider_is_what_its_translator_makes_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    read = {"translate_content": lambda message: [{"type": "text", "text": f"{message.content} or so"}]}
    monkeypatch.setitem(PROVIDER_TRANSLATORS, "other", read)
    assert history([ours(model_provider="other")])[0].pieces == ("Two. or so",)


def test_an_answer_of_ours_says_where_its_session_stands() -> None:
    assert history([ours()]) == [HistoryMessage("assistant", ("Two.",), SESSION)]
    assert session_of(ours(response_id=None)) == Session("sess_1", "", STORE)


def test_a_message_can_say_where_a_session_stands_and_nothing_else() -> None:
    message = session_message(SESSION)
    assert (message.content, session_of(message)) == ("", SESSION)


@pytest.mark.parametrize(
    "stranger",
    [
        HumanMessage("Two.", response_metadata=ours().response_metadata),
        AIMessage("Two."),
        ours(model_provider="openai"),
        ours(session_id=None),
        ours(knowledge_store_id=None),
    ],
)
def test_an_answer_of_another_model_or_without_its_ids_has_no_session(stranger: BaseMessage) -> None:
    assert session_of(stranger) is None


def test_a_call_of_another_models_tool_is_told_in_words() -> None:
    call = {"name": "look", "args": {"at": "goal"}, "id": "1"}
    (message,) = history([AIMessage("Hm.", tool_calls=[call])])
    assert message.pieces == ("Hm.", '[look({"at": "goal"})]')


def test_a_call_is_told_whatever_its_arguments_are() -> None:
    call = {"name": "look", "args": {"at": "Größe", "on": date(2026, 4, 1)}, "id": "1"}
    assert history([AIMessage("", tool_calls=[call])])[0].pieces == ('[look({"at": "Größe", "on": "2026-04-01"})]',)


def test_what_others_showed_is_named_by_its_kind() -> None:
    picture = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    (drawn,) = history([AIMessage([{"type": "text", "text": "See:"}, picture])])
    (found,) = history([ToolMessage([picture, {"type": "json", "json": {"score": 3}}], tool_call_id="1")])
    assert drawn.pieces == ("See:", Media("image"))
    assert found.pieces == (Media("image"), Media("json"))


@pytest.mark.parametrize(
    "block",
    [
        {"type": "reasoning", "reasoning": "hm"},
        {"type": "tool_call", "id": "1", "name": "look", "args": {}},
        {"type": "tool_call_chunk", "id": "1", "name": "look", "args": "{", "index": 0},
        {"type": "invalid_tool_call", "id": "1", "name": "look", "args": "{", "error": "no JSON"},
        {"type": "server_tool_call", "id": "1", "name": "search", "args": {}},
        {"type": "server_tool_call_chunk", "id": "1", "name": "search", "args": "{"},
        {"type": "server_tool_result", "tool_call_id": "1", "status": "success"},
        {"type": "non_standard", "value": {"type": "safety", "score": 3}},
    ],
)
def test_what_a_model_thought_or_its_provider_did_is_not_what_it_said(block: dict[str, Any]) -> None:
    standard = {"output_version": "v1"}
    (message,) = history([AIMessage([block, {"type": "text", "text": "Two."}], response_metadata=standard)])
    assert message.pieces == ("Two.",)


@pytest.mark.parametrize(("words", "piece"), [("I will not.", "I will not."), ("", Media("refusal"))])
def test_the_refusal_of_another_model_is_what_it_said(words: str, piece: Piece) -> None:
    refusal: dict[str, Any] = {"type": "refusal", "refusal": words}
    (message,) = history([AIMessage([refusal], response_metadata={"output_version": "v1"})])
    assert message.pieces == (piece,)


def test_what_calls_itself_no_text_is_not_told_as_text() -> None:
    odd: dict[str, Any] = {"type": "subtitle", "text": "Goal!"}
    (message,) = history([AIMessage([odd], response_metadata={"output_version": "v1"})])
    assert message.pieces == (Media("subtitle"),)


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
    assert pieces(content) == ("Who?",)


@pytest.mark.parametrize(
    "block",
    [
        {"type": "video", "file_id": "ksi_7"},
        {"type": "image", "file_id": "ksi_7"},
        {"type": "audio", "file_id": "ksi_7"},
        {"type": "text-plain", "file_id": "ksi_7", "mime_type": "text/plain"},
        {"type": "video", "source_type": "id", "id": "ksi_7"},
        {"type": "file", "file": {"file_id": "ksi_7"}},
    ],
)
def test_a_store_item_keeps_its_place_in_the_text(block: dict[str, Any]) -> None:
    content = [{"type": "text", "text": "Who is in "}, block, {"type": "text", "text": "?"}]
    assert pieces(content) == ("Who is in ", CLIP, "?")


def test_a_collection_is_selected_as_one() -> None:
    assert pieces([{"type": "file", "file_id": "ksic_7"}]) == (Selection(kind="collection", id="ksic_7"),)


@pytest.mark.parametrize(
    ("block", "kind"),
    [
        ({"type": "image", "url": "https://example.com/a.png"}, "image"),
        ({"type": "video", "base64": "aGk=", "mime_type": "video/mp4"}, "video"),
        ({"type": "file", "file_id": "file-123"}, "file"),
        ({"type": "reasoning", "reasoning": "hm"}, "reasoning"),
        ({"type": "text-plain", "file_id": "file-123", "mime_type": "text/plain"}, "text-plain"),
        ({"type": "text-plain", "base64": "aGk=", "mime_type": "text/plain"}, "text-plain"),
        ({"type": "input_text", "text": "Who?"}, "input_text"),
        ({"type": "non_standard", "value": {"score": 3}}, "non_standard"),
    ],
)
def test_anything_else_is_media_of_its_kind(block: dict[str, Any], kind: str) -> None:
    assert pieces([block]) == (Media(kind),)
