"""`ChatTwelveLabs`."""

from __future__ import annotations

from benchmarks.scenario import KEY, KNOWLEDGE_STORE_ID
from benchmarks.subjects._langchain import Chat
from langchain_twelvelabs import ChatTwelveLabs


class OurChat(Chat):
    """`ChatTwelveLabs`, with its defaults."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.model = ChatTwelveLabs(knowledge_store_id=KNOWLEDGE_STORE_ID, api_key=KEY, base_url=url)
