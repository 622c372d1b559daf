"""The engines of LlamaIndex that ask another engine questions of their own making."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core import Settings
from llama_index.core.evaluation import GuidelineEvaluator
from llama_index.core.indices.query.query_transform import HyDEQueryTransform, StepDecomposeQueryTransform
from llama_index.core.llms.mock import MockLLM
from llama_index.core.query_engine import (
    MultiStepQueryEngine,
    RetryQueryEngine,
    SubQuestionQueryEngine,
    TransformQueryEngine,
)
from llama_index.core.question_gen import LLMQuestionGenerator
from llama_index.core.response_synthesizers import get_response_synthesizer

from tests.llama_index_twelvelabs.composites.partners import ANSWER, ScriptedLLM, football, tennis
from tests.llama_index_twelvelabs.engines import FOLLOW_UP, QUESTION, TITLE, bodies, engine_at

if TYPE_CHECKING:
    from twelvelabs_responses.emulator import Emulator

WAYS = pytest.mark.parametrize("way", ["query", "aquery"])
SUB_QUESTIONS = (
    f'```json\n{{"items": [{{"sub_question": "{QUESTION}", "tool_name": "football"}},'
    f' {{"sub_question": "{FOLLOW_UP}", "tool_name": "tennis"}}]}}\n```'
)


def asked(engine: Any, way: str) -> Any:
    return engine.query(QUESTION) if way == "query" else asyncio.run(engine.aquery(QUESTION))


def sent(emulator: Emulator) -> list[str]:
    return [item["content"] for body in bodies(emulator) for item in body["input"]]


@WAYS
@pytest.mark.parametrize("use_async", [False, True])
def test_sub_questions_are_asked_at_once_and_keep_their_sources(emulator: Emulator, way: str, use_async: bool) -> None:
    engine = SubQuestionQueryEngine(
        LLMQuestionGenerator.from_defaults(llm=ScriptedLLM.saying(SUB_QUESTIONS)),
        get_response_synthesizer(llm=MockLLM(), use_async=use_async),
        [football(emulator), tennis(emulator)],
        verbose=False,
        use_async=use_async,
    )
    response = asked(engine, way)
    assert sorted(sent(emulator)) == sorted([QUESTION, FOLLOW_UP])
    assert str(response).count("(Emulator)") >= 2
    assert TITLE in {found.node.metadata.get("title") for found in response.source_nodes}
    assert all("session_id" not in body for body in bodies(emulator))


@WAYS
def test_a_hypothetical_answer_does_not_change_the_question(emulator: Emulator, way: str) -> None:
    hyde = HyDEQueryTransform(llm=ScriptedLLM.saying("A striker scores."), include_original=True)
    response = asked(TransformQueryEngine(engine_at(emulator), hyde), way)
    assert sent(emulator) == [QUESTION]
    assert str(response).startswith(ANSWER)
    assert response.source_nodes[0].node.metadata["title"] == TITLE


@WAYS
def test_steps_follow_each_other(emulator: Emulator, way: str) -> None:
    steps = StepDecomposeQueryTransform(llm=ScriptedLLM.saying(QUESTION, FOLLOW_UP), verbose=False)
    synthesizer = get_response_synthesizer(llm=MockLLM())
    engine = MultiStepQueryEngine(engine_at(emulator), steps, synthesizer, num_steps=2, index_summary="Matches.")
    response = asked(engine, way)
    assert sent(emulator) == [QUESTION, FOLLOW_UP]
    assert [question for question, _ in response.metadata["sub_qa"]] == [QUESTION, FOLLOW_UP]
    assert TITLE in {found.node.metadata.get("title") for found in response.source_nodes}


@WAYS
@pytest.mark.parametrize("streaming", [False, True])
def test_an_answer_that_keeps_to_the_guideline_is_not_asked_again(
    emulator: Emulator, way: str, streaming: bool
) -> None:
    good = '{"passing": true, "feedback": "Fine."}'
    evaluator = GuidelineEvaluator(llm=ScriptedLLM.saying(good), guidelines="Name the match.")
    response = asked(RetryQueryEngine(engine_at(emulator, streaming=streaming), evaluator, max_retries=1), way)
    assert str(response).startswith(ANSWER)
    assert sent(emulator) == [QUESTION]


@WAYS
def test_an_answer_that_does_not_is_asked_again(emulator: Emulator, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # What makes the next question looks up the default LLM, which nobody can hand over, and does not use it.
    monkeypatch.setattr(Settings, "_llm", MockLLM())
    bad = '{"passing": false, "feedback": "Say who scored."}'
    evaluator = GuidelineEvaluator(llm=ScriptedLLM.saying(bad), guidelines="Name the match.")
    response = asked(RetryQueryEngine(engine_at(emulator), evaluator, max_retries=1), way)
    assert response.source_nodes
    assert len(sent(emulator)) == 2
    assert "Say who scored." in sent(emulator)[1]
