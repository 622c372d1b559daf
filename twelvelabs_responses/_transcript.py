"""Earlier messages that a session does not know -> text at the head of the new one.

The service keeps a conversation by itself, but it cannot take one over: another model's answers, a history that was
edited, a session that has moved on. Such messages go along once, as a transcript in which nothing can pass for another
turn, a tag or a selection. Nor can the new message: where it begins as a transcript does, an empty one comes before it,
so that the first one is always ours.
"""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Sequence

_HEAD = "The conversation so far:"
_NOW = "The new message:"
# Braces as well: `{{sel:0}}` in an earlier message would point at a selection of this request.
_BRACES = {"{{": "&#123;&#123;", "}}": "&#125;&#125;"}


@dataclass(frozen=True, slots=True)
class EarlierMessage:
    """A message of the conversation so far.

    Attributes:
        role: Who spoke, in one word: `user`, `assistant`, `tool`.
        text: What was said.
    """

    role: str
    text: str


def with_transcript(earlier: Sequence[EarlierMessage], text: str, limit: int) -> str:
    """Return the new message's text with the conversation so far at its head.

    Args:
        earlier: The messages so far, oldest first.
        text: The new message.
        limit: Characters (code points) that one input item may have. The newest messages that fit are kept; a warning
            says how many did not.
    """
    if not earlier:
        return _alone(text)
    room = limit - len(_joined([], text))
    kept = _newest_that_fit(earlier, room)
    if len(kept) < len(earlier):
        left_out = f"{len(earlier) - len(kept)} of {len(earlier)} earlier messages"
        warnings.warn(
            f"{left_out} do not fit into {limit:,} characters beside the new one; the transcript begins after them",
            stacklevel=2,
        )
    return _joined(kept, text) if kept else _alone(text)


def _alone(text: str) -> str:
    return _joined([], text) if text.lstrip().startswith(_HEAD) else text


def call_in_words(name: str, arguments: object) -> str:
    """Return what a model asked of a tool, as a transcript tells it.

    Args:
        name: The tool.
        arguments: As JSON, or what a framework has read of it, which may hold objects of its own.
    """
    said = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False, default=str)
    return f"[{name}({said})]"


def _line(message: EarlierMessage) -> str:
    role = escape(message.role, {**_BRACES, '"': "&quot;"})
    return f'<message role="{role}">{escape(message.text, _BRACES)}</message>'


def _joined(lines: Sequence[str], text: str) -> str:
    return "\n".join([_HEAD, "<conversation>", *lines, "</conversation>", "", _NOW, text])


def _newest_that_fit(earlier: Sequence[EarlierMessage], room: int) -> list[str]:
    """Return the lines of the newest messages, as many as fit. Of a long history most do not, and no line is made."""
    lines: list[str] = []
    for message in reversed(earlier):
        line = _line(message)
        room -= len(line) + 1
        if room < 0:
            break
        lines.append(line)
    return lines[::-1]
