"""The table of platforms. Adding one is a file here, a line below, and a device: simulated, or real in tests/real."""

from collections.abc import Mapping

from activities.deviceinteraction.failures import Permanent
from activities.deviceinteraction.model import PlatformName
from activities.deviceinteraction.platforms.arista_eos import AristaEos
from activities.deviceinteraction.platforms.bird import BirdDaemon
from activities.deviceinteraction.platforms.cisco_iosxe import CiscoIosxe
from activities.deviceinteraction.platforms.cisco_iosxr import CiscoIosxr
from activities.deviceinteraction.platforms.cisco_nxos import CiscoNxos
from activities.deviceinteraction.platforms.frr import Frr
from activities.deviceinteraction.platforms.juniper_junos import JuniperJunos
from activities.deviceinteraction.platforms.linux import Linux
from activities.deviceinteraction.platforms.netconf import NetconfDevice
from activities.deviceinteraction.platforms.nokia_srlinux import NokiaSrlinux
from activities.deviceinteraction.platforms.nokia_sros import NokiaSros
from activities.deviceinteraction.platforms.openvswitch import OpenVswitch
from activities.deviceinteraction.platforms.protocol import Platform
from activities.deviceinteraction.platforms.restconf import RestconfDevice

PLATFORMS: Mapping[PlatformName, Platform] = {
    "cisco_iosxe": CiscoIosxe(),
    "cisco_nxos": CiscoNxos(),
    "arista_eos": AristaEos(),
    "juniper_junos": JuniperJunos(),
    "cisco_iosxr": CiscoIosxr(),
    "nokia_srlinux": NokiaSrlinux(),
    "nokia_sros": NokiaSros(),
    "frr": Frr(),
    "bird": BirdDaemon(),
    "openvswitch": OpenVswitch(),
    "linux": Linux(),
    "netconf": NetconfDevice(),
    "restconf": RestconfDevice(),
}


def platform_named(name: str) -> Platform:
    """The platform of this name.

    Raises:
        Permanent: There is no such platform; the message lists those that are.
    """
    for known, platform in PLATFORMS.items():
        if known == name:
            return platform
    raise Permanent(f"the platform {name!r} is not supported; supported are {', '.join(PLATFORMS)}.")
