"""`netsaga watch`: follow a run to its end, and tell its verdict by the exit code. Ctrl-C leaves the run alone."""

import argparse
import asyncio

from starter.cli.session import exit_code, note, with_server
from starter.client import Orchestrator, RunHandle
from starter.errors import ServerUnreachableError
from starter.render.result import print_result
from starter.render.watch import follow, view_for
from starter.render.words import console
from starter.told import told


def watch(options: argparse.Namespace) -> int:
    """Follow a run to its end."""

    async def body(orchestrator: Orchestrator) -> int:
        handle = await orchestrator.find(options.run)
        await handle.describe()
        return await to_the_end(handle)

    return with_server(options, body)


async def to_the_end(handle: RunHandle) -> int:
    """Show the run until it ends, then its result."""
    out = console()
    try:
        result = await follow(handle, view_for(out))
    except asyncio.CancelledError:
        note(f"detached; the run goes on. Come back with `{told(f'netsaga watch {handle.id}')}`.")
        raise
    except ServerUnreachableError:
        note(f"the run is kept, and goes on with its server. Come back with `{told(f'netsaga watch {handle.id}')}`.")
        raise
    print_result(out, result)
    return exit_code(result)
