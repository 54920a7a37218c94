"""Other tools over the same devices: Nornir and Ansible, for `make bench PEERS=1`.

They come from PyPI into an environment of their own below `.bench/`, never into the product's. Nornir does what the
script and the run do: it logs in, and sends three commands to each device; so does Ansible, a task for each.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from activities.deviceinteraction.model import Target
from bench_figures import Figure

NORNIR: Final = ("nornir>=3.6,<4", "nornir-scrapli", "nornir-utils", "scrapli[ssh2]==2026.2.20")
ANSIBLE: Final = ("ansible==12.3.0", "paramiko<4")
NORNIR_THREADS: Final = 100
NORNIR_TRANSPORTS: Final = {  # how its scrapli connects, and what is asked of a run beside it
    "system": "<= 1",  # the `ssh` program, which is what it does unless told otherwise
    "ssh2": "",  # libssh2, as those do who have measured: a third of the CPU that a run spends on a device, in C
}
ANSIBLE_FORKS: Final = 50
ANSIBLE_SAMPLE: Final = 50  # devices; all of them would take ten minutes
COMMANDS: Final = ("show version", "show vlan", "show interfaces status")


class Peer(Protocol):
    """A tool that is measured beside the run."""

    async def figures(self, targets: Sequence[Target], run_s: float) -> list[Figure]:
        """Its time over these devices, and how it stands to a run over all of them that took so many seconds."""
        ...


def installed_peers(folder: Path) -> list[Peer]:
    """Both of them, installed where they are not there yet.

    Raises:
        subprocess.CalledProcessError: They cannot be installed, for want of a package index, say.
    """
    return [
        Nornir(_environment(folder / "nornir", NORNIR), folder),
        Ansible(_environment(folder / "ansible", ANSIBLE), folder),
    ]


def _environment(folder: Path, packages: Sequence[str]) -> Path:
    """The interpreter of an environment with these packages."""
    python = folder / "bin" / "python"
    done = folder / ".installed"
    if not done.exists() or done.read_text() != "\n".join(packages):
        sys.stderr.write(f"installing {', '.join(packages)} in {folder}\n")
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True)
        done.write_text("\n".join(packages))
    return python


@dataclass(frozen=True)
class Nornir:
    """Nornir with scrapli, a thread for each device under way.

    Args:
        python: Of its environment.
        folder: For what it is given.
    """

    python: Path
    folder: Path

    async def figures(self, targets: Sequence[Target], run_s: float) -> list[Figure]:
        """All devices, by each transport; the program times itself, without its start."""
        figures: list[Figure] = []
        for transport, goal in NORNIR_TRANSPORTS.items():
            seconds = await self._seconds(targets, transport)
            name = f"Nornir + scrapli ({transport}), {NORNIR_THREADS} threads, {len(targets)} devices"
            figures += [Figure(name, seconds, "s"), Figure(f"run / {name}", run_s / seconds, "x", goal)]
        return figures

    async def _seconds(self, targets: Sequence[Target], transport: str) -> float:
        given = self.folder / "targets.json"
        work = {"targets": _plain(targets), "commands": COMMANDS, "threads": NORNIR_THREADS, "transport": transport}
        _private(given, json.dumps(work))
        program = str(Path(__file__).with_name("peer_nornir.py"))
        answer = await _output([str(self.python), program, str(given)], self.folder)
        said = json.loads(answer.splitlines()[-1])
        assert said["failed"] == 0, said
        return float(said["seconds"])


@dataclass(frozen=True)
class Ansible:
    """Ansible with `network_cli`, as many forks as it has devices here.

    Args:
        python: Of its environment.
        folder: For its inventory and its play.
    """

    python: Path
    folder: Path

    async def figures(self, targets: Sequence[Target], run_s: float) -> list[Figure]:
        """A sample; what all devices would take is reckoned from it, as rounds of forks follow one another.

        The module that takes several commands asks for `show version | json` first, which the testbed does not speak.
        """
        sample = targets[:ANSIBLE_SAMPLE]
        inventory, play = self.folder / "inventory.json", self.folder / "play.json"
        _private(inventory, json.dumps(_ansible_inventory(sample)))
        play.write_text(json.dumps(_PLAY))
        command = [str(self.python.with_name("ansible-playbook")), "-i", str(inventory), "-f", str(ANSIBLE_FORKS)]
        began = time.perf_counter()
        await _output([*command, str(play)], self.folder)
        spent = time.perf_counter() - began
        name = f"Ansible network_cli, forks {ANSIBLE_FORKS}"
        whole = spent * len(targets) / len(sample)
        return [
            Figure(f"{name}, a sample of {len(sample)} devices", spent, "s"),
            Figure(f"{name} / run, reckoned for {len(targets)} devices", whole / run_s, "x", ">= 30"),
        ]


_PLAY: Final = [
    {
        "hosts": "all",
        "gather_facts": False,
        "tasks": [{"ansible.netcommon.cli_command": {"command": command}} for command in COMMANDS],
    }
]


def _ansible_inventory(targets: Sequence[Target]) -> dict[str, object]:
    shared = {
        "ansible_connection": "ansible.netcommon.network_cli",
        "ansible_network_os": "arista.eos.eos",
        "ansible_network_cli_ssh_type": "paramiko",
        "ansible_become": False,
        "ansible_host_key_checking": False,
    }
    hosts = {
        entry["name"]: {
            "ansible_host": entry["host"],
            "ansible_port": entry["port"],
            "ansible_user": entry["username"],
            "ansible_password": entry["password"],
        }
        for entry in _plain(targets)
    }
    return {"all": {"hosts": hosts, "vars": shared}}


def _plain(targets: Sequence[Target]) -> list[dict[str, str | int]]:
    found: list[dict[str, str | int]] = []
    for target in targets:
        assert target.credential.password is not None, "the testbed logs in with passwords"
        found.append(
            {
                "name": target.name,
                "host": target.address,
                "port": target.port,
                "username": target.credential.username,
                "password": target.credential.password.get_secret_value(),
            }
        )
    return found


def _private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(text)


async def _output(command: Sequence[str], folder: Path) -> str:
    """What a program prints; its failure ends the measurement."""
    environment = {
        **os.environ,
        "ANSIBLE_HOME": str(folder / "home"),
        "ANSIBLE_HOST_KEY_CHECKING": "False",
        "ANSIBLE_PYTHON_INTERPRETER": command[0],
    }
    environment.pop("PYTHONPATH", None)
    log = folder / "peer.log"
    with log.open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=errors, cwd=folder, env=environment
        )
        output, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"{command[0]} ended with {process.returncode}; see {log}\n{output.decode()[-2000:]}")
    return output.decode()
