"""The sample knowledge store the emulator answers from: described videos and images, searched by words."""

from __future__ import annotations

import json
import re
import sqlite3
import threading
import unicodedata
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from typing_extensions import Self

_WORD = re.compile(r"[\w\u0300-\u036f]+(?:-[\w\u0300-\u036f]+)*")
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_LONGEST_SEC = 7 * 24 * 3600.0
# Each word is one query: a page of pasted text must not become a thousand of them, nor one without an end.
_MOST_WORDS = 24
_LONGEST_WORD = 64
_STOP_WORDS = frozenset(
    _WORD.findall("""
    a about after afterwards again all also always am an and another any anyone anything are aren around as ask at back
    be because been before being between both but by can clip clips come comes could couldn describe did didn do does
    doesn doing don done during each earlier else ever every everything explain find for from gets give go goes going
    got had happen happened happening happens has have having he hello her here hi him his how i if in into is isn it
    item items its just know later let library like list ll long look looks made make many may me mean might moment
    moments more most much must my need next no not now of off ok okay on one ones only or other our out over please
    previous question re s said same say saying says scene scenes see seen segment shall she should show showing shown
    shows since so some someone something still such t take takes talk talking talks tell than thank thanks that the
    their them then there these they thing things this those through to too us use ve very video videos want was wasn
    watch we well were what when where whether which while who whom whose why will with would wouldn yes you your
    """)
)


@dataclass(frozen=True, slots=True)
class Moment:
    """A stretch of a video, or a whole image; times are seconds from the start, None for an image."""

    item_id: str
    title: str
    kind: str
    start_sec: float | None
    end_sec: float | None
    description: str
    transcript: str


@dataclass(frozen=True, slots=True)
class Item:
    """A store item; its moments are in the order of time, its duration is in seconds, None for an image."""

    item_id: str
    title: str
    kind: str
    duration_sec: float | None
    moments: tuple[Moment, ...]


@dataclass(frozen=True, slots=True)
class Collection:
    """An item collection: a title, and the ids of the store items it holds."""

    collection_id: str
    title: str
    item_ids: tuple[str, ...]


def content_words(text: str) -> tuple[str, ...]:
    """Return the words of `text` worth searching for: lower case, each once, in order, at most 24 of 64 characters."""
    words: dict[str, None] = {}
    for match in _WORD.finditer(text.lower()):
        word = unicodedata.normalize("NFC", match[0][:_LONGEST_WORD])
        if word not in _STOP_WORDS:
            words[word] = None
        if len(words) == _MOST_WORDS:
            break
    return tuple(words)


