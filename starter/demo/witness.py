"""Witnesses that are independent of netsaga: what a device answers over SSH, and what its own command log says.

They prove what a run claims. Nothing here goes through a worker or Temporal; the SSH client is plain asyncssh, typed at
as a person would.
"""

import asyncio
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

import asyncssh
import yaml

from starter.errors import StackError

LOOKS: Final[Mapping[str, Sequence[str]]] = {
    "juniper_junos": ("set cli screen-length 0", "show vlans", "exit"),
}
LOOK: Final = ("terminal length 0", "show vlan", "exit")
AT_ONCE: Final = 20
SESSION_S: Final = 30.0

Effect = Literal["running", "startup", "checkpoint"]


@dataclass(frozen=True)
class Host:
    """A device as the testbed's inventory names it."""

    name: str
    platform: str
    address: str
    port: int


@dataclass(frozen=True)
class Entry:
    """A command in a device's log that changed something; ``at`` is UTC."""

    at: datetime
    session: int
    line: str
    effect: Effect


@dataclass(frozen=True)
class Fleet:
    """The simulated devices of one state folder, as its files describe them."""

    hosts: tuple[Host, ...]
    username: str
    password: str
    known_hosts: Path
    logs: Path

    @classmethod
    def read(cls, testbed: Path) -> "Fleet":
        """Read what the testbed wrote into its folder."""
        inventory = _mapping(testbed / "inventory.yaml")
        credential = _mapping(testbed / "credentials.yaml")["device_rw"]
        defaults = inventory.get("defaults") or {}
        hosts = tuple(
            Host(name, facts["platform"], facts["address"], facts.get("port", defaults.get("port", 22)))
            for name, facts in inventory["hosts"].items()
        )
        return cls(hosts, credential["username"], credential["password"], testbed / "known_hosts", testbed / "logs")

    @property
    def platforms(self) -> dict[str, str]:
        """Host name to platform."""
        return {host.name: host.platform for host in self.hosts}

    async def vlan_lines(self, vlan_id: int, names: Iterable[str]) -> dict[str, str | None]:
        """Log in to devices and ask for their VLANs.

        Returns:
            For each host the line that its `show vlan` has for the VLAN; None where it has none.

        Raises:
            StackError: A device did not answer; what it holds is then not known.
        """
        wanted = set(names)
        slots = asyncio.Semaphore(AT_ONCE)

        async def look(host: Host) -> str:
            async with slots:
                return await self._show_vlans(host)

        hosts = [host for host in self.hosts if host.name in wanted]
        answers = await asyncio.gather(*(look(host) for host in hosts))
        return {host.name: _line_of(answer, vlan_id) for host, answer in zip(hosts, answers, strict=True)}

    async def _show_vlans(self, host: Host) -> str:
        commands = LOOKS.get(host.platform, LOOK)
        try:
            async with (
                asyncio.timeout(SESSION_S),
                asyncssh.connect(
                    host.address,
                    host.port,
                    username=self.username,
                    password=self.password,
                    known_hosts=str(self.known_hosts),
                    client_keys=None,
                    agent_path=None,
                    config=None,
                ) as connection,
                connection.create_process(term_type="vt100", term_size=(200, 1000)) as shell,
            ):
                shell.stdin.write("".join(f"{command}\n" for command in commands))
                return str(await shell.stdout.read())
        except (OSError, TimeoutError, asyncssh.Error) as error:
            raise StackError(
                f"{host.name} could not be looked at over SSH: {str(error) or 'no answer in time'}"
            ) from error

    def effects(self, name: str) -> list[Entry]:
        """What changed the device, oldest first, from its own command log."""
        entries: list[Entry] = []
        for line in (self.logs / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
            try:
                raw = json.loads(line)
            except ValueError:  # the last line while it is being written
                continue
            if raw.get("effect"):
                at = datetime.fromisoformat(raw["t"])
                entries.append(Entry(at, raw["session"], raw["line"].strip(), raw["effect"]))
        return entries


def repeated(effects: Iterable[Entry]) -> list[str]:
    """The lines that changed a device more than once. A save is a new one where something changed since the last."""
    made: Counter[str] = Counter()
    saved, saved_again = False, []
    for entry in effects:
        if entry.effect == "running":
            made[entry.line] += 1
            saved = False
        elif entry.effect == "startup":
            if saved:
                saved_again.append(entry.line)
            saved = True
    return [line for line, number in made.items() if number > 1] + saved_again


def _mapping(path: Path) -> dict[str, Any]:
    """A YAML file of the testbed; its shape is the testbed's, hence `Any`."""
    loaded: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded


def _line_of(answer: str, vlan_id: int) -> str | None:
    """The line of a VLAN in the answer to `show vlan`, past the echo of the command."""
    number = re.compile(rf"(?<![\w.:/-]){vlan_id}(?![\w.:/-])")
    for line in answer.replace("\r", "").splitlines():
        words = line.split()
        if number.search(line) and "show vlan" not in line and str(vlan_id) in words[:3]:
            return " ".join(words[:4])
    return None
