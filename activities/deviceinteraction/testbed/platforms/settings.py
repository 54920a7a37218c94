"""The configuration lines that IOS-XE, NX-OS and EOS keep as they are written: an allow-list, as data.

What it names (``ntp server``, ``logging``, ``spanning-tree`` and so on) is kept under the key that makes it replace an
older value, and is not judged further. What it does not name is refused, unless a command of `editor.py` knows it.
"""

from collections.abc import Mapping

from activities.deviceinteraction.testbed.cli import Setting

GLOBAL_SETTINGS = (
    Setting("aaa <text...>"),
    Setting("banner <text...>", 2),
    Setting("cdp <text...>"),
    Setting("clock timezone <text...>", 2),
    Setting("errdisable <text...>"),
    Setting("ip default-gateway <address>", 2),
    Setting("ip dhcp snooping <text...>"),
    Setting("ip domain <text...>", 3),
    Setting("ip domain-name <name>", 2),
    Setting("ip http <text...>"),
    Setting("ip name-server <text...>"),
    Setting("ip route <text...>"),
    Setting("ip routing"),
    Setting("ip ssh <text...>"),
    Setting("lldp <text...>"),
    Setting("logging <text...>"),
    Setting("ntp <text...>"),
    Setting("service <text...>"),
    Setting("snmp-server <text...>"),
    Setting("spanning-tree <text...>"),
    Setting("username <name> <text...>", 2),
)

INTERFACE_SETTINGS = (
    Setting("channel-group <text...>", 1),
    Setting("description <text...>", 1),
    Setting("duplex <text...>", 1),
    Setting("ip address <text...>", 2),
    Setting("ip dhcp <text...>"),
    Setting("lldp <text...>"),
    Setting("load-interval <text...>", 1),
    Setting("mtu <number>", 1),
    Setting("negotiation <text...>", 1),
    Setting("shutdown"),
    Setting("spanning-tree <text...>"),
    Setting("speed <text...>", 1),
    Setting("storm-control <text...>"),
    Setting("switchport access vlan <vlan>", 3),
    Setting("switchport mode access", 2),
    Setting("switchport mode trunk", 2),
    Setting("switchport nonegotiate"),
    Setting("switchport port-security <text...>"),
    Setting("switchport trunk native vlan <vlan>", 4),
    Setting("switchport voice vlan <vlan>", 3),
)

LINE_SETTINGS = (
    Setting("access-class <text...>", 1),
    Setting("exec-timeout <text...>", 1),
    Setting("logging synchronous"),
    Setting("login <text...>", 1),
    Setting("session-limit <number>", 1),
    Setting("stopbits <number>", 1),
    Setting("transport input <text...>", 2),
)

SHARED_SETTINGS: Mapping[str, tuple[Setting, ...]] = {
    "config": GLOBAL_SETTINGS,
    "config-if": INTERFACE_SETTINGS,
    "config-line": LINE_SETTINGS,
}
