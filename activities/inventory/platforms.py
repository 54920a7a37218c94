"""What other tools call the platforms that netsaga drives. A name that is not here passes through as it is.

Sources: Ansible's network platform options, NAPALM's driver names (with the older Nornir ``nxos_ssh``), netmiko's and
scrapli's device types.
"""

from typing import Final

from activities.deviceinteraction.model import PlatformName

_OTHERS: Final[dict[PlatformName, tuple[str, ...]]] = {
    "cisco_iosxe": ("ios", "iosxe", "ios-xe", "ios_xe", "cisco_ios", "cisco_xe", "cisco.ios.ios", "cisco_iosxe"),
    "cisco_iosxr": ("iosxr", "ios-xr", "ios_xr", "cisco_xr", "cisco.iosxr.iosxr", "cisco_iosxr"),
    "cisco_nxos": ("nxos", "nxos_ssh", "nx-os", "cisco_nxos", "cisco.nxos.nxos"),
    "arista_eos": ("eos", "arista", "arista_eos", "arista.eos.eos"),
    "juniper_junos": (
        "junos",
        "juniper",
        "juniper_junos",
        "junipernetworks.junos.junos",
        "juniper.device.junos",
    ),
    "nokia_srlinux": ("srl", "srlinux", "sr_linux", "nokia_srl", "nokia.srlinux.srlinux", "nokia_srlinux"),
    "nokia_sros": ("sros", "sr_os", "sr-os", "nokia_sros", "alcatel_sros", "nokia.sros.md", "nokia_sros_md"),
    "frr": ("frr", "frrouting", "frr.frr.frr"),
    "bird": ("bird", "bird2"),
    "openvswitch": ("openvswitch", "ovs"),
    "linux": ("linux",),
}
_NAMES: Final[dict[str, PlatformName]] = {other: name for name, others in _OTHERS.items() for other in others}


def platform_called(name: str) -> str:
    """Our name of a platform, or the given one where there is none (`prepare` refuses it on a selected device)."""
    return _NAMES.get(name.strip().lower(), name)
