"""What a session of the device library costs, against the same done with nothing but asyncssh.

Login, one `show version`, logout, at 50 devices in parallel; the testbed is a process of its own, so that the CPU that
is counted is the client's. One platform, so that both sides send the same lines.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncssh
import yaml
from pydantic import SecretStr

from activities.deviceinteraction.model import Credential, HostKeys, HostName, Target
from activities.deviceinteraction.session import open_session
from bench_figures import Figure

DEVICES = 100
PARALLEL = 50
ROUNDS = 3
SHOWN = "Software image version"  # of a `show version`


@dataclass(frozen=True)
class Cost:
    """Of one pass over all devices, per session: seconds of wall time and of CPU."""

    wall_s: float
    cpu_s: float


async def session_figures(folder: Path) -> list[Figure]:
    """Sessions a second and CPU, ours and bare; the best of three passes each, taken in turn."""
    async with testbed(folder, DEVICES, "arista_eos"):
        targets = read_targets(folder)
        keys = HostKeys(known_hosts=str(folder / "known_hosts"))

        async def ours(target: Target) -> None:
            async with open_session(target, host_keys=keys) as session:
                assert SHOWN in await session.show("show version")

        async def bare(target: Target) -> None:
            assert SHOWN in (await bare_commands(target, str(folder / "known_hosts"), ["show version"]))[0]

        passes = [(await cost(targets, bare), await cost(targets, ours)) for _ in range(ROUNDS)]
    plain, full = (min((pair[side] for pair in passes), key=lambda one: one.cpu_s) for side in (0, 1))
    return [
        Figure("sessions, bare asyncssh", 1 / plain.wall_s, "1/s"),
        Figure("sessions, device library", 1 / full.wall_s, "1/s"),
        Figure("CPU of a session, device library / bare asyncssh", full.cpu_s / plain.cpu_s, "x", "<= 2.5"),
    ]


async def cost(targets: Sequence[Target], visit: Callable[[Target], Awaitable[None]]) -> Cost:
    """Visit all devices, so many at once."""
    slots = asyncio.Semaphore(PARALLEL)

    async def one(target: Target) -> None:
        async with slots:
            await visit(target)

    wall, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(one(target) for target in targets))
    return Cost((time.perf_counter() - wall) / len(targets), (time.process_time() - cpu) / len(targets))


async def bare_commands(target: Target, known_hosts: str, commands: Sequence[str]) -> list[str]:
    """What a script without any framework does: a shell, no paging, read up to the prompt."""
    assert target.credential.password is not None
    connection = await asyncssh.connect(
        target.address,
        target.port,
        username=target.credential.username,
        password=target.credential.password.get_secret_value(),
        known_hosts=known_hosts,
        client_keys=None,
        agent_path=None,
        config=None,
        kex_algs=["curve25519-sha256"],  # as the device library prefers; asyncssh's own order costs twice the CPU
        encryption_algs=["aes128-gcm@openssh.com"],
    )
    answers: list[str] = []
    async with connection:
        shell = await connection.create_process(term_type="vt100", encoding="utf-8")
        for command in ("", "terminal length 0", *commands):
            if command:
                shell.stdin.write(f"{command}\n")
            answers.append(await shell.stdout.readuntil(f"{target.name}#"))
    return answers[2:]


def read_targets(folder: Path) -> list[Target]:
    """The testbed's devices, as its own files tell them."""
    login = yaml.safe_load((folder / "credentials.yaml").read_text())["device_rw"]
    credential = Credential(login["username"], SecretStr(login["password"]), SecretStr(login["enable_secret"]))
    inventory = yaml.safe_load((folder / "inventory.yaml").read_text())
    port = inventory["defaults"]["port"]
    return [
        Target(HostName(name), host["address"], host["platform"], credential, host.get("port", port))
        for name, host in inventory["hosts"].items()
    ]


@asynccontextmanager
async def testbed(folder: Path, devices: int, platforms: str) -> AsyncIterator[None]:
    """A testbed in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "activities.deviceinteraction.testbed", "--devices", str(devices),
        "--platforms", platforms, "--state", str(folder), "--port", "0",
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        async with asyncio.timeout(30):
            assert b"testbed ready" in await process.stdout.readline()
        yield
    finally:
        process.terminate()
        await process.wait()
