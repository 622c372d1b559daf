"""`TwelveLabsCitationRetriever`: what an answer cites, as a retriever."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llama_index.core.base.base_retriever import BaseRetriever

from llama_index_twelvelabs._asking import Asking, new_llm
from llama_index_twelvelabs._input import question
from llama_index_twelvelabs._nodes import source_nodes
from twelvelabs_responses import Response

if TYPE_CHECKING:
    from llama_index.core.base.llms.types import ChatResponse
    from llama_index.core.callbacks import CallbackManager
    from llama_index.core.schema import NodeWithScore, QueryBundle
    from typing_extensions import Unpack

    from llama_index_twelvelabs._asking import LLMOptions


class TwelveLabsCitationRetriever(Asking, BaseRetriever):
    """A retriever that asks the videos of a knowledge store and gives the moments that the answer cites.

    A node's text is where to look, and the sentences of the answer that cite it: the model's own words, as the service
    does not tell what is seen or said there. Without them it is a source node of `TwelveLabsQueryEngine`. Each call is
    a question of its own, takes 30 s to 3 min, and gives no node if the answer cites none.

    Args:
        knowledge_store_id: The store to reason over (`ks_...`).
        callback_manager: LlamaIndex's callbacks.
        **options: Those of `TwelveLabsQueryEngine`, as far as they are the LLM's.

    Raises:
        InvalidArgumentError: No API key, or an argument that cannot be.
    """

    def __init__(
        self,
        knowledge_store_id: str,
        *,
        callback_manager: CallbackManager | None = None,
        **options: Unpack[LLMOptions],
    ) -> None:
        super().__init__(callback_manager)
        self._llm = new_llm(knowledge_store_id, self.callback_manager, **options)

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return _moments(self._asked().chat(question(query_bundle)))

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return _moments(await self._asked().achat(question(query_bundle)))


def _moments(chat: ChatResponse) -> list[NodeWithScore]:
    moments = source_nodes(Response.model_validate(chat.raw))
    for moment in moments:
        moment.node.set_content("\n".join([moment.text, *moment.node.metadata.get("claims", ())]))
    return moments
