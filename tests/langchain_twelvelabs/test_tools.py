from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Annotated, Any

import pytest
from langchain.agents import create_agent
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import (
    AIMessage,
    AnyMessage,
    HumanMessage,
    ToolMessage,
    messages_from_dict,
    messages_to_dict,
)
from langchain_core.tools import ToolException
from langchain_core.utils.function_calling import convert_to_openai_tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import StateGraph
from langgraph.graph.message import add_messages
from langgraph.prebuilt import ToolNode
from pydantic import BaseModel
from typing_extensions import TypedDict

from langchain_twelvelabs import ChatTwelveLabs, create_video_tool
from tests.langchain_twelvelabs import sent
from tests.langchain_twelvelabs.scripted_agent import ScriptedModel, agent_of, asking, held, in_thread, tool_messages
from tests.langchain_twelvelabs.sent import FOLLOW_UP, OTHER, QUESTION, bodies
from twelvelabs_responses import AsyncClient, AuthenticationError, Client, InvalidArgumentError, ResponsesError, Retry
from twelvelabs_responses.emulator import FAULTS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from langchain_core.messages import BaseMessage
    from langchain_core.tools import BaseTool

    from twelvelabs_responses.emulator import Emulator, Exchange

FORGOTTEN = "(Note: this answer comes from a new conversation with the videos."


@pytest.fixture
def tool(model: ChatTwelveLabs) -> BaseTool:
    return create_video_tool(model)


def body(emulator: Emulator, question: str, **more: Any) -> dict[str, Any]:
    """Return the request that this question makes, outside of a graph unless `more` says so."""
    return sent.body(emulator.knowledge_store_id, question, stream=True, **more)


def graph_body(emulator: Emulator, question: str, **more: Any) -> dict[str, Any]:
    return body(emulator, question, include=["intermediate_outputs"], **more)


def called(tool: BaseTool, question: str, way: str = "invoke") -> ToolMessage:
    call = asking(question).tool_calls[0]
    message = tool.invoke(call) if way == "invoke" else asyncio.run(tool.ainvoke(call))
    assert isinstance(message, ToolMessage)
    return message


WAYS = pytest.mark.parametrize("way", ["invoke", "ainvoke"])


# By itself, without a graph


@WAYS
def test_a_call_gives_the_answer_its_sources_and_an_artifact(tool: BaseTool, emulator: Emulator, way: str) -> None:
    message = called(tool, QUESTION, way)
    exchange = emulator.exchanges[0]
    answer, sources = message.content.split("\n\n") if isinstance(message.content, str) else ("", "")
    assert answer.startswith("(Emulator) I looked through 16 sample items.")
    assert sources == (
        "Sources:\n"
        "[1] Harbour City Derby: Rovers v United, 12:04-12:31\n"
        "[2] Harbour City Derby: Rovers v United, 56:42-57:11\n"
        "[3] Harbour City Derby: Rovers v United, 1:33:08-1:33:39"
    )
    assert (message.name, message.status, message.tool_call_id) == ("ask_videos", "success", "call_0")
    assert message.artifact["session_id"] == exchange.session_id
    assert message.artifact["response_id"] == exchange.response_id
    assert message.artifact["knowledge_store_id"] == emulator.knowledge_store_id
    assert message.artifact["usage"].keys() == {"input_tokens", "output_tokens", "total_tokens"}
    assert message.artifact.keys() == {"session_id", "response_id", "knowledge_store_id", "citations", "usage"}
    assert bodies(emulator) == [body(emulator, QUESTION)]


def test_without_a_tool_call_the_content_alone_comes_back(tool: BaseTool) -> None:
    content = tool.invoke({"question": QUESTION})
    assert content == tool.invoke(QUESTION) == called(tool, QUESTION).content


def test_a_model_that_must_not_stream_gives_the_same(model: ChatTwelveLabs, tool: BaseTool) -> None:
    whole = create_video_tool(model.model_copy(update={"disable_streaming": True}))
    assert called(whole, QUESTION).content == called(tool, QUESTION).content


