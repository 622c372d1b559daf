"""One scripted answer on every path of LangChain, in every shape of content that can be configured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from langchain_twelvelabs.testing import QUESTION, check_equal_on_every_path
from tests.langchain_twelvelabs.scripted_answers import (
    CALL,
    IN_EVERY_MODE,
    LONG,
    MAP,
    MODES,
    PHASELESS,
    RESULT,
    STREAM,
    documented,
    frames,
    models,
    over,
    scripted,
)
from tests.wire_strategies import Told, bodies, cut, told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.wire_strategies import JSON

# LangChain's own word about its third protocol.
pytestmark = pytest.mark.filterwarnings("ignore:The method .* is in beta")


@st.composite
def scripts(draw: st.DrawFn) -> tuple[Told, list[bytes]]:
    answer = draw(told())
    return answer, draw(cut(draw(bodies(answer))))


@IN_EVERY_MODE
@settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
@given(script=scripts())
def test_every_path_gives_the_same_answer(mode: str, script: tuple[Told, list[bytes]]) -> None:
    answer, chunks = script
    assume(documented(answer, mode))
    check_equal_on_every_path(scripted(answer, chunks, **MODES[mode]))


# -- answers written out -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["v1", "include", "include, v1"])
def test_all_that_happened_is_a_block_and_nothing_is_a_call_to_answer(mode: str) -> None:
    for answer in check_equal_on_every_path(models(LONG, mode)).by_path.values():
        kinds = [block["type"] for block in answer.content_blocks]
        tools = ["server_tool_call", "server_tool_result", "non_standard"]
        assert kinds == ["reasoning", *tools, "text", "text", "text"]
        assert not answer.tool_calls
        assert not answer.invalid_tool_calls
        assert answer.text == "🥅👩\u200d👧 Two [1]. Both 🥅 late [2][3]. 中 Done [4]."


def test_the_default_is_a_string_of_the_reply_alone() -> None:
    answers = check_equal_on_every_path(models(LONG, "default"))
    assert answers.by_path["invoke"].content == "🥅👩\u200d👧 Two [1]. Both 🥅 late [2][3]. 中 Done [4]."
    assert all(isinstance(chunk.content, str) for chunk in answers.chunks["stream"])


@IN_EVERY_MODE
def test_a_stream_request_that_gets_plain_json_gives_the_same_answer(mode: str) -> None:
    def reply(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-type": "application/json"}, content=PHASELESS.json_body())

    check_equal_on_every_path(over(reply, **MODES[mode]))


# -- as it happens -------------------------------------------------------------------------------------------------


class Gate(httpx.SyncByteStream):
    """Frames, of which it is known which one was sent last."""

    def __init__(self, answer: Told) -> None:
        self._answer = answer
        self.sent: JSON = {}

    def __iter__(self) -> Iterator[bytes]:
        for event, frame in zip(self._answer.events, frames(self._answer), strict=True):
            self.sent = event
            yield frame


@pytest.mark.parametrize("mode", ["include", "include, v1"])
def test_commentary_and_server_calls_are_told_while_they_happen(mode: str) -> None:
    gate = Gate(LONG)
    new_model = over(lambda _: httpx.Response(200, headers=STREAM, stream=gate), **MODES[mode])
    told_with: dict[str, JSON] = {}
    for chunk in new_model().stream(QUESTION):
        for block in chunk.content_blocks:
            told_with.setdefault(block["type"], gate.sent)
    assert told_with["reasoning"]["delta"] == "🧤 "
    assert told_with["server_tool_call"]["item"] == CALL
    assert told_with["server_tool_result"]["item"] == RESULT
    assert told_with["non_standard"]["item"] == MAP
    assert told_with["text"]["delta"] == "🥅👩\u200d👧 "


def test_without_phases_server_calls_are_told_while_they_happen_and_text_at_the_end() -> None:
    gate = Gate(PHASELESS)
    new_model = over(lambda _: httpx.Response(200, headers=STREAM, stream=gate), **MODES["include"])
    told_with: dict[str, JSON] = {}
    for chunk in new_model().stream(QUESTION):
        for block in chunk.content_blocks:
            told_with.setdefault(block["type"], gate.sent)
    assert told_with["server_tool_call"]["item"] == CALL
    assert told_with["reasoning"]["type"] == told_with["text"]["type"] == "response.completed"
