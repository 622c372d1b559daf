"""An agent without tools whose threads are kept in a file; run as a program, it holds one turn of a thread."""

from __future__ import annotations

import sys

from langchain.agents import create_agent
from langchain_core.messages import HumanMessage
from langgraph.checkpoint.sqlite import SqliteSaver

from langchain_twelvelabs import ChatTwelveLabs
from tests.langchain_twelvelabs.scripted_agent import in_thread

SYSTEM_PROMPT = "Speak plainly."


def main(database: str, base_url: str, knowledge_store_id: str, question: str) -> None:
    """Hold one turn of the thread `1`."""
    model = ChatTwelveLabs(knowledge_store_id=knowledge_store_id, api_key="key-of-the-tests", base_url=base_url)
    with SqliteSaver.from_conn_string(database) as saver:
        agent = create_agent(model, system_prompt=SYSTEM_PROMPT, checkpointer=saver)
        agent.invoke({"messages": [HumanMessage(question)]}, in_thread("1"))


if __name__ == "__main__":
    main(*sys.argv[1:])
