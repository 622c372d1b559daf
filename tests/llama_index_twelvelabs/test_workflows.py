from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core.workflow import Context, Event, StartEvent, StopEvent, Workflow, WorkflowTimeoutError, step
from workflows.errors import WorkflowCancelledByUser

from llama_index_twelvelabs import AnswerEvent, AskEvent, ProgressEvent, TokenEvent, TwelveLabsQueryWorkflow
from llama_index_twelvelabs.workflows import _progress
from tests.llama_index_twelvelabs.asking import FOLLOW_UP, QUESTION, bodies, disconnected
from twelvelabs_responses import FunctionCallOutput, InvalidArgumentError, OutputItemDone, UnknownEvent

if TYPE_CHECKING:
    from twelvelabs_responses import ResponseStreamEvent
    from twelvelabs_responses.emulator import Emulator

ANOTHER_PROCESS = """
import asyncio, json, sys
from llama_index.core.workflow import Context
from llama_index_twelvelabs import TwelveLabsQueryWorkflow

async def main():
    workflow = TwelveLabsQueryWorkflow(sys.argv[1])
    context = Context.from_dict(workflow, json.load(sys.stdin))
    print(await workflow.run(ctx=context, question=sys.argv[2]))

asyncio.run(main())
"""


def workflow_at(emulator: Emulator, **options: Any) -> TwelveLabsQueryWorkflow:
    settings = {"api_key": "key-of-the-tests", "base_url": emulator.base_url} | options
    return TwelveLabsQueryWorkflow(emulator.knowledge_store_id, **settings)


async def run(workflow: Workflow, **arguments: Any) -> tuple[list[Event], AnswerEvent]:
    """Return what a run tells, and its result."""
    handler = workflow.run(**arguments)
    told = [event async for event in handler.stream_events()]
    answer = await handler
    assert isinstance(answer, AnswerEvent)
    return told, answer


async def test_a_run_streams_the_answer_and_ends_with_all_of_it(emulator: Emulator) -> None:
    told, answer = await run(workflow_at(emulator), question=QUESTION)
    assert "".join(event.delta for event in told if isinstance(event, TokenEvent)) == answer.text == str(answer)
    exchange = emulator.exchanges[-1]
    assert (answer.session_id, answer.response_id) == (exchange.session_id, exchange.response_id)
    assert answer.citations[0]["title"] == "Harbour City Derby: Rovers v United"
    assert (answer.status, answer.incomplete_details) == ("completed", None)
    assert answer.usage
    assert answer.usage["output_tokens"] > 0


async def test_a_run_tells_what_the_service_does_meanwhile(emulator: Emulator) -> None:
    workflow = workflow_at(emulator, include=("intermediate_outputs",))
    told, answer = await run(workflow, question=QUESTION)
    progress = [event for event in told if isinstance(event, ProgressEvent)]
    assert [progress[0].kind, progress[-1].kind] == ["response.created", "response.completed"]
    commentary = "".join(event.text for event in progress if event.kind == "commentary")
    assert commentary
    assert commentary not in answer.text
    calls = [event.text for event in progress if event.text.startswith("search_knowledge_store(")]
    assert calls == ["search_knowledge_store()", 'search_knowledge_store({"query": "goal"})']
    assert any(event.text.startswith('[{"item_id"') for event in progress)


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (UnknownEvent(type="response.pondering"), ProgressEvent(kind="response.pondering")),
        (UnknownEvent(), ProgressEvent(kind="unknown")),
        (
            OutputItemDone(type="response.output_item.done", item=FunctionCallOutput(output={"found": 1})),
            ProgressEvent(kind="response.output_item.done", text='{"found": 1}'),
        ),
    ],
)
def test_kinds_that_came_later_are_told_too(event: ResponseStreamEvent, told: ProgressEvent) -> None:
    progress = _progress(event)
    assert progress is not None
    assert (progress.kind, progress.text) == (told.kind, told.text)


async def test_a_run_goes_on_with_the_session_of_its_context(emulator: Emulator) -> None:
    workflow = workflow_at(emulator)
    context: Context = Context(workflow)
    await run(workflow, ctx=context, question=QUESTION)
    written = json.loads(json.dumps(context.to_dict()))
    another = workflow_at(emulator)
    _, answer = await run(another, ctx=Context.from_dict(another, written), start_event=AskEvent(question=FOLLOW_UP))
    assert "handball" in answer.text
    assert bodies(emulator)[1]["session_id"] == emulator.exchanges[0].session_id
    assert [item["content"] for item in bodies(emulator)[1]["input"]] == [FOLLOW_UP]


