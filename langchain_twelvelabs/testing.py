"""Tests for chat models of this endpoint, to be run by whoever builds or changes one.

```python
from langchain_twelvelabs.testing import ChatModelSuite

class TestMyModel(ChatModelSuite):
    @pytest.fixture
    def new_model(self, emulator):
        return lambda: MyModel(base_url=emulator.base_url, ...)
```

The functions are the oracle by itself, for models that are given their answers in another way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from langchain_twelvelabs._paths import (
    QUESTION,
    Answers,
    answers_on_every_path,
    check_chunks,
    check_equal_on_every_path,
    check_tokens_on_every_path,
    total,
)
from twelvelabs_responses import ResponsesError
from twelvelabs_responses.emulator import ScriptedAnswer, ScriptedCall, ScriptedCitation

if TYPE_CHECKING:
    from langchain_twelvelabs._paths import ModelFactory
    from twelvelabs_responses.emulator import Emulator

__all__ = [
    "ANSWERS",
    "QUESTION",
    "Answers",
    "ChatModelSuite",
    "answers_on_every_path",
    "check_chunks",
    "check_equal_on_every_path",
    "check_tokens_on_every_path",
    "total",
]

ANSWERS = {
    "plain": ScriptedAnswer("Two goals."),
    "empty": ScriptedAnswer(""),
    "wide characters": ScriptedAnswer("\U0001f945\U0001f469\u200d\U0001f467 Stra\u00dfe\u2028 \u65e5\u672c\u8a9e."),
    "citations": ScriptedAnswer(
        "\U0001f945 Two [1]. Both late [2][3]. See [7].",
        citations=(
            ScriptedCitation("ksi_1", 12.0, 15.5, "Final"),
            ScriptedCitation("ksi_2", title="Poster", kind="image"),
            ScriptedCitation("ksic_1", title="Season", kind="collection"),
        ),
    ),
    "steps": ScriptedAnswer(
        "Two [1].",
        citations=(ScriptedCitation("ksi_1", 1.5, 9.0),),
        commentary="Looking for goals.",
        calls=(ScriptedCall("search", {"query": "goal"}, "3 clips"), ScriptedCall("look", {}, "")),
    ),
    "JSON": ScriptedAnswer(json={"goals": 2, "who": ["Zo\u00eb", None]}),
    "cut short": ScriptedAnswer("Two go", incomplete_reason="max_output_tokens"),
    "without phases": ScriptedAnswer("Two goals.", commentary="Looking.", fault="no-phase"),
    "text at the end only": ScriptedAnswer("Two goals.", fault="terminal-only"),
    "every event twice": ScriptedAnswer("Two goals.", fault="duplicated-events"),
    "byte by byte": ScriptedAnswer("Zo\u00eb: two \U0001f945.", fault="one-byte-chunks"),
    "an unknown item": ScriptedAnswer("Two goals.", fault="unknown-item"),
    "JSON for a stream": ScriptedAnswer("Two goals.", fault="json-for-stream"),
}
"""Answers that are hard to get right on every path, by what makes them so."""

_IN_EVERY_CASE = pytest.mark.parametrize("case", ANSWERS)
_SUPPLY = 32


class ChatModelSuite:
    """What holds for a LangChain chat model of this endpoint, whoever wrote it. Subclass it, and give `new_model`.

    The tests ask the `emulator` fixture of this package's pytest plugin, which the environment points to as well.
    """

    pytestmark = pytest.mark.filterwarnings("ignore:The method .* is in beta")
    errors: ClassVar[type[Exception] | tuple[type[Exception], ...]] = ResponsesError
    """What a turn that comes to no answer raises; name the errors of your own client here."""

    @pytest.fixture
    def new_model(self, emulator: Emulator) -> ModelFactory:
        """Return what makes models that ask the emulator, each one anew."""
        raise NotImplementedError("override the fixture `new_model`: a function that makes a model each time")

    @_IN_EVERY_CASE
    def test_every_path_gives_the_same_answer(self, emulator: Emulator, new_model: ModelFactory, case: str) -> None:
        """All paths agree in text, blocks, citations, usage, metadata."""
        emulator.script(*[ANSWERS[case]] * _SUPPLY)
        check_equal_on_every_path(new_model)

    @_IN_EVERY_CASE
    def test_the_text_is_what_the_service_said(self, emulator: Emulator, new_model: ModelFactory, case: str) -> None:
        """No text is lost, doubled or altered, whole or streamed."""
        scripted = ANSWERS[case]
        emulator.script(scripted, scripted)
        said = scripted.text or _SAID.get(case, "")
        assert new_model().invoke(QUESTION).text == said
        assert total(list(new_model().stream(QUESTION))).text == said

    @pytest.mark.parametrize("path", ["invoke", "stream"])
    def test_an_answer_cites_its_moments(self, emulator: Emulator, new_model: ModelFactory, path: str) -> None:
        """Each citation is an annotation of the text, and spans its marker."""
        emulator.script(ANSWERS["citations"])
        model = new_model()
        answer: Any = model.invoke(QUESTION) if path == "invoke" else total(list(model.stream(QUESTION)))
        cited = [each for block in answer.content_blocks for each in block.get("annotations", ())]
        assert [answer.text[each["start_index"] : each["end_index"]] for each in cited] == ["[1]", "[2]", "[3]"]

    @_IN_EVERY_CASE
    def test_callbacks_hear_each_token_once(self, emulator: Emulator, new_model: ModelFactory, case: str) -> None:
        """Token callbacks are told of each chunk, before the caller sees it."""
        emulator.script(*[ANSWERS[case]] * _SUPPLY)
        check_tokens_on_every_path(new_model)

    @pytest.mark.parametrize("fault", ["cut", "done-early", "failed", "malformed-event", "invalid-utf8", "html"])
    def test_a_stream_that_breaks_raises(self, emulator: Emulator, new_model: ModelFactory, fault: str) -> None:
        """A stream without its terminal event does not pass for an answer, and no retry repeats its turn."""
        emulator.fault = fault
        with pytest.raises(self.errors):
            list(new_model().stream(QUESTION))
        assert len(emulator.exchanges) == 1

    @pytest.mark.parametrize("fault", ["500", "drop"])
    def test_a_turn_that_may_have_been_taken_is_sent_once(
        self, emulator: Emulator, new_model: ModelFactory, fault: str
    ) -> None:
        """No retry repeats a turn."""
        emulator.fault = fault
        with pytest.raises(self.errors):
            new_model().invoke(QUESTION)
        assert len(emulator.exchanges) == 1

    def test_a_stream_that_is_left_hangs_up(self, emulator: Emulator, new_model: ModelFactory) -> None:
        """Closing the generator closes the connection within a second."""
        emulator.fault = "slow"
        chunks: Any = new_model().stream(QUESTION)
        next(chunks)
        chunks.close()
        assert emulator.wait_until(lambda running: running.exchanges[-1].disconnected, timeout=1.0)


_SAID = {"JSON": '{"goals": 2, "who": ["Zo\u00eb", null]}'}
