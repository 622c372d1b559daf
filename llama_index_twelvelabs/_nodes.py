"""Citations -> LlamaIndex's nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llama_index.core.schema import NodeRelationship, NodeWithScore, RelatedNodeInfo, TextNode

from twelvelabs_responses import claims

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twelvelabs_responses import Citation, Response

# Links that expire are nothing to read or embed; and an answer's own words are no evidence for it.
_NOT_TO_READ = ("thumbnail_url", "hls_url", "markers", "claims")


def source_nodes(response: Response) -> list[NodeWithScore]:
    """Return one node for each place in the store that the response cites, in order of appearance.

    Two markers of one place are one node, two time ranges of one video are two. Its text is a label, as the service
    does not tell what is seen or said there. `metadata` says where to look: `kind`, `item_id` or `collection_id`,
    `start_sec` and `end_sec` (seconds), `title`, `thumbnail_url` and `hls_url` (signed: they expire); and what it is
    cited for: `markers`, and `claims`, the sentences of the answer. There is no score, as the service gives none.
    """
    text, citations = response.text, response.citations
    places: dict[str, list[tuple[Citation, str | None]]] = {}
    for citation, claim in zip(citations, claims(text, citations), strict=True):
        places.setdefault(_node_id(citation), []).append((citation, claim))
    return [NodeWithScore(node=_node(node_id, cited, text)) for node_id, cited in places.items()]


def _node_id(citation: Citation) -> str:
    place = citation.item_id or citation.collection_id or citation.kind
    if citation.start_sec is None or citation.end_sec is None:
        return place
    return f"{place}@{citation.start_sec:.3f}-{citation.end_sec:.3f}"


def _node(node_id: str, cited: Sequence[tuple[Citation, str | None]], text: str) -> TextNode:
    citation = cited[0][0]
    place = citation.item_id or citation.collection_id
    return TextNode(
        id_=node_id,
        text=_label(citation),
        metadata=_metadata(cited, text),
        relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=place)} if place else {},
        excluded_llm_metadata_keys=list(_NOT_TO_READ),
        excluded_embed_metadata_keys=list(_NOT_TO_READ),
    )


def _metadata(cited: Sequence[tuple[Citation, str | None]], text: str) -> dict[str, Any]:
    facts = cited[0][0].as_dict()
    known = {name: fact for name, fact in facts.items() if name not in ("start", "end") and fact is not None}
    markers = [text[citation.start : citation.end] for citation, _ in cited if citation.start is not None]
    said = [claim for _, claim in cited if claim]
    return known | {name: list(dict.fromkeys(each)) for name, each in (("markers", markers), ("claims", said)) if each}


def _label(citation: Citation) -> str:
    name = citation.title or citation.item_id or citation.collection_id or citation.kind
    return f"{name} ({citation.time_range})" if citation.time_range else name