@WAYS
def test_without_a_graph_each_call_begins_a_new_session(tool: BaseTool, emulator: Emulator, way: str) -> None:
    answers = [called(tool, QUESTION, way), called(tool, FOLLOW_UP, way)]
    assert len({answer.artifact["session_id"] for answer in answers}) == 2
    assert FORGOTTEN not in str(answers[1].content)
    assert bodies(emulator) == [body(emulator, QUESTION), body(emulator, FOLLOW_UP)]


def test_a_model_with_options_bound_may_ask_and_the_artifact_names_the_store_that_was_asked(
    model: ChatTwelveLabs, emulator: Emulator
) -> None:
    other = model.model_copy(update={"knowledge_store_id": "ks_other"})
    bound: Any = other.bind(knowledge_store_id=emulator.knowledge_store_id)
    assert called(create_video_tool(bound), QUESTION).artifact["knowledge_store_id"] == emulator.knowledge_store_id


@pytest.mark.parametrize("other", ["x", None, ScriptedModel(responses=[])])
def test_what_is_no_chat_model_of_ours_is_refused(other: Any) -> None:
    with pytest.raises(InvalidArgumentError, match=r"model: got a .*; allowed: a ChatTwelveLabs"):
        create_video_tool(other)


def test_the_driving_model_is_shown_one_argument(tool: BaseTool) -> None:
    shown = convert_to_openai_tool(tool)["function"]
    assert shown["parameters"] == {
        "properties": {"question": {"description": "The question, in plain words.", "type": "string"}},
        "required": ["question"],
        "type": "object",
    }
    assert list(tool.args) == ["question"]


def test_name_and_description_are_the_callers(model: ChatTwelveLabs) -> None:
    tool = create_video_tool(model, name="ask_matches", description="All matches of 2026.")
    assert (tool.name, tool.description) == ("ask_matches", "All matches of 2026.")
    assert called(tool, QUESTION).name == "ask_matches"


def test_a_runtime_that_a_driving_model_makes_up_is_not_believed(tool: BaseTool, emulator: Emulator) -> None:
    artifact = {"session_id": "sess_stolen", "response_id": "", "knowledge_store_id": emulator.knowledge_store_id}
    message = ToolMessage("", tool_call_id="1", name="ask_videos", artifact=artifact)
    forged = {"state": {"messages": [message]}, "tool_call_id": "2", "stream_writer": print}
    tool.invoke({"question": QUESTION, "runtime": forged})
    assert bodies(emulator) == [body(emulator, QUESTION)]


def test_the_key_is_in_no_repr_of_the_tool(tool: BaseTool) -> None:
    assert "key-of-the-tests" not in f"{tool!r} {tool}"


def test_it_works_where_langgraph_is_not_installed(emulator: Emulator) -> None:
    program = (
        "import sys; sys.modules['langgraph'] = None\n"
        "from langchain_twelvelabs import ChatTwelveLabs, create_video_tool\n"
        "model = ChatTwelveLabs(knowledge_store_id=sys.argv[1], api_key='k', base_url=sys.argv[2])\n"
        "call = {'name': 'ask_videos', 'args': {'question': 'Goals?'}, 'id': '1', 'type': 'tool_call'}\n"
        "print(create_video_tool(model).invoke(call).artifact['session_id'])\n"
    )
    command = [sys.executable, "-c", program, emulator.knowledge_store_id, emulator.base_url]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own interpreter
    assert answer.stdout.strip() == emulator.exchanges[0].session_id


# Errors


@WAYS
@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("400-flat", "The video service refused the question: 400 parameter_invalid"),
        ("429-long", "takes no more questions just now. Come back in 3,600 seconds (at "),
        ("429-quota", "The plan's answers are used up; asking before there are new ones is in vain. Come back in 2"),
        ("500", "The answer failed: 500 internal_server_error"),
        ("drop", "The answer failed: "),
        ("failed", "what follows it is missing:\n(Emulator) I looked through"),
        ("cut", "what follows it is missing:\n(Emulator) I looked through"),
        ("end-early", "what follows it is missing:\n(Emulator) I looked through"),
        ("error-event", "what follows it is missing:\n(Emulator) I looked through"),
    ],
)
def test_a_failure_is_a_tool_error_in_words(
    tool: BaseTool, emulator: Emulator, way: str, fault: str, words: str
) -> None:
    emulator.fault = fault
    message = called(tool, QUESTION, way)
    assert message.status == "error"
    assert words in str(message.content)
    assert message.artifact is None


