"""Our own chat engine under the suite that others can run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from llama_index_twelvelabs import TwelveLabsChatEngine
from llama_index_twelvelabs.testing import ChatEngineSuite
from tests.pytesting import ran

if TYPE_CHECKING:
    from llama_index_twelvelabs.testing import ChatEngineFactory
    from twelvelabs_responses.emulator import Emulator


class TestTwelveLabsChatEngine(ChatEngineSuite):
    @pytest.fixture
    def new_engine(self, emulator: Emulator) -> ChatEngineFactory:
        return lambda *, memory=None: TwelveLabsChatEngine(emulator.knowledge_store_id, memory=memory)


class TestTwelveLabsChatEngineThatShowsItsSteps(ChatEngineSuite):
    @pytest.fixture
    def new_engine(self, emulator: Emulator) -> ChatEngineFactory:
        return lambda *, memory=None: TwelveLabsChatEngine(
            emulator.knowledge_store_id, memory=memory, include=("intermediate_outputs",), on_event=lambda _: None
        )


def test_the_suite_says_what_a_subclass_must_give(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        from llama_index_twelvelabs.testing import ChatEngineSuite

        class TestMine(ChatEngineSuite):
            pass
    """)
    result = ran(pytester, "-k", "cancelled_hangs_up")
    assert result.parseoutcomes()["errors"] == 1
    result.stdout.fnmatch_lines(["*override the fixture `new_engine`*"])
