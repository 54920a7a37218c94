"""How NETCONF messages are told apart in a stream of bytes (RFC 6242, 4): pure, incremental, bounded.

Version 1.0 ends a message with ``]]>]]>``; version 1.1 sends chunks with their size in front. Which of both holds
follows from the two hellos, which themselves always end as in 1.0.
"""

import re
from typing import Final

_END: Final = b"]]>]]>"
_HEAD: Final = re.compile(rb"\n#([1-9][0-9]{0,9})\n")
_LAST: Final = b"\n##\n"
_LONGEST_HEAD: Final = 13


class BadFrame(Exception):
    """What came is not framed as the protocol says, or is longer than any answer may be."""


class Frames:
    """Takes bytes as they come and gives messages.

    Args:
        longest: Bytes of a message; what is longer is refused before it fills the memory.
    """

    def __init__(self, longest: int) -> None:
        self.chunked = False
        self._longest = longest
        self._buffer = bytearray()
        self._searched = 0  # of the buffer, in vain
        self._chunks: list[bytes] = []
        self._held = 0  # bytes in the chunks

    def feed(self, data: bytes) -> None:
        """Take what has come.

        Raises:
            BadFrame: No message is this long.
        """
        self._buffer += data
        if len(self._buffer) + self._held > self._longest + len(_LAST):
            raise BadFrame(f"a message is longer than {self._longest} bytes")

    def take(self) -> bytes | None:
        """The next whole message; ``None`` until it is complete.

        Raises:
            BadFrame: This is not how messages are framed.
        """
        return self._chunked() if self.chunked else self._ended()

    def wrap(self, message: bytes) -> bytes:
        """A message as it is sent."""
        return b"\n#%d\n%b%b" % (len(message), message, _LAST) if self.chunked else message + _END

    def _ended(self) -> bytes | None:
        at = self._buffer.find(_END, max(0, self._searched - len(_END)))
        if at < 0:
            self._searched = len(self._buffer)
            return None
        message = bytes(self._buffer[:at])
        del self._buffer[: at + len(_END)]
        self._searched = 0
        return message

    def _chunked(self) -> bytes | None:
        while True:
            if self._chunks and self._buffer.startswith(_LAST):
                del self._buffer[: len(_LAST)]
                message = b"".join(self._chunks)
                self._chunks, self._held = [], 0
                return message
            head = _HEAD.match(self._buffer)
            if head is None:
                if len(self._buffer) >= _LONGEST_HEAD or not _may_begin(bytes(self._buffer), last=bool(self._chunks)):
                    raise BadFrame(f"a chunk should begin, and there is {bytes(self._buffer[:_LONGEST_HEAD])!r}")
                return None
            size = int(head[1])
            if size + self._held > self._longest:
                raise BadFrame(f"a message is longer than {self._longest} bytes")
            if len(self._buffer) < head.end() + size:
                return None
            self._chunks.append(bytes(self._buffer[head.end() : head.end() + size]))
            self._held += size
            del self._buffer[: head.end() + size]


def _may_begin(start: bytes, *, last: bool) -> bool:
    """Whether the beginning of a chunk, or of the end of chunks, may follow from these few bytes."""
    return (
        re.fullmatch(rb"(?:\n(?:#(?:[1-9][0-9]*|#)?)?)?" if last else rb"(?:\n(?:#(?:[1-9][0-9]*)?)?)?", start)
        is not None
    )
