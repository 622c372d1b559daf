"""`OpenAIResponses`, LlamaIndex's LLM over OpenAI's `POST /responses`."""

from __future__ import annotations

from llama_index.llms.openai import OpenAIResponses

from benchmarks.scenario import KEY
from benchmarks.subjects._llama import Llm


class OpenAILLM(Llm):
    """`OpenAIResponses`, with its defaults."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.llm = OpenAIResponses(model="gpt-4o-mini", api_key=KEY, api_base=url)