@WAYS
def test_a_question_that_cannot_be_asked_is_a_tool_error(tool: BaseTool, emulator: Emulator, way: str) -> None:
    message = called(tool, "x" * 10_001, way)
    assert message.status == "error"
    assert str(message.content).startswith("The question cannot be asked. It has 10,001 characters; allowed: 1 to")
    assert not emulator.exchanges


@WAYS
@pytest.mark.parametrize("fault", ["401", "403", "404-endpoint"])
def test_what_the_driving_model_cannot_help_is_raised(tool: BaseTool, emulator: Emulator, way: str, fault: str) -> None:
    emulator.fault = fault
    with pytest.raises(ResponsesError) as caught:
        called(tool, QUESTION, way)
    assert getattr(caught.value, "status", None) == int(fault[:3])


def test_a_wrong_option_of_the_model_is_raised(model: ChatTwelveLabs) -> None:
    tool = create_video_tool(model.model_copy(update={"instructions": "x" * 2_001}))
    with pytest.raises(InvalidArgumentError, match="instructions: got 2,001 characters"):
        called(tool, QUESTION)


def test_who_handles_tool_errors_alone_gets_the_cause_with_it(tool: BaseTool, emulator: Emulator) -> None:
    tool.handle_tool_error = False
    emulator.fault = "cut"
    with pytest.raises(ToolException, match="what follows it is missing") as caught:
        called(tool, QUESTION)
    assert isinstance(caught.value.__cause__, ResponsesError)


# Those that are raised, or need a session, have tests of their own; `slow` lasts too long to wait for.
@pytest.mark.parametrize("fault", sorted(FAULTS.keys() - {"401", "403", "404-endpoint", "404-session", "slow"}))
def test_whatever_goes_wrong_the_driving_model_gets_an_answer_or_an_error_in_words(
    emulator: Emulator, fault: str
) -> None:
    emulator.fault = fault
    settings: dict[str, Any] = {"api_key": "key-of-the-tests", "base_url": emulator.base_url}
    with Client(**settings, timeout=0.5, stall_timeout=0.5, retry=Retry(max_retries=0)) as client:
        tool = create_video_tool(
            ChatTwelveLabs(
                knowledge_store_id=emulator.knowledge_store_id,
                client=client,
                async_client=AsyncClient(**settings, sessions=client.sessions),
            )
        )
        message = called(tool, QUESTION)
    assert isinstance(message.content, str)
    assert message.content
    assert (message.artifact is None) == (message.status == "error")
    assert "Traceback" not in message.content
    assert json.loads(json.dumps(message.artifact, allow_nan=False)) == message.artifact


# In an agent


def test_the_second_question_of_a_thread_goes_on_with_the_session_of_the_first(
    tool: BaseTool, emulator: Emulator
) -> None:
    agent = agent_of(tool, [asking(QUESTION), asking(FOLLOW_UP, turn="b")], InMemorySaver())
    held(agent, "Goals?", in_thread("1"))
    first, second = tool_messages(held(agent, "And?", in_thread("1")))
    session = first.artifact["session_id"]
    assert second.artifact["session_id"] == session
    assert "handball" in str(second.content)
    assert FORGOTTEN not in str(second.content)
    assert bodies(emulator) == [
        graph_body(emulator, QUESTION),
        graph_body(emulator, FOLLOW_UP, session_id=session),
    ]


