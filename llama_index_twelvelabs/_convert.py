"""Responses -> LlamaIndex's nodes and metadata. Nothing here waits, calls back or keeps anything."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from llama_index.core.schema import NodeRelationship, NodeWithScore, RelatedNodeInfo, TextNode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twelvelabs_responses import Citation, Response

_SIGNED_URLS = ("thumbnail_url", "hls_url")


def source_nodes(citations: Sequence[Citation]) -> list[NodeWithScore]:
    """Return one node for each place in the store that is cited, in order of appearance.

    Two markers of one place are one node, two time ranges of one video are two. There is no score, as the service
    gives none.
    """
    places: dict[str, list[Citation]] = {}
    for citation in citations:
        places.setdefault(_node_id(citation), []).append(citation)
    return [NodeWithScore(node=_node(node_id, cited[0])) for node_id, cited in places.items()]


def response_metadata(response: Response) -> dict[str, Any]:
    """Return what is known of the response besides its text, JSON values only; never empty."""
    details, usage = response.incomplete_details, response.usage
    facts = {
        "session_id": response.session_id,
        "response_id": response.id,
        "knowledge_store_id": response.knowledge_store_id,
        "incomplete_details": details.model_dump() if details else None,
        "usage": usage.model_dump() if usage else None,
        "created_at": response.created_at,
    }
    # A router replaces an empty dict by another one, and what is written later would be lost.
    known: dict[str, Any] = {"status": response.status or "in_progress"}
    cited = [asdict(citation) for citation in response.citations]
    return (
        known
        | {name: fact for name, fact in facts.items() if fact is not None}
        | ({"citations": cited} if cited else {})
    )


def _node_id(citation: Citation) -> str:
    place = citation.item_id or citation.collection_id or citation.kind
    if citation.start_sec is None or citation.end_sec is None:
        return place
    return f"{place}@{citation.start_sec:.3f}-{citation.end_sec:.3f}"


def _node(node_id: str, citation: Citation) -> TextNode:
    place = citation.item_id or citation.collection_id
    facts = asdict(citation)
    metadata = {name: facts[name] for name in facts if name not in ("start", "end") and facts[name] is not None}
    return TextNode(
        id_=node_id,
        text=_label(citation),
        metadata=metadata,
        relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=place)} if place else {},
        # They expire, and are nothing to read or embed.
        excluded_llm_metadata_keys=list(_SIGNED_URLS),
        excluded_embed_metadata_keys=list(_SIGNED_URLS),
    )


def _label(citation: Citation) -> str:
    name = citation.title or citation.item_id or citation.collection_id or citation.kind
    return f"{name} ({citation.time_range})" if citation.time_range else name
