"""`netsaga dev`: everything on this machine until Ctrl-C."""

import argparse
import asyncio
import os
import signal
from pathlib import Path

from starter.cli.session import note
from starter.dev.stack import Stack
from starter.errors import StackError
from starter.secure import forget_security
from starter.told import NAMESPACE, talks_to, told


def dev(options: argparse.Namespace) -> int:
    """Keep server, Web UI, testbed and worker up; exit code 0 after Ctrl-C, 1 if a process died by itself."""
    forget_security()
    return asyncio.run(_dev(options))


async def _dev(options: argparse.Namespace) -> int:
    stopping = asyncio.Event()
    up: list[Stack] = []

    def asked() -> None:
        if stopping.is_set():
            for stack in up:
                stack.cut()
        stopping.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, asked)
    keeping = asyncio.create_task(_keep(options, up), name="dev")
    waiting = asyncio.create_task(stopping.wait(), name="stop asked")
    await asyncio.wait({keeping, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if not keeping.done():
        note("stopping: worker, testbed, server (the worker ends what is under way; Ctrl-C again cuts it short)")
        keeping.cancel()  # also in the middle of a start; the stack ends what it began
    try:
        await keeping
    except asyncio.CancelledError:
        note(f"stopped; the state is kept in {options.state}")
    return 0


async def _keep(options: argparse.Namespace, up: list[Stack]) -> None:
    starting = Stack.start(
        state=options.state,
        devices=options.devices,
        port=options.port,
        ui_port=_ui_port(options),
        testbed_port=options.testbed_port,
        site=options.site,
        over=options.settings,
    )
    async with starting as stack:
        up.append(stack)
        talks_to(stack.address, NAMESPACE)
        print(ready_block(stack, options), flush=True)
        child = await stack.died()
        raise StackError(f"{child.obituary()}\nThe others were stopped; the state is kept in {stack.state}.")


def _ui_port(options: argparse.Namespace) -> int | None:
    if options.no_ui:
        return None
    if options.ui_port is not None:
        return int(options.ui_port)
    return int(options.port) + 1000 if 0 < options.port < 64_535 else 0


def ready_block(stack: Stack, options: argparse.Namespace) -> str:
    """What is up, where, and how to use it."""
    lines = [
        "netsaga is ready",
        f"  Temporal server  {stack.address}",
        f"  Web UI           {stack.ui_url or 'off'}",
        f"  devices          {options.devices} simulated, site {options.site}, in {_short(stack.inventory)}",
        f"  settings         {_short(stack.settings)}{_over(options.settings)}",
        f"  logs             {_short(stack.state / 'logs')}",
        "",
        "Change a VLAN on them, from another terminal:",
        f"  {told('netsaga run campus-vlan')} -i ticket=RITM0012345 -i vlan_id=120 -i vlan_name=cameras \\",
        f"      -i subnet=10.12.0.0/24 -i building={options.site} -i canary_soak=2s -i pilot_soak=2s --wait",
        f"  {told('netsaga approve last')} --by NAME --comment TEXT",
        "",
        "Ctrl-C stops everything.",
    ]
    return "\n".join(lines)


def _over(path: Path | None) -> str:
    return "" if path is None else f", with {_short(path)} laid over"


def _short(path: Path) -> str:
    """The path from here where it lies below, whole otherwise."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative
