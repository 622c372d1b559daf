"""Where the JSON may be in a reply that was asked for JSON.

The service promises bare JSON in a completed response; builds of it have fenced it or put prose around it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_FENCE = "```"


def json_candidates(text: str) -> Iterator[str]:
    """Yield the pieces of `text` that may be the JSON, the likeliest first; the text itself is the first."""
    yield text
    opening, closing = text.find(_FENCE), text.rfind(_FENCE)
    line_end = text.find("\n", opening)
    if 0 <= opening < line_end < closing:
        yield text[line_end:closing]
    covered = -1
    # Prose may have brackets of its own, such as a citation's `[1]`; but what stands inside the JSON is not the JSON.
    for start, end in sorted((text.find(left), text.rfind(right)) for left, right in ("{}", "[]")):
        if 0 <= start < end and end > covered:
            yield text[start : end + 1]
            covered = end
