"""TwelveLabs knowledge stores as a LlamaIndex LLM and query engine."""

from llama_index_twelvelabs.llms import TwelveLabsLLM
from llama_index_twelvelabs.query_engine import TwelveLabsQueryEngine
from llama_index_twelvelabs.workflows import AnswerEvent, AskEvent, ProgressEvent, TokenEvent, TwelveLabsQueryWorkflow

__all__ = [
    "AnswerEvent",
    "AskEvent",
    "ProgressEvent",
    "TokenEvent",
    "TwelveLabsLLM",
    "TwelveLabsQueryEngine",
    "TwelveLabsQueryWorkflow",
]
