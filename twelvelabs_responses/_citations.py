"""Annotations and `<vref>`/`<tref>` tags -> one Citation type.

The newest service annotates a content part; older ones write tags into the text. Either way a citation says where in
the knowledge store a piece of the reply comes from, and where in the text its marker stands.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from math import inf
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from collections.abc import Iterable

_KINDS = {"video_citation": "video", "image_citation": "image", "collection_citation": "collection"}
_TAG_KINDS = {"vref": "video", "tref": "text"}
# A tag inside a JSON string has its quotes escaped, hence the backslashes.
_TAG = re.compile(r"<(vref|tref)((?:\s[^<>]*)?)(?:/>|>\s*</\1\s*>)")
_ATTRIBUTE = re.compile(r"""\b(id|start|end)\s*=\s*\\?["']([^"'\\<>]*)\\?["']""")
_TIME = re.compile(r"(?:(\d{1,3}):)?(\d{1,4}):(\d{1,2}(?:\.\d+)?)")
_SECONDS_PER_MINUTE = 60
# An asset's id: 24 hexadecimal digits. It is not a store item's id, and a prefix would not make it one.
_ASSET_ID = re.compile(r"[0-9a-f]{24}")


class Annotation(BaseModel):
    """What a content part says about a span of its text (SDK 1.3.6, `ResponseAnnotation`).

    `end_index` is inclusive; both indices count Unicode code points of this part's own text. `start_sec` and `end_sec`
    are seconds into the video, both absent when the whole video is meant. The URLs are signed and expire.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    type: str
    start_index: int | None = None
    end_index: int | None = None
    item_id: str | None = None
    collection_id: str | None = None
    start_sec: float | None = None
    end_sec: float | None = None
    title: str | None = None
    thumbnail_url: str | None = None
    hls_url: str | None = None


class UnknownAnnotation(BaseModel):
    """An annotation in a shape we do not know: kept as it came, no citation is made of it."""

    model_config = ConfigDict(frozen=True, extra="allow")


@dataclass(frozen=True, slots=True)
class Citation:
    """Where in the knowledge store a piece of the reply comes from.

    Attributes:
        kind: `video`, `image`, `collection`, `text` (a `<tref>` tag), or a kind that came after this version.
        item_id: The store item (`ksi_...`), None for a collection.
        collection_id: The item collection (`ksic_...`), None for an item.
        start_sec: Seconds into the video; None when the whole item is meant.
        end_sec: Seconds into the video; None when the whole item is meant.
        title: The display name, if the service sent one.
        thumbnail_url: A signed picture URL. It expires: do not store it.
        hls_url: A signed `.m3u8` URL. It expires: do not store it.
        start: `text[start:end]` is the marker, in code points. None if the service's indices lie outside the text.
        end: See `start`. The marker stands for the citation; it is not the sentence that the citation supports.
    """

    kind: str
    item_id: str | None = None
    collection_id: str | None = None
    start_sec: float | None = None
    end_sec: float | None = None
    title: str | None = None
    thumbnail_url: str | None = None
    hls_url: str | None = None
    start: int | None = None
    end: int | None = None

    @property
    def time_range(self) -> str | None:
        """The range as people write it, such as `12:04-1:33:08`; None when the whole item is meant."""
        if self.start_sec is None or self.end_sec is None:
            return None
        # The model writes odd times now and then, and JSON readers take NaN and Infinity.
        if not (0 <= self.start_sec < inf and 0 <= self.end_sec < inf):
            return None
        return f"{_clock(self.start_sec)}-{_clock(self.end_sec)}"

    def shifted(self, offset: int) -> Citation:
        """Return the same citation for a text that has `offset` more characters before the marker."""
        if not offset or self.start is None or self.end is None:
            return self
        return replace(self, start=self.start + offset, end=self.end + offset)

    def as_dict(self) -> dict[str, Any]:
        """Return all fields by their names, those without a value too."""
        # `dataclasses.asdict` comes to the same, but copies each value, and takes ten times as long.
        return {name: getattr(self, name) for name in _FIELDS}


_FIELDS = tuple(field.name for field in fields(Citation))


def citations_of(text: str, annotations: Iterable[Annotation | UnknownAnnotation]) -> tuple[Citation, ...]:
    """Return the citations of one content part, in order of appearance; those without a marker come last.

    Tags cite only where nothing is annotated, as in the answers of older services. Where the service says what a text
    cites, a tag in it is text: the model may have repeated what somebody wrote.
    """
    annotated = [_from_annotation(item, len(text)) for item in annotations if isinstance(item, Annotation)]
    found = annotated or [_from_tag(tag) for tag in _TAG.finditer(text)]
    return tuple(sorted(found, key=lambda each: len(text) if each.start is None else each.start))


def _from_annotation(annotation: Annotation, length: int) -> Citation:
    start, last = annotation.start_index, annotation.end_index
    inside = start is not None and last is not None and 0 <= start <= last < length
    return Citation(
        kind=_KINDS.get(annotation.type, annotation.type),
        item_id=annotation.item_id,
        collection_id=annotation.collection_id,
        start_sec=annotation.start_sec,
        end_sec=annotation.end_sec,
        title=annotation.title,
        thumbnail_url=annotation.thumbnail_url,
        hls_url=annotation.hls_url,
        start=start if inside else None,
        end=last + 1 if inside and last is not None else None,
    )


def _from_tag(tag: re.Match[str]) -> Citation:
    attributes = {name: value.strip() for name, value in _ATTRIBUTE.findall(tag[2])}
    return Citation(
        kind=_TAG_KINDS[tag[1]],
        item_id=_item_id(attributes.get("id")),
        start_sec=_seconds(attributes.get("start")),
        end_sec=_seconds(attributes.get("end")),
        start=tag.start(),
        end=tag.end(),
    )


def _clock(seconds: float) -> str:
    minutes, second = divmod(int(seconds), _SECONDS_PER_MINUTE)
    hours, minute = divmod(minutes, _SECONDS_PER_MINUTE)
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"


def _item_id(tag_id: str | None) -> str | None:
    """Return the store item that a tag means: tags name it without its prefix."""
    if not tag_id or tag_id.startswith("ksi_") or _ASSET_ID.fullmatch(tag_id):
        return tag_id or None
    return f"ksi_{tag_id}"


def _seconds(time: str | None) -> float | None:
    """Return MM:SS or HH:MM:SS as seconds; None for what is neither, as the model writes odd times now and then."""
    if time is None or (match := _TIME.fullmatch(time)) is None:
        return None
    hours, minutes, seconds = match.groups()
    return (int(hours or 0) * _SECONDS_PER_MINUTE + int(minutes)) * _SECONDS_PER_MINUTE + float(seconds)
