"""``python -m activities.deviceinteraction.testbed``: a fleet that stays up until it is told to stop."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from activities.deviceinteraction.testbed.model import PLATFORMS, SIMULATED, Fault, SimulatedName
from activities.deviceinteraction.testbed.platforms.registry import build
from activities.deviceinteraction.testbed.playback import Playback
from activities.deviceinteraction.testbed.testbed import Testbed


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a testbed from the command line.

    Args:
        arguments: Instead of the process's own.

    Returns:
        The exit code: 0 after SIGINT or SIGTERM, 1 where it could not start, 2 for wrong arguments.
    """
    options = _parser().parse_args(arguments)
    try:
        asyncio.run(_run(options))
    except (OSError, ValueError, KeyError) as error:
        sys.stderr.write(f"testbed: {error.args[0] if isinstance(error, KeyError) else error}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="netsaga testbed", description="Simulated network devices over real SSH, on loopback addresses."
    )
    parser.add_argument("--devices", type=_count, default=24, metavar="N", help="how many (24)")
    parser.add_argument(
        "--platforms",
        type=_platforms,
        default=PLATFORMS,
        metavar="A,B",
        help=f"which of {', '.join(SIMULATED)}, in turn, comma-separated ({','.join(PLATFORMS)})",
    )
    parser.add_argument("--state", type=Path, default=Path(".testbed"), metavar="DIR", help="folder for its files")
    parser.add_argument("--port", type=int, default=2222, help="the port of all devices; 0 picks a free one (2222)")
    parser.add_argument(
        "--api-port",
        type=int,
        metavar="PORT",
        help="reach those that have an API over HTTPS by it: EOS by eAPI, NX-OS by NX-API, IOS-XE by RESTCONF; 0 picks "
        "a free port",
    )
    parser.add_argument("--site", default="b1", help="the site of the devices (b1)")
    parser.add_argument("--elsewhere", type=int, default=0, metavar="N", help="the last N stand in another site (0)")
    parser.add_argument("--network", default="127.20.0.0/16", help="loopback network for addresses (127.20.0.0/16)")
    parser.add_argument("--latency", type=float, default=0.0, metavar="S", help="seconds every command takes (0)")
    parser.add_argument(
        "--enable-share", type=float, default=0.5, metavar="X", help="share of IOS-XE devices that need enable (0.5)"
    )
    parser.add_argument(
        "--fault",
        type=_fault,
        action="append",
        default=[],
        metavar="DEVICE:KIND[@PHASE][*TIMES][+SKIP][:MATCH]",
        help="what a device does wrong, such as 'acc-007:reject:vlan 120'; may be repeated",
    )
    parser.add_argument(
        "--playback",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="instead of simulated devices: those of these transcripts (netsaga transcript … --out FILE), answering "
        "as they did",
    )
    return parser


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"there must be at least 1 device; got {text!r}")
    return int(text)


def _platforms(text: str) -> tuple[SimulatedName, ...]:
    names = [name.strip() for name in text.split(",")]
    unknown = sorted(set(names) - set(SIMULATED))
    if unknown:
        raise argparse.ArgumentTypeError(f"platforms are some of {', '.join(SIMULATED)}; got {', '.join(unknown)!r}")
    return tuple(SIMULATED[SIMULATED.index(name)] for name in names)


def _fault(text: str) -> tuple[str, Fault]:
    device, colon, fault = text.partition(":")
    if not colon:
        raise argparse.ArgumentTypeError(f"a fault is written DEVICE:KIND[@PHASE][*TIMES][+SKIP][:MATCH]; got {text!r}")
    try:
        return device, Fault.parse(fault)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


async def _run(options: argparse.Namespace) -> None:
    playback = Playback.of_files(options.playback) if options.playback else None
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with Testbed.start(
        state=options.state,
        devices=playback.specs(options.site) if playback else options.devices,
        make=playback.make if playback else build,
        platforms=options.platforms,
        port=options.port,
        api_port=options.api_port,
        network=options.network,
        site=options.site,
        elsewhere=options.elsewhere,
        enable_share=options.enable_share,
        latency_s=options.latency,
    ) as testbed:
        for name, fault in options.fault:
            testbed.device(name).inject(fault)
        sys.stdout.write(f"testbed ready: {len(testbed.devices)} devices, {testbed.inventory}\n")
        sys.stdout.flush()
        await stop.wait()


if __name__ == "__main__":
    sys.exit(main())
