"""What the emulator says: moments of the library, found by the words of a question, quoted and cited.

No model is at work. A follow-up is understood by a few rules about words, and the answer says which earlier turn it
goes on from.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from textwrap import shorten
from typing import TYPE_CHECKING

from twelvelabs_responses.emulator._library import content_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twelvelabs_responses.emulator._library import Collection, Library, Moment
    from twelvelabs_responses.emulator._scripted import ScriptedAnswer

_SELECTION_TOKEN = re.compile(r"\{\{sel:(\d{1,4})\}\}")
# Citation tags come back when an earlier reply is pasted into a question; they are not words to search for.
_CITATION_TAG = re.compile(r"</?[vt]ref\b[^<>]*>")
_POINTING = re.compile(
    r"^\W*and\b|\b(?:it|its|that|this|those|these|they|them|their|there|then|after|afterwards|next|before|again"
    r"|he|she|him|her|his|more|else|same|previous|earlier|later)\b",
    re.IGNORECASE,
)
_FORWARD = re.compile(r"\b(?:next|then|after|afterwards|later)\b", re.IGNORECASE)
_BACKWARD = re.compile(r"\b(?:before|previous|earlier)\b", re.IGNORECASE)
# "Which clips ...?" asks about the whole store, however short the question is.
_WHOLE_STORE = re.compile(r"\b(?:clips|videos|items|library)\b", re.IGNORECASE)
_BRIEF = re.compile(r"\b(?:one|single) sentence\b|\b(?:brief|briefly|short|concise)\b", re.IGNORECASE)
_MOST_MOMENTS = 4
_LONGEST_QUOTE = 100
_ALL = 1_000_000


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier turn of the session, and the ids of the store items its answer cited."""

    question: str
    answer: str
    item_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of the answer's text; the moment or collection it quotes is cited right after the text.

    A marker that is given stands there as it is; otherwise citations are numbered.
    """

    text: str
    moment: Moment | None = None
    collection: Collection | None = None
    marker: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the emulator says: its text is all segments' texts, one after the other."""

    commentary: str
    search_query: str
    found: tuple[Moment, ...]
    segments: tuple[Segment, ...]
    # What a test has written down, where the library was not asked.
    scripted: ScriptedAnswer | None = None


@dataclass(frozen=True, slots=True)
class _Question:
    text: str
    words: tuple[str, ...]
    library: Library
    # Only turns that cited something can be gone on from; the latest comes first.
    earlier: tuple[Turn, ...]
    selected: frozenset[str]
    # What the question itself refers to comes before what the session is about.
    direct: bool
    collections: tuple[Collection, ...]


@dataclass(frozen=True, slots=True)
class _Finding:
    note: str
    query: str
    moments: tuple[Moment, ...]


def compose(
    question: str,
    *,
    earlier: Sequence[Turn],
    library: Library,
    selections: Sequence[str] = (),
    instructions: str = "",
) -> Answer:
    """Return an answer that quotes the moments of the library that fit the question.

    Args:
        question: Any text; `{{sel:N}}` in it refers to entry N of the selections.
        earlier: The turns of the session so far, the oldest first.
        library: What to search.
        selections: Ids of store items and collections to prefer.
        instructions: A wish for a short answer is honoured, nothing else.
    """
    asked = _understood(question, earlier, library, selections)
    rules = (_in_selection, _anywhere) if asked.direct else (_beside, _going_on, _in_selection, _anywhere)
    finding = next(finding for rule in rules if (finding := rule(asked)))
    most = 1 if _BRIEF.search(instructions) else _MOST_MOMENTS
    found = _in_order(finding.moments[:most])
    opening = Segment(f"(Emulator) I looked through {len(library.items)} sample items.{finding.note}")
    holdings = [_holding(collection, library) for collection in asked.collections[:1]]
    quotes = [_quote(moment) for moment in found]
    commentary = f"Searching the sample library for: {finding.query or 'anything to start from'}"
    return Answer(commentary, finding.query, found, (opening, *holdings, *quotes))


def _understood(question: str, earlier: Sequence[Turn], library: Library, selections: Sequence[str]) -> _Question:
    text = _plain(question)
    numbers = {int(number) for number in _SELECTION_TOKEN.findall(question)}
    named = [each.collection_id for each in library.collections if each.title.lower() in text.lower()]
    direct = [chosen for number, chosen in enumerate(selections) if number in numbers] + named
    chosen = direct or list(selections)
    collections = [each for each in library.collections if each.collection_id in chosen]
    members = [item_id for each in collections for item_id in each.item_ids]
    asks_for_collection = bool(direct) or re.search(r"\bcollection\b", text, re.IGNORECASE)
    title_words = {word for each in collections if each.collection_id in named for word in content_words(each.title)}
    return _Question(
        text=text,
        words=tuple(word for word in content_words(text) if word not in title_words | {"collection"}),
        library=library,
        earlier=tuple(turn for turn in reversed(earlier) if turn.item_ids),
        selected=frozenset(item.item_id for item in library.items) & {*chosen, *members},
        direct=bool(direct),
        collections=tuple(collections) if asks_for_collection else (),
    )


