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
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class ServerSentEvents:
    """Gives the data of each server-sent event once its bytes have arrived.

    Lines end with LF, CR or CRLF and nothing else: U+2028, U+2029 and U+0085 are text. The data stays bytes, so a
    character that the network cut in two is whole again before anyone decodes it.
    """

    def __init__(self, *, max_frame_bytes: int = MAX_FRAME_BYTES) -> None:
        self._max_frame_bytes = max_frame_bytes
        self._line: list[bytes] = []  # the pieces of a line that has not ended
        self._data: list[bytes] = []  # the data lines of an event that has not ended
        self._line_size = 0
        self._data_size = 0
        self._after_cr = False
        self._at_start = True

    @property
    def is_amid(self) -> bool:
        """Whether an event or a line has begun and not ended."""
        return bool(self._line or self._data)

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
        for line in chunk.splitlines(keepends=True):
            text = line.rstrip(b"\r\n")
            if text == line:
                self._line.append(line)
                self._line_size += len(line)
                self._check_size()
            elif (data := self._take(text)) is not None:
                yield data

    def close(self) -> Iterator[bytes]:
        """Yield the data of a last event whose blank line never came, if there is one."""
        # The first ends the last line if it has not ended, the second is the blank line.
        return self.feed(_LF + _LF)

    def _take(self, line: bytes) -> bytes | None:
        """Take one line, without its end; return the event's data if this line ends an event."""
        if self._line:
            self._line.append(line)
            line = b"".join(self._line)
            self._line.clear()
            self._line_size = 0
        if self._at_start:
            self._at_start = False
            line = line.removeprefix(_BYTE_ORDER_MARK)
        if not line:
            if not self._data:
                return None
            data = b"\n".join(self._data)
            self._data.clear()
            self._data_size = 0
            return data
        if line.startswith(b"data:"):
            value = line[6:] if line[5:6] == b" " else line[5:]
            self._data.append(value)
            self._data_size += len(value) + 1
        elif line == b"data":
            self._data.append(b"")
            self._data_size += 1
        self._check_size()
        return None

    def _check_size(self) -> None:
        if self._line_size + self._data_size > self._max_frame_bytes:
            raise ProtocolError(f"an event of the stream is larger than {self._max_frame_bytes:,} bytes")
