"""A wave that is confirmed as a whole, over devices whose own timers run: kept, taken back, and left to revert."""

import asyncio
from pathlib import Path

import pytest

from lab import Lab, lab
from starter.errors import RunRefused
from workflows.contracts import RunResult

pytestmark = pytest.mark.xdist_group("e2e-confirm")

DEFINITION = """
netsaga: 1
name: confirmed
version: 1.0.0
inputs: {wanted: {type: string, default: cameras}, worst: {type: string, default: none}}
inventory: {source: nautobot}
defaults: {credential: device_rw, timeout: 10s, retry: {attempts: 1}}
steps:
  - id: deploy
    devices: inventory
    waves: [{name: first, size: 1}, {name: rest, size: 100%}]
    do:
      - configure: {template: vlan.j2, vars: {vlan_id: 120, name: cameras}}
        confirm: {within: 15m, hold: HOLD}
        save: true
      - snapshot: [vlans]
        as: state
      - check:
          as wanted: state.vlans[120].name == inputs.wanted or device.name != inputs.worst
    on_failure: {undo: wave}
"""
TEMPLATE = """
{% if device.platform == "juniper_junos" %}
set vlans {{ name }} vlan-id {{ vlan_id }}
{% else %}
vlan {{ vlan_id }}
 name {{ name }}
{% endif %}
"""
TIMED = ("--platforms", "cisco_iosxe,arista_eos,juniper_junos")


async def ended(found: Lab, hold: str, **inputs: str) -> RunResult:
    source = DEFINITION.replace("HOLD", hold)
    async with asyncio.timeout(120):
        return await found.client.run("confirmed", dict(inputs), source=source, templates={"vlan.j2": TEMPLATE})


async def test_a_wave_is_confirmed_and_saved_when_all_of_it_has_passed(tmp_path: Path) -> None:
    async with lab(tmp_path, devices=6, options=TIMED) as found:
        result = await ended(found, "wave")
        assert result.verdict == "succeeded", result.message
        for host in found.names:
            assert found.whole(host) == "changed"
            assert "120" in found.control.startup(host)
        assert not found.twice()


async def test_a_wave_of_which_one_device_fails_is_taken_back_unsaved_and_the_one_before_stays(tmp_path: Path) -> None:
    async with lab(tmp_path, devices=6, options=TIMED) as found:
        startup = {host: found.control.startup(host) for host in found.names}
        result = await ended(found, "wave", wanted="doors", worst=found.names[-1])
        assert result.verdict == "stopped", result.message
        first, *rest = found.names
        assert found.whole(first) == "changed"
        for host in rest:
            assert found.whole(host) == "as before", found.difference(host)
            assert "junos" in platform(found, host) or found.control.startup(host) == startup[host]


async def test_devices_without_a_timer_are_refused_unless_the_definition_takes_them_as_they_are(tmp_path: Path) -> None:
    async with lab(tmp_path, devices=4) as found:
        with pytest.raises(RunRefused, match=r"cisco_nxos has none .*best_effort"):
            await ended(found, "wave")
        assert not any(found.effects(host) for host in found.names)
        result = await ended(found, "best_effort")
        assert result.verdict == "succeeded", result.message
        assert all(found.whole(host) == "changed" for host in found.names)


def platform(found: Lab, host: str) -> str:
    return next(entry.platform for entry in found.control.devices() if entry.name == host)
