"""TwelveLabs knowledge stores as a LangChain chat model."""

from langchain_twelvelabs._documents import to_documents
from langchain_twelvelabs._output import citations
from langchain_twelvelabs.chat_models import ChatTwelveLabs
from langchain_twelvelabs.tools import create_video_tool

__all__ = ["ChatTwelveLabs", "citations", "create_video_tool", "to_documents"]
