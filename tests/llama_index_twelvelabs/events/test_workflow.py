"""What is told of the LLM inside a workflow's run; `workflow.txt` is all of it.

What LlamaIndex tells of the run itself differs from version to version, and is left out.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from workflows.errors import WorkflowCancelledByUser, WorkflowRuntimeError

from llama_index_twelvelabs import TokenEvent, TwelveLabsQueryWorkflow
from tests.llama_index_twelvelabs.asking import QUESTION
from tests.llama_index_twelvelabs.events.golden import golden
from tests.llama_index_twelvelabs.events.recording import Recording, recorded
from twelvelabs_responses import ResponsesError

if TYPE_CHECKING:
    from twelvelabs_responses.emulator import Emulator

FAULTS = {"ok": None, "refused": "400-flat", "failed": "failed", "cut": "cut", "cancelled": "slow"}
CASES = {end: (end,) for end in FAULTS}


def recording_of(emulator: Emulator, end: str) -> Recording:
    """Return what is told of one run."""
    emulator.fault = FAULTS[end]
    with recorded() as (recording, callbacks):
        workflow = TwelveLabsQueryWorkflow(
            emulator.knowledge_store_id,
            api_key="key-of-the-tests",
            base_url=emulator.base_url,
            callback_manager=callbacks,
        )
        asyncio.run(run(workflow, end))
    recording.lines = [line for line in recording.lines if type(workflow).__name__ not in line.partition(" in ")[0]]
    return recording


async def run(workflow: TwelveLabsQueryWorkflow, end: str) -> None:
    handler: Any = workflow.run(question=QUESTION)
    try:
        async for event in handler.stream_events():
            if end == "cancelled" and isinstance(event, TokenEvent):
                await handler.cancel_run()
                break
        await handler
    except (ResponsesError, WorkflowRuntimeError):
        assert end in ("refused", "failed", "cut")
    except WorkflowCancelledByUser:
        assert end == "cancelled"


@pytest.mark.parametrize("title", CASES)
def test_what_is_told_of_a_run_is_what_the_golden_file_says(emulator: Emulator, title: str) -> None:
    recording = recording_of(emulator, title)
    assert recording.lines == golden("workflow")[title]
    assert recording.open == {}
