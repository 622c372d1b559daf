"""LlamaIndex before 0.13 has query pipelines."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core.llms.mock import MockLLM
from llama_index.core.prompts import PromptTemplate

from tests.llama_index_twelvelabs.composites.partners import ANSWER
from tests.llama_index_twelvelabs.engines import QUESTION, TITLE, bodies, engine_at

if TYPE_CHECKING:
    from twelvelabs_responses.emulator import Emulator

pipelines: Any = pytest.importorskip("llama_index.core.query_pipeline", reason="LlamaIndex 0.13 took pipelines out")
pytestmark = pytest.mark.filterwarnings("ignore:.*deprecated.*:DeprecationWarning")

STREAMING = pytest.mark.parametrize("streaming", [False, True])


@STREAMING
def test_a_chain_asks_what_a_prompt_makes_and_gives_the_response(emulator: Emulator, streaming: bool) -> None:
    engine = engine_at(emulator, streaming=streaming)
    pipeline = pipelines.QueryPipeline(chain=[PromptTemplate("Which clips show a {what}?"), engine])
    response = pipeline.run(what="goal")
    assert bodies(emulator)[-1]["input"][0]["content"] == QUESTION
    assert str(response).startswith(ANSWER)
    assert response.source_nodes[0].node.metadata["title"] == TITLE


@STREAMING
def test_what_follows_in_a_chain_gets_the_answer_as_text(emulator: Emulator, streaming: bool) -> None:
    engine = engine_at(emulator, streaming=streaming)
    assert str(pipelines.QueryPipeline(chain=[engine, MockLLM()]).run(input=QUESTION)).startswith(ANSWER)
    counted = pipelines.QueryPipeline(chain=[engine, pipelines.FnComponent(lambda output: len(str(output)))])
    assert counted.run(input=QUESTION) > 100


def test_a_graph_gives_the_question_and_the_answer_to_a_model(emulator: Emulator) -> None:
    pipeline = pipelines.QueryPipeline()
    prompt = PromptTemplate("{question} -> {answer}")
    pipeline.add_modules({"input": pipelines.InputComponent(), "engine": engine_at(emulator), "prompt": prompt})
    pipeline.add_link("input", "engine")
    pipeline.add_link("input", "prompt", dest_key="question")
    pipeline.add_link("engine", "prompt", dest_key="answer")
    assert str(pipeline.run(question=QUESTION)).startswith(f"{QUESTION} -> {ANSWER}")


@STREAMING
def test_a_pipeline_can_be_awaited_and_shows_what_is_between(emulator: Emulator, streaming: bool) -> None:
    async def run() -> tuple[Any, Any]:
        engine = engine_at(emulator, streaming=streaming)
        pipeline = pipelines.QueryPipeline(chain=[engine, MockLLM()])
        output = await pipeline.arun(input=QUESTION)
        _, between = await pipeline.arun_with_intermediates(input=QUESTION)
        await engine.aclose()
        return output, between

    output, between = asyncio.run(run())
    assert str(output).startswith(ANSWER)
    assert any(str(step.outputs.get("output")).startswith(ANSWER) for step in between.values())
