"""One simulated device and what a test needs to talk to it: a target, host keys, short limits, a journal in memory."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from pydantic import JsonValue, SecretStr

from activities.deviceinteraction.failures import StaleAttempt
from activities.deviceinteraction.model import (
    Credential,
    Fence,
    HostKeys,
    HostName,
    Journal,
    Names,
    PlatformName,
    Target,
    Timeouts,
)
from activities.deviceinteraction.session import Session, open_session
from activities.deviceinteraction.testbed import DeviceSpec, LogEntry, Testbed, TestbedDevice
from activities.deviceinteraction.testbed.device import Clock
from activities.deviceinteraction.transcript import Transcript
from activities.deviceinteraction.transport.pool import Pool

NAMES = Names(token="0123456789ab", comment="netsaga campus-vlan-2026 deploy")
LIMITS = Timeouts(connect=timedelta(seconds=5), command=timedelta(seconds=5), commit=timedelta(seconds=10))
# For what never answers. Anything else that a device is asked under these is still to come in time on a busy machine.
HASTY = Timeouts(connect=timedelta(seconds=2), command=timedelta(seconds=1.5), commit=timedelta(seconds=2))

NEW_VLAN: Mapping[PlatformName, tuple[str, ...]] = {
    "cisco_iosxe": ("vlan 120", " name lab"),
    "cisco_nxos": ("vlan 120", " name lab"),
    "arista_eos": ("vlan 120", "   name lab"),
    "juniper_junos": ("set vlans lab vlan-id 120",),
    "cisco_iosxr": ("interface Loopback120", " description lab"),
    "nokia_srlinux": (
        "set / network-instance vlan-120 type mac-vrf",
        "set / network-instance vlan-120 description lab",
    ),
    "nokia_sros": (
        '/configure router "Base" interface "lo120" loopback',
        '/configure router "Base" interface "lo120" description "lab"',
    ),
}
OTHER_VLAN: Mapping[PlatformName, tuple[str, ...]] = {
    "cisco_iosxe": ("vlan 333", " name theirs"),
    "cisco_nxos": ("vlan 333", " name theirs"),
    "arista_eos": ("vlan 333", " name theirs"),
    "juniper_junos": ("set vlans theirs vlan-id 333",),
    "cisco_iosxr": ("interface Loopback333", " description theirs"),
    "nokia_srlinux": ("set / network-instance vlan-333 description theirs",),
    "nokia_sros": ('/configure router "Base" interface "lo333" description "theirs"',),
}
COMMIT_LINE: Mapping[PlatformName, str] = {
    "cisco_iosxe": "^end$",
    "cisco_nxos": "^end$",
    "arista_eos": "^commit$",
    "juniper_junos": "^commit comment",
    "cisco_iosxr": "^commit label",
    "nokia_srlinux": "^commit now",
    "nokia_sros": "^commit comment",
}
"""The line after which the whole change is in effect."""


class Crash(Exception):
    """The process is gone: raised where a test lets an attempt die."""


@dataclass
class MemoryJournal:
    """A write-once journal. It can let the attempt die right before or right after it wrote a key."""

    entries: dict[str, dict[str, JsonValue]] = field(default_factory=dict)
    dies_before: str = ""
    dies_after: str = ""

    async def read(self, key: str) -> dict[str, JsonValue] | None:
        return self.entries.get(key)

    async def write(self, key: str, value: dict[str, JsonValue]) -> None:
        if key == self.dies_before:
            raise Crash(key)
        if self.entries.setdefault(key, value) != value:
            raise ValueError(f"{key} holds another value")
        if key == self.dies_after:
            raise Crash(key)

    def survived(self) -> "MemoryJournal":
        """What the next attempt finds."""
        return MemoryJournal(dict(self.entries))


@dataclass
class FrozenAfter:
    """A fence that lets some writes pass and then finds the attempt stale."""

    passes: int

    def check(self) -> None:
        self.passes -= 1
        if self.passes < 0:
            raise StaleAttempt("the attempt was frozen", touched=False)


@dataclass
class Lab:
    """A device of a testbed, with a target that reaches it."""

    testbed: Testbed
    device: TestbedDevice
    target: Target
    host_keys: HostKeys

    @property
    def platform(self) -> PlatformName:
        return self.device.platform

    @asynccontextmanager
    async def session(
        self,
        *,
        timeouts: Timeouts = LIMITS,
        fence: Fence | None = None,
        transcript: Transcript | None = None,
        attempts: Journal | None = None,
        pool: Pool | None = None,
    ) -> AsyncIterator[Session]:
        async with open_session(
            self.target,
            host_keys=self.host_keys,
            timeouts=timeouts,
            fence=fence,
            transcript=transcript,
            attempts=attempts,
            pool=pool,
        ) as session:
            yield session

    def has(self, number: int, name: str = "") -> bool:
        """Whether a VLAN is there, or the loopback of that number which stands for it where there are none."""
        if self.platform == "cisco_iosxr":
            return f"interface Loopback{number}\n description {name}" in self.device.running_config()
        if self.platform == "nokia_srlinux":
            return f"network-instance vlan-{number} description {name}" in self.device.running_config()
        if self.platform == "nokia_sros":
            return f'interface "lo{number}" description "{name}' in self.device.running_config()
        vlan = self.device.vlans().get(number)
        return vlan is not None and vlan.name.startswith(name)

    def effects(self, kind: str = "running") -> list[str]:
        """The lines of the command log that changed something, without those of the console."""
        return [entry.get("line", "") for entry in self.log() if entry.get("effect") == kind]

    def log(self) -> list[LogEntry]:
        return [entry for entry in self.device.log() if entry["session"] != 0]

    def with_password(self, password: str) -> "Lab":
        credential = replace(self.target.credential, password=SecretStr(password))
        return replace(self, target=replace(self.target, credential=credential))


@asynccontextmanager
async def lab_of(
    platform: PlatformName, state: Path, clock: Clock | None = None, **changed: object
) -> AsyncIterator[Lab]:
    """A testbed with one device of a platform."""
    spec = DeviceSpec.model_validate({"name": "acc-001", "platform": platform, "number": 1, **changed})
    async with Testbed.start(state=state, devices=[spec], clock=clock) as testbed:
        yield lab_in(testbed, "acc-001")


def lab_in(testbed: Testbed, name: str) -> Lab:
    """A device of a testbed that runs already."""
    device = testbed.device(name)
    credential = Credential("netsaga", SecretStr("netsaga-lab"), SecretStr("netsaga-enable"))
    target = Target(HostName(name), device.address, device.platform, credential, device.port)
    return Lab(testbed, device, target, HostKeys("verify", str(testbed.known_hosts)))
