from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core.agent.workflow import AgentWorkflow, FunctionAgent, ReActAgent, ToolCallResult
from llama_index.core.base.llms import types
from llama_index.core.base.llms.types import ChatMessage, MessageRole
from llama_index.core.llms import mock

from llama_index_twelvelabs import TwelveLabsResponse
from tests.llama_index_twelvelabs.composites.partners import ANSWER, ScriptedLLM
from tests.llama_index_twelvelabs.engines import QUESTION, TITLE, bodies, engine_at

if TYPE_CHECKING:
    from twelvelabs_responses.emulator import Emulator

# LlamaIndex's agents use what pydantic and LlamaIndex's own workflows give up.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

CALL = {"input": QUESTION}
REACT = f'Thought: I need to use a tool.\nAction: ask_videos\nAction Input: {{"input": "{QUESTION}"}}'
REACT_END = "Thought: I can answer without using any more tools.\nAnswer: Rovers scored."
STREAMING = pytest.mark.parametrize("streaming", [False, True])


async def run(agent: Any, engine: Any) -> tuple[str, ToolCallResult]:
    """Return what the agent says and the one call of its tool."""
    handler = agent.run(user_msg="Who scored?")
    results = [event async for event in handler.stream_events() if isinstance(event, ToolCallResult)]
    output = await handler
    await engine.aclose()
    (result,) = results
    return str(output), result


def check(result: ToolCallResult, emulator: Emulator) -> None:
    output = result.tool_output
    assert not output.is_error
    assert str(output.content).startswith(ANSWER)
    assert isinstance(output.raw_output, TwelveLabsResponse)
    assert output.raw_output.source_nodes[0].node.metadata["title"] == TITLE
    assert output.raw_output.session_id == emulator.exchanges[-1].session_id
    assert TITLE in result.model_dump_json()
    assert bodies(emulator)[-1]["input"][0]["content"] == QUESTION


@STREAMING
async def test_a_function_agent_asks_the_videos_and_keeps_the_sources(emulator: Emulator, streaming: bool) -> None:
    engine = engine_at(emulator, streaming=streaming)
    agent = FunctionAgent(tools=[engine.as_tool()], llm=ScriptedLLM.saying(CALL, "Rovers scored."))
    said, result = await run(agent, engine)
    assert said == "Rovers scored."
    check(result, emulator)


@STREAMING
async def test_an_agent_workflow_asks_the_videos_and_keeps_the_sources(emulator: Emulator, streaming: bool) -> None:
    engine = engine_at(emulator, streaming=streaming)
    llm = ScriptedLLM.saying(CALL, "Rovers scored.")
    agent = FunctionAgent(name="reporter", description="Reports.", tools=[engine.as_tool()], llm=llm)
    said, result = await run(AgentWorkflow(agents=[agent]), engine)
    assert said == "Rovers scored."
    check(result, emulator)


@STREAMING
async def test_a_react_agent_asks_the_videos_and_keeps_the_sources(emulator: Emulator, streaming: bool) -> None:
    engine = engine_at(emulator, streaming=streaming)
    agent = ReActAgent(tools=[engine.as_tool()], llm=ScriptedLLM.saying(REACT, REACT_END))
    said, result = await run(agent, engine)
    assert said == "Rovers scored."
    check(result, emulator)


@pytest.mark.skipif(not hasattr(mock, "MockFunctionCallingLLM"), reason="this LlamaIndex has no such model")
async def test_a_function_agent_of_llama_indexs_own_mock_asks_the_videos(emulator: Emulator) -> None:
    def said(messages: Any, **_: Any) -> ChatMessage:
        if messages[-1].role is MessageRole.TOOL:
            return ChatMessage(role=MessageRole.ASSISTANT, content="Rovers scored.")
        call = types.ToolCallBlock(tool_call_id="call_1", tool_name="ask_videos", tool_kwargs=CALL)
        return ChatMessage(role=MessageRole.ASSISTANT, blocks=[call])

    engine = engine_at(emulator)
    llm = mock.MockFunctionCallingLLM(response_generator=said)
    answer, result = await run(FunctionAgent(tools=[engine.as_tool()], llm=llm), engine)
    assert answer == "Rovers scored."
    check(result, emulator)


async def test_a_tool_that_is_refused_is_an_error_in_words_to_the_agent(emulator: Emulator) -> None:
    emulator.fault = "429-long"
    engine = engine_at(emulator)
    agent = FunctionAgent(tools=[engine.as_tool()], llm=ScriptedLLM.saying(CALL, "I could not look."))
    said, result = await run(agent, engine)
    assert said == "I could not look."
    assert result.tool_output.is_error
    assert "429" in str(result.tool_output.content)


async def test_an_answer_given_as_it_is_ends_the_run(emulator: Emulator) -> None:
    engine = engine_at(emulator)
    agent = FunctionAgent(tools=[engine.as_tool(return_direct=True)], llm=ScriptedLLM.saying(CALL))
    said, result = await run(agent, engine)
    assert said.startswith(ANSWER)
    check(result, emulator)
