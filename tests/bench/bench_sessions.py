"""What sessions of the device library cost, against the same done with nothing but asyncssh, and with bare scrapli.

Login, commands, logout, at 50 devices in parallel; the testbed is a process of its own, so that the CPU that is
counted is the client's. One platform, so that all sides send the same lines, and the same algorithms, as those that
the others choose by themselves cost twice as much. Then three steps over links that stay open, and a thousand of them.
"""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

import asyncssh
import yaml
from pydantic import SecretStr
from scrapli.driver.core import AsyncEOSDriver

from activities.deviceinteraction.model import Credential, HostKeys, HostName, Target
from activities.deviceinteraction.session import open_session
from activities.deviceinteraction.transport.pool import Pool
from bench_figures import Figure

DEVICES: Final = 100
MANY: Final = 1_000
PARALLEL: Final = 50
ROUNDS: Final = 3
STEPS: Final = 3
ONE: Final = ("show version",)
THREE: Final = ("show version", "show vlan", "show interfaces status")
SHOWN: Final = ("Software image version", "VLAN Name", "Port ")  # of each, that it was answered
KEX: Final = "curve25519-sha256"  # as the device library prefers, here and below
CIPHER: Final = "aes128-gcm@openssh.com"
OPEN: Final = Path(__file__).with_name("open_sessions.py")


@dataclass(frozen=True)
class Cost:
    """Of one pass over all devices, per session: seconds of wall time and of CPU."""

    wall_s: float
    cpu_s: float


Visit = Callable[[Target], Awaitable[None]]


async def session_figures(folder: Path) -> list[Figure]:
    """Sessions a second and CPU, ours and bare; logins with a pool; memory of many sessions."""
    async with testbed(folder, DEVICES, "arista_eos"):
        targets = read_targets(folder)
        figures = await _against_bare(targets, str(folder / "known_hosts"))
        figures += await _with_a_pool(targets, folder)
    async with testbed(folder / "many", MANY, "arista_eos"):
        figures += [await _many_open(folder / "many")]
    return figures


async def _against_bare(targets: Sequence[Target], known_hosts: str) -> list[Figure]:
    """The best of three passes each, taken in turn."""
    keys = HostKeys(known_hosts=known_hosts)

    def ours(commands: Sequence[str]) -> Visit:
        async def visit(target: Target) -> None:
            async with open_session(target, host_keys=keys) as session:
                _judge([await session.show(command) for command in commands])

        return visit

    def bare(commands: Sequence[str]) -> Visit:
        async def visit(target: Target) -> None:
            _judge(await bare_commands(target, known_hosts, commands))

        return visit

    def scrapli(commands: Sequence[str]) -> Visit:
        async def visit(target: Target) -> None:
            _judge(await scrapli_commands(target, known_hosts, commands))

        return visit

    visits = (bare(ONE), ours(ONE), bare(THREE), ours(THREE), scrapli(THREE))
    passes = [[await cost(targets, visit) for visit in visits] for _ in range(ROUNDS)]
    best = [min(same, key=lambda one: one.cpu_s) for same in zip(*passes, strict=True)]
    plain, full, plain_three, full_three, scrapli_three = best
    return [
        Figure("sessions, bare asyncssh", 1 / plain.wall_s, "1/s"),
        Figure("sessions, device library", 1 / full.wall_s, "1/s"),
        Figure("CPU of a session, device library / bare asyncssh", full.cpu_s / plain.cpu_s, "x", "<= 2.5"),
        Figure("sessions of three commands, bare asyncssh", 1 / plain_three.wall_s, "1/s"),
        Figure("sessions of three commands, bare scrapli", 1 / scrapli_three.wall_s, "1/s"),
        Figure("sessions of three commands, device library", 1 / full_three.wall_s, "1/s"),
        Figure("CPU of login and three commands, bare asyncssh", plain_three.cpu_s * 1000, "ms"),
        Figure("CPU of login and three commands, bare scrapli", scrapli_three.cpu_s * 1000, "ms"),
        Figure("CPU of login and three commands, device library", full_three.cpu_s * 1000, "ms"),
        Figure(
            "CPU of login and three commands, device library / bare scrapli",
            full_three.cpu_s / scrapli_three.cpu_s,
            "x",
            "<= 1.25",
        ),
    ]


async def _with_a_pool(targets: Sequence[Target], folder: Path) -> list[Figure]:
    """What three steps cost that follow one another, and how often they log in, by the devices' own logs."""
    keys, pool = HostKeys(known_hosts=str(folder / "known_hosts")), Pool(timedelta(minutes=1))

    async def step(target: Target) -> None:
        async with open_session(target, host_keys=keys, pool=pool) as session:
            _judge([await session.show(command) for command in ONE])

    before = _logins(folder)
    try:
        steps = [await cost(targets, step) for _ in range(STEPS)]
    finally:
        await pool.close()
    logins = _logins(folder) - before
    assert logins >= len(targets), "the devices' logs do not show the logins"
    return [
        Figure("logins a device in three steps, with the pool", logins / len(targets), "x", "<= 1"),
        Figure("CPU of a later step / of the first, with the pool", steps[-1].cpu_s / steps[0].cpu_s, "x"),
    ]


async def _many_open(folder: Path) -> Figure:
    """The most memory of a process that has what a worker has, with a thousand sessions open at a time."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(OPEN), str(folder), stdout=asyncio.subprocess.PIPE
    )
    answer, _ = await process.communicate()
    assert process.returncode == 0, "the process that opens sessions has failed"
    said = json.loads(answer)
    assert said["open"] == MANY, said
    return Figure(f"memory of a worker with {MANY:,} open sessions", said["mb"], "MB", "<= 400")


def _judge(answers: Sequence[str]) -> None:
    for answer, words in zip(answers, SHOWN, strict=False):
        assert words in answer, answer


def _logins(folder: Path) -> int:
    lines = (line for log in (folder / "logs").glob("*.jsonl") for line in log.read_text().splitlines())
    return sum(json.loads(line).get("event") == "login" for line in lines)


async def cost(targets: Sequence[Target], visit: Visit) -> Cost:
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
        kex_algs=[KEX],
        encryption_algs=[CIPHER],
    )
    answers: list[str] = []
    async with connection:
        shell = await connection.create_process(term_type="vt100", encoding="utf-8")
        for command in ("", "terminal length 0", *commands):
            if command:
                shell.stdin.write(f"{command}\n")
            answers.append(await shell.stdout.readuntil(f"{target.name}#"))
    return answers[2:]


async def scrapli_commands(target: Target, known_hosts: str, commands: Sequence[str]) -> list[str]:
    """What a script with scrapli does: its driver for the platform, as it comes."""
    assert target.credential.password is not None
    driver = AsyncEOSDriver(
        host=target.address,
        port=target.port,
        auth_username=target.credential.username,
        auth_password=target.credential.password.get_secret_value(),
        auth_strict_key=False,  # asyncssh verifies, as scrapli knows no ports
        transport="asyncssh",
        transport_options={
            "asyncssh": {"known_hosts": known_hosts, "kex_algs": [KEX], "encryption_algs": [CIPHER]},
        },
    )
    async with driver:
        return [(await driver.send_command(command)).result for command in commands]


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