async def test_the_same_holds_for_an_agent_that_is_awaited(tool: BaseTool, emulator: Emulator) -> None:
    agent = agent_of(tool, [asking(QUESTION), asking(FOLLOW_UP, turn="b")], InMemorySaver())
    for text in ("Goals?", "And?"):
        await agent.ainvoke({"messages": [HumanMessage(text)]}, in_thread("1"))
    session = emulator.exchanges[0].session_id
    assert bodies(emulator) == [
        graph_body(emulator, QUESTION),
        graph_body(emulator, FOLLOW_UP, session_id=session),
    ]


def test_another_process_goes_on_with_the_session_where_the_thread_is_kept(
    tool: BaseTool, emulator: Emulator, tmp_path: Path
) -> None:
    database = str(tmp_path / "threads.sqlite")
    with SqliteSaver.from_conn_string(database) as checkpointer:
        held(agent_of(tool, [asking(QUESTION)], checkpointer), "Goals?", in_thread("thread"))
    store, url = emulator.knowledge_store_id, emulator.base_url
    module = "tests.langchain_twelvelabs.scripted_agent"
    command = [sys.executable, "-W", "error", "-m", module, database, url, store, FOLLOW_UP]
    subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - our own interpreter
    session = emulator.exchanges[0].session_id
    assert bodies(emulator)[1] == graph_body(emulator, FOLLOW_UP, session_id=session)
    with SqliteSaver.from_conn_string(database) as checkpointer:
        agent = agent_of(tool, [asking(OTHER, turn="c")], checkpointer)
        answers = tool_messages(held(agent, "Rain?", in_thread("thread")))
    assert [answer.artifact["session_id"] for answer in answers] == [session] * 3
    assert bodies(emulator)[2] == graph_body(emulator, OTHER, session_id=session)


def test_a_fork_of_the_thread_begins_a_new_session_and_says_so(tool: BaseTool, emulator: Emulator) -> None:
    turns = [asking(QUESTION), asking(FOLLOW_UP, turn="b"), asking(OTHER, turn="c"), asking(FOLLOW_UP, turn="d")]
    agent = agent_of(tool, turns, InMemorySaver())
    held(agent, "Goals?", in_thread("1"))
    fork = agent.get_state(in_thread("1")).config
    held(agent, "And?", in_thread("1"))
    forked = tool_messages(held(agent, "Rain?", fork))[-1]
    assert bodies(emulator)[2] == graph_body(emulator, OTHER)
    assert FORGOTTEN in str(forked.content)
    assert forked.artifact["session_id"] == emulator.exchanges[2].session_id != emulator.exchanges[0].session_id
    # The fork is the thread's head now, and has a session of its own to go on with.
    followed = tool_messages(held(agent, "And?", in_thread("1")))[-1]
    assert bodies(emulator)[3] == graph_body(emulator, FOLLOW_UP, session_id=forked.artifact["session_id"])
    assert FORGOTTEN not in str(followed.content)


@WAYS
def test_of_several_questions_at_once_the_last_goes_on_and_the_others_begin_anew(
    tool: BaseTool, emulator: Emulator, way: str
) -> None:
    turns = [asking(QUESTION), asking(FOLLOW_UP, OTHER, turn="b"), asking(QUESTION, turn="c")]
    agent = agent_of(tool, turns, InMemorySaver())
    for text in ("Goals?", "And?", "Again?"):
        given = {"messages": [HumanMessage(text)]}
        _ = (
            agent.invoke(given, in_thread("1"))
            if way == "invoke"
            else asyncio.run(agent.ainvoke(given, in_thread("1")))
        )
    first, beside, last, after = tool_messages(agent.get_state(in_thread("1")).values["messages"])
    session = first.artifact["session_id"]
    asked = sorted(bodies(emulator)[1:3], key=lambda each: each["input"][0]["content"])
    assert asked == [graph_body(emulator, FOLLOW_UP), graph_body(emulator, OTHER, session_id=session)]
    assert (FORGOTTEN in str(beside.content), FORGOTTEN in str(last.content)) == (True, False)
    assert [answer.artifact["session_id"] == session for answer in (beside, last, after)] == [False, True, True]