async def test_another_process_goes_on_with_the_session_of_a_written_context(emulator: Emulator) -> None:
    workflow = workflow_at(emulator)
    context: Context = Context(workflow)
    await run(workflow, ctx=context, question=QUESTION)
    environment = os.environ | {"TWELVELABS_API_KEY": "key-of-another", "TWELVELABS_BASE_URL": emulator.base_url}
    told = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-W", "ignore", "-c", ANOTHER_PROCESS, emulator.knowledge_store_id, FOLLOW_UP],
        input=json.dumps(context.to_dict()),
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "handball" in told.stdout
    assert bodies(emulator)[1]["session_id"] == emulator.exchanges[0].session_id
    assert [item["content"] for item in bodies(emulator)[1]["input"]] == [FOLLOW_UP]


async def test_a_context_that_is_used_twice_forks_the_conversation(emulator: Emulator) -> None:
    workflow = workflow_at(emulator)
    context: Context = Context(workflow)
    await run(workflow, ctx=context, question=QUESTION)
    written = context.to_dict()
    for _ in range(2):
        await run(workflow, ctx=Context.from_dict(workflow, written), question=FOLLOW_UP)
    assert ["session_id" in body for body in bodies(emulator)] == [False, True, False]
    assert QUESTION in bodies(emulator)[2]["input"][0]["content"]


async def test_runs_without_a_context_know_nothing_of_each_other(emulator: Emulator) -> None:
    workflow = workflow_at(emulator)
    answers = await asyncio.gather(*(run(workflow, question=QUESTION) for _ in range(5)))
    assert len({answer.session_id for _, answer in answers}) == 5
    assert not any("session_id" in body for body in bodies(emulator))


async def test_an_ask_may_name_its_session_and_instructions(emulator: Emulator) -> None:
    workflow = workflow_at(emulator, instructions="Be long.")
    _, first = await run(workflow, question=QUESTION)
    await run(workflow, question=FOLLOW_UP, session_id=first.session_id, instructions="Be brief.")
    assert [body["instructions"] for body in bodies(emulator)] == ["Be long.", "Be brief."]
    assert bodies(emulator)[1]["session_id"] == first.session_id


async def test_a_cancelled_run_closes_its_connection(emulator: Emulator) -> None:
    emulator.fault = "slow"
    handler = workflow_at(emulator).run(question=QUESTION)
    async for event in handler.stream_events():
        if isinstance(event, TokenEvent):
            break
    await handler.cancel_run()
    assert await asyncio.to_thread(disconnected, emulator)
    with pytest.raises(WorkflowCancelledByUser):
        await handler


async def test_a_run_that_takes_too_long_closes_its_connection(emulator: Emulator) -> None:
    emulator.fault = "slow"
    with pytest.raises(WorkflowTimeoutError):
        await workflow_at(emulator, run_timeout=0.3).run(question=QUESTION)
    assert await asyncio.to_thread(disconnected, emulator)


@pytest.mark.parametrize(("fault", "message"), [("cut", "broke before"), ("400-flat", "400"), ("failed", "failed")])
async def test_a_run_that_fails_says_why_and_leaves_its_context_as_it_was(
    emulator: Emulator, fault: str, message: str
) -> None:
    workflow = workflow_at(emulator)
    context: Context = Context(workflow)
    await run(workflow, ctx=context, question=QUESTION)
    before = await context.store.get("twelvelabs_messages")
    emulator.fault = fault
    # Older workflows raise an error of their own with the words of ours.
    with pytest.raises(Exception, match=message):
        await workflow.run(ctx=context, question=FOLLOW_UP)
    assert await context.store.get("twelvelabs_messages") == before


async def written_after(emulator: Emulator, fault: str) -> dict[str, Any]:
    """Return the context of a conversation whose second turn has failed, as another process gets it."""
    workflow = workflow_at(emulator)
    context: Context = Context(workflow)
    await run(workflow, ctx=context, question=QUESTION)
    emulator.fault = f"{fault}:once"
    with pytest.raises(Exception, match=r"broke|failed|400|429|500"):
        await workflow.run(ctx=context, question="Who was it?")
    written: dict[str, Any] = json.loads(json.dumps(context.to_dict()))
    # Workflows before 2 take a step that has failed for one to run again.
    written.get("in_progress", {}).clear()
    return written


@pytest.mark.parametrize("fault", ["cut", "failed", "500"])
async def test_another_process_goes_on_in_a_new_session_if_the_last_turn_may_have_been_taken(
    emulator: Emulator, fault: str
) -> None:
    another = workflow_at(emulator)
    context: Context = Context.from_dict(another, await written_after(emulator, fault))
    for question in (FOLLOW_UP, "And after that?"):
        await run(another, ctx=context, question=question)
    *_, forked, after = bodies(emulator)
    assert "session_id" not in forked
    assert QUESTION in forked["input"][0]["content"]
    assert after["session_id"] == emulator.exchanges[-2].session_id


