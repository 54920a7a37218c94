"""A whole netsaga over simulated devices, and the devices' own word on what happened to them."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from difflib import unified_diff
from pathlib import Path
from typing import Any, Final, Literal

import yaml
from pydantic import JsonValue

from activities.deviceinteraction.testbed.control import TestbedControl
from starter.client import Orchestrator
from starter.dev.stack import Stack
from starter.handle import RunHandle
from workflows.contracts import RunStatus, WaveStatus

Whole = Literal["changed", "as before", "in between"]

VLAN: Final = 120
VLAN_LIST: Final = re.compile(r"vlan \d+(?:[,-]\d+)+")
INPUTS: Final[Mapping[str, JsonValue]] = {
    "ticket": "RITM0012345",
    "vlan_id": VLAN,
    "vlan_name": "cameras",
    "subnet": "10.12.0.0/24",
    "building": "b1",
    "canary_soak": "0s",
    "pilot_soak": "0s",
}


@dataclass
class Lab:
    """A stack, a client of it, and the devices' control socket."""

    stack: Stack
    client: Orchestrator
    control: TestbedControl
    before: dict[str, str] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """The devices."""
        return list(self.before)

    def whole(self, host: str) -> Whole:
        """Whether a device is entirely changed or entirely as before, by its own configuration."""
        now, before = lines_of(self.control.config(host)), lines_of(self.before[host])
        if now == before:
            return "as before"
        gone, fresh = Counter(before) - Counter(now), Counter(now) - Counter(before)
        ours = all("cameras" in line or str(VLAN) in line for line in fresh)
        named = self.control.vlans(host).get(VLAN, {}).get("name") == "cameras"
        return "changed" if named and ours and not gone else "in between"

    def difference(self, host: str) -> str:
        """What became of a configuration, for a message."""
        lines = unified_diff(self.before[host].splitlines(), self.control.config(host).splitlines(), n=1, lineterm="")
        return "\n".join(lines)

    def effects(self, host: str) -> list[str]:
        """The lines that changed the running configuration, in order."""
        return [entry.get("line", "") for entry in self.control.log(host) if entry.get("effect") == "running"]

    def twice(self) -> dict[str, list[str]]:
        """Devices on which a line took effect more than once: there must be none."""
        found = {}
        for host in self.names:
            doubled = [line for line, times in Counter(self.effects(host)).items() if times > 1]
            if doubled:
                found[host] = doubled
        return found

    async def until(
        self, run: RunHandle, condition: Callable[[RunStatus], bool], *, within_s: float = 60.0
    ) -> RunStatus:
        """Waits for a status of the run; bounded."""
        async with asyncio.timeout(within_s):
            while True:
                status = await run.status()
                if condition(status):
                    return status
                await asyncio.sleep(0.05)

    async def until_changed(self, at_least: int, *, within_s: float = 60.0) -> list[str]:
        """Waits until so many devices have been touched, by their own logs; and returns them."""
        async with asyncio.timeout(within_s):
            while True:
                touched = [host for host in self.names if self.effects(host)]
                if len(touched) >= at_least:
                    return touched
                await asyncio.sleep(0.02)


@asynccontextmanager
async def lab(
    state: Path,
    *,
    devices: int = 12,
    site: str = "b1",
    latency_s: float = 0.0,
    options: tuple[str, ...] = (),
    settle: Callable[[dict[str, Any]], None] | None = None,
) -> AsyncIterator[Lab]:
    """A fresh one, ended on the way out; ``settle`` changes the worker's settings before it starts."""
    async with Stack.start(
        state=state,
        devices=devices,
        site=site,
        latency_s=latency_s,
        ui_port=None,
        testbed_options=options,
        worker=False,
    ) as stack:
        if settle is not None:
            settings = yaml.safe_load(stack.settings.read_text())
            settle(settings)
            stack.settings.write_text(yaml.safe_dump(settings))
        await stack.start_worker()
        control = TestbedControl(stack.control_path)
        client = await Orchestrator.connect(address=stack.address)
        found = Lab(stack, client, control)
        found.before = {entry.name: control.config(entry.name) for entry in control.devices()}
        yield found


def lines_of(config: str) -> list[str]:
    """Without separators and lists of VLANs (NX-OS): they follow from the blocks that they separate or count."""
    return [line for line in config.splitlines() if line.strip() != "!" and not VLAN_LIST.fullmatch(line)]


def waves(status: RunStatus, step_id: str) -> tuple[WaveStatus, ...]:
    """The waves of a step; none while the run has not been prepared."""
    return next((one.waves for one in status.steps if one.id == step_id), ())