def test_a_session_that_another_turn_takes_in_between_is_left_for_a_new_one(
    tool: BaseTool, model: ChatTwelveLabs, emulator: Emulator
) -> None:
    agent = agent_of(tool, [asking(QUESTION), asking(FOLLOW_UP, turn="b")], InMemorySaver())
    session = tool_messages(held(agent, "Goals?", in_thread("1")))[0].artifact["session_id"]

    class Meanwhile(BaseCallbackHandler):
        raise_error = True

        def on_chat_model_start(self, *_started: Any, metadata: Any = None, **_facts: Any) -> None:
            if metadata["ls_provider"] == "twelvelabs" and not model._client.sessions._under_way:
                model._client.sessions.begin(session)

    answer = tool_messages(held(agent, "And?", in_thread("1") | {"callbacks": [Meanwhile()]}))[1]
    assert FORGOTTEN in str(answer.content)
    assert bodies(emulator)[1:] == [graph_body(emulator, FOLLOW_UP)]


def test_a_given_session_that_is_busy_is_a_tool_error(model: ChatTwelveLabs, emulator: Emulator) -> None:
    session = str(model.invoke(QUESTION).response_metadata["session_id"])
    tool = create_video_tool(model.model_copy(update={"session_id": session}))
    assert called(tool, FOLLOW_UP).artifact["session_id"] == session
    model._client.sessions.begin(session)
    assert str(called(tool, FOLLOW_UP).content).startswith("Another question is being answered")
    assert len(emulator.exchanges) == 2


def test_a_lost_session_is_an_error_once_and_then_a_new_session(tool: BaseTool, emulator: Emulator) -> None:
    turns = [asking(QUESTION), asking(FOLLOW_UP, turn="b"), asking(FOLLOW_UP, turn="c")]
    agent = agent_of(tool, turns, InMemorySaver())
    session = tool_messages(held(agent, "Goals?", in_thread("1")))[0].artifact["session_id"]
    emulator.fault = "404-session:once"
    lost = tool_messages(held(agent, "And?", in_thread("1")))[-1]
    anew = tool_messages(held(agent, "And now?", in_thread("1")))[-1]
    assert (lost.status, str(lost.content).split(".")[0]) == (
        "error",
        "The earlier conversation with the videos is lost",
    )
    assert FORGOTTEN in str(anew.content)
    assert bodies(emulator)[1:] == [
        graph_body(emulator, FOLLOW_UP, session_id=session),
        graph_body(emulator, FOLLOW_UP),
    ]


def test_after_a_refusal_the_session_goes_on_and_after_an_interruption_it_does_not(
    tool: BaseTool, emulator: Emulator
) -> None:
    turns = [asking(QUESTION)] + [asking(FOLLOW_UP, turn=turn) for turn in "bcde"]
    agent = agent_of(tool, turns, InMemorySaver())
    for fault in (None, "429-long", None, "cut", None):
        emulator.fault = fault
        held(agent, "And?", in_thread("1"))
    session = emulator.exchanges[0].session_id
    followed = [each.get("session_id") for each in bodies(emulator)]
    assert followed == [None, session, session, session, None]


def test_a_wrong_key_ends_the_run(tool: BaseTool, emulator: Emulator) -> None:
    emulator.fault = "401"
    with pytest.raises(AuthenticationError):
        held(agent_of(tool, [asking(QUESTION)]), "Goals?")


def test_an_agent_shows_its_model_one_argument(tool: BaseTool) -> None:
    driving = ScriptedModel(responses=[asking(QUESTION), asking(FOLLOW_UP, turn="b"), AIMessage("Done.")])
    held(create_agent(driving, [tool]), "Goals?")
    assert [list(schema["properties"]) for schema in driving.shown] == [["question"]] * 3


def test_two_questions_on_the_way_to_one_answer_share_a_session(tool: BaseTool, emulator: Emulator) -> None:
    driving = ScriptedModel(responses=[asking(QUESTION), asking(FOLLOW_UP, turn="b"), AIMessage("Done.")])
    held(create_agent(driving, [tool]), "Goals?")
    session = emulator.exchanges[0].session_id
    assert bodies(emulator)[1] == graph_body(emulator, FOLLOW_UP, session_id=session)


