"""A terminal drawn in place, without flicker: only the lines that differ from the last frame are written.

It takes the alternate screen, so that what was there before comes back, and a resize has nothing to untangle. The
sequences are those of xterm (https://invisible-island.net/xterm/ctlseqs/ctlseqs.html); a frame stands between the marks
of a synchronised update (DEC mode 2026), which terminals that do not know it ignore.
"""

from typing import Final

from rich.console import Console, RenderableType

OPEN: Final = "\x1b[?1049h\x1b[?25l\x1b[2J"  # the alternate screen, without a cursor, empty
CLOSE: Final = "\x1b[?25h\x1b[?1049l"
BEGIN: Final = "\x1b[?2026h"
END: Final = "\x1b[?2026l"
CLEAR: Final = "\x1b[2J"


class Screen:
    """One terminal. What does not fit into its height is cut, and that is said."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._size = (0, 0)
        self._lines: list[str] = []
        self._open = False

    def open(self) -> None:
        """Take the terminal."""
        if not self._open:
            self._open, self._lines, self._size = True, [], (0, 0)
            self._write(OPEN)

    def close(self) -> None:
        """Give the terminal back as it was."""
        if self._open:
            self._open = False
            self._write(CLOSE)

    def draw(self, frame: RenderableType) -> int:
        """Show a frame in place of the last one.

        Returns:
            How many lines were written; 0 where nothing differs, or the terminal is given back.
        """
        if not self._open:
            return 0
        width, height = self._console.size
        lines = self._rendered(frame, width, height)
        parts = []
        if (width, height) != self._size:
            self._size, self._lines = (width, height), []
            parts.append(CLEAR)
        for row in range(max(len(lines), len(self._lines))):
            old = self._lines[row] if row < len(self._lines) else ""
            new = lines[row] if row < len(lines) else ""
            if old != new:
                parts.append(f"\x1b[{row + 1};1H{new}\x1b[K")
        if parts:
            self._write(BEGIN + "".join(parts) + END)
        self._lines = lines
        return len(parts)

    def _rendered(self, frame: RenderableType, width: int, height: int) -> list[str]:
        """The frame as lines; one column stays free, or erasing the rest of a line could take its last character."""
        with self._console.capture() as captured:
            self._console.print(frame, width=max(1, width - 1), crop=True)
        lines = captured.get().rstrip("\n").split("\n")
        if len(lines) > height:
            cut = len(lines) - height + 1
            lines = [*lines[: height - 1], f"… {cut} more lines: the terminal is too small"[: width - 1]]
        return lines

    def _write(self, text: str) -> None:
        self._console.file.write(text)
        self._console.file.flush()
