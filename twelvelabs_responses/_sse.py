"""Bytes, cut anywhere -> the data of server-sent events (WHATWG HTML, 9.2, Server-sent events).

Only the `data` field is read. The service names an event inside its JSON, so the `event` field says nothing new;
it has no resumption, so `id` and `retry` mean nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twelvelabs_responses._errors import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_FRAME_BYTES = 64 * 1024 * 1024
_LF, _CR = b"\n", b"\r"
_ENDS = (_LF, _CR)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class ServerSentEvents:
    """Gives the data of each server-sent event once its bytes have arrived.

    Lines end with LF, CR or CRLF and nothing else: U+2028, U+2029 and U+0085 are text. The data stays bytes, so a
    character that the network cut in two is whole again before anyone decodes it.
    """

    def __init__(self, *, max_frame_bytes: int = MAX_FRAME_BYTES) -> None:
        self._max_frame_bytes = max_frame_bytes
        # Bytes that grow in place: as a list of pieces they would take up to thirty times the room, byte by byte.
        self._line = bytearray()  # a line that has not ended
        self._data: bytes | bytearray | None = None  # the data lines of an event that has not ended
        self._after_cr = False
        self._at_start = True

    @property
    def is_amid(self) -> bool:
        """Whether an event or a line has begun and not ended."""
        return bool(self._line) or self._data is not None

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Yield the data of every event that `chunk` completes. Take them all before the next chunk.

        Raises:
            ProtocolError: An event is larger than the limit.
        """
        if not chunk:
            return
        # The LF of a CRLF that the network cut in two: its CR has ended the line already.
        if self._after_cr:
            chunk = chunk.removeprefix(_LF)
        self._after_cr = chunk.endswith(_CR)
        # bytes.splitlines knows LF, CR and CRLF only; str.splitlines would cut text at U+2028 and U+0085.
        lines = chunk.splitlines()
        rest = b"" if chunk.endswith(_ENDS) or not chunk else lines.pop()
        if lines and (self._line or self._at_start):
            lines[0] = self._whole(lines[0])
        for line in lines:
            if line.startswith(b"data:"):
                self._add(line[6:] if line[5:6] == b" " else line[5:])
            elif line == b"data":
                self._add(b"")
            elif not line and self._data is not None:
                data, self._data = self._data, None
                # The line that came in pieces, maybe of megabytes: it is not to be kept while its event is read.
                lines[0] = b""
                yield bytes(data)
        if rest:
            self._line += rest
            self._check_size()

    def close(self) -> Iterator[bytes]:
        """Yield the data of a last event whose blank line never came, if there is one."""
        # The first ends the last line if it has not ended, the second is the blank line.
        return self.feed(_LF + _LF)

    def _whole(self, line: bytes) -> bytes:
        """Return the line with what came of it before, and without the byte order mark of the body."""
        self._line += line
        whole = bytes(self._line)
        self._line.clear()
        if self._at_start:
            self._at_start = False
            return whole.removeprefix(_BYTE_ORDER_MARK)
        return whole

    def _add(self, value: bytes) -> None:
        if self._data is None:
            self._data = value
        else:
            # Hardly any event has a second line.
            self._data = bytearray(self._data) if isinstance(self._data, bytes) else self._data
            self._data += _LF + value
        if len(self._data) >= self._max_frame_bytes:
            self._check_size()

    def _check_size(self) -> None:
        # The line end of each data line counts as well.
        data_size = 0 if self._data is None else len(self._data) + 1
        if len(self._line) + data_size > self._max_frame_bytes:
            raise ProtocolError(f"an event of the stream is larger than {self._max_frame_bytes:,} bytes")
