"""What becomes of an answer that is stored, typed or handed on: pitfalls 13, 16, 17, 22."""

from __future__ import annotations

import asyncio
import json
import pickle
from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core.agent.workflow import ToolCallResult
from llama_index.core.base.response.schema import PydanticResponse
from llama_index.core.instrumentation.events.query import QueryEndEvent
from llama_index.core.workflow import (
    Context,
    JsonPickleSerializer,
    JsonSerializer,
    StartEvent,
    StopEvent,
    Workflow,
    step,
)
from pydantic import BaseModel
from pydantic.v1 import BaseModel as OldModel

from llama_index_twelvelabs import TwelveLabsPydanticResponse, TwelveLabsQueryWorkflow
from tests.llama_index_twelvelabs.asking import FOLLOW_UP, QUESTION, bodies
from tests.llama_index_twelvelabs.engines import TITLE, engine_at
from tests.llama_index_twelvelabs.events.recording import recorded
from tests.llama_index_twelvelabs.pitfalls.surfaces import answer
from twelvelabs_responses import InvalidArgumentError

if TYPE_CHECKING:
    from twelvelabs_responses.emulator import Emulator

# LlamaIndex before 0.14 uses what its own workflows give up.
pytestmark = pytest.mark.filterwarnings("ignore:ServiceManager is deprecated:DeprecationWarning")


class Goal(BaseModel):
    scorer: str = ""


class OldGoal(OldModel):
    scorer: str = ""


CASES: dict[str, dict[str, Any]] = {
    "whole": {},
    "awhole": {},
    "stream": {},
    "astream": {},
    "typed": {"output_cls": Goal},
}
ANSWERS = pytest.mark.parametrize("case", CASES)


def answered(emulator: Emulator, case: str) -> Any:
    """Return a response of each of the four classes there are, read to its end."""
    _, response = answer(engine_at(emulator, **CASES[case]), case.replace("typed", "whole"))
    return response


def check_same(again: Any, response: Any) -> None:
    assert type(again) is type(response)
    assert (str(again), again.source_nodes, again.metadata) == (str(response), response.source_nodes, response.metadata)
    assert again.session_id == response.session_id


class Keeps(Workflow):
    """A user's workflow, which keeps an answer in its context."""

    def __init__(self, answer: Any = None) -> None:
        super().__init__()
        self.answer = answer

    @step
    async def keep(self, ctx: Context, _: StartEvent) -> StopEvent:
        await ctx.store.set("answer", self.answer)
        return StopEvent(result="kept")


# llama_index #16233, #18069, #8220
@ANSWERS
@pytest.mark.parametrize("serializer", [JsonSerializer(), JsonPickleSerializer()])
def test_a_context_that_holds_an_answer_can_be_written_down(
    emulator: Emulator, case: str, serializer: JsonSerializer
) -> None:
    async def kept() -> Any:
        workflow = Keeps(response)
        context: Context = Context(workflow)
        await workflow.run(ctx=context)
        data = json.loads(json.dumps(context.to_dict(serializer=serializer)))
        return await Context.from_dict(Keeps(), data, serializer=serializer).store.get("answer")

    response = answered(emulator, case)
    check_same(asyncio.run(kept()), response)


# llama_index #16233, #18069, #8220
@ANSWERS
def test_an_answer_can_be_pickled_and_written_as_json(emulator: Emulator, case: str) -> None:
    response = answered(emulator, case)
    check_same(pickle.loads(pickle.dumps(response)), response)  # noqa: S301 - pickled here
    check_same(type(response).from_dict(json.loads(json.dumps(response.to_dict()))), response)
    assert response.to_dict()["class_name"] == response.class_name() == type(response).__name__


# llama_index #16233, #18069, #8220
async def test_the_context_of_our_workflow_can_be_written_down_and_goes_on(emulator: Emulator) -> None:
    options: dict[str, Any] = {"api_key": "key-of-the-tests", "base_url": emulator.base_url}
    workflow = TwelveLabsQueryWorkflow(emulator.knowledge_store_id, **options)
    context: Context = Context(workflow)
    await workflow.run(ctx=context, question=QUESTION)
    written = json.loads(json.dumps(context.to_dict()))
    await workflow.run(ctx=Context.from_dict(workflow, written), question=FOLLOW_UP)
    assert bodies(emulator)[1]["session_id"] == emulator.exchanges[0].session_id


# llama_index #12333, #13953, #12243. The JSON that LlamaIndex makes of its event leaves the fields of any object out.
@pytest.mark.parametrize("way", ["whole", "awhole"])
def test_a_typed_answer_is_the_object_that_every_listener_hears_of(emulator: Emulator, way: str) -> None:
    with recorded() as (recording, _):
        _, response = answer(engine_at(emulator, output_cls=Goal), way)
    assert isinstance(response, PydanticResponse)
    assert isinstance(response.response, Goal)
    assert response.source_nodes is not None
    (event,) = [event for event in recording.events if isinstance(event, QueryEndEvent)]
    assert event.response is response


# llama_index #12333, #13953, #12243
def test_a_typed_answer_has_the_fields_of_its_object_and_no_others(emulator: Emulator) -> None:
    response = answered(emulator, "typed")
    assert isinstance(response, TwelveLabsPydanticResponse)
    assert response.scorer == response.response.scorer  # type: ignore[union-attr]  # it is a Goal
    assert not hasattr(response, "model_dump_jsonl")


# llama_index #12333, #13953, #12243
def test_a_model_of_the_old_pydantic_is_refused_at_once(emulator: Emulator) -> None:
    old: Any = OldGoal
    with pytest.raises(InvalidArgumentError):
        engine_at(emulator, output_cls=old)


# llama_index #12619
def test_an_object_cannot_be_streamed_and_the_constructor_says_so(emulator: Emulator) -> None:
    with pytest.raises(InvalidArgumentError, match="streaming: got True with an `output_cls`"):
        engine_at(emulator, output_cls=Goal, streaming=True)
    with pytest.raises(InvalidArgumentError, match="streaming: got True with an `output_cls`"):
        engine_at(emulator, output_cls=Goal).streaming_view()


# llama_index #15349, #13797, #8085. The agents themselves are in `composites/`.
@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("awaited", [False, True])
def test_what_an_agent_tells_of_a_tool_holds_the_sources(emulator: Emulator, *, streaming: bool, awaited: bool) -> None:
    tool = engine_at(emulator, streaming=streaming).as_tool()
    output = asyncio.run(tool.acall(input=QUESTION)) if awaited else tool.call(input=QUESTION)
    result = ToolCallResult(
        tool_name=tool.metadata.get_name(),
        tool_kwargs={"input": QUESTION},
        tool_id="call_1",
        tool_output=output,
        return_direct=False,
    )
    nodes = result.tool_output.raw_output.source_nodes
    assert [found.node.metadata["title"] for found in nodes] == [TITLE] * 3
    assert nodes[0].node.metadata["start_sec"] == 724.0
    assert TITLE in result.model_dump_json()
