"""The two shapes of an answer's content: a string, or standard blocks. Configuration decides, never the answer.

LangChain adds the chunks of a stream up by joining equal strings and blocks of equal `index`, and its newest protocol
replaces annotations in place of joining them. So what a stream has told is told once: text as it comes, everything
else about it when the response is final.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from langchain_twelvelabs._blocks import answer_blocks, item_block
from twelvelabs_responses import Message, OutputItemDone, ResponseEvent

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from langchain_twelvelabs._blocks import Block
    from twelvelabs_responses import Response, ResponseStreamEvent, TextPiece


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a message, or all of it.

    Attributes:
        content: What LangChain's `content` is to hold.
        additional_kwargs: What goes beside it.
    """

    content: str | list[str | Block]
    additional_kwargs: dict[str, Any] = field(default_factory=dict)


class StringContent:
    """The text of the reply. What it cites stands in `additional_kwargs["citations"]`."""

    def __init__(self) -> None:
        self._told: list[str] = []

    def whole(self, response: Response) -> Part:
        """Return all of the response."""
        return Part(response.text, _cited(response, response.text))

    def more(self, _event: ResponseStreamEvent, pieces: Iterable[TextPiece]) -> Part:
        """Return what an update adds."""
        text = "".join(piece.text for piece in pieces if piece.is_answer)
        self._told.append(text)
        return Part(text)

    def rest(self, response: Response) -> Part:
        """Return what the updates have not told of the response."""
        return Part("", _cited(response, "".join(self._told)))


class BlockContent:
    """Standard blocks of all that the response holds, each numbered by an `index` of its own."""

    def __init__(self) -> None:
        # The kind of each block that has been told, and what of it, in the order of the indices.
        self._told: list[tuple[str, list[str]]] = []
        self._index_at: dict[tuple[int, int | None], int] = {}

    def whole(self, response: Response) -> Part:
        """Return all of the response."""
        return Part([*answer_blocks(response)])

    def more(self, event: ResponseStreamEvent, pieces: Sequence[TextPiece]) -> Part:
        """Return what an update adds."""
        # A response that comes in one piece is told by `rest`, in its own order.
        if isinstance(event, ResponseEvent) and not self._told:
            return Part([])
        blocks = [self._piece(piece) for piece in pieces]
        if isinstance(event, OutputItemDone) and event.item is not None and not isinstance(event.item, Message):
            blocks.append(self._begun(item_block(event.item)))
        return Part([*blocks])

    def rest(self, response: Response) -> Part:
        """Return what the updates have not told of the response."""
        if not self._told:
            return self.whole(response)
        # Blocks of one name are told apart by their order alone.
        indices: dict[tuple[str, str], deque[int]] = {}
        for index, (kind, texts) in enumerate(self._told):
            indices.setdefault((kind, "".join(texts)), deque()).append(index)
        rest: list[str | Block] = []
        for block in answer_blocks(response):
            told = indices.get(_name(block))
            rest += self._rest_of(block, told.popleft() if told else None)
        return Part(rest)

    def _piece(self, piece: TextPiece) -> Block:
        kind = "text" if piece.is_answer else "reasoning"
        place = (piece.output_index, piece.content_index if piece.is_answer else None)
        block: Block = {"type": kind, kind: piece.text}
        if place not in self._index_at:
            self._index_at[place] = len(self._told)
            return self._begun(block)
        index = self._index_at[place]
        self._told[index][1].append(piece.text)
        return {**block, "index": index}

    def _begun(self, block: Block) -> Block:
        kind, name = _name(block)
        self._told.append((kind, [name]))
        return {**block, "index": len(self._told) - 1}

    def _rest_of(self, block: Block, index: int | None) -> list[Block]:
        """Return what is left to tell of a block of the final response.

        Args:
            block: The block.
            index: The index under which the stream has told it, None if it has not.
        """
        kind = block["type"]
        if kind not in _STREAMED:
            return [] if index is not None else [self._begun(block)]
        about = {name: value for name, value in block.items() if name not in {kind, "index"}}
        if about.keys() == {"type"}:
            return []
        if index is not None:
            return [{**about, kind: "", "index": index}]
        # The stream told another text than the response holds, in which the markers stand elsewhere or nowhere.
        unplaced = [
            {name: value for name, value in annotation.items() if name not in {"start_index", "end_index"}}
            for annotation in about.get("annotations", [])
        ]
        return [self._begun({"type": "text", "text": "", "annotations": unplaced})] if unplaced else []


_STREAMED = frozenset({"text", "reasoning"})


AnswerContent: TypeAlias = StringContent | BlockContent


def answer_content(include: Sequence[str] | None, output_version: str | None) -> AnswerContent:
    """Return the content that an answer is to have, empty so far.

    Args:
        include: What the request asks for beside the reply.
        output_version: LangChain's: `v1` asks for standard blocks.
    """
    return BlockContent() if include or output_version == "v1" else StringContent()


def _cited(response: Response, told: str) -> dict[str, Any]:
    found = response.citations
    if told != response.text:
        # The stream told another text than the response holds, in which the markers stand elsewhere or nowhere.
        found = tuple(replace(citation, start=None, end=None) for citation in found)
    return {"citations": [citation.as_dict() for citation in found]} if found else {}


def _name(block: Block) -> tuple[str, str]:
    """Return what tells the block from others of the same response: its kind, and its text or id."""
    kind = block["type"]
    if kind in _STREAMED:
        return kind, block[kind]
    if kind == "non_standard":
        return kind, f"{block['value'].get('type')} {block['value'].get('id')}"
    return kind, block["id" if kind == "server_tool_call" else "tool_call_id"]
