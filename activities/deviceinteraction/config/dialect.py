"""What must be known of a command language to predict what its lines do: the exceptions to "a line adds itself".

One dialect serves IOS-XE, NX-OS and EOS, which share these commands; sources are Cisco's "IOS XE 17 Layer 2/3
Commands" and "NX-OS Interfaces Configuration Guide" and Arista's "EOS User Manual", chapter "VLANs". A command that
is not listed is taken to add its own line. Where that is wrong the device reads back differently than predicted, and
the change is undone: the model may be incomplete, but it never passes unnoticed.
"""

import re

TRUNK = "switchport trunk allowed vlan"
TRUNK_LIST = f"{TRUNK} none"
"""Stands for "this port has a list of its own"; the VLANs on it stand beside it as ``add`` lines."""

_SINGLE = re.compile(
    r"""(?:
      description | hostname | switchname | mtu | speed | duplex | bandwidth | delay | load-interval | exec-timeout
    | switchport\s(?:mode|access\svlan|voice\svlan|trunk\snative\svlan)
    | channel-group | lacp\s(?:rate|port-priority)
    | spanning-tree\s(?:mode|cost|port-priority|bpduguard|bpdufilter|portfast)
    | spanning-tree\svlan\s[\d,-]+\spriority
    | snmp-server\s(?:location|contact|chassis-id)
    | logging\s(?:source-interface|trap|facility|level)
    | boot\snxos | ntp\ssource | ip\sdefault-gateway | ip\sdomain[ -]name | vtp\s(?:mode|domain)
    )(?=\s|$)""",
    re.VERBOSE,
)
_SINGLE_IN_VLAN = re.compile(r"(?:name|state)(?=\s|$)")
_ADDRESS = re.compile(r"ip(?:v4)?\saddress(?=\s)(?!.*\ssecondary$)")
_DEFAULTS = re.compile(
    r"no shutdown$|state active$|switchport access vlan 1$|switchport trunk native vlan 1$|no description$"
    r"|no switchport trunk"
)
_DEFAULT_NAME = re.compile(r"name VLAN(\d{4})$")
_OPENS = re.compile(r"(?:vlan \d|interface |router |line |vrf |class-map |policy-map |ip access-list )")
_INSIDE_VLAN = re.compile(r"(?:no )?(?:name|state|private-vlan|remote-span|shutdown|mode)(?=\s|$)")
_INSIDE_INTERFACE = re.compile(
    r"(?:no )?(?:description|switchport|shutdown|ip|ipv6|mtu|speed|duplex|channel-group|storm-control|load-interval"
    r"|spanning-tree (?:portfast|bpdu|guard|port|link|cost)|power inline|service-policy|negotiation|lacp|lldp|vrf)"
    r"(?=\s|$)"
)
_VLANS = re.compile(r"(?P<no>no )?vlan (?P<ids>\d[\d,\- ]*)$")
_INTERFACE = re.compile(r"^int(?:e|er|erf|erfa|erfac|erface)?\s+", re.IGNORECASE)
_SHORT_INTERFACE = re.compile(r"(?P<word>[A-Za-z\-]+)\s?(?P<number>\d[\d/.:]*)$")
_INTERFACE_KINDS = (
    "Ethernet", "FastEthernet", "GigabitEthernet", "TwoGigabitEthernet", "FiveGigabitEthernet", "TenGigabitEthernet",
    "TwentyFiveGigE", "FortyGigabitEthernet", "HundredGigE", "Port-channel", "port-channel", "Loopback", "loopback",
    "Vlan", "Tunnel", "Management", "mgmt",
)  # fmt: skip


def single_key(parent: str, text: str) -> str | None:
    """The words that name a setting with one value, such as ``description``; ``None`` for all other lines."""
    match = _SINGLE.match(text) or _ADDRESS.match(text)
    if match is None and parent.startswith("vlan "):
        match = _SINGLE_IN_VLAN.match(text)
    return None if match is None else match.group(0)


def reset(key: str) -> str:
    """The line that takes a setting with one value back to its default."""
    return "state active" if key == "state" else f"no {key}"


def is_default(parent: str, text: str) -> bool:
    """Whether a device leaves this line out of its configuration because it says what holds anyway."""
    if parent.startswith("vlan "):
        match = _DEFAULT_NAME.match(text)
        if match is not None:
            return int(match[1]) == int(parent.split()[1])
    return bool(parent) and _DEFAULTS.match(text) is not None


def opens_block(text: str) -> bool:
    """Whether the lines that follow this one stand inside it."""
    return _OPENS.match(text) is not None


def belongs_inside(header: str, text: str) -> bool:
    """Whether an unindented line is nevertheless meant for the block above it, as in a flat list of commands."""
    if header.startswith("vlan "):
        return _INSIDE_VLAN.match(text) is not None
    return header.startswith("interface ") and _INSIDE_INTERFACE.match(text) is not None


def may_be_a_switch(parent: str, bare: str) -> bool:
    """Whether ``no`` in front of a line that is not there may say something, as ``no cdp run`` does.

    Such a line is on by default and then not shown; only its negation is. What removes a block, a single value or a
    switch port's setting that is not there says nothing.
    """
    if opens_block(bare) or single_key(parent, bare) is not None or is_default(parent, f"no {bare}"):
        return False
    return not bare.startswith(("switchport", "vlan", "interface", "name", "description", "shutdown"))


def expand_vlans(text: str) -> list[str]:
    """``vlan 10,20-21`` as one line for each VLAN; any other line as itself."""
    match = _VLANS.match(text)
    if match is None:
        return [text]
    return [f"{match['no'] or ''}vlan {number}" for number in numbers(match["ids"])]


def canonical(text: str, known: frozenset[str]) -> str:
    """The line as a running configuration writes it: an interface's name in full, as the device spells it.

    Args:
        text: A line at the top of the configuration.
        known: The lines that stand there now; a spelling that is among them wins.
    """
    bare, prefix = (text[3:], "no ") if text.startswith("no ") else (text, "")
    bare = _INTERFACE.sub("interface ", bare)
    if not bare.startswith("interface "):
        return text
    match = _SHORT_INTERFACE.match(bare.removeprefix("interface ").strip())
    if match is None:
        return prefix + bare
    word, number = match["word"].lower(), match["number"]
    spelled = [f"interface {kind}{number}" for kind in _INTERFACE_KINDS if kind.lower().startswith(word)]
    exact = [line for line in spelled if line.lower() == f"interface {word}{number}"]
    found = [line for line in (*exact, *spelled) if line in known]
    return prefix + (found or exact or spelled or [bare])[0]


def numbers(text: str) -> list[int]:
    """``10,20-22`` as numbers, sorted. Ranges that run backwards are empty."""
    found: set[int] = set()
    for part in text.replace(" ", "").split(","):
        first, _, last = part.partition("-")
        if first.isdigit():
            found.update(range(int(first), int(last if last.isdigit() else first) + 1))
    return sorted(found)


def ranges(values: list[int]) -> str:
    """Numbers as a device writes them: ``10,20-22``."""
    parts: list[list[int]] = []
    for value in sorted(values):
        if parts and value == parts[-1][-1] + 1:
            parts[-1].append(value)
        else:
            parts.append([value])
    return ",".join(str(part[0]) if len(part) == 1 else f"{part[0]}-{part[-1]}" for part in parts)