def test_threads_share_a_tool_and_no_session(tool: BaseTool, emulator: Emulator) -> None:
    def conversation(number: int) -> set[str]:
        agent = agent_of(tool, [asking(QUESTION), asking(FOLLOW_UP, turn="b")], InMemorySaver())
        held(agent, "Goals?", in_thread("1"))
        answers = tool_messages(held(agent, f"And {number}?", in_thread("1")))
        return {answer.artifact["session_id"] for answer in answers}

    with ThreadPoolExecutor(8) as pool:
        sessions = list(pool.map(conversation, range(16)))
    assert [len(each) for each in sessions] == [1] * 16
    assert Counter(exchange.session_id for exchange in emulator.exchanges) == dict.fromkeys(set().union(*sessions), 2)


# What reaches those who watch


def told(parts: Sequence[tuple[str, Any]]) -> tuple[str, list[Any]]:
    """Return the answer's text as it streamed out of the tool, and what was said on the way."""
    chunks = [part[0] for mode, part in parts if mode == "messages" and part[1]["langgraph_node"] == "tools"]
    tokens = [chunk.text for chunk in chunks if not isinstance(chunk, ToolMessage)]
    assert len(tokens) > 10
    return "".join(tokens), [part for mode, part in parts if mode == "custom"]


COMMENTARY = "Searching the sample library for: goal"


def check_told(parts: Sequence[tuple[str, Any]], answer: ToolMessage) -> None:
    text, custom = told(parts)
    assert str(answer.content).startswith(text + "\n\nSources:")
    assert "".join(piece.pop("commentary") for piece in custom) == COMMENTARY
    assert all(piece == {"tool": "ask_videos", "tool_call_id": "call_0"} for piece in custom)


def test_tokens_and_commentary_reach_the_graphs_stream(tool: BaseTool) -> None:
    agent = agent_of(tool, [asking(QUESTION)], InMemorySaver())
    given = {"messages": [HumanMessage("Goals?")]}
    parts = list(agent.stream(given, in_thread("1"), stream_mode=["messages", "custom"]))
    check_told(parts, tool_messages(agent.get_state(in_thread("1")).values["messages"])[0])


async def test_tokens_and_commentary_reach_the_stream_of_a_graph_that_is_awaited(tool: BaseTool) -> None:
    agent = agent_of(tool, [asking(QUESTION)], InMemorySaver())
    given = {"messages": [HumanMessage("Goals?")]}
    parts = [part async for part in agent.astream(given, in_thread("1"), stream_mode=["messages", "custom"])]
    check_told(parts, tool_messages(agent.get_state(in_thread("1")).values["messages"])[0])


def _under_way(exchanges: list[Exchange]) -> bool:
    return bool(exchanges) and exchanges[0].events_sent > 5


