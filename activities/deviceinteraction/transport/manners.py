"""How command lines behave on each platform: what turns paging and the like off, and what a prompt is. Data only.

Whoever reads a command line takes it from here, whatever carries the bytes.
"""

import re
from collections.abc import Mapping
from typing import Final

from activities.deviceinteraction.model import PlatformName

QUIET: Final[Mapping[PlatformName, tuple[str, ...]]] = {
    "cisco_iosxe": ("terminal length 0", "terminal width 512"),  # a login by SSH sees no log messages unless it asks
    "cisco_nxos": ("terminal length 0", "terminal width 511", "terminal no monitor"),
    "arista_eos": ("terminal length 0", "terminal width 32767"),
    "juniper_junos": ("set cli screen-length 0", "set cli screen-width 511", "set cli complete-on-space off"),
    "cisco_iosxr": (
        "terminal length 0",
        "terminal width 512",
        "terminal no monitor",
        "terminal exec prompt no-timestamp",
    ),
    "frr": ("terminal length 0", "no terminal paginate", "no terminal monitor"),
    "nokia_srlinux": ("environment cli-engine type basic", "environment complete-on-space false"),
    "nokia_sros": (
        "environment more false",
        "environment console width 512",
        "environment command-completion space false",
        "environment progress-indicator admin-state disable",
        "environment prompt timestamp false",
    ),
}
ANY_PROMPT: Final = r"^[\w.\-@/:]{1,63}(?:\([^)\n]{1,60}\)){0,3}[>#]\s*$"
PAGER: Final = re.compile(
    rb"(?:-+ ?\(?more[^)\n]{0,12}\)? ?-+|press (?:any key|q to quit)[^\n]{0,80})\s*$", re.IGNORECASE
)
PROMPT_LINE: Final = re.compile(r"^(?P<host>[\w.\-@/:]{1,63})(?:\([^)\n]{1,60}\)){0,3}(?P<mark>[>#])\s*$")
PREFIX_LINE: Final = re.compile(r"^(?:\[edit[^\]\n]*\]|\{\w+(?::\w+)*\}(?:\[edit[^\]\n]*\])?)$")
MODE_LINES: Final[Mapping[PlatformName, re.Pattern[str]]] = {
    # "--{ + candidate private x }--[ interface mgmt0 ]--"; what stands before the mode says what is not saved yet
    "nokia_srlinux": re.compile(r"^--\{(?: \[\w+\])*(?: [+*!]+)? (?P<mode>[a-z].*?) \}--\[.*\]--?$"),
    "nokia_sros": re.compile(r"^[!*]*(?P<mode>(?:\((?:ex|gl|pr|ro)\))?\[(?:/[^\n]*)?\])$"),
}
"""The line above the prompt that tells the mode, on platforms whose prompt does not: it is kept with the prompt."""
