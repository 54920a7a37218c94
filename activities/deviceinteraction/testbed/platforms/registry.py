"""Which class simulates which platform."""

from pathlib import Path
from typing import assert_never

from activities.deviceinteraction.testbed.device import Clock, Device
from activities.deviceinteraction.testbed.model import DeviceSpec, Login
from activities.deviceinteraction.testbed.platforms.eos import EosDevice
from activities.deviceinteraction.testbed.platforms.iosxe import IosXeDevice
from activities.deviceinteraction.testbed.platforms.iosxr import IosXrDevice
from activities.deviceinteraction.testbed.platforms.junos import JunosDevice
from activities.deviceinteraction.testbed.platforms.nxos import NxosDevice
from activities.deviceinteraction.testbed.platforms.srlinux import SrlinuxDevice
from activities.deviceinteraction.testbed.platforms.sros import SrosDevice


def build(spec: DeviceSpec, login: Login, log: Path, clock: Clock) -> Device:
    """Make the device that a spec describes.

    Args:
        spec: Who it is.
        login: Who may log in.
        log: Where its commands are written.
        clock: Its time.
    """
    match spec.platform:
        case "cisco_iosxe":
            return IosXeDevice(spec, login, log, clock)
        case "cisco_nxos":
            return NxosDevice(spec, login, log, clock)
        case "arista_eos":
            return EosDevice(spec, login, log, clock)
        case "juniper_junos":
            return JunosDevice(spec, login, log, clock)
        case "cisco_iosxr":
            return IosXrDevice(spec, login, log, clock)
        case "nokia_srlinux":
            return SrlinuxDevice(spec, login, log, clock)
        case "nokia_sros":
            return SrosDevice(spec, login, log, clock)
        case _:
            assert_never(spec.platform)
