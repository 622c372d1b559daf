"""TwelveLabs knowledge stores as a LlamaIndex LLM, query engine and retriever."""

from llama_index_twelvelabs._responses import TwelveLabsPydanticResponse, TwelveLabsResponse
from llama_index_twelvelabs._streaming import TwelveLabsAsyncStreamingResponse, TwelveLabsStreamingResponse
from llama_index_twelvelabs.llms import TwelveLabsLLM
from llama_index_twelvelabs.query_engine import TwelveLabsQueryEngine
from llama_index_twelvelabs.retrievers import TwelveLabsCitationRetriever

__all__ = [
    "TwelveLabsAsyncStreamingResponse",
    "TwelveLabsCitationRetriever",
    "TwelveLabsLLM",
    "TwelveLabsPydanticResponse",
    "TwelveLabsQueryEngine",
    "TwelveLabsResponse",
    "TwelveLabsStreamingResponse",
]
