"""Rigs of the testbed's devices that are reached over HTTPS: the same devices, another way to them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from activities.deviceinteraction.model import Tls
from activities.deviceinteraction.testbed import DeviceSpec, Testbed
from activities.deviceinteraction.testbed.model import APIS, ApiName
from contract_rig import Rig
from contract_simulated import rig_of
from devicelab import Lab, lab_in
from hand_clock import HandClock

NATIVE: Final = "http://cisco.com/ns/yang/Cisco-IOS-XE-native"
VLANS: Final = "http://cisco.com/ns/yang/Cisco-IOS-XE-vlan"
ROOT: Final = "Cisco-IOS-XE-native:native"


def native(*inside: str) -> str:
    """A change of IOS XE's native model."""
    return f'<native xmlns="{NATIVE}">{"".join(inside)}</native>'


def vlan_entry(number: int, *inside: str, operation: str = "") -> str:
    """A VLAN in it."""
    marked = f' nc:operation="{operation}"' if operation else ""
    return f'<vlan><vlan-list xmlns="{VLANS}"{marked}><id>{number}</id>{"".join(inside)}</vlan-list></vlan>'


OURS: Final = native(vlan_entry(120, "<name>lab</name>"))
BOTH: Final = (OURS, native(vlan_entry(333, "<name>theirs</name>")))


@asynccontextmanager
async def api_testbed(state: Path, clock: HandClock) -> AsyncIterator[Mapping[ApiName, Lab]]:
    """A device for each API, with the target that reaches it so."""
    specs = [
        DeviceSpec(name=f"acc-{number:03d}", platform=platform, number=number, api=api)
        for number, (platform, api) in enumerate(APIS.items(), 1)
    ]
    async with Testbed.start(state=state, devices=specs, clock=clock) as testbed:
        yield {spec.api: over_https(lab_in(testbed, spec.name)) for spec in specs if spec.api is not None}


def over_https(lab: Lab) -> Lab:
    """The same device, reached by its API."""
    tls = Tls(ca=str(lab.testbed.authority))
    target = replace(lab.target, port=lab.device.api_port, tls=tls)
    match lab.device.spec.api:
        case "eapi":
            return replace(lab, target=replace(target, transport="eapi"))
        case "nxapi":
            return replace(lab, target=replace(target, transport="nxapi"))
        case _:
            return replace(lab, target=replace(target, platform="restconf", root=ROOT))


def api_rig(lab: Lab, clock: HandClock) -> Rig:
    """A rig of a device that is reached by its API."""
    rig = replace(rig_of(lab, clock), hostname=lab.device.name)
    if lab.target.platform != "restconf":
        return rig
    return replace(rig, ours=(OURS,), both=BOTH, shows=f"show {ROOT}/vlan")
