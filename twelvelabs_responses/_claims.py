"""The sentence of a reply that a citation stands behind."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twelvelabs_responses._citations import Citation

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


def claims(text: str, citations: Sequence[Citation]) -> list[str | None]:
    """Return for each citation the sentence of `text` in which its marker stands, None where it has no marker.

    The sentence is the model's own words, not what is seen or said in the video: the service does not tell that.
    """
    masked = text
    for citation in citations:
        if citation.start is not None and citation.end is not None:
            masked = masked[: citation.start] + _MASK * (citation.end - citation.start) + masked[citation.end :]
    sentences = [sentence.span() for sentence in _SENTENCE.finditer(masked)]
    return [_claim(text, sentences, citation.start) for citation in citations]


def _claim(text: str, sentences: Sequence[tuple[int, int]], position: int | None) -> str | None:
    if position is not None:
        for start, end in sentences:
            if start <= position < end:
                return text[start:end].strip()
    return None
