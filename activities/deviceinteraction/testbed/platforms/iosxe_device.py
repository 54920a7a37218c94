"""A simulated Catalyst switch with IOS-XE: its configuration, its flash and its VTP mode. Prints nothing.

With VTP mode ``server`` or ``client`` the VLANs are kept outside the running configuration, as on real switches
(Cisco, "VLAN Configuration Guide, Cisco IOS XE 17 (Catalyst 9300)", chapter "Configuring VTP").
"""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from activities.deviceinteraction.testbed.device import Clock
from activities.deviceinteraction.testbed.model import DeviceSpec, Login, VtpMode
from activities.deviceinteraction.testbed.platforms import identity
from activities.deviceinteraction.testbed.platforms.indented import IndentedDevice
from activities.deviceinteraction.testbed.tree import ConfigTree, Line

_ACCESS = tuple(f"GigabitEthernet1/0/{number}" for number in range(1, 9))
_UPLINKS = ("TenGigabitEthernet1/1/1", "TenGigabitEthernet1/1/2")


class IosXeState(IndentedDevice):
    """The state of a simulated IOS-XE switch; `iosxe.IosXeDevice` adds the login."""

    order: ClassVar[tuple[str, ...]] = (
        "version ",
        "service ",
        "hostname ",
        "enable ",
        "aaa ",
        "clock ",
        "vtp ",
        "username ",
        "ip domain",
        "ip dhcp",
        "ip name-server",
        "errdisable ",
        "archive",
        "spanning-tree ",
        "lldp ",
        "cdp ",
        "vlan ",
        "interface ",
        "ip ",
        "logging ",
        "snmp-server ",
        "banner ",
        "line con",
        "line vty",
        "ntp ",
    )
    delivered_release: ClassVar[str] = "17.9.4a"
    physical: ClassVar[tuple[str, ...]] = _ACCESS + _UPLINKS
    uncabled: ClassVar[frozenset[str]] = frozenset(_ACCESS[6:])
    kinds: ClassVar[Mapping[str, str]] = {
        "GigabitEthernet": "Gi",
        "TenGigabitEthernet": "Te",
        "Vlan": "Vl",
        "Loopback": "Lo",
        "Port-channel": "Po",
    }

    def __init__(self, spec: DeviceSpec, login: Login, log: Path, clock: Clock) -> None:
        super().__init__(spec, login, log, clock)
        self.flash: dict[str, str] = {}

    @property
    def vtp_mode(self) -> VtpMode:
        """The VTP mode as configured."""
        return self.spec.vtp_mode

    @property
    def vlans_in_config(self) -> bool:
        """Whether VLANs stand in the running configuration."""
        return self.vtp_mode in ("transparent", "off")

    @property
    def archives(self) -> bool:
        """Whether the configuration archive has a place, without which no revert timer can be started."""
        return any(
            line.text == "archive" and any(child.text.startswith("path ") for child in line.children)
            for line in self.running.children
        )

    def files_reset(self) -> None:
        """See `IndentedDevice.files_reset`."""
        self.flash.clear()

    def shown(self, tree: ConfigTree) -> list[Line]:
        """See `IndentedDevice.shown`."""
        if self.vlans_in_config:
            return super().shown(tree)
        return [line for line in tree.children if not line.text.startswith("vlan ")]

    def restored(self, text: str) -> ConfigTree:
        """A configuration file as the tree that ``configure replace`` would make of it."""
        tree = self.load(text)
        if not self.vlans_in_config:
            tree.children += [line.copy() for line in self.running.children if line.text.startswith("vlan ")]
            self.arrange(tree)
        return tree

    def delivered(self) -> str:
        """See `IndentedDevice.delivered`."""
        spec, user = self.spec, self.login.username
        lines = [
            "version 17.9",
            "service timestamps debug datetime msec",
            "service timestamps log datetime msec",
            "service password-encryption",
            f"hostname {spec.name}",
            f"enable secret 9 $9${identity.digest('enable', spec.name)}",
            "aaa new-model",
            "aaa authentication login default local",
            "aaa authorization exec default local",
            f"username {user} privilege {spec.login_privilege} secret 9 $9${identity.digest('user', spec.name)}",
            *([f"vtp mode {self.vtp_mode}"] if self.vlans_in_config else []),
            "ip domain name lab.example",
            "archive",
            " path flash:archive",
            " maximum 10",
            "spanning-tree mode rapid-pvst",
            "spanning-tree extend system-id",
            "lldp run",
            *(line for number, name in identity.VLANS for line in (f"vlan {number}", f" name {name}")),
        ]
        for index, port in enumerate(_ACCESS, 1):
            lines += [
                f"interface {port}",
                f" description desk {index}",
                f" switchport access vlan {10 if index <= 6 else 20}",
                " switchport mode access",
                *([" shutdown"] if index == 8 else []),
                " spanning-tree portfast",
                " spanning-tree bpduguard enable",
            ]
        for index, port in enumerate(_UPLINKS, 1):
            lines += [
                f"interface {port}",
                f" description uplink to dist-{index}",
                " switchport trunk allowed vlan 10,20,99",
                " switchport mode trunk",
            ]
        return "\n".join([
            *lines,
            "interface Vlan99",
            f" ip address {identity.management_address(spec)} 255.255.0.0",
            "ip default-gateway 10.99.255.254",
            "ip ssh version 2",
            "logging host 192.0.2.20",
            f"snmp-server community {identity.community(spec)} RO",
            f"snmp-server location {spec.site}",
            "line con 0",
            " logging synchronous",
            " stopbits 1",
            "line vty 0 15",
            " exec-timeout 30 0",
            " transport input ssh",
            "ntp server 192.0.2.10",
            "",
        ])  # fmt: skip
