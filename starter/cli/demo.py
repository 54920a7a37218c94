"""`netsaga demo`, also ``python -m starter.cli.demo``: the product at work on this machine, from nothing."""

import argparse
import asyncio
import time

from starter.demo.scenarios import LATENCY_S, play
from starter.demo.scene import SITE, Scene, ask, new_state, stage
from starter.dev.stack import Stack
from starter.render.words import lasted, terminal
from starter.secure import forget_security


def demo(options: argparse.Namespace) -> int:
    """Play a scenario; exit code 0 if it ended as it should, and that was proven."""
    forget_security()
    return asyncio.run(_demo(options))


async def _demo(options: argparse.Namespace) -> int:
    out = stage()
    state = new_state(options.state)
    began = time.monotonic()
    out.print(f"Starting a Temporal server, a worker and {options.devices} simulated devices …")
    latency = LATENCY_S[options.scenario]
    async with Stack.start(state=state, devices=options.devices, site=SITE, latency_s=latency) as stack:
        scene = await Scene.open(stack, out)
        scene.say(f"Ready after {lasted(time.monotonic() - began)}. State and logs: {state}", "dim")
        code = await play(options.scenario, scene)
        if terminal():
            scene.say(f"\nServer and devices stay up for you to look at: {stack.ui_url}")
            await ask("Press Enter to stop them. ")
    return code


def main() -> None:
    """Run as a module: the same as `netsaga demo`."""
    import sys  # noqa: PLC0415 - only this way in needs it

    from starter.__main__ import execute  # noqa: PLC0415 - the command line knows this module, not the other way round
    from starter.leaving import leave  # noqa: PLC0415 - as above

    leave(execute(["demo", *sys.argv[1:]]))


if __name__ == "__main__":
    main()