def _beside(asked: _Question) -> _Finding | None:
    """Find what comes right after the moment cited last, or right before the one cited first."""
    forward = _FORWARD.search(asked.text) is not None
    if asked.words or not asked.earlier or not (forward or _BACKWARD.search(asked.text)):
        return None
    turn = asked.earlier[0]
    cited = _cited(turn, asked.library)
    if not cited:
        return None
    moment = cited[-1] if forward else cited[0]
    moments = next(item.moments for item in asked.library.items if item.item_id == moment.item_id)
    place = moments.index(moment)
    beside = moments[place + 1 : place + 3] if forward else moments[max(place - 2, 0) : place]
    end = "" if beside else f" nothing comes {'after' if forward else 'before'} that in \u201c{moment.title}\u201d."
    return _Finding(f" {_going_on_from(turn)}{end}", moment.title, beside)


def _going_on(asked: _Question) -> _Finding | None:
    """Find the question's words in the store items the session is about."""
    short = len(asked.words) <= 1 and not _WHOLE_STORE.search(asked.text)
    if not short and not _POINTING.search(asked.text):
        return None
    # All items compete: a question that fits another item far better is not about the session's items any more.
    everywhere = frozenset(asked.library.search(" ".join(asked.words), limit=_ALL))
    for turn in asked.earlier:
        query = " ".join(dict.fromkeys((*asked.words, *content_words(turn.question))))
        if asked.words and not any(moment.item_id in turn.item_ids for moment in everywhere):
            continue
        ranked = _ranked(turn, query, asked.library)
        fresh = tuple(moment for moment in ranked if moment.description not in turn.answer)
        moments = tuple(moment for moment in ranked if moment in everywhere) if asked.words else fresh or ranked
        if moments:
            return _Finding(f" {_going_on_from(turn)}", query, moments)
    return None


def _in_selection(asked: _Question) -> _Finding | None:
    """Find the question's words in what was selected; without a word, the beginnings of what was selected."""
    query = " ".join(asked.words)
    moments = asked.library.search(query, item_ids=asked.selected, limit=_ALL)
    if not asked.words:
        items = [item for item in asked.library.items if item.item_id in asked.selected]
        moments = tuple(moment for item in items for moment in item.moments[: 1 if len(items) > 1 else _MOST_MOMENTS])
    return _Finding(" In the selection:", query, moments) if moments else None


def _anywhere(asked: _Question) -> _Finding:
    query = " ".join(asked.words)
    moments = asked.library.search(query, limit=_ALL)
    missing = [word for word in asked.words if not asked.library.search(word, limit=1)]
    if not moments or len(missing) > len(asked.words) / 2:
        return _Finding(_nothing(asked, missing), query, ())
    notes = [" Nothing in the selection fits; elsewhere in the library:"] if asked.selected else []
    if missing:
        notes.append(f" Nothing mentions {_listed(missing)}; this comes closest:")
    return _Finding("".join(notes), query, moments)


def _ranked(turn: Turn, query: str, library: Library) -> tuple[Moment, ...]:
    """All moments of the items a turn cited, what fits the query first."""
    found = library.search(query, item_ids=turn.item_ids, limit=_ALL)
    rest = (moment for item in library.items if item.item_id in turn.item_ids for moment in item.moments)
    return tuple(dict.fromkeys((*found, *rest)))


def _cited(turn: Turn, library: Library) -> list[Moment]:
    ranked = _ranked(turn, turn.question, library)
    quoted = [moment for moment in ranked if moment.description in turn.answer]
    # In another form, such as JSON, an answer may not tell what it quoted, and the best fit must do.
    return sorted(quoted, key=lambda moment: turn.answer.rfind(moment.description)) or list(ranked[:1])


def _going_on_from(turn: Turn) -> str:
    # A lone surrogate cannot be sent in UTF-8.
    question = _plain(turn.question[:1000]).encode("utf-8", "replace").decode()
    return f"Going on from \u201c{shorten(question, _LONGEST_QUOTE, placeholder=' ...')}\u201d:"


def _plain(text: str) -> str:
    return _CITATION_TAG.sub(" ", _SELECTION_TOKEN.sub(" ", text))


def _nothing(asked: _Question, missing: Sequence[str]) -> str:
    if asked.words:
        reason = f"None of them mentions {_listed(missing)}."
    elif _POINTING.search(asked.text) and not asked.earlier:
        reason = "There is nothing in this session to go on from."
    else:
        reason = "The question has no word to search for."
    titles = [item.title for item in asked.library.items[:3]]
    return f" {reason} You could ask about {_listed(titles)}."


def _listed(texts: Sequence[str]) -> str:
    return ", ".join(f"\u201c{text[:_LONGEST_QUOTE]}\u201d" for text in texts[:3])


def _in_order(moments: Sequence[Moment]) -> tuple[Moment, ...]:
    """Moments of one item follow each other in time; the item found first comes first."""
    places = {moment.item_id: place for place, moment in reversed(list(enumerate(moments)))}
    return tuple(sorted(moments, key=lambda moment: (places[moment.item_id], moment.start_sec or 0)))


def _holding(collection: Collection, library: Library) -> Segment:
    titles = [item.title for item in library.items if item.item_id in collection.item_ids]
    return Segment(f"\nThe collection \u201c{collection.title}\u201d holds {_listed(titles)}.", collection=collection)


def _quote(moment: Moment) -> Segment:
    if moment.start_sec is None or moment.end_sec is None:
        place = moment.title
    else:
        place = f"{moment.title}, {_clock(moment.start_sec)} to {_clock(moment.end_sec)}"
    spoken = f" \u201c{moment.transcript}\u201d" if moment.transcript else ""
    return Segment(f"\n- {place}: {moment.description}{spoken}", moment)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