@pytest.mark.parametrize("fault", ["400-flat", "429-quota"])
async def test_another_process_goes_on_with_a_session_whose_last_turn_was_refused(
    emulator: Emulator, fault: str
) -> None:
    another = workflow_at(emulator)
    await run(another, ctx=Context.from_dict(another, await written_after(emulator, fault)), question=FOLLOW_UP)
    assert bodies(emulator)[-1]["session_id"] == emulator.exchanges[0].session_id


async def test_a_session_in_doubt_stays_so_when_the_next_turn_is_refused(emulator: Emulator) -> None:
    another = workflow_at(emulator)
    context: Context = Context.from_dict(another, await written_after(emulator, "cut"))
    emulator.fault = "400-flat:once"
    with pytest.raises(Exception, match="400"):
        await another.run(ctx=context, question=FOLLOW_UP)
    assert await context.store.get("twelvelabs_in_doubt") == emulator.exchanges[0].session_id
    assert ["session_id" in body for body in bodies(emulator)] == [False, True, False]


async def test_a_session_in_doubt_goes_on_if_that_is_the_policy(emulator: Emulator) -> None:
    another = workflow_at(emulator, on_stale_session="continue")
    context: Context = Context.from_dict(another, await written_after(emulator, "cut"))
    await run(another, ctx=context, question=FOLLOW_UP)
    assert bodies(emulator)[-1]["session_id"] == emulator.exchanges[0].session_id
    assert await context.store.get("twelvelabs_in_doubt") is None


async def test_a_run_that_was_cancelled_leaves_its_session_in_doubt(emulator: Emulator) -> None:
    workflow = workflow_at(emulator)
    context: Context = Context(workflow)
    await run(workflow, ctx=context, question=QUESTION)
    emulator.fault = "slow:once"
    handler = workflow.run(ctx=context, question="Who was it?")
    async for event in handler.stream_events():
        if isinstance(event, TokenEvent):
            break
    await handler.cancel_run()
    with pytest.raises(WorkflowCancelledByUser):
        await handler
    assert await context.store.get("twelvelabs_in_doubt") == emulator.exchanges[0].session_id


async def test_the_session_of_another_store_is_not_in_doubt(emulator: Emulator) -> None:
    workflow = workflow_at(emulator)
    context: Context = Context(workflow)
    await run(workflow, ctx=context, question=QUESTION)
    messages = await context.store.get("twelvelabs_messages")
    messages[1]["additional_kwargs"]["twelvelabs"]["knowledge_store_id"] = "ks_other"
    await context.store.set("twelvelabs_messages", messages)
    emulator.fault = "cut"
    with pytest.raises(Exception, match="broke"):
        await workflow.run(ctx=context, question=FOLLOW_UP)
    assert await context.store.get("twelvelabs_in_doubt") is None


async def test_an_answer_that_was_cut_short_says_so(emulator: Emulator) -> None:
    emulator.fault = "incomplete-event"
    _, answer = await run(workflow_at(emulator), question=QUESTION)
    assert answer.status == "incomplete"
    assert (answer.incomplete_details or {})["reason"] == "max_output_tokens"


def test_an_option_that_means_nothing_to_a_workflow_is_refused(emulator: Emulator) -> None:
    with pytest.raises(InvalidArgumentError, match="context_window: got an option of this name"):
        workflow_at(emulator, context_window=9_000)


async def test_the_key_is_in_no_written_context_and_no_event(emulator: Emulator) -> None:
    workflow = workflow_at(emulator)
    context: Context = Context(workflow)
    told, answer = await run(workflow, ctx=context, question=QUESTION)
    written = [json.dumps(context.to_dict()), repr(told), repr(answer), repr(workflow.llm)]
    assert "key-of-the-tests" not in "".join(written)


class Summary(Workflow):
    """A user's own workflow, of which ours is a part."""

    def __init__(self, videos: TwelveLabsQueryWorkflow) -> None:
        super().__init__()
        self.videos = videos

    @step
    async def summarise(self, ctx: Context, ev: StartEvent) -> StopEvent:
        handler = self.videos.run(question=ev.question)
        async for event in handler.stream_events():
            if isinstance(event, TokenEvent):
                ctx.write_event_to_stream(event)
        return StopEvent(result=str(await handler))


async def test_it_is_a_part_of_a_users_own_workflow(emulator: Emulator) -> None:
    handler = Summary(workflow_at(emulator)).run(question=QUESTION)
    tokens = [event.delta async for event in handler.stream_events() if isinstance(event, TokenEvent)]
    assert await handler == "".join(tokens)
