"""Responses -> LangChain's standard content blocks; citations <-> the annotations of a text block.

LangChain does not say whether the end of an annotation is inclusive. Ours is exclusive, so that
`block["text"][annotation["start_index"]:annotation["end_index"]]` is the marker.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeAlias

from langchain_core.messages.block_translators import register_translator

from twelvelabs_responses import (
    Citation,
    FunctionCall,
    FunctionCallOutput,
    Message,
    OutputText,
    UnknownAnnotation,
    UnknownPart,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from langchain_core.messages import AIMessage
    from langchain_core.messages.content import ContentBlock

    from twelvelabs_responses import OutputItem, Response, UnknownItem

MODEL_PROVIDER = "twelvelabs"

_CITATION_FIELDS = frozenset(field.name for field in fields(Citation))

# LangChain's own types are a union of typed dicts, which the type checker cannot put together key by key.
Block: TypeAlias = dict[str, Any]


def answer_blocks(response: Response) -> list[Block]:
    """Return all that the response holds as standard blocks, numbered by `index`.

    The text of the reply is `text`, one block for each part; every other message is `reasoning`; what the service's own
    functions did is `server_tool_call` and `server_tool_result`; what came after this version is `non_standard`.
    """
    reply = {id(message) for message in response.reply}
    blocks: list[Block] = []
    for item in _as_a_stream_tells(response.output):
        if not isinstance(item, Message):
            blocks.append(item_block(item))
        elif id(item) in reply:
            blocks += _text_blocks(item)
        elif item.text:
            blocks.append(_reasoning_block(item))
    blocks += _unknown_parts(response.output)
    return [{**block, "index": index} for index, block in enumerate(blocks)]


def item_block(item: FunctionCall | FunctionCallOutput | UnknownItem) -> Block:
    """Return the block of an item that is no message."""
    match item:
        case FunctionCall():
            return _call_block(item)
        case FunctionCallOutput():
            # Open Responses has no item status `failed`; an item that was cut short is the nearest to an error.
            status = "error" if item.status in ("incomplete", "failed") else "success"
            return {
                "type": "server_tool_result",
                "tool_call_id": item.call_id or "",
                "status": status,
                "output": item.output,
            }
    return _non_standard(item)


def citation_annotation(citation: Citation) -> Block:
    """Return the citation as an annotation of the text that its marker stands in."""
    return _annotation(citation.as_dict())


def _annotation(citation: Mapping[str, Any]) -> Block:
    extras = {name: value for name, value in citation.items() if value is not None}
    standard = {"url": "hls_url", "title": "title", "start_index": "start", "end_index": "end"}
    annotation = {name: extras.pop(ours) for name, ours in standard.items() if ours in extras}
    return {"type": "citation", **annotation, "extras": extras}


def annotated_citation(annotation: Block) -> Citation:
    """Return the citation that `citation_annotation` made the annotation of, maybe in another version."""
    extras = {name: value for name, value in annotation["extras"].items() if name in _CITATION_FIELDS}
    return Citation(
        hls_url=annotation.get("url"),
        title=annotation.get("title"),
        start=annotation.get("start_index"),
        end=annotation.get("end_index"),
        **extras,
    )


def content_blocks(message: AIMessage) -> list[ContentBlock]:
    """Return the standard blocks of a message of ours: LangChain's translator for this provider.

    Raises:
        NotImplementedError: The message holds what is not ours; LangChain then does its best by itself.
    """
    if message.tool_calls:
        raise NotImplementedError
    if isinstance(message.content, list):
        # Ours are blocks already; a string among them is what somebody put there.
        texts = ({"type": "text", "text": block} if isinstance(block, str) else block for block in message.content)
        return list(texts)  # type: ignore[arg-type]  # blocks, though the field allows more
    annotations = [_annotation(found) for found in message.additional_kwargs.get("citations", [])]
    if not message.content and not annotations:
        return []
    block = {"type": "text", "text": message.content, "index": 0}
    return [block | ({"annotations": annotations} if annotations else {})]  # type: ignore[list-item]  # a text block


register_translator(MODEL_PROVIDER, content_blocks, content_blocks)


def _as_a_stream_tells(output: Sequence[OutputItem]) -> list[OutputItem]:
    """Return the items in the order in which a stream can tell what they are.

    Whether a message without a phase answers is not known before another message has one, or the end has come. What
    the service does meanwhile is not kept waiting for it.
    """
    messages = {place: item for place, item in enumerate(output) if isinstance(item, Message)}
    settled = min((place for place, message in messages.items() if message.phase is not None), default=len(output))
    told_at = [max(place, settled) if place in messages else place for place in range(len(output))]
    return [output[place] for place in sorted(range(len(output)), key=told_at.__getitem__)]


def _text_blocks(message: Message) -> Iterator[Block]:
    for part in message.content:
        if isinstance(part, OutputText) and (part.text or part.annotations):
            annotations = _annotations([part])
            yield {"type": "text", "text": part.text} | ({"annotations": annotations} if annotations else {})


def _reasoning_block(message: Message) -> Block:
    annotations = _annotations(part for part in message.content if isinstance(part, OutputText))
    extras = {"phase": message.phase, "annotations": annotations}
    extras = {name: value for name, value in extras.items() if value}
    return {"type": "reasoning", "reasoning": message.text} | ({"extras": extras} if extras else {})


def _annotations(parts: Iterable[OutputText]) -> list[Block]:
    """Return what the parts cite, for their joined text."""
    annotations: list[Block] = []
    offset = 0
    for part in parts:
        annotations += [citation_annotation(citation.shifted(offset)) for citation in part.citations]
        annotations += [
            {"type": "non_standard_annotation", "value": annotation.model_dump()}
            for annotation in part.annotations
            if isinstance(annotation, UnknownAnnotation)
        ]
        offset += len(part.text)
    return annotations


def _call_block(call: FunctionCall) -> Block:
    block = {"type": "server_tool_call", "id": call.call_id or "", "name": call.name or ""}
    # Text that is no JSON, or too deep to be read.
    with suppress(ValueError, RecursionError):
        arguments = json.loads(call.arguments or "{}")
        if isinstance(arguments, dict):
            return {**block, "args": arguments}
    return {**block, "args": {}, "extras": {"arguments": call.arguments}}


def _unknown_parts(output: Iterable[OutputItem]) -> list[Block]:
    """Return the parts that came after this version: at the end, as a stream tells them when all is known."""
    messages = [item for item in output if isinstance(item, Message)]
    return [_non_standard(part) for message in messages for part in message.content if isinstance(part, UnknownPart)]


def _non_standard(unknown: UnknownItem | UnknownPart) -> Block:
    return {"type": "non_standard", "value": unknown.model_dump(exclude_unset=True)}
