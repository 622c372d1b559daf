"""TwelveLabs knowledge stores as a LlamaIndex LLM, query engine, chat engine, retriever and workflow."""

from llama_index_twelvelabs._chat_responses import TwelveLabsStreamingChatResponse
from llama_index_twelvelabs._responses import TwelveLabsPydanticResponse, TwelveLabsResponse
from llama_index_twelvelabs._streaming import TwelveLabsAsyncStreamingResponse, TwelveLabsStreamingResponse
from llama_index_twelvelabs.chat_engine import TwelveLabsChatEngine
from llama_index_twelvelabs.llms import TwelveLabsLLM
from llama_index_twelvelabs.query_engine import TwelveLabsQueryEngine
from llama_index_twelvelabs.retrievers import TwelveLabsCitationRetriever
from llama_index_twelvelabs.workflows import AnswerEvent, AskEvent, ProgressEvent, TokenEvent, TwelveLabsQueryWorkflow

__all__ = [
    "AnswerEvent",
    "AskEvent",
    "ProgressEvent",
    "TokenEvent",
    "TwelveLabsAsyncStreamingResponse",
    "TwelveLabsChatEngine",
    "TwelveLabsCitationRetriever",
    "TwelveLabsLLM",
    "TwelveLabsPydanticResponse",
    "TwelveLabsQueryEngine",
    "TwelveLabsQueryWorkflow",
    "TwelveLabsResponse",
    "TwelveLabsStreamingChatResponse",
    "TwelveLabsStreamingResponse",
]
