"""Runs `ansible-playbook` once: its command, its files, its environment, and that nothing of it goes on afterwards.

Nothing secret and nothing that a definition gives stands on the command line, which every user of the machine can read:
variables and devices are files in a private folder. The one exception is the limit, a pattern of names.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from activities import leash
from activities.ansible.hosts import write_hosts
from activities.ansible.private import as_yaml, variables, write_private
from activities.ansible.report import Report, read_report
from activities.parameters import Parameters
from activities.processes import Ended, run
from activities.secrets.store import SecretStore
from workflows.contracts import Device

PROGRAM: Final = "ansible-playbook"
CALLBACKS: Final = Path(__file__).with_name("callback")
PLUGINS: Final = "ANSIBLE_CALLBACK_PLUGINS"
REPORT: Final = "NETSAGA_ANSIBLE_REPORT"  # as in callback/netsaga.py, which can import nothing of ours
PASSED: Final = ("PATH", "HOME", "LANG", "LC_ALL")
SHARED: Final = "ssh"  # a connection that outlives its playbook on purpose (ControlPersist), and serves others too


@dataclass(frozen=True, slots=True)
class Playbook:
    """A playbook that the settings allow.

    Args:
        playbook: The file.
        folder: Where it runs; Ansible finds its ``ansible.cfg`` there.
        inventory: A file or folder; ``None`` for the run's own devices.
        program: Its name, to be found on the ``PATH`` or beside the worker's Python, or its path.
        arguments: Further ones.
        environment: The variables of the worker that it sees besides ``PATH``, ``HOME`` and the language.
        credential: The name of what logs in to those of the run's devices that name none.
        timeout_s: The longest that it may take, whatever its step allows.
        repeat: ``safe`` where running it again after it was cut off does no harm.
    """

    playbook: Path
    folder: Path
    inventory: Path | None = None
    program: str = PROGRAM
    arguments: Sequence[str] = ()
    environment: Sequence[str] = ()
    credential: str | None = None
    timeout_s: float | None = None
    repeat: Literal["never", "safe"] = "never"


@dataclass(frozen=True, slots=True)
class Prepared:
    """What lies ready in a private folder. ``secrets`` are all values that must not be seen in what it prints."""

    command: Sequence[str]
    environment: Mapping[str, str]
    report: Path
    secrets: Sequence[str]


async def prepared(
    playbook: Playbook, parameters: Parameters, devices: Sequence[Device], secrets: SecretStore, folder: Path
) -> Prepared:
    """Write the files of one run, and say how it is started.

    Raises:
        SecretError: A device's credential cannot be had.
        OSError: A file cannot be written.
    """
    inventory, hidden = playbook.inventory, list[str]()
    if inventory is None:
        inventory, hidden = await write_hosts(folder, devices, secrets, playbook.credential)
    given = write_private(folder / "variables.yaml", as_yaml(variables(parameters.variables)))
    report = folder / "report.json"
    passed = {name: os.environ[name] for name in (*PASSED, *playbook.environment) if name in os.environ}
    plugins = [str(CALLBACKS), *filter(None, [passed.get(PLUGINS)])]
    environment = {
        "LC_ALL": "C.UTF-8",  # Ansible refuses to start in a language that is not written in UTF-8
        **passed,
        "ANSIBLE_NOCOLOR": "1",
        PLUGINS: os.pathsep.join(plugins),
        REPORT: str(report),
    }
    command = [
        *(sys.executable, "-I", "-S", str(Path(leash.__file__)), str(os.getpid())),
        program_of(playbook.program),
        *playbook.arguments,
        f"--inventory={inventory}",
        f"--extra-vars=@{given}",
        *([] if parameters.limit is None else [f"--limit={parameters.limit}"]),
        str(playbook.playbook),
    ]
    hidden += [passed[name] for name in playbook.environment if name in passed and name != PLUGINS]
    return Prepared(command, environment, report, hidden)


async def carried_out(ready: Prepared, folder: Path, limit_s: float) -> tuple[Ended, Report | None]:
    """Run it to its end or to ours.

    Args:
        ready: What to start.
        folder: Where it runs.
        limit_s: After this it is ended.

    Raises:
        ProcessFailure: Not even Python can be started there.
    """
    try:
        ended = await run(ready.command, folder, ready.environment, b"", limit_s)
    except asyncio.CancelledError:
        _end_marked(ready.report)
        raise
    if not isinstance(ended.status, int):
        _end_marked(ready.report)
    return ended, await asyncio.to_thread(read_report, ready.report)


def program_of(name: str) -> str:
    """The program, also where the worker's environment has it and nobody has activated that."""
    if "/" in name or shutil.which(name) is not None:
        return name
    beside = Path(sys.executable).with_name(name)
    return str(beside) if beside.is_file() else name


def _end_marked(report: Path) -> None:
    """Kill what is left of a run: each of Ansible's workers leads a process group of its own (from 2.19 on).

    They are known by their environment, which they inherit (``/proc/PID/environ``, proc(5)).
    """
    mark = f"{REPORT}={report}".encode()
    for process in _processes():
        with contextlib.suppress(OSError):  # it has ended meanwhile, or is somebody else's
            if (process / "comm").read_text().strip() == SHARED:
                continue
            if mark in (process / "environ").read_bytes().split(b"\0"):
                os.kill(int(process.name), signal.SIGKILL)


def _processes() -> Iterator[Path]:
    proc = Path("/proc")
    return (path for path in proc.iterdir() if path.name.isdecimal()) if proc.is_dir() else iter(())
