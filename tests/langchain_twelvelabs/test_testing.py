"""Our own chat model under the suite that others can run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from langchain_twelvelabs import ChatTwelveLabs
from langchain_twelvelabs.testing import ChatModelSuite
from tests.pytesting import ran

if TYPE_CHECKING:
    from langchain_twelvelabs._paths import ModelFactory
    from twelvelabs_responses.emulator import Emulator

MODES: dict[str, dict[str, Any]] = {
    "default": {},
    "include, v1": {"include": ("intermediate_outputs",), "output_version": "v1"},
}


class TestChatTwelveLabs(ChatModelSuite):
    @pytest.fixture(params=MODES)
    def new_model(self, emulator: Emulator, request: pytest.FixtureRequest) -> ModelFactory:
        options = MODES[request.param]
        return lambda: ChatTwelveLabs(knowledge_store_id=emulator.knowledge_store_id, **options)


def test_the_suite_says_what_a_subclass_must_give(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        from langchain_twelvelabs.testing import ChatModelSuite

        class TestMine(ChatModelSuite):
            pass
    """)
    result = ran(pytester, "-k", "hangs_up")
    result.assert_outcomes(errors=1, deselected=49)
    result.stdout.fnmatch_lines(["*override the fixture `new_model`*"])


OTHERS = """
    import pytest
    from langchain_core.messages import AIMessage, AIMessageChunk
    from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
    from langchain_twelvelabs import ChatTwelveLabs
    from langchain_twelvelabs.testing import ChatModelSuite
    from twelvelabs_responses import ResponsesError

    class Forgetful(ChatTwelveLabs):
        def _generate(self, *args, **kwargs):
            try:
                said = super()._generate(*args, **kwargs).generations[0].text
            except ResponsesError as error:
                raise LookupError from error
            return ChatResult(generations=[ChatGeneration(message=AIMessage(said))])

        def _stream(self, *args, **kwargs):
            try:
                for chunk in super()._stream(*args, **kwargs):
                    yield ChatGenerationChunk(message=AIMessageChunk(chunk.text))
            except ResponsesError as error:
                raise LookupError from error

    class TestMine(ChatModelSuite):
        {errors}

        @pytest.fixture
        def new_model(self, emulator):
            return lambda: Forgetful(knowledge_store_id=emulator.knowledge_store_id)
"""


@pytest.mark.parametrize(("errors", "outcome"), [("errors = LookupError", "passed"), ("", "failed")])
def test_a_model_may_have_errors_of_its_own_if_it_names_them(
    pytester: pytest.Pytester, errors: str, outcome: str
) -> None:
    pytester.makepyfile(OTHERS.replace("{errors}", errors))
    assert ran(pytester, "-k", "breaks or sent_once").parseoutcomes() == {outcome: 8, "deselected": 42}


def test_a_model_that_forgets_its_citations_fails(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(OTHERS.replace("{errors}", ""))
    assert ran(pytester, "-k", "cites").parseoutcomes() == {"failed": 2, "deselected": 48}
