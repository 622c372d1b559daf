"""The sentence of a reply that a citation stands behind."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from twelvelabs_responses._citations import Citation

# Stands for each character of a marker while sentences are told apart: `<vref end="0:12.5">` ends none.
_MASK = "\ufffc"
# A sentence ends where its line does, or at a full stop (in Chinese and Japanese without a blank behind it), together
# with the quotes that it closes and the markers that follow. A row of full stops is looked at once, from its first: a
# hostile text is rows of them. That first character stands before the branches, as `re` then skips to the next such.
_END = re.compile(
    rf"""[.!?\u2026\u3002\uff01\uff1f\n]
         (?: (?<=\n)
           | (?<=[.!?\u2026])(?<![.!?\u2026]{{2}}) (?P<stops>[.!?\u2026]*)
             ["')\]\u00bb\u201d\u2019]* (?:[^\S\n]*{_MASK})* (?=\s|$)
           | (?<=[\u3002\uff01\uff1f]) (?P<full>[\u3002\uff01\uff1f]*)
             [\u201d\u2019\u300d\u300f\uff09]* (?:[^\S\n]*{_MASK})* )""",
    re.VERBOSE,
)


def claims(text: str, citations: Sequence[Citation]) -> list[str | None]:
    """Return for each citation the sentence of `text` in which its marker stands, None where it has no marker.

    The sentence is the model's own words, not what is seen or said in the video: the service does not tell that.
    """
    spans = list(_sentences(_masked(text, citations)))
    starts = [start for start, _ in spans]
    # Each once, however many citations share it.
    sentences = [text[start:end].strip() for start, end in spans]
    found: list[str | None] = []
    for citation in citations:
        index = -1 if citation.start is None else bisect_right(starts, citation.start) - 1
        inside = index >= 0 and citation.start is not None and citation.start < spans[index][1]
        found.append(sentences[index] if inside else None)
    return found


def _masked(text: str, citations: Sequence[Citation]) -> str:
    """Return the text with its markers masked, in one go: markers may overlap, and each may be the whole text."""
    pieces: list[str] = []
    done = 0
    spans = [(each.start, each.end) for each in citations if each.start is not None and each.end is not None]
    for start, end in sorted(spans):
        if end > done:
            pieces += text[done:start], _MASK * (end - max(start, done))
            done = end
    return "".join([*pieces, text[done:]])


def _sentences(masked: str) -> Iterator[tuple[int, int]]:
    start = 0
    for end in _END.finditer(masked):
        stops = masked[end.start()] != "\n"
        # A sentence is more than the one character that would end it.
        if stops and end.start() == start and not (end["stops"] or end["full"]):
            continue
        if stops or end.start() > start:
            yield start, end.end() if stops else end.start()
        start = end.end()
    if start < len(masked):
        yield start, len(masked)
