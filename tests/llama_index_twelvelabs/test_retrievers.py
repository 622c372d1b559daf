from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core.callbacks import CallbackManager, CBEventType, LlamaDebugHandler
from llama_index.core.llms.mock import MockLLM
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.retrievers import QueryFusionRetriever
from llama_index.core.schema import MetadataMode, NodeWithScore, QueryBundle
from llama_index.core.tools import RetrieverTool

from llama_index_twelvelabs import TwelveLabsCitationRetriever
from tests.llama_index_twelvelabs.engines import QUESTION, TITLE, bodies, engine_at
from twelvelabs_responses import InvalidArgumentError, RateLimitError

if TYPE_CHECKING:
    from twelvelabs_responses.emulator import Emulator

WAYS = pytest.mark.parametrize("way", ["retrieve", "aretrieve"])


def retriever_at(emulator: Emulator, **options: Any) -> TwelveLabsCitationRetriever:
    settings = {"api_key": "key-of-the-tests", "base_url": emulator.base_url} | options
    return TwelveLabsCitationRetriever(emulator.knowledge_store_id, **settings)


def retrieved(retriever: TwelveLabsCitationRetriever, way: str, query: Any = QUESTION) -> list[NodeWithScore]:
    if way == "retrieve":
        return retriever.retrieve(query)
    return asyncio.run(retriever.aretrieve(query))


@WAYS
def test_a_moment_says_where_to_look_and_what_the_answer_says_of_it(emulator: Emulator, way: str) -> None:
    first = retrieved(retriever_at(emulator), way)[0]
    label, *said = first.text.splitlines()
    assert label == f"{TITLE} (12:04-12:31)"
    assert said == first.node.metadata["claims"]
    assert said
    assert said[0] in first.node.get_content(MetadataMode.LLM)


@WAYS
def test_the_moments_are_those_that_the_engine_cites(emulator: Emulator, way: str) -> None:
    cited: Any = engine_at(emulator).query(QUESTION)
    found = retrieved(retriever_at(emulator), way)
    assert [each.node_id for each in found] == [each.node_id for each in cited.source_nodes]
    assert [each.node.metadata for each in found] == [each.node.metadata for each in cited.source_nodes]


@WAYS
def test_what_is_refused_is_raised(emulator: Emulator, way: str) -> None:
    with pytest.raises(InvalidArgumentError, match="image_path"):
        retrieved(retriever_at(emulator), way, QueryBundle(QUESTION, image_path="goal.png"))
    emulator.fault = "429-long"
    with pytest.raises(RateLimitError):
        retrieved(retriever_at(emulator), way)


@WAYS
def test_callbacks_hear_of_the_retrieval_and_of_the_call(emulator: Emulator, way: str) -> None:
    debug = LlamaDebugHandler(print_trace_on_end=False)
    retrieved(retriever_at(emulator, callback_manager=CallbackManager([debug])), way)
    assert len(debug.get_event_pairs(CBEventType.RETRIEVE)) == 1
    assert len(debug.get_event_pairs(CBEventType.LLM)) == 1


def test_another_llm_answers_from_the_moments(emulator: Emulator) -> None:
    engine = RetrieverQueryEngine.from_args(retriever_at(emulator), llm=MockLLM())
    response: Any = engine.query(QUESTION)
    assert f"{TITLE} (12:04-12:31)" in response.response
    assert response.source_nodes[0].node.metadata["title"] == TITLE


def test_retrievers_can_be_fused(emulator: Emulator) -> None:
    fused = QueryFusionRetriever([retriever_at(emulator)], llm=MockLLM(), num_queries=1, use_async=False)
    assert fused.retrieve(QUESTION)[0].text.startswith(TITLE)
    assert len(bodies(emulator)) == 1


async def test_a_retriever_can_be_a_tool(emulator: Emulator) -> None:
    retriever = retriever_at(emulator)
    output = await RetrieverTool.from_defaults(retriever, name="find", description="Finds moments.").acall(QUESTION)
    await retriever.aclose()
    assert TITLE in output.content
