from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core import __version__
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.llms.mock import MockLLM
from llama_index.core.objects import ObjectRetriever, SimpleObjectNodeMapping
from llama_index.core.query_engine import RouterQueryEngine, ToolRetrieverRouterQueryEngine
from llama_index.core.response_synthesizers import TreeSummarize
from llama_index.core.schema import NodeWithScore
from llama_index.core.selectors import LLMMultiSelector, LLMSingleSelector

from tests.llama_index_twelvelabs.composites.partners import ANSWER, ScriptedLLM, football, tennis
from tests.llama_index_twelvelabs.engines import QUESTION, TITLE, engine_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llama_index.core.schema import QueryBundle
    from llama_index.core.tools import QueryEngineTool

    from twelvelabs_responses.emulator import Emulator

VERSION = tuple(map(int, __version__.split(".")[:2]))
# Before 0.14 a router asks several engines in a loop of its own, and leaves it without closing what is in it.
LEAVES_ITS_LOOP = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning" if VERSION < (0, 14) else "error"
)
ONE = '[{"choice": 1, "reason": "It is about goals."}]'
BOTH = '[{"choice": 1, "reason": "It is about goals."}, {"choice": 2, "reason": "It may be about games."}]'
STREAMING = pytest.mark.parametrize("streaming", [False, True])


@pytest.fixture
def _collected() -> Iterator[None]:
    """Find what is left open in the test that has left it."""
    yield
    gc.collect()


def router(emulator: Emulator, said: str, *, streaming: bool = False, tools: Any = None) -> RouterQueryEngine:
    selectors = {ONE: LLMSingleSelector, BOTH: LLMMultiSelector}
    return RouterQueryEngine.from_defaults(
        tools or [football(emulator, streaming=streaming), tennis(emulator, streaming=streaming)],
        llm=MockLLM(),
        selector=selectors[said].from_defaults(llm=ScriptedLLM.saying(said)),  # type: ignore[attr-defined]  # both have it
        summarizer=TreeSummarize(llm=MockLLM()),
    )


def check(text: str, response: Any) -> None:
    assert ANSWER in text
    assert response.source_nodes[0].node.metadata["title"] == TITLE


@STREAMING
def test_the_choice_of_one_gives_its_response_as_it_is(emulator: Emulator, streaming: bool) -> None:
    response: Any = router(emulator, ONE, streaming=streaming).query(QUESTION)
    check(str(response), response)
    assert response.metadata["selector_result"].reason == "It is about goals."
    assert response.metadata["usage"]["output_tokens"] > 0
    assert response.session_id == emulator.exchanges[-1].session_id
    assert response.to_dict()["metadata"]["selector_result"]["selections"][0]["index"] == 0


@STREAMING
def test_the_choice_of_one_can_be_awaited(emulator: Emulator, streaming: bool) -> None:
    engine = router(emulator, ONE, streaming=streaming)

    async def asked() -> Any:
        response: Any = await engine.aquery(QUESTION)
        if streaming:
            await response.get_response()
        return response

    response = asyncio.run(asked())
    check(str(response), response)
    assert response.metadata["selector_result"].reason == "It is about goals."
    assert response.metadata["status"] == "completed"


@STREAMING
def test_the_choice_of_two_gives_both_answers_and_their_sources(emulator: Emulator, streaming: bool) -> None:
    response: Any = router(emulator, BOTH, streaming=streaming).query(QUESTION)
    check(str(response), response)
    assert str(response).count(ANSWER) == 2
    assert len(emulator.exchanges) == 2


@pytest.mark.skipif(VERSION < (0, 14), reason="this LlamaIndex reads the streams in another loop than it opens them in")
def test_the_choice_of_two_streams_can_be_awaited(emulator: Emulator) -> None:
    engine = router(emulator, BOTH, streaming=True)
    response: Any = asyncio.run(engine.aquery(QUESTION))
    check(str(response), response)
    assert str(response).count(ANSWER) == 2


def as_tools(emulator: Emulator, *, streaming: bool) -> list[QueryEngineTool]:
    """Return our engine twice, made a tool by itself."""
    engine = engine_at(emulator, streaming=streaming)
    return [engine.as_tool(name=name, description=name) for name in ("football", "tennis")]


@LEAVES_ITS_LOOP
@pytest.mark.usefixtures("_collected")
@STREAMING
def test_the_choice_of_two_of_our_tools_can_be_awaited(emulator: Emulator, streaming: bool) -> None:
    engine = router(emulator, BOTH, tools=as_tools(emulator, streaming=streaming))
    response: Any = asyncio.run(engine.aquery(QUESTION))
    check(str(response), response)
    assert str(response).count(ANSWER) == 2


class AllTools(BaseRetriever):
    def __init__(self, mapping: SimpleObjectNodeMapping) -> None:
        super().__init__()
        self._mapping = mapping

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:  # noqa: ARG002 - LlamaIndex's
        return [NodeWithScore(node=node) for node in self._mapping.to_nodes(self._tools)]

    @property
    def _tools(self) -> Any:
        return list(self._mapping.obj_node_mapping.values())


@LEAVES_ITS_LOOP
@pytest.mark.usefixtures("_collected")
@pytest.mark.parametrize("way", ["query", "aquery"])
@STREAMING
def test_a_router_may_retrieve_its_tools(emulator: Emulator, way: str, streaming: bool) -> None:
    tools = as_tools(emulator, streaming=streaming)
    mapping = SimpleObjectNodeMapping.from_objects(tools)
    engine = ToolRetrieverRouterQueryEngine(
        ObjectRetriever(AllTools(mapping), mapping), llm=MockLLM(), summarizer=TreeSummarize(llm=MockLLM())
    )
    response: Any = engine.query(QUESTION) if way == "query" else asyncio.run(engine.aquery(QUESTION))
    check(str(response), response)
    assert str(response).count(ANSWER) == 2
