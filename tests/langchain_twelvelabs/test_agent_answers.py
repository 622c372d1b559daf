"""`create_agent(ChatTwelveLabs(...), response_format=...)`: typed answers, end to end."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from langchain.agents import create_agent
from langchain.agents.structured_output import (
    AutoStrategy,
    ProviderStrategy,
    StructuredOutputValidationError,
    ToolStrategy,
)
from langchain_core.messages import HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from pydantic import BaseModel
from typing_extensions import TypedDict

from tests.langchain_twelvelabs.scripted_agent import in_thread
from tests.langchain_twelvelabs.sent import FOLLOW_UP, QUESTION, bodies
from twelvelabs_responses import InvalidArgumentError

if TYPE_CHECKING:
    from langchain_twelvelabs import ChatTwelveLabs
    from twelvelabs_responses.emulator import Emulator

THREAD = in_thread("1")


class Scorers(BaseModel):
    """Who scored."""

    names: list[str]
    goals: int


@dataclass
class ScorersData:
    """Who scored."""

    names: list[str]
    goals: int


class ScorersDict(TypedDict):
    """Who scored."""

    names: list[str]
    goals: int


SCHEMA: dict[str, Any] = {
    "title": "Scorers",
    "description": "Who scored.",
    "type": "object",
    "properties": {"names": {"type": "array", "items": {"type": "string"}}, "goals": {"type": "integer"}},
    "required": ["names", "goals"],
}
SCHEMAS = [(Scorers, Scorers), (ScorersData, ScorersData), (ScorersDict, dict), (SCHEMA, dict)]


def held(agent: Any, question: str, way: str) -> dict[str, Any]:
    """Hold one turn; return the state of the thread after it."""
    given: Any = {"messages": [HumanMessage(question)]}

    async def awaited() -> None:
        if way == "ainvoke":
            await agent.ainvoke(given, THREAD)
        else:
            _ = [part async for part in agent.astream(given, THREAD, stream_mode="messages")]

    if way == "invoke":
        agent.invoke(given, THREAD)
    elif way == "stream":
        list(agent.stream(given, THREAD, stream_mode="messages"))
    else:
        asyncio.run(awaited())
    state: dict[str, Any] = agent.get_state(THREAD).values
    return state


@pytest.mark.parametrize("way", ["invoke", "stream", "ainvoke", "astream"])
@pytest.mark.parametrize("include", [(), ("intermediate_outputs",)], ids=["reply", "commentary"])
@pytest.mark.parametrize("strategy", [AutoStrategy, ProviderStrategy])
@pytest.mark.parametrize(("schema", "kind"), SCHEMAS, ids=["pydantic", "dataclass", "TypedDict", "JSON"])
def test_an_agents_answer_is_the_object_asked_for(
    model: ChatTwelveLabs, emulator: Emulator, schema: Any, kind: type, strategy: Any, include: Any, way: str
) -> None:
    asked = model.model_copy(update={"include": include})
    agent = create_agent(asked, response_format=strategy(schema), checkpointer=InMemorySaver())
    state = held(agent, QUESTION, way)
    found = state["structured_response"]
    assert isinstance(found, kind)
    assert json.loads(state["messages"][-1].text).keys() == {"names", "goals"}
    (sent,) = bodies(emulator)
    assert sent["text"]["format"]["schema"]["properties"].keys() == {"names", "goals"}
    assert (sent["text"]["format"]["type"], "tools" in sent) == ("json_schema", False)


def test_a_typed_agent_goes_on_with_its_session(model: ChatTwelveLabs, emulator: Emulator) -> None:
    agent: Any = create_agent(model, response_format=Scorers, checkpointer=InMemorySaver())
    for question in (QUESTION, FOLLOW_UP):
        assert isinstance(held(agent, question, "invoke")["structured_response"], Scorers)
    first, second = bodies(emulator)
    assert second["session_id"] == emulator.exchanges[0].session_id
    assert second["text"] == first["text"]
    assert [item["content"] for item in second["input"]] == [FOLLOW_UP]


def test_a_typed_answer_that_was_cut_short_is_no_object(model: ChatTwelveLabs, emulator: Emulator) -> None:
    emulator.fault = "incomplete"
    agent: Any = create_agent(model, response_format=Scorers, checkpointer=InMemorySaver())
    with pytest.raises(StructuredOutputValidationError, match="Scorers"):
        held(agent, QUESTION, "invoke")


def test_an_answer_by_way_of_a_tool_is_refused_with_what_to_use_instead(
    model: ChatTwelveLabs, emulator: Emulator
) -> None:
    agent: Any = create_agent(model, response_format=ToolStrategy(Scorers), checkpointer=InMemorySaver())
    with pytest.raises(InvalidArgumentError, match="create_video_tool"):
        held(agent, QUESTION, "invoke")
    assert not bodies(emulator)


def test_tools_for_an_agent_are_refused_with_what_to_use_instead(model: ChatTwelveLabs, emulator: Emulator) -> None:
    def clock() -> str:
        """Tell the time."""
        return "noon"

    agent: Any = create_agent(model, [clock], checkpointer=InMemorySaver())
    with pytest.raises(InvalidArgumentError, match="create_video_tool"):
        held(agent, QUESTION, "invoke")
    assert not bodies(emulator)
