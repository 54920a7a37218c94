"""What is done to a device besides its configuration, in each platform's own words.

A platform without a row here does not offer it, and says so. Sources: Cisco, "Configuration Fundamentals Command
Reference, IOS XE 17" (``reload``, which asks whether to save what was modified); Cisco, "Nexus 9000 Series NX-OS
Fundamentals Configuration Guide, Release 9.3(x)" (``reload``); Arista, "EOS User Manual", section "Reload" (``reload
now`` asks nothing); Juniper, "CLI User Guide" (``request system reboot``, ``show system uptime``); Nokia, "SR Linux
Software Installation Guide" (``tools platform chassis reboot``) and "7x50 SR OS MD-CLI Command Reference" (``admin
reboot now``).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from activities.deviceinteraction.failures import CheckFailed, Permanent
from activities.deviceinteraction.platforms.dialogue import Dialogue
from activities.deviceinteraction.transport import Answer

_UNITS: Final = {
    "year": timedelta(days=365), "week": timedelta(weeks=1), "day": timedelta(days=1),
    "hour": timedelta(hours=1), "minute": timedelta(minutes=1), "second": timedelta(seconds=1),
}  # fmt: skip
_PART: Final = re.compile(r"(\d+)\s+(year|week|day|hour|minute|second)", re.IGNORECASE)
_CLOCK: Final = re.compile(r"\b(\d\d):(\d\d):(\d\d)\b")
_STAMP: Final = r"(\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d)"


@dataclass(frozen=True, slots=True)
class Restart:
    """How a platform restarts.

    Args:
        command: What is sent.
        answers: What it may ask, and is told: never to save what nobody asked to be saved.
        uptime: The command that tells how long it is up.
        line: Which part of that answer tells it; the units are found in it.
    """

    command: str
    answers: tuple[Answer, ...]
    uptime: str
    line: re.Pattern[str]


_DISCARD: Final = Answer(r"modified\. Save\? \[yes/no[^\]]*\]:?\s*$", "no")
_PROCEED: Final = Answer(r"\[confirm\]\s*$", "")

RESTARTS: Final[Mapping[str, Restart]] = {
    "cisco_iosxe": Restart(
        "reload", (_DISCARD, _PROCEED), "show version", re.compile(r"^\S+ uptime is (.+)$", re.MULTILINE)
    ),
    "cisco_nxos": Restart(
        "reload",
        (Answer(r"\(y/n\)\?\s*\[n\]\s*$", "y"),),
        "show version",
        re.compile(r"^Kernel uptime is (.+)$", re.MULTILINE),
    ),
    "arista_eos": Restart("reload now", (), "show version", re.compile(r"^Uptime:\s+(.+)$", re.MULTILINE)),
    "juniper_junos": Restart(
        "request system reboot",
        (Answer(r"\[yes,no\] \(no\)\s*$", "yes"),),
        "show system uptime",
        re.compile(rf"^Current time: {_STAMP}.*?^System booted: {_STAMP}", re.MULTILINE | re.DOTALL),
    ),
    "nokia_srlinux": Restart(
        "/tools platform chassis reboot",
        (),
        "info flat from state system information",
        re.compile(rf'current-datetime "?{_STAMP}.*?last-booted "?{_STAMP}', re.DOTALL),
    ),
    "nokia_sros": Restart(
        "/admin reboot now", (), "show system information", re.compile(r"^System Up Time\s*: (.+)$", re.MULTILINE)
    ),
}


def restart_of(platform: str) -> Restart:
    """How a platform restarts.

    Raises:
        Permanent: netsaga does not know.
    """
    found = RESTARTS.get(platform)
    if found is None:
        raise Permanent(f"netsaga cannot restart a device of the platform {platform}; {', '.join(RESTARTS)} it can.")
    return found


async def uptime(device: Dialogue, restart: Restart) -> timedelta:
    """How long a device is up at least, by its own word: cut to the unit that it tells.

    Raises:
        CheckFailed: It says nothing that is understood.
    """
    answer = await device.show(restart.uptime)
    match = restart.line.search(answer)
    if match is None:
        raise CheckFailed(f"{device.host}: how long it is up could not be read from {restart.uptime!r}.")
    if len(match.groups()) > 1:
        now, booted = (datetime.fromisoformat(text) for text in match.groups())
        return now - booted - timedelta(seconds=1)  # each is cut to its second, so that this may be one too many
    clock = _CLOCK.search(match[1])  # SR OS tells days, and then hours, minutes and seconds as a clock does
    hours, minutes, seconds = (0, 0, 0) if clock is None else map(int, clock.groups())
    told = sum((int(number) * _UNITS[unit.lower()] for number, unit in _PART.findall(match[1])), timedelta())
    return told + timedelta(hours=hours, minutes=minutes, seconds=seconds)
