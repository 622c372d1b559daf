"""LlamaIndex's recursive retrieval, its chat over a query engine, and its evaluation."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.chat_engine import CondenseQuestionChatEngine
from llama_index.core.evaluation import BatchEvalRunner, FaithfulnessEvaluator
from llama_index.core.llms.mock import MockLLM
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.schema import IndexNode, NodeWithScore

from tests.llama_index_twelvelabs.composites.partners import ANSWER, ScriptedLLM
from tests.llama_index_twelvelabs.engines import FOLLOW_UP, QUESTION, TITLE, bodies, engine_at

if TYPE_CHECKING:
    from llama_index.core.schema import QueryBundle

    from twelvelabs_responses.emulator import Emulator

# LlamaIndex's evaluation calls a function that LlamaIndex gives up.
pytestmark = pytest.mark.filterwarnings("ignore:.*asyncio_module.*:DeprecationWarning")

STREAMING = pytest.mark.parametrize("streaming", [False, True])


class ToTheVideos(BaseRetriever):
    def __init__(self, engine: Any) -> None:
        super().__init__()
        self._node = IndexNode(text="All that is known of matches.", index_id="videos", obj=engine)

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:  # noqa: ARG002 - LlamaIndex's
        return [NodeWithScore(node=self._node)]


@STREAMING
def test_recursive_retrieval_enters_the_engine(emulator: Emulator, streaming: bool) -> None:
    (found,) = ToTheVideos(engine_at(emulator, streaming=streaming)).retrieve(QUESTION)
    assert found.text.startswith(ANSWER)
    assert found.node.metadata["session_id"] == emulator.exchanges[-1].session_id
    assert found.node.metadata["citations"][0]["title"] == TITLE


def test_recursive_retrieval_can_be_awaited(emulator: Emulator) -> None:
    retriever = ToTheVideos(engine_at(emulator))
    (found,) = asyncio.run(retriever.aretrieve(QUESTION))
    assert found.text.startswith(ANSWER)


def condensed(emulator: Emulator, *, streaming: bool = False) -> CondenseQuestionChatEngine:
    engine = engine_at(emulator, streaming=streaming)
    llm = ScriptedLLM.saying(FOLLOW_UP)
    return CondenseQuestionChatEngine.from_defaults(engine, llm=llm, memory=ChatMemoryBuffer.from_defaults(llm=llm))


@pytest.mark.parametrize("way", ["chat", "achat"])
def test_a_condensed_question_is_asked_and_its_sources_kept(emulator: Emulator, way: str) -> None:
    chat = condensed(emulator)

    def said(message: str) -> Any:
        return chat.chat(message) if way == "chat" else asyncio.run(chat.achat(message))

    said(QUESTION)
    response = said("And the penalty?")
    assert [body["input"][0]["content"] for body in bodies(emulator)] == [QUESTION, FOLLOW_UP]
    assert response.source_nodes
    assert response.sources[0].raw_output.session_id == emulator.exchanges[-1].session_id


def test_a_condensed_question_can_be_streamed(emulator: Emulator) -> None:
    response = condensed(emulator, streaming=True).stream_chat(QUESTION)
    assert "".join(response.response_gen).startswith(ANSWER)
    response.set_source_nodes()
    assert response.source_nodes[0].node.metadata["title"] == TITLE


async def test_a_condensed_question_can_be_streamed_and_awaited(emulator: Emulator) -> None:
    response = await condensed(emulator, streaming=True).astream_chat(QUESTION)
    tokens = [token async for token in response.async_response_gen()]
    assert "".join(tokens).startswith(ANSWER)
    raw: Any = response.sources[0].raw_output
    assert raw.source_nodes[0].node.metadata["title"] == TITLE


def judge() -> BatchEvalRunner:
    return BatchEvalRunner({"faithful": FaithfulnessEvaluator(llm=MockLLM())}, workers=2)


def test_answers_are_evaluated_in_batches(emulator: Emulator) -> None:
    engine = engine_at(emulator)
    results = asyncio.run(judge().aevaluate_queries(engine, [QUESTION, FOLLOW_UP]))["faithful"]
    assert [(result.response or "").startswith("(Emulator)") for result in results] == [True, True]
    assert (results[0].contexts or [])[0] == f"{TITLE} (12:04-12:31)"


def test_streams_are_evaluated_too(emulator: Emulator) -> None:
    responses: list[Any] = [engine_at(emulator, streaming=True).query(QUESTION)]
    (result,) = asyncio.run(judge().aevaluate_responses([QUESTION], responses))["faithful"]
    assert (result.response or "").startswith(ANSWER)
    assert (result.contexts or [])[0] == f"{TITLE} (12:04-12:31)"
