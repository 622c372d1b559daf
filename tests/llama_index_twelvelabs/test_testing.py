"""Our own query engine under the suite that others can run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from llama_index_twelvelabs import TwelveLabsQueryEngine
from llama_index_twelvelabs.testing import QueryEngineSuite
from tests.pytesting import ran

if TYPE_CHECKING:
    from llama_index_twelvelabs.testing import EngineFactory
    from twelvelabs_responses.emulator import Emulator


class TestTwelveLabsQueryEngine(QueryEngineSuite):
    @pytest.fixture
    def new_engine(self, emulator: Emulator) -> EngineFactory:
        return lambda *, streaming: TwelveLabsQueryEngine(emulator.knowledge_store_id, streaming=streaming)


class TestTwelveLabsQueryEngineThatTellsProgress(QueryEngineSuite):
    @pytest.fixture
    def new_engine(self, emulator: Emulator) -> EngineFactory:
        return lambda *, streaming: TwelveLabsQueryEngine(
            emulator.knowledge_store_id, streaming=streaming, on_event=lambda _: None
        )


def test_the_suite_says_what_a_subclass_must_give(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        from llama_index_twelvelabs.testing import QueryEngineSuite

        class TestMine(QueryEngineSuite):
            pass
    """)
    result = ran(pytester, "-k", "hangs_up")
    assert result.parseoutcomes()["errors"] == 1
    result.stdout.fnmatch_lines(["*override the fixture `new_engine`*"])
