"""A body as it is packed (`content-encoding`) -> its bytes, a bounded piece at a time.

A few kilobytes can unpack to gigabytes. httpx unpacks whatever the network brought in one go, and every packing that it
happens to know; so we ask for gzip alone, take nothing else, and never hold more of it than one piece.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from twelvelabs_responses._errors import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Iterator

ACCEPTED = "gzip"
_PIECE = 64 * 1024
# RFC 9110, 8.4.1.3: x-gzip is the same; identity is what nobody needs to say.
_GZIP, _PLAIN = ("gzip", "x-gzip"), ("", "identity")
# RFC 1952, 2.3.1: each member of a file begins so. The next byte may not have come yet.
_MAGIC = b"\x1f"


def is_packed(content_encoding: str) -> bool:
    """Say whether a body with this `content-encoding` has to be unpacked."""
    return content_encoding.strip().lower() not in _PLAIN


class Unpacked:
    """Gives the bytes of a body back that came packed.

    Args:
        content_encoding: The answer's `content-encoding`.

    Raises:
        ProtocolError: The body is not packed in the way that was asked for.
    """

    def __init__(self, content_encoding: str) -> None:
        if content_encoding.strip().lower() not in _GZIP:
            raise ProtocolError(
                f"the answer is packed as {content_encoding[:80]!r}; only {ACCEPTED} was asked for", ambiguous=True
            )
        self._zipped = _new_member()
        self._padded = False

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Yield what `chunk` holds, in pieces of at most 64 KiB. Take them all before the next chunk.

        Raises:
            ProtocolError: It is not packed as the answer says.
        """
        while chunk:
            if self._zipped.eof:
                # What follows the last member is padding, to the end.
                self._padded = self._padded or not chunk.startswith(_MAGIC)
                if self._padded:
                    return
                self._zipped = _new_member()
            try:
                piece = self._zipped.decompress(chunk, _PIECE)
            except zlib.error as error:
                raise ProtocolError(f"the answer cannot be decompressed: {error}", ambiguous=True) from error
            if piece:
                yield piece
            chunk = self._zipped.unused_data if self._zipped.eof else self._zipped.unconsumed_tail


def _new_member() -> zlib._Decompress:
    return zlib.decompressobj(zlib.MAX_WBITS | 16)
