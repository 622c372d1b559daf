"""An agent that asks what it is told to: the model that drives it reads its turns from a script.

Run as a program, it holds one turn of a thread that another process has begun.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from langchain.agents import create_agent
from langchain_core.language_models import FakeMessagesListChatModel
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langgraph.checkpoint.sqlite import SqliteSaver
from pydantic import Field

from langchain_twelvelabs import ChatTwelveLabs, create_video_tool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from langchain_core.messages import BaseMessage
    from langchain_core.runnables import Runnable, RunnableConfig
    from langchain_core.tools import BaseTool
    from langgraph.checkpoint.base import BaseCheckpointSaver


class ScriptedModel(FakeMessagesListChatModel):
    """Says what its script says, in order, and remembers the tools that it was shown."""

    shown: list[dict[str, Any]] = Field(default_factory=list)

    def bind_tools(self, tools: Sequence[Any], **_kwargs: Any) -> Runnable[Any, AIMessage]:
        self.shown += [tool.tool_call_schema.model_json_schema() for tool in tools]
        return self


def asking(*questions: str, tool: str = "ask_videos", turn: str = "") -> AIMessage:
    """Return what a driving model says to ask, several at once; the ids of its calls are `call_<turn>0` and so on."""
    calls = [
        {"name": tool, "args": {"question": question}, "id": f"call_{turn}{number}", "type": "tool_call"}
        for number, question in enumerate(questions)
    ]
    return AIMessage("", tool_calls=calls)


def agent_of(tool: BaseTool, turns: Sequence[AIMessage], checkpointer: BaseCheckpointSaver[Any] | None = None) -> Any:
    """Return an agent whose driving model makes these turns; after each with questions it says `Done.`."""
    script = [message for turn in turns for message in (turn, AIMessage("Done."))]
    return create_agent(ScriptedModel(responses=list[Any](script)), [tool], checkpointer=checkpointer)


def held(agent: Any, text: str, config: RunnableConfig | None = None) -> list[BaseMessage]:
    """Hold one turn with the agent; return all messages of the thread."""
    return list(agent.invoke({"messages": [HumanMessage(text)]}, config)["messages"])


def tool_messages(messages: Sequence[BaseMessage]) -> list[ToolMessage]:
    return [message for message in messages if isinstance(message, ToolMessage)]


def in_thread(thread_id: str) -> RunnableConfig:
    return {"configurable": {"thread_id": thread_id}}


def main(database: str, base_url: str, knowledge_store_id: str, question: str) -> None:
    model = ChatTwelveLabs(knowledge_store_id=knowledge_store_id, api_key="key-of-the-tests", base_url=base_url)
    with SqliteSaver.from_conn_string(database) as checkpointer:
        agent = agent_of(create_video_tool(model), [asking(question, turn="second_process_")], checkpointer)
        held(agent, "Go on.", in_thread("thread"))


if __name__ == "__main__":
    main(*sys.argv[1:])
