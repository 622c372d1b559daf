"""Citations -> LangChain's documents."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, uuid5

from langchain_core.documents import Document

from langchain_twelvelabs._output import citations

if TYPE_CHECKING:
    from collections.abc import Iterable

    from langchain_core.messages import AIMessage

    from twelvelabs_responses import Citation

# Stands for each character of a marker while sentences are told apart: `<vref end="0:12.5">` ends none.
_MASK = "\ufffc"
# A sentence ends where its line does, or at a full stop (in Chinese and Japanese without a blank behind it), together
# with the quotes that it closes and the markers that follow.
_SENTENCE = re.compile(
    rf"""[^\n]+?
    (?: [.!?\u2026]+        ["')\]\u00bb\u201d\u2019]*      (?:[^\S\n]*{_MASK})* (?=\s|$)
      | [\u3002\uff01\uff1f]+ [\u201d\u2019\u300d\u300f\uff09]* (?:[^\S\n]*{_MASK})*
      | (?=\n)
      | $ )""",
    re.VERBOSE,
)
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
    masked = _masked(message.text, found)
    response_id = message.response_metadata.get("response_id")
    return [
        Document(
            id=str(uuid5(NAMESPACE_URL, f"twelvelabs:{response_id or message.text}:{position}")),
            page_content=_sentence(message.text, masked, citation),
            metadata=_metadata(message.text, citation, response_id),
        )
        for position, citation in enumerate(found)
    ]


def _metadata(text: str, citation: Citation, response_id: str | None) -> dict[str, object]:
    facts: dict[str, object] = {name: getattr(citation, name) for name in _WHERE}
    facts["marker"] = None if citation.start is None else text[citation.start : citation.end]
    facts["response_id"] = response_id
    return {name: fact for name, fact in facts.items() if fact is not None}


def _sentence(text: str, masked: str, citation: Citation) -> str:
    for sentence in _SENTENCE.finditer(masked):
        if citation.start is not None and sentence.start() <= citation.start < sentence.end():
            return text[sentence.start() : sentence.end()].strip()
    return text


def _masked(text: str, found: Iterable[Citation]) -> str:
    for citation in found:
        if citation.start is not None and citation.end is not None:
            text = text[: citation.start] + _MASK * (citation.end - citation.start) + text[citation.end :]
    return text
