"""Devices whose timers go by a clock that the test turns, and definitions whose changes wait for a confirmation."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from activities.deviceinteraction.testbed import TestbedDevice
from activity_bench import Bench, bench, call_of
from hand_clock import HandClock
from vlan_change import TEMPLATE
from workflows.contracts import InteractInput

TIMED = ("acc-001", "acc-003", "acc-004")  # IOS-XE, EOS, Junos
HEAD = """
netsaga: 1
name: change
version: 1.0.0
inputs: {wanted: {type: string, default: cameras}}
inventory: {source: lab}
defaults: {timeout: 20s, retry: {attempts: 3, delay: 10ms, on: [transient]}}
steps:
"""
NO_VLAN = """
{% if device.platform == "juniper_junos" %}
delete vlans {{ name }}
{% else %}
no vlan {{ vlan }}
{% endif %}
"""


@dataclass
class Bed:
    """Four devices with a clock that the test turns."""

    bench: Bench
    clock: HandClock
    steps: str  # of the definition

    def device(self, host: str) -> TestbedDevice:
        return self.bench.testbed.device(host)

    async def asked(self, step: str, host: str, **inputs: str) -> InteractInput:
        """The call of a step of the definition, prepared as if that were all of it, on one device."""
        (wanted,) = (text for text in self.steps.split("  - id: ") if text.startswith(f"{step}\n"))
        source = f"{HEAD}  - id: {wanted}".replace("lab}", f'lab, select: device.name == "{host}"}}')
        templates = {"vlan.j2": TEMPLATE, "no_vlan.j2": NO_VLAN}
        return call_of(await self.bench.prepared(source, templates, **inputs), step, host)

    def effects(self, host: str) -> list[str]:
        return [entry["line"] for entry in self.device(host).commands() if entry["effect"] == "running"]

    def stands(self, host: str) -> set[int]:
        """Which of the VLANs of these definitions are there."""
        return {120, 121, 999} & set(self.device(host).vlans())

    def logins(self, host: str) -> int:
        return sum(entry.get("event") == "login" for entry in self.device(host).log())


@asynccontextmanager
async def bed_of(folder: Path, steps: str) -> AsyncIterator[Bed]:
    """The devices, and the steps that they may be asked for."""
    clock = HandClock()
    async with bench(folder, clock=clock) as found:
        yield Bed(found, clock, steps)
