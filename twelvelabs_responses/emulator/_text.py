"""The text of an answer with its citations, as each era writes them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twelvelabs_responses.emulator._library import Collection

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twelvelabs_responses.emulator._answer import Segment
    from twelvelabs_responses.emulator._era import Era
    from twelvelabs_responses.emulator._library import Moment
    from twelvelabs_responses.emulator._script import JsonObject


@dataclass(frozen=True, slots=True)
class Text:
    """Text and the annotations of its markers; eras that write tags have none."""

    text: str
    annotations: tuple[JsonObject, ...] = ()


def text_of(segments: Iterable[Segment], era: Era) -> Text:
    """Return the segments as one text, each citation's marker after the words it belongs to."""
    text = ""
    annotations: list[JsonObject] = []
    for segment in segments:
        text += segment.text
        cited = segment.moment or segment.collection
        if cited is None:
            continue
        number = segment.marker or f"[{len(annotations) + 1}]"
        marker = number if era.annotates else _tag(segment.moment)
        if marker and not segment.marker and not text.endswith((" ", "\n")):
            text += " "
        if era.annotates:
            annotations.append(_annotation(cited, len(text), len(marker)))
        text += marker
    return Text(text, tuple(annotations))


def _tag(moment: Moment | None) -> str:
    # No tag for a collection was ever seen.
    if moment is None:
        return ""
    times = ""
    if moment.start_sec is not None and moment.end_sec is not None:
        times = f' start="{_clock(moment.start_sec)}" end="{_clock(moment.end_sec)}"'
    return f'<vref id="{moment.item_id.removeprefix("ksi_")}"{times}></vref>'


def _clock(seconds: float) -> str:
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours:02}:{minute:02}:{second:02}" if hours else f"{minutes:02}:{second:02}"


def _annotation(cited: Moment | Collection, start: int, length: int) -> JsonObject:
    # Code points, as len() counts them; the last one is the marker's own (API reference: end_index is inclusive).
    span: JsonObject = {"start_index": start, "end_index": start + length - 1}
    if isinstance(cited, Collection):
        return _collection_citation(cited, span)
    return _moment_citation(cited, span)


def _collection_citation(collection: Collection, span: JsonObject) -> JsonObject:
    shown: JsonObject = {"title": collection.title, "thumbnail_url": None, "hls_url": None}
    return {"type": "collection_citation", **span, "collection_id": collection.collection_id, **shown}


def _moment_citation(moment: Moment, span: JsonObject) -> JsonObject:
    times: JsonObject = {}
    hls_url = None
    if moment.kind == "video":
        hls_url = _signed(f"hls/{moment.item_id}.m3u8")
    if moment.start_sec is not None and moment.end_sec is not None:
        times = {"start_sec": moment.start_sec, "end_sec": moment.end_sec}
    shown: JsonObject = {
        "title": moment.title,
        "thumbnail_url": _signed(f"thumbnails/{moment.item_id}.jpg"),
        "hls_url": hls_url,
    }
    return {"type": f"{moment.kind}_citation", **span, "item_id": moment.item_id, **times, **shown}


def _signed(path: str) -> str:
    # Looks signed, opens nothing, and is the same every time: a recorded answer can be compared with a new one.
    signature = hashlib.sha256(path.encode()).hexdigest()[:32]
    return f"https://example.com/{path}?expires=4102444800&signature={signature}"