class Library:
    """A knowledge store held in memory; any thread may search it. Close it, or use it in a `with` statement."""

    def __init__(self, knowledge_store_id: str, items: Sequence[Item], collections: Sequence[Collection] = ()) -> None:
        self.knowledge_store_id = knowledge_store_id
        self.items = tuple(items)
        self.collections = tuple(collections)
        self._moments = tuple(moment for item in self.items for moment in item.moments)
        self._lock = threading.Lock()
        self._index = sqlite3.connect(":memory:", check_same_thread=False)
        self._index.execute(
            "CREATE VIRTUAL TABLE moment USING fts5("
            "title, description, transcript, tokenize = 'porter unicode61 remove_diacritics 2')"
        )
        self._index.executemany(
            "INSERT INTO moment (rowid, title, description, transcript) VALUES (?, ?, ?, ?)",
            [(row, moment.title, moment.description, moment.transcript) for row, moment in enumerate(self._moments)],
        )

    @staticmethod
    def load(path: Path | None = None) -> Library:
        """Read a library file, or the sample library that ships with the package.

        Raises:
            ValueError: The file is not a library; the message names the place, such as `items[3].title`.
        """
        source = files(__package__).joinpath("library.json") if path is None else path
        try:
            value = json.loads(source.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ValueError(f"library: must be JSON in UTF-8: {error}") from error
        return _read_library(_Place("", value))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the index; searching is over."""
        self._index.close()

    def search(self, query: str, *, item_ids: Container[str] | None = None, limit: int = 5) -> tuple[Moment, ...]:
        """Return the moments that match the most words of `query`, the best first, of these items only if given.

        A moment that matches no more than half as many words as the best one is left out.
        """
        matched: dict[int, list[float]] = {}
        for word in content_words(query):
            for row, score in self._rows(word):
                if item_ids is None or self._moments[row].item_id in item_ids:
                    matched.setdefault(row, []).append(score)
        most = max(map(len, matched.values()), default=0)
        rows = [row for row, scores in matched.items() if len(scores) > most / 2]
        # A lower bm25 is better; the place in the library settles a tie.
        rows.sort(key=lambda row: (-len(matched[row]), sum(matched[row]), row))
        return tuple(self._moments[row] for row in rows[:limit])

    def _rows(self, word: str) -> list[tuple[int, float]]:
        # In quotes nothing is an FTS5 operator, and a word holds no quote.
        with self._lock:
            return self._index.execute(
                "SELECT rowid, bm25(moment, 1.0, 2.0, 1.0) FROM moment WHERE moment MATCH ?", (f'"{word}"',)
            ).fetchall()


@dataclass(frozen=True, slots=True)
class _Place:
    """A value in the library file, and the path that leads to it."""

    path: str
    value: object

    def wrong(self, problem: str) -> ValueError:
        return ValueError(f"{self.path or 'library'}: {problem}")

    def fields(self, required: str, optional: str = "") -> dict[str, _Place]:
        """Return all the named keys' places; an unknown key is refused, for it is most likely misspelt."""
        if not isinstance(self.value, dict):
            raise self.wrong("must be an object")
        value = dict.fromkeys(optional.split()) | self.value
        places = {key: _Place(f"{self.path}.{key}".lstrip("."), value[key]) for key in value}
        for key in required.split():
            if key not in places:
                raise self.wrong(f"{key} is missing")
        for key in sorted(places.keys() - {*required.split(), *optional.split()}):
            raise places[key].wrong("is not a key of a library file")
        return places

    def array(self) -> list[_Place]:
        if not isinstance(self.value, list) or not self.value:
            raise self.wrong("must be an array that is not empty")
        return [_Place(f"{self.path}[{index}]", value) for index, value in enumerate(self.value)]

    def text(self) -> str:
        # A lone surrogate, which JSON can spell, cannot be sent in UTF-8.
        if not isinstance(self.value, str) or not self.value.strip() or re.search("[\ud800-\udfff]", self.value):
            raise self.wrong("must be a text that is not empty")
        return self.value

    def identifier(self, prefix: str) -> str:
        if not isinstance(self.value, str) or not re.fullmatch(prefix + _UUID, self.value):
            raise self.wrong(f"must be {prefix} and a UUID in lower case")
        return self.value

    def seconds(self, least: float, most: float) -> float:
        # True and False are numbers to Python.
        if not isinstance(self.value, (int, float)) or isinstance(self.value, bool) or not least <= self.value <= most:
            raise self.wrong(f"must be seconds, at least {least:g} and at most {most:g}")
        return float(self.value)


def _read_library(root: _Place) -> Library:
    fields = root.fields("knowledge_store_id items", "collections")
    items: dict[str, Item] = {}
    for place in fields["items"].array():
        item = _read_item(place)
        if item.item_id in items:
            raise place.wrong("has the item_id of an earlier item")
        items[item.item_id] = item
    places = [] if fields["collections"].value is None else fields["collections"].array()
    collections = [_read_collection(place, items) for place in places]
    return Library(fields["knowledge_store_id"].identifier("ks_"), tuple(items.values()), collections)


def _read_item(place: _Place) -> Item:
    fields = place.fields("item_id title kind moments", "duration_sec")
    kind, duration = fields["kind"].value, None
    if kind == "video":
        duration = fields["duration_sec"].seconds(0, _LONGEST_SEC)
    elif kind != "image":
        raise fields["kind"].wrong("must be video or image")
    item = Item(fields["item_id"].identifier("ksi_"), fields["title"].text(), str(kind), duration, ())
    moments = [_read_moment(each, item) for each in fields["moments"].array()]
    return replace(item, moments=tuple(sorted(moments, key=lambda moment: moment.start_sec or 0)))


def _read_moment(place: _Place, item: Item) -> Moment:
    start = end = None
    if item.duration_sec is None:
        fields = place.fields("description", "transcript")
    else:
        fields = place.fields("start_sec end_sec description", "transcript")
        start = fields["start_sec"].seconds(0, item.duration_sec)
        end = fields["end_sec"].seconds(start, item.duration_sec)
    spoken = "" if fields["transcript"].value is None else fields["transcript"].text()
    return Moment(item.item_id, item.title, item.kind, start, end, fields["description"].text(), spoken)


def _read_collection(place: _Place, known: Mapping[str, Item]) -> Collection:
    fields = place.fields("collection_id title item_ids")
    members = fields["item_ids"].array()
    for member in members:
        if member.identifier("ksi_") not in known:
            raise member.wrong("is not the id of an item of this library")
    item_ids = tuple(member.identifier("ksi_") for member in members)
    return Collection(fields["collection_id"].identifier("ksic_"), fields["title"].text(), item_ids)
