"""TwelveLabs knowledge stores as a LlamaIndex LLM and query engine."""

from llama_index_twelvelabs.llms import TwelveLabsLLM
from llama_index_twelvelabs.query_engine import TwelveLabsQueryEngine

__all__ = ["TwelveLabsLLM", "TwelveLabsQueryEngine"]
