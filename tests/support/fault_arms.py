"""Faults as they meet the device library: what a device of the testbed, a server or a colleague is made to do wrong.

Each function gives an arm, or is one: it takes a lab that works, and returns the lab as the library is to meet it.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Final

import asyncssh
from pydantic import SecretStr

from activities.deviceinteraction.model import HostKeys, PlatformName
from activities.deviceinteraction.testbed import Fault
from devicelab import COMMIT_LINE, Lab
from testbed_terminal import terminal

Arm = Callable[[Lab, AsyncExitStack], Awaitable[Lab]]

CHECKPOINT: Final[Mapping[PlatformName, str]] = {
    "cisco_iosxe": "^copy running-config flash",
    "cisco_nxos": "^checkpoint",
    "arista_eos": "^configure checkpoint save",
    "juniper_junos": "^commit comment",  # these keep the configurations before by themselves
    "cisco_iosxr": "^commit label",
    "nokia_srlinux": "^(save|commit)",
    "nokia_sros": "^commit comment",
}


def shows(kind: str, match: str = "", *, phase: str = "before", times: int = 0) -> Arm:
    """The device has a fault of the testbed's."""

    async def arm(lab: Lab, _: AsyncExitStack) -> Lab:
        lab.device.inject(Fault.model_validate({"kind": kind, "match": match, "phase": phase, "times": times}))
        return lab

    return arm


def at_commit(kind: str, phase: str) -> Arm:
    async def arm(lab: Lab, stack: AsyncExitStack) -> Lab:
        return await shows(kind, COMMIT_LINE[lab.platform], phase=phase, times=1)(lab, stack)

    return arm


async def full_disk(lab: Lab, stack: AsyncExitStack) -> Lab:
    return await shows("no_space", CHECKPOINT[lab.platform])(lab, stack)


async def another_password(lab: Lab, _: AsyncExitStack) -> Lab:
    return lab.with_password("another-password")


async def another_secret(lab: Lab, _: AsyncExitStack) -> Lab:
    credential = replace(lab.target.credential, enable_secret=SecretStr("another-password"))
    return replace(lab, target=replace(lab.target, credential=credential))


async def another_key(lab: Lab, _: AsyncExitStack) -> Lab:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    known = lab.testbed.state / "known_hosts_of_before"
    known.write_text(f"[{lab.device.address}]:{lab.device.port} {other}")
    return replace(lab, host_keys=HostKeys("verify", str(known)))


async def nobody_accepts(lab: Lab, stack: AsyncExitStack) -> Lab:
    """A listening socket whose queue is full: the kernel answers no further SYN."""
    listening = stack.enter_context(socket.socket())
    listening.bind(("127.0.0.1", 0))
    listening.listen(0)
    for _ in range(2):
        caller = stack.enter_context(socket.socket())
        caller.setblocking(False)
        caller.connect_ex(listening.getsockname())
    return elsewhere(lab, listening.getsockname()[1])


def instead(answer: bytes, *, ends: bool = False) -> Arm:
    """Something else listens where the device should."""

    async def arm(lab: Lab, stack: AsyncExitStack) -> Lab:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(answer)
            if not ends:
                await reader.read(-1)  # until the client gives up
            writer.close()

        server = await stack.enter_async_context(await asyncio.start_server(serve, "127.0.0.1", 0))
        return elsewhere(lab, server.sockets[0].getsockname()[1])

    return arm


def elsewhere(lab: Lab, port: int) -> Lab:
    return replace(lab, target=replace(lab.target, address="127.0.0.1", port=port), host_keys=HostKeys("accept_any"))


async def ten_checkpoints(lab: Lab, _: AsyncExitStack) -> Lab:
    async with terminal(lab.device) as colleague:
        await colleague.lines(*(f"checkpoint theirs-{number}" for number in range(10)))
    return lab


async def five_sessions(lab: Lab, stack: AsyncExitStack) -> Lab:
    theirs = [f"configure session theirs-{number}" for number in range(5)]
    colleague = await stack.enter_async_context(terminal(lab.device))
    for session in theirs:
        await colleague.lines(session, "end")
    stack.push_async_callback(colleague.lines, f"{theirs[0]} abort")
    return lab


def colleague_types(*lines: str, leaves_by: str = "") -> Arm:
    """Somebody else is logged in, and stays where these lines lead until the fault shall end."""

    async def arm(lab: Lab, stack: AsyncExitStack) -> Lab:
        colleague = await stack.enter_async_context(terminal(lab.device))
        await colleague.lines(*lines)
        if leaves_by:
            stack.push_async_callback(colleague.lines, leaves_by)
        return lab

    return arm


def says(words: str, message: str) -> bool:
    """Whether a message has these words in their order; ``.*`` stands for any others."""
    rest = message
    for part in words.split(".*"):
        _, found, rest = rest.partition(part)
        if not found and part:
            return False
    return True
