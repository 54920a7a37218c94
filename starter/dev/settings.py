"""The settings of a stack's worker: what a stack needs, and what somebody lays over it.

What settings mean is the worker's to know. It is asked as a process, as all parts of a stack are.
"""

import sys
from pathlib import Path
from typing import Final

import yaml

from starter.dev.processes import Child
from starter.errors import UsageError
from workflows.contracts import TASK_QUEUE

HEADER: Final = "# Written by `netsaga dev` at every start; to change or add something: netsaga dev --settings FILE\n"
# What the stack itself, and the commands that talk to it, rely on.
KEPT: Final = ("temporal.address", "temporal.namespace", "temporal.task_queue", "artifacts.path")


async def write(path: Path, address: str, over: Path | None, *, log: Path) -> None:
    """Write what a stack needs, and what is laid over it, to ``path`` in its state folder.

    Args:
        path: The settings file.
        address: ``HOST:PORT`` of its Temporal server.
        over: A file of the same shape; its relative paths are relative to its own folder.
        log: Where the worker's process prints what is wrong with it.

    Raises:
        UsageError: ``over`` cannot be used; with file, line and key.
    """
    _write_own(path, address, over)
    if over is not None:
        await _lay_over(path, over, log)


def _write_own(path: Path, address: str, over: Path | None) -> None:
    if over is not None and over.resolve() == path.resolve():
        raise UsageError(
            f"--settings {over} is written anew at every start. Copy it, keep what is yours, name the copy."
        )
    settings = {
        "temporal": {"address": address, "namespace": "default", "task_queue": TASK_QUEUE},
        "artifacts": {"path": "artifacts"},
        "inventories": {"nautobot": {"kind": "yaml", "path": "testbed/inventory.yaml"}},
        "credentials": {"device_rw": {"kind": "file", "path": "testbed/credentials.yaml", "entry": "device_rw"}},
        "groups": {"netops-leads": ["*"], "netops-managers": ["*"]},
        "notify": {"netops": {"kind": "file", "path": "notifications.md"}, "audit": {"kind": "log"}},
        "files": "files",
        "ssh": {"host_keys": "verify", "known_hosts": "testbed/known_hosts"},
    }
    temporary = path.with_suffix(".tmp")
    temporary.write_text(HEADER + yaml.safe_dump(settings, sort_keys=False))
    temporary.replace(path)


async def _lay_over(path: Path, over: Path, log: Path) -> None:
    command = [sys.executable, "-m", "worker", "overlay", str(over), "--settings", str(path), "--out", str(path)]
    command += [word for key in KEPT for word in ("--keep", key)]
    child = await Child.start("settings", command, log=log)
    try:
        code = await child.ended()
    except BaseException:
        await child.kill()
        raise
    if code != 0:
        raise UsageError(f"--settings {over} cannot be used; nothing was started.\n{child.output().strip()}")