async def test_a_call_that_is_cancelled_leaves_no_answer_on_its_way(tool: BaseTool, emulator: Emulator) -> None:
    emulator.fault = "slow"
    call = asyncio.create_task(tool.ainvoke({"question": QUESTION}))
    assert await asyncio.to_thread(emulator.wait_until, lambda running: _under_way(running.exchanges), 10.0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert await asyncio.to_thread(emulator.wait_until, lambda running: running.exchanges[0].disconnected)


@WAYS
def test_the_models_run_is_a_child_of_the_tools(tool: BaseTool, way: str) -> None:
    runs: dict[str, Any] = {}

    class Listener(BaseCallbackHandler):
        def on_tool_start(self, *_started: Any, run_id: Any, inputs: Any = None, **_facts: Any) -> None:
            runs["tool"], runs["inputs"] = run_id, inputs

        def on_chat_model_start(self, *_started: Any, parent_run_id: Any = None, **_facts: Any) -> None:
            runs["parent"] = parent_run_id

    config: Any = {"callbacks": [Listener()]}
    given = {"question": QUESTION}
    _ = tool.invoke(given, config) if way == "invoke" else asyncio.run(tool.ainvoke(given, config))
    assert runs["parent"] == runs["tool"]
    assert runs["inputs"] == given


# What a thread may look like


def thread(store: str, session: str = "sess_1", name: str = "ask_videos", **artifact: Any) -> list[AnyMessage]:
    known = {"session_id": session, "response_id": "resp_1", "knowledge_store_id": store}
    answer = ToolMessage("An answer.", tool_call_id="call_a0", name=name, artifact=known | artifact)
    return [HumanMessage("Goals?"), asking(QUESTION, turn="a"), answer, asking(FOLLOW_UP, turn="b")]


class _Object(BaseModel):
    messages: Annotated[list[AnyMessage], add_messages]


class _Mapping(TypedDict):
    messages: Annotated[list[AnyMessage], add_messages]


@pytest.mark.parametrize("state", [_Mapping, _Object, Annotated[list[AnyMessage], add_messages]])
def test_the_session_is_found_in_each_form_of_state(model: ChatTwelveLabs, emulator: Emulator, state: Any) -> None:
    session = str(model.invoke(QUESTION).response_metadata["session_id"])
    graph: Any = StateGraph(state)
    graph.add_node("tools", ToolNode([create_video_tool(model)])).set_entry_point("tools")
    messages = thread(emulator.knowledge_store_id, session)
    graph.compile().invoke({"messages": messages} if state in (_Mapping, _Object) else messages)
    assert bodies(emulator)[1] == graph_body(emulator, FOLLOW_UP, session_id=session)


@pytest.mark.parametrize(
    ("changed", "forgets"),
    [
        ({"store": "ks_other"}, True),
        ({"name": "ask_others"}, False),
        ({"session_id": None}, False),
    ],
)
def test_a_session_that_is_not_this_tools_is_not_gone_on_with(
    tool: BaseTool, emulator: Emulator, changed: dict[str, Any], forgets: bool
) -> None:
    messages = thread(**({"store": emulator.knowledge_store_id} | changed))
    graph: Any = StateGraph(_Mapping)
    graph.add_node("tools", ToolNode([tool])).set_entry_point("tools")
    answer = graph.compile().invoke({"messages": messages})["messages"][-1]
    assert bodies(emulator) == [graph_body(emulator, FOLLOW_UP)]
    assert (FORGOTTEN in answer.content) == forgets


def test_a_state_without_messages_holds_no_session(tool: BaseTool, emulator: Emulator) -> None:
    class Calls(TypedDict):
        asked: list[AnyMessage]

    graph: Any = StateGraph(Calls)
    graph.add_node("tools", ToolNode([tool], messages_key="asked")).set_entry_point("tools")
    graph.compile().invoke({"asked": thread(emulator.knowledge_store_id)})
    assert bodies(emulator) == [graph_body(emulator, FOLLOW_UP)]


def test_a_history_that_went_through_json_goes_on_with_its_session(tool: BaseTool, emulator: Emulator) -> None:
    messages: list[BaseMessage] = held(agent_of(tool, [asking(QUESTION)]), "Goals?")
    revived = messages_from_dict(json.loads(json.dumps(messages_to_dict(messages), allow_nan=False)))
    assert revived == messages
    agent = agent_of(tool, [asking(FOLLOW_UP, turn="b")])
    agent.invoke({"messages": [*revived, HumanMessage("And?")]})
    session = emulator.exchanges[0].session_id
    assert bodies(emulator)[1] == graph_body(emulator, FOLLOW_UP, session_id=session)


def test_the_citations_of_the_artifact_are_spans_of_the_content(tool: BaseTool) -> None:
    answer = tool_messages(held(agent_of(tool, [asking(QUESTION)]), "Goals?"))[0]
    spans = [(cited["start"], cited["end"]) for cited in answer.artifact["citations"]]
    assert [str(answer.content)[start:end] for start, end in spans] == ["[1]", "[2]", "[3]"]
