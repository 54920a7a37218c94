"""The receiving end of SCP, as a device's SSH server runs it for ``scp -t PATH``: one file, into memory.

The protocol is that of OpenSSH's scp(1) before it spoke SFTP: a control line with mode, size and name, the bytes, and
an answer of one zero byte to each.
"""

import re
from collections.abc import Callable

_CONTROL = re.compile(rb"C[0-7]{4} (?P<size>\d+) [^\n]*\n")
_COMMAND = re.compile(r"scp (?:-[a-su-z]+ )*-t (?:-- )?(?P<path>\S+)")


def received_path(command: str) -> str | None:
    """Where a file shall go by an SSH command; ``None`` where it is another command."""
    match = _COMMAND.fullmatch(command.strip())
    return None if match is None else match["path"].strip("'\"")


class Sink:
    """One transfer.

    Args:
        write: Answers the sender.
        keep: Takes the whole file; a text is why it is not taken.
    """

    def __init__(self, write: Callable[[bytes], None], keep: Callable[[bytes], str | None]) -> None:
        self._write = write
        self._keep = keep
        self._got = bytearray()
        self._size: int | None = None
        write(b"\0")

    def feed(self, data: bytes) -> None:
        """More of what the sender says."""
        self._got += data
        if self._size is None:
            match = _CONTROL.match(self._got)
            if match is None:
                return
            self._size = int(match["size"])
            del self._got[: match.end()]
            self._write(b"\0")
        if len(self._got) > self._size:  # the bytes, and the sender's zero behind them
            refused = self._keep(bytes(self._got[: self._size]))
            self._write(b"\0" if refused is None else b"\x02scp: " + refused.encode() + b"\n")
            self._got.clear()
            self._size = None
