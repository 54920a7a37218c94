"""`python -m worker`: the command line of the worker's process, for people, supervisors and `netsaga worker`.

It parses, loads the settings, sets up the log and hands over; exit codes are 0 done, 1 failed, 2 used wrongly,
3 no Temporal server.
"""

import argparse
import asyncio
import os
import re
import sys
from collections.abc import Sequence
from typing import get_args

from worker.logs import LogFormat, configure
from worker.settings import SettingsError, load, locate
from workflows.contracts import POOL, POOL_HELP

FAILED = 1
WRONG = 2
NO_SERVER = 3
BUILD = "NETSAGA_BUILD"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if not given or (given[0].startswith("-") and given[0] not in {"-h", "--help"}):
        given.insert(0, "run")
    chosen = _parser().parse_args(given)
    configure(chosen.log_level, chosen.log_format)
    try:
        return _dispatch(chosen)
    except SettingsError as error:
        _complain(str(error))
        return WRONG


def _dispatch(chosen: argparse.Namespace) -> int:
    path = locate(chosen.settings, os.environ)
    settings = load(path)
    if chosen.command == "run" and chosen.build:
        settings = settings.model_copy(
            update={"versioning": settings.versioning.model_copy(update={"build": chosen.build})}
        )
    # Each command imports what it needs: a probe loads no Temporal, and settings are shown without a device library.
    match chosen.command:
        case "run":
            from worker.commands.run import run  # noqa: PLC0415
            from worker.server import ServerUnavailableError  # noqa: PLC0415

            try:
                return asyncio.run(run(settings, only=chosen.pool, patience_s=chosen.patience, say=_say))
            except ServerUnavailableError as error:
                _complain(str(error))
                return NO_SERVER
            except OSError as error:
                _complain(f"the worker cannot start: {error}")
                return FAILED
        case "probe":
            from worker.commands.probe import probe_host  # noqa: PLC0415
            from worker.targets import Wanted  # noqa: PLC0415

            wanted = Wanted(
                chosen.host, chosen.inventory, chosen.credential, chosen.platform, chosen.address, chosen.port
            )
            return asyncio.run(probe_host(settings, wanted, as_json=chosen.json))
        case _:
            from worker.commands.settings import show_settings  # noqa: PLC0415

            return asyncio.run(show_settings(settings, path))


def _parser() -> argparse.ArgumentParser:
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument(
        "--settings", metavar="FILE", help="YAML file (default: $NETSAGA_SETTINGS, then ./netsaga.yaml)"
    )
    shared.add_argument("--log-level", choices=["debug", "info", "warning", "error"], default="info")
    shared.add_argument(
        "--log-format", choices=get_args(LogFormat), default="auto", help="auto: plain on a terminal, JSON elsewhere"
    )
    parser = argparse.ArgumentParser(prog="python -m worker", description="netsaga's worker process")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    run = commands.add_parser("run", parents=[shared], help="take work until SIGTERM or Ctrl-C (the default)")
    run.add_argument("--patience", type=float, default=60.0, metavar="SECONDS", help="wait so long for Temporal (60)")
    run.add_argument(
        "--build",
        default=os.environ.get(BUILD),
        metavar="ID",
        help=f"worker versioning: runs that begin on this build end on it (default: ${BUILD}, then the settings)",
    )
    run.add_argument(
        "--pool",
        action="append",
        default=[],
        type=_pool,
        metavar="NAME",
        help="serve this worker pool and nothing else",
    )
    probe = commands.add_parser("probe", parents=[shared], help="look at one device, read-only")
    probe.add_argument("host", help="a host of the inventory, or any name together with --platform")
    probe.add_argument(
        "--inventory", metavar="NAME", help="an inventory of the settings (default: whichever has the host)"
    )
    probe.add_argument("--credential", metavar="NAME", help="a credential of the settings (default: the device's own)")
    probe.add_argument("--platform", metavar="P", help="for a host in no inventory")
    probe.add_argument(
        "--address", metavar="A", help="for a host in no inventory: where it answers (default: its name)"
    )
    probe.add_argument("--port", type=int, default=22, metavar="N", help="for a host in no inventory (22)")
    probe.add_argument("--json", action="store_true", help="print the report as JSON")
    commands.add_parser("settings", parents=[shared], help="print the settings in force and check what they name")
    return parser


def _pool(name: str) -> str:
    if not re.fullmatch(POOL, name):
        raise argparse.ArgumentTypeError(f"{name!r} is not {POOL_HELP}")
    return name


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _complain(message: str) -> None:
    sys.stderr.write(f"{message}\n")


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # the Temporal core's threads may crash a process that finalizes (temporalio/sdk-python#300)
