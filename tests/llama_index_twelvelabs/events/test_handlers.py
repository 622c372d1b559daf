"""Handlers that nobody here wrote, or that a user may write, listening to the LLM on all its ways."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core.callbacks import CallbackManager, CBEventType, LlamaDebugHandler, TokenCountingHandler
from pydantic import BaseModel

from tests.llama_index_twelvelabs.asking import QUESTION, WAYS, answers, llm_at, user
from tests.llama_index_twelvelabs.events.recording import recorded
from twelvelabs_responses import ResponsesError, Selection, text_param

if TYPE_CHECKING:
    from tests.llama_index_twelvelabs.events.conftest import Dumps
    from twelvelabs_responses.emulator import Emulator

KEY = "key-of-the-tests"


class Goals(BaseModel):
    count: int


@WAYS
def test_each_call_starts_and_ends_once_for_the_debug_handler(emulator: Emulator, way: str) -> None:
    debug = LlamaDebugHandler(print_trace_on_end=False)
    *_, answer = answers(llm_at(emulator, callback_manager=CallbackManager([debug])), [user(QUESTION)], way)
    ((start, end),) = debug.get_event_pairs(CBEventType.LLM)
    assert (start.payload or {})["messages"] == [user(QUESTION)]
    assert (end.payload or {})["response"] == answer
    assert debug.get_llm_inputs_outputs() == [[start, end]]


@WAYS
def test_the_tokens_of_a_call_are_counted_once_as_the_service_counted_them(emulator: Emulator, way: str) -> None:
    counter = TokenCountingHandler(tokenizer=str.split)
    *_, answer = answers(llm_at(emulator, callback_manager=CallbackManager([counter])), [user(QUESTION)], way)
    usage = (answer.raw or {})["usage"]
    assert counter.prompt_llm_token_count == usage["input_tokens"]
    assert counter.completion_llm_token_count == usage["output_tokens"]
    assert len(counter.llm_token_counts) == 1


@pytest.mark.parametrize("way", ["complete", "stream_complete"])
def test_the_tokens_of_a_completion_are_counted_once(emulator: Emulator, way: str) -> None:
    counter = TokenCountingHandler(tokenizer=str.split)
    llm = llm_at(emulator, callback_manager=CallbackManager([counter]))
    answer = llm.complete(QUESTION) if way == "complete" else list(llm.stream_complete(QUESTION))[-1]
    usage = (answer.raw or {})["usage"]
    assert counter.total_llm_token_count == usage["input_tokens"] + usage["output_tokens"]


@WAYS
def test_a_handler_that_dumps_json_eats_no_text(emulator: Emulator, way: str, dumps: Dumps) -> None:
    told = answers(llm_at(emulator), [user(QUESTION)], way, request_metadata={"team": "red"})
    text = told[-1].message.content or ""
    assert text.startswith("(Emulator)")
    assert "stream" not in way or "".join(chunk.delta or "" for chunk in told) == text
    # Each event is JSON, the last with all that is known.
    events = [json.loads(line) for line in dumps.lines]
    assert events[-1]["response"]["raw"]["usage"]["output_tokens"] > 0
    assert events[-1]["response"]["message"]["additional_kwargs"]["twelvelabs"]["session_id"].startswith("sess_")


@WAYS
def test_every_option_of_a_call_can_be_dumped_as_json(emulator: Emulator, way: str, dumps: Dumps) -> None:
    options: dict[str, Any] = {
        "include": ("intermediate_outputs",),
        "selections": [Selection(kind="item", id=next(iter(emulator.library.items)).item_id)],
        "text": text_param(Goals),
        "on_stale_session": "error",
    }
    answers(llm_at(emulator), [user(QUESTION)], way, **options)
    started = json.loads(dumps.lines[0])
    assert started["additional_kwargs"]["selections"][0]["kind"] == "item"
    assert started["additional_kwargs"]["text"]["format"]["name"] == "Goals"


@WAYS
@pytest.mark.parametrize("fault", [None, "401", "failed", "cut"])
def test_the_key_is_in_no_event_no_payload_and_no_log(
    emulator: Emulator, way: str, fault: str | None, dumps: Dumps, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    emulator.fault = fault
    debug = LlamaDebugHandler(print_trace_on_end=False)
    with recorded() as (recording, _):
        try:
            answers(llm_at(emulator, callback_manager=CallbackManager([debug])), [user(QUESTION)], way)
        except ResponsesError as error:
            recording.add(repr(error.__dict__))
    payloads = [event.payload for event in debug.get_events()]
    written = [*dumps.lines, *recording.lines, repr(recording.events), repr(payloads), caplog.text]
    assert KEY not in "".join(written)
    assert len(caplog.records) > 0
