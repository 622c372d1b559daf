"""TwelveLabs knowledge stores as a LlamaIndex LLM, query engine and chat engine."""

from llama_index_twelvelabs._chat_responses import TwelveLabsStreamingChatResponse
from llama_index_twelvelabs.chat_engine import TwelveLabsChatEngine
from llama_index_twelvelabs.llms import TwelveLabsLLM
from llama_index_twelvelabs.query_engine import TwelveLabsQueryEngine

__all__ = ["TwelveLabsChatEngine", "TwelveLabsLLM", "TwelveLabsQueryEngine", "TwelveLabsStreamingChatResponse"]
