"""A terminal in memory: what is to be seen on it after the sequences that a program has written.

It knows what `starter/render/screen.py` uses and little more; an unknown sequence is an error, so that nothing passes
for drawn that a terminal would not have drawn.
"""

import re

# The second: a program that is told to end while it writes gives the terminal back in the middle of a sequence.
_PART = re.compile(r"\x1b\[(\?)?([\d;]*)([A-Za-z])|(\x1b(?:\[\??[\d;]*)?)(?=\x1b\[\?25h)|\x1b.|[\r\n]|[^\x1b\r\n]+")


class TerminalScreen:
    """Rows of text. Colours are dropped; whether there were any is kept."""

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self.height = height
        self.rows = [""] * height
        self.other = [""] * height  # the screen that is not shown
        self.alternate = False
        self.cursor = True
        self.coloured = False
        self.clears = 0
        self._row = self._column = 0
        self._kept = (0, 0)  # where the cursor was on the other screen
        self._rest = ""

    def feed(self, text: str) -> None:
        """Take what a program has written; a sequence may be cut anywhere."""
        text = self._rest + text
        cut = text.rfind("\x1b")
        complete = cut < 0 or _PART.fullmatch(text[cut:]) or re.match(r"\x1b\[\??[\d;]*[A-Za-z]", text[cut:])
        self._rest = "" if complete else text[cut:]
        for part in _PART.finditer(text if complete else text[:cut]):
            if part[3]:
                self._sequence(bool(part[1]), part[2], part[3])
            elif part[4]:
                continue
            elif part[0] == "\r":
                self._column = 0
            elif part[0] == "\n":
                self._row, self._column = self._row + 1, 0
            else:
                assert not part[0].startswith("\x1b"), f"an unknown sequence: {part[0]!r}"
                self._print(part[0])

    @property
    def text(self) -> str:
        """All rows, without blanks at their ends."""
        return "\n".join(row.rstrip() for row in self.rows).rstrip()

    def _print(self, text: str) -> None:
        if self._column + len(text) > self.width:
            assert not self.alternate, f"what is drawn is wider than the terminal: {text!r}"
            room = self.width - self._column
            self._print(text[:room])
            self._row, self._column = self._row + 1, 0
            self._print(text[room:])
            return
        while self._row >= self.height:  # it scrolls
            self.rows = [*self.rows[1:], ""]
            self._row -= 1
        row = self.rows[self._row].ljust(self._column)
        self.rows[self._row] = row[: self._column] + text + row[self._column + len(text) :]
        self._column += len(text)

    def _sequence(self, private: bool, numbers: str, letter: str) -> None:
        match letter:
            case "H":
                row, column = (int(number) for number in (numbers or "1;1").split(";"))
                self._row, self._column = row - 1, column - 1
            case "K":
                self.rows[self._row] = self.rows[self._row][: self._column]
            case "J":
                self.rows, self.clears = [""] * self.height, self.clears + 1
            case "m":
                self.coloured = self.coloured or bool(re.search(r"(?:^|;)(?:3|9)\d", numbers))
            case "h" | "l" if private:
                self._mode(numbers, on=letter == "h")
            case _:
                raise AssertionError(f"an unknown sequence: {numbers}{letter}")

    def _mode(self, number: str, *, on: bool) -> None:
        if number == "1049" and on != self.alternate:
            self.alternate = on
            self.rows, self.other = self.other, self.rows
            if on:
                self._kept = (self._row, self._column)
            else:
                self._row, self._column = self._kept
        elif number == "25":
            self.cursor = on
