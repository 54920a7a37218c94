"""A command line whose every request begins anew: which configuration mode a line is meant in, and how it is got to.

An API that runs commands keeps no mode between two requests. So the line that opened a mode is sent again in front of
each line that is meant there, and lines of configuration go in one request, as what each block opens holds only within
it. Pure: nothing is sent here.
"""

import re
from dataclasses import dataclass
from typing import Final

_ENTERS: Final = re.compile(r"conf(?:igure)?(?:\s+t(?:erminal)?|\s+session(?:\s+(?P<session>[\w.-]+))?)?$")
_LEAVES: Final = re.compile(r"(?:end|exit)$")
_FROM_OUTSIDE: Final = ("commit", "abort")
_ENDS: Final = re.compile(r"(?:commit|abort)\b")


@dataclass(frozen=True, slots=True)
class Mode:
    """Where a line is typed: in exec mode, or behind the line that opened another one."""

    opened_by: str = ""

    @property
    def preamble(self) -> tuple[str, ...]:
        """What has to be sent first to be here."""
        return (self.opened_by,) if self.opened_by else ()

    def sent(self, line: str) -> tuple[str, ...]:
        """What is sent for a line that is meant here.

        A named session is committed and aborted from outside: to enter one that is gone meanwhile, as after a restart,
        would make a new one, and its commit would succeed and change nothing.
        """
        if line in _FROM_OUTSIDE and self._session:
            return (f"{self.opened_by} {line}",)
        return (*self.preamble, line)

    @property
    def _session(self) -> str:
        found = _ENTERS.match(self.opened_by)
        return (found["session"] or "") if found else ""

    @property
    def label(self) -> str:
        """What stands in the prompt behind the device's name: six characters of a session's name, as EOS shows them."""
        if not self.opened_by:
            return ""
        return f"(config-s-{self._session[:6]})" if self._session else "(config)"

    def only_leaves(self, line: str) -> bool:
        """Whether a line does no more than leave the mode, which the end of each request does anyway."""
        return bool(self.opened_by) and _LEAVES.match(line) is not None

    def after(self, line: str) -> "Mode":
        """Where the next line is typed, if the device took this one."""
        if not self.opened_by:
            return Mode(line) if _ENTERS.match(line) else self
        return Mode() if _LEAVES.match(line) or _ENDS.match(line) else self
