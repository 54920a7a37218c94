"""What a verification of a platform does to a device, and what it leaves for others to read: data, and no I/O.

`verifying.py` carries it out. The result names neither the device nor its address nor whoever logged in.
"""

import re
from collections.abc import Mapping
from typing import Final, Literal

from pydantic import AwareDatetime

from activities.deviceinteraction.model import Facts, Model, PlatformName, Target, UndoMethod

FORMAT: Final = 1
VLAN: Final = 3900  # NX-OS keeps those from 3968 on to itself

VLAN_LINES: Final[Mapping[PlatformName, tuple[str, ...]]] = {
    "cisco_iosxe": ("vlan {vlan}", " name netsaga-verify"),
    "cisco_nxos": ("vlan {vlan}", " name netsaga-verify"),
    "arista_eos": ("vlan {vlan}", "   name netsaga-verify"),
    "juniper_junos": ("set vlans netsaga-verify vlan-id {vlan}",),
}
_PLAIN_LINES: Final[Mapping[PlatformName, tuple[str, ...]]] = {  # of routers, which have no VLANs
    "cisco_iosxr": ("interface Loopback{vlan}", " description netsaga-verify"),
    "nokia_srlinux": ("set / network-instance netsaga-verify-{vlan} type mac-vrf",),
    "nokia_sros": ('/configure policy-options prefix-list "netsaga-verify-{vlan}"',),
    "frr": ("ip prefix-list netsaga-verify seq 5 permit 192.0.2.1/32",),  # used by nothing (RFC 5737)
}
SHOWS: Final[Mapping[PlatformName, str]] = {  # what each platform takes for a question about its version
    "cisco_iosxe": "show version",
    "cisco_nxos": "show version",
    "arista_eos": "show version",
    "juniper_junos": "show version",
    "cisco_iosxr": "show version",
    "nokia_srlinux": "show version",
    "nokia_sros": "show version",
    "frr": "show version",
    "bird": "show status",
}
_ADDRESS: Final = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b|\b(?:[0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F]{1,4}\b")

State = Literal["ok", "failed", "skipped"]


class Part(Model):
    """One part of the contract, and how it went."""

    name: str
    state: State
    seconds: float
    said: str = ""  # what was found, or why it failed or was skipped


class Verification(Model):
    """The result, which may be shared. ``format`` is its version."""

    format: Literal[1] = FORMAT
    at: AwareDatetime
    platform: PlatformName
    vendor: str = ""
    model: str = ""
    version: str = ""
    confirm: Literal["device", "session", "none"]
    undo: tuple[UndoMethod, ...]
    lines: tuple[str, ...]
    parts: tuple[Part, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing failed."""
        return all(part.state != "failed" for part in self.parts)


def lines_for(platform: PlatformName, vlan: int = VLAN) -> tuple[str, ...] | None:
    """The harmless change: a VLAN without ports, a loopback of that number, or a list that nothing uses.

    ``None`` where none is known for the platform.
    """
    lines = VLAN_LINES.get(platform) or _PLAIN_LINES.get(platform)
    return None if lines is None else tuple(line.format(vlan=vlan) for line in lines)


def anonymous(said: str, target: Target, facts: Facts | None) -> str:
    """A text without who the device is, where it stands, and who logged in; on one line."""
    known = [
        (target.address, "ADDRESS"),
        (target.name, "DEVICE"),
        (facts.hostname if facts else "", "DEVICE"),
        (facts.serial if facts else "", "SERIAL"),
        (target.credential.username, "USER"),
    ]
    for value, stands_for in known:
        if value:
            said = re.sub(rf"(?<![\w.-]){re.escape(value)}(?![\w-])", stands_for, said)
    return _ADDRESS.sub("ADDRESS", " ".join(said.split()))
