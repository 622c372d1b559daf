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
    result.assert_outcomes(errors=1, deselected=47)
    result.stdout.fnmatch_lines(["*override the fixture `new_model`*"])
