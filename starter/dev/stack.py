"""A whole netsaga in one state folder: server, testbed, worker. For `netsaga dev`, the demo, the end-to-end tests.

The parts are child processes and are never imported. What lies in the folder::

    temporal.db          the server's state: runs go on where they were after a restart
    netsaga.yaml         the worker's settings, written at every start, with what is laid over them
    artifacts/           transcripts, diffs, records, reports
    notifications.md     what `notify` wrote
    testbed/             inventory, credentials, host key, command logs, control socket
    logs/                what the processes print
"""

import asyncio
import fcntl
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, Final, Self

from starter.dev import server as temporal
from starter.dev import settings
from starter.dev.ports import LOOPBACK, claim
from starter.dev.processes import Child
from starter.errors import StackError

TESTBED_READY_S: Final = 60.0
WORKER_READY_S: Final = 60.0
WORKER_STOP_S: Final = 40.0  # it drains its sessions for 30 s at most


class Stack:
    """The processes of one state folder. Made by `Stack.start`.

    Attributes:
        state: The folder.
        address: ``HOST:PORT`` of the Temporal server.
        ui_url: Of the Web UI; None without one.
        settings: The worker's settings file.
        inventory: The testbed's inventory file.
        control_path: The testbed's control socket.
        device_logs: The folder of the devices' command logs, ``<host>.jsonl``.
        server: The Temporal server's process.
        testbed: The testbed's process.
        worker: The newest worker's process.
    """

    def __init__(
        self, state: Path, port: int, ui_port: int | None, testbed: Sequence[str], over: Path | None = None
    ) -> None:
        self.state = state
        self.address = f"{LOOPBACK}:{port}"
        self.ui_url = None if ui_port is None else f"http://{LOOPBACK}:{ui_port}"
        self.settings = state / "netsaga.yaml"
        self.inventory = state / "testbed" / "inventory.yaml"
        self.control_path = state / "testbed" / "control.sock"
        self.device_logs = state / "testbed" / "logs"
        self.server: Child
        self.testbed: Child
        self.worker: Child
        self._port = port
        self._ui_port = ui_port
        self._testbed = tuple(testbed)
        self._over = over
        self._started: list[Child] = []

    @classmethod
    @asynccontextmanager
    async def start(
        cls,
        *,
        state: Path,
        devices: int = 24,
        port: int = 0,
        ui_port: int | None = 0,
        testbed_port: int = 0,
        site: str = "hq",
        latency_s: float = 0.0,
        testbed_options: Sequence[str] = (),
        over: Path | None = None,
        worker: bool = True,
    ) -> AsyncIterator[Self]:
        """Start everything, checked; end everything on the way out, the worker first.

        Args:
            state: The folder; created where there is none, taken up where there is.
            devices: How many the testbed simulates.
            port: Of the Temporal server; 0 takes a free one.
            ui_port: Of the Web UI; 0 takes a free one, None goes without.
            testbed_port: Of the devices' SSH, on their own loopback addresses; 0 takes a free one.
            site: The devices' site (a campus-vlan's ``building``).
            latency_s: Seconds that every device takes to answer a command.
            testbed_options: More arguments for the testbed.
            over: Settings that are laid over those that the stack writes for its workers.
            worker: Whether to start a worker; `start_worker` can do it later.

        Raises:
            StackError: The folder is in use, a port is taken, a process did not start.
            UsageError: ``over`` cannot be used; nothing was started.
        """
        state = _folders(state)
        with _locked(state / "lock", state):
            options = ["--devices", str(devices), "--state", str(state / "testbed"), "--port", str(testbed_port)]
            options += ["--site", site, "--latency", str(latency_s), *testbed_options]
            stack = cls(
                state,
                claim(port, "Temporal server", "--port"),
                None if ui_port is None else claim(ui_port, "Web UI", "--ui-port"),
                options,
                over,
            )
            try:
                await stack._up(worker=worker)
                yield stack
            finally:
                await stack.stop()

    async def start_server(self) -> None:
        """Start the server (again) on its file and port."""
        self.server = await temporal.start(
            database=self.state / "temporal.db", port=self._port, ui_port=self._ui_port, log=self._log("server")
        )
        self._started.append(self.server)

    async def start_testbed(self) -> None:
        """Start the testbed (again); its devices begin as fresh ones."""
        command = [sys.executable, "-m", "activities.deviceinteraction.testbed", *self._testbed]
        self.testbed = await Child.start("testbed", command, log=self._log("testbed"))
        self._started.append(self.testbed)
        await self.testbed.printed("testbed ready", within_s=TESTBED_READY_S)

    async def start_worker(self) -> Child:
        """Start a worker, beside one that may still run, wait until it polls, and return it."""
        command = [sys.executable, "-m", "worker", "run", "--settings", str(self.settings)]
        self.worker = await Child.start("worker", command, log=self._log("worker"))
        self._started.append(self.worker)
        await self.worker.printed("worker ready", within_s=WORKER_READY_S)
        return self.worker

    async def died(self) -> Child:
        """Wait for the first process that ends without having been asked to."""
        while True:
            for child in self._started:
                if not child.alive and not child.expected:
                    return child
            await asyncio.sleep(0.1)

    async def stop(self) -> None:
        """End all processes in order: workers (they drain), the testbed, the server."""
        for name in ("worker", "testbed", "server"):
            together = [child.stop(within_s=WORKER_STOP_S) for child in self._started if child.name == name]
            await asyncio.shield(asyncio.gather(*together))

    def cut(self) -> None:
        """End the workers now, with what they have under way: a run goes on with the next worker."""
        for child in self._started:
            if child.name == "worker" and child.alive:
                child.signal(signal.SIGKILL)

    def url(self, run_id: str) -> str | None:
        """The address of a run in the Web UI; None without one."""
        return None if self.ui_url is None else f"{self.ui_url}/namespaces/default/workflows/{run_id}"

    async def _up(self, *, worker: bool) -> None:
        await settings.write(self.settings, self.address, self._over, log=self._log("settings"))
        starting = [asyncio.create_task(self.start_server()), asyncio.create_task(self.start_testbed())]
        try:
            await asyncio.gather(*starting)
        except BaseException:
            for start in starting:  # whatever is half started is then on the list, or gone
                start.cancel()
            await asyncio.gather(*starting, return_exceptions=True)
            raise
        if worker:
            await self.start_worker()

    def _log(self, name: str) -> Path:
        return self.state / "logs" / f"{name}.log"


def _folders(state: Path) -> Path:
    state = state.resolve()
    for folder in (state, state / "logs", state / "testbed", state / "files"):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return state


class _locked:  # noqa: N801 - used as `with _locked(...)`
    """Keeps a state folder for one stack; the lock goes with the process, however it ends."""

    def __init__(self, path: Path, state: Path) -> None:
        self._path = path
        self._state = state
        self._file: IO[str] | None = None

    def __enter__(self) -> None:
        self._file = self._path.open("a+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.seek(0)
            owner = self._file.read().strip() or "another process"
            self._file.close()
            raise StackError(
                f"{self._state} is in use by {owner}. Stop that one, or keep this one's state elsewhere with --state."
            ) from error
        self._file.truncate(0)
        self._file.write(f"process {os.getpid()}")
        self._file.flush()

    def __exit__(self, *_: object) -> None:
        assert self._file is not None
        self._file.close()
