from __future__ import annotations

import json

import pytest

from benchmarks import wire
from benchmarks.bench import QUICK, Bench
from benchmarks.scenario import OPENAI, TWELVELABS, Scenario
from benchmarks.subjects import Said, subject

CALL = Scenario(size=0)


@pytest.mark.parametrize("name", ["Raw", "ByHand", "Core", "OpenAISdk", "TwelveLabsSdk", "OurChat", "OurQueryEngine"])
def test_what_a_call_costs_is_measured_of_whole_answers(name: str) -> None:
    with Bench(QUICK) as bench:
        bench.check_call(name, CALL, "call")
        bench.check_call(name, CALL, "acall")


def test_a_subject_that_asks_nobody_cannot_win() -> None:
    with Bench(QUICK) as bench, pytest.raises(RuntimeError, match="MadeChat answered"):
        bench.check_call("MadeChat", CALL, "call")


@pytest.mark.parametrize("dialect", [TWELVELABS, OPENAI])
def test_what_is_said_is_read_off_the_answer_itself(dialect: str) -> None:
    answer = wire.answer(Scenario(size=3), dialect)
    assert subject("Raw", "http://127.0.0.1").said(answer) == Said("aaa", "completed")
    assert subject("ByHand", "http://127.0.0.1").said(json.loads(answer)) == Said("aaa", "completed")
