"""TwelveLabs knowledge stores as a LlamaIndex query engine."""

from llama_index_twelvelabs.query_engine import TwelveLabsQueryEngine

__all__ = ["TwelveLabsQueryEngine"]
