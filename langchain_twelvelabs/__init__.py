"""TwelveLabs knowledge stores as a LangChain chat model."""

from langchain_twelvelabs._convert import citations
from langchain_twelvelabs.chat_models import ChatTwelveLabs

__all__ = ["ChatTwelveLabs", "citations"]
