"""Citations -> LangChain's documents."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, uuid5

from langchain_core.documents import Document

from langchain_twelvelabs._output import citations
from twelvelabs_responses import claims

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage

    from twelvelabs_responses import Citation

_WHERE = ("kind", "item_id", "collection_id", "start_sec", "end_sec", "title", "thumbnail_url", "hls_url")


def to_documents(message: AIMessage) -> list[Document]:
    """Return a document for each citation of an answer of `ChatTwelveLabs`, in order of appearance.

    The service says which moment of which item it cites, not what is seen or said there. So `page_content` is the
    sentence **of the answer** in which the marker stands, the model's own words; without a marker it is the whole
    answer. `metadata` says where to look: `kind`, `item_id`, `collection_id`, `start_sec` and `end_sec` (seconds),
    `title`, `hls_url` and `thumbnail_url` (signed: they expire), `marker`, `response_id`; what is unknown is left out.
    The `id` is the same each time, for one citation of one response.
    """
    found = citations(message)
    response_id = message.response_metadata.get("response_id")
    return [
        Document(
            id=str(uuid5(NAMESPACE_URL, f"twelvelabs:{response_id or message.text}:{position}")),
            page_content=claim or str(message.text),
            metadata=_metadata(message.text, citation, response_id),
        )
        for position, (citation, claim) in enumerate(zip(found, claims(message.text, found), strict=True))
    ]


def _metadata(text: str, citation: Citation, response_id: str | None) -> dict[str, object]:
    facts: dict[str, object] = {name: getattr(citation, name) for name in _WHERE}
    facts["marker"] = None if citation.start is None else text[citation.start : citation.end]
    facts["response_id"] = response_id
    return {name: fact for name, fact in facts.items() if fact is not None}
