"""`ChatOpenAI`, as it speaks to OpenAI's `POST /responses`."""

from __future__ import annotations

from langchain_openai import ChatOpenAI

from benchmarks.scenario import KEY
from benchmarks.subjects._langchain import Chat


class OpenAIChat(Chat):
    """`ChatOpenAI(use_responses_api=True)`, else with its defaults."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.model = ChatOpenAI(model="gpt-4o-mini", api_key=KEY, base_url=url, use_responses_api=True)
