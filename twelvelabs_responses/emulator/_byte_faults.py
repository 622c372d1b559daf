"""Faults in the bytes: other ways to write the same body, and bodies that are written wrong."""

from __future__ import annotations

import zlib
from dataclasses import replace
from typing import TYPE_CHECKING

from twelvelabs_responses.emulator._answer_faults import WIDE_CHARACTERS, opening_with
from twelvelabs_responses.emulator._fault import Fault
from twelvelabs_responses.emulator._script import Chunk, Framing, Script, answer_deltas

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from twelvelabs_responses.emulator._script import Sending

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# The two highest bits of each byte of a character but its first (RFC 3629, section 3).
_CONTINUATION = 0x80
_GZIP = 16 + zlib.MAX_WBITS


def _each_chunk(change: Callable[[Chunk], Iterable[Chunk]]) -> Callable[[Script], Script]:
    def script_of(script: Script) -> Script:
        sent: list[Sending] = []
        for step in script.steps:
            sent.extend(change(step) if isinstance(step, Chunk) else (step,))
        return replace(script, steps=tuple(sent))

    return script_of


def _pieces(chunk: Chunk, ends: Iterable[int]) -> Iterator[Chunk]:
    start = 0
    for end in ends:
        yield Chunk(chunk.content[start:end])
        start = end
    yield Chunk(chunk.content[start:], chunk.event)


def _one_byte_pieces(chunk: Chunk) -> Iterator[Chunk]:
    return _pieces(chunk, range(1, len(chunk.content)))


def _split_characters(chunk: Chunk) -> Iterator[Chunk]:
    # Every byte that goes on with a character begins a piece.
    return _pieces(chunk, [place for place, byte in enumerate(chunk.content) if byte & 0xC0 == _CONTINUATION])


def _twice(chunk: Chunk) -> tuple[Chunk, ...]:
    return (chunk, chunk) if chunk.event else (chunk,)


def _with_length(script: Script) -> Script:
    """Return a JSON answer with the length that its body has by now."""
    length = sum(len(step.content) for step in script.steps if isinstance(step, Chunk))
    others = tuple(header for header in script.headers if header[0] != "content-length")
    return replace(script, headers=(*others, ("content-length", str(length))))


def _zipped(script: Script) -> Script:
    # Flushed after each chunk, so that it still arrives event by event.
    packer = zlib.compressobj(wbits=_GZIP)
    steps: list[Sending] = []
    for step in script.steps:
        if isinstance(step, Chunk):
            packed = packer.compress(step.content) + packer.flush(zlib.Z_SYNC_FLUSH)
            steps.append(Chunk(packed, step.event))
        else:
            steps.append(step)
    steps.append(Chunk(packer.flush()))
    return replace(script, headers=(*script.headers, ("content-encoding", "gzip")), steps=tuple(steps))


def _marked(script: Script) -> Script:
    return replace(script, steps=(Chunk(_BYTE_ORDER_MARK), *script.steps))


def _unended(script: Script) -> Script:
    # The last chunk is [DONE], which is left out; the one before it loses its blank line.
    *before, last, _ = script.steps
    content = last.content if isinstance(last, Chunk) else b""
    return replace(script, steps=(*before, Chunk(content[:-1], "response.completed")))


def _middle_delta(change: Callable[[bytes], bytes]) -> Callable[[Script], Script]:
    def script_of(script: Script) -> Script:
        places = answer_deltas([step.event if isinstance(step, Chunk) else None for step in script.steps])
        place = places[len(places) // 2]
        changed = _each_chunk(lambda delta: (Chunk(change(delta.content), delta.event),))
        delta = changed(replace(script, steps=script.steps[place : place + 1]))
        return replace(script, steps=(*script.steps[:place], *delta.steps, *script.steps[place + 1 :]))

    return script_of


def _broken_json(frame: bytes) -> bytes:
    return frame.rstrip().removesuffix(b'"}') + b"\n\n"


def _invalid_byte(frame: bytes) -> bytes:
    return frame.rstrip().removesuffix(b'"}') + b'\xff"}\n\n'


def _invalid_json_byte(script: Script) -> Script:
    steps = script.steps
    last = steps[-1]
    # The status is the first place with a closing quote of a string value.
    content = last.content.replace(b'completed"', b'completed\xff"', 1) if isinstance(last, Chunk) else b""
    return _with_length(replace(script, steps=(*steps[:-1], Chunk(content))))


def _both(change: Callable[[Script], Script]) -> Callable[[Script], Script]:
    return lambda script: _with_length(change(script))


BYTE_FAULTS = (
    Fault("crlf", "Lines end in CR LF.", framing=Framing(line_end="\r\n")),
    Fault("cr", "Lines end in CR.", framing=Framing(line_end="\r")),
    Fault("no-event-names", "No frame has an `event:` line.", framing=Framing(names_events=False)),
    Fault("no-space", "No space after the colon: `data:{...}`.", framing=Framing(space="")),
    Fault("multi-line-data", "Each event's JSON goes over several `data:` lines.", framing=Framing(indent=1)),
    Fault("bom", "The body begins with a byte order mark.", stream=_marked, whole=_both(_marked)),
    Fault("gzip", "The body is compressed.", stream=_zipped, whole=_both(_zipped)),
    Fault(
        "one-byte-chunks",
        "Each byte is sent by itself.",
        stream=_each_chunk(_one_byte_pieces),
        whole=_each_chunk(_one_byte_pieces),
    ),
    Fault(
        "split-utf8",
        "The text has wide characters in it, and the body is cut inside each of them.",
        answer=opening_with(WIDE_CHARACTERS),
        stream=_each_chunk(_split_characters),
        whole=_each_chunk(_split_characters),
    ),
    Fault("duplicated-events", "Each event is sent twice, with its sequence_number.", stream=_each_chunk(_twice)),
    Fault("no-last-blank", "The last frame is response.completed, and has no blank line after it.", stream=_unended),
    Fault("malformed-event", "The JSON of one delta is cut off.", stream=_middle_delta(_broken_json)),
    Fault(
        "invalid-utf8",
        "One delta, or the status of a JSON answer, has a byte in it that is not UTF-8.",
        stream=_middle_delta(_invalid_byte),
        whole=_invalid_json_byte,
    ),
)
