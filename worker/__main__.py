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
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, get_args

from starter.leaving import leave
from worker.logs import LogFormat, configure
from worker.settings import SettingsError, load, locate
from workflows.contracts import POOL, POOL_HELP

FAILED = 1
WRONG = 2
NO_SERVER = 3
BUILD = "NETSAGA_BUILD"

if TYPE_CHECKING:
    from worker.targets import Wanted

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


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
    except BrokenPipeError:  # the reader of a pipe has gone, as `head` does; it has seen what it wanted
        return 0


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
            from worker.commands.run import event_loop, run  # noqa: PLC0415
            from worker.server import ServerUnavailableError  # noqa: PLC0415

            try:
                with asyncio.Runner(loop_factory=event_loop) as runner:
                    return runner.run(run(settings, only=chosen.pool, patience_s=chosen.patience, say=_say))
            except ServerUnavailableError as error:
                _complain(str(error))
                return NO_SERVER
            except OSError as error:
                _complain(f"the worker cannot start: {error}")
                return FAILED
        case "probe":
            from worker.commands.probe import probe_host  # noqa: PLC0415

            return asyncio.run(probe_host(settings, _wanted(chosen), as_json=chosen.json))
        case "platform":
            from worker.commands.verify import verify_host  # noqa: PLC0415

            verifying = verify_host(
                settings, _wanted(chosen), vlan=chosen.vlan, out=chosen.out, yes=chosen.yes, dry_run=chosen.dry_run
            )
            return asyncio.run(verifying)
        case "transcript":
            from worker.commands.transcript import show_transcript  # noqa: PLC0415

            return asyncio.run(show_transcript(settings, chosen.run, chosen.host, step=chosen.step, out=chosen.out))
        case "values":
            from worker.commands.values import show_values  # noqa: PLC0415

            showing = show_values(settings, chosen.run, chosen.name, host=chosen.host, step=chosen.step, out=chosen.out)
            return asyncio.run(showing)
        case "diffs":
            from starter.errors import StarterError  # noqa: PLC0415
            from worker.commands.diffs import show_diffs  # noqa: PLC0415

            try:
                return asyncio.run(show_diffs(settings, chosen.run, host=chosen.host, step=chosen.step))
            except StarterError as error:
                _complain(str(error))
                return error.exit_code
        case "artifact":
            from worker.commands.artifact import show_artifact  # noqa: PLC0415

            return asyncio.run(show_artifact(settings, chosen.ref, out=chosen.out))
        case "overlay":
            from worker.commands.overlay import write_overlay  # noqa: PLC0415

            return write_overlay(settings, path, chosen.file, chosen.out, keep=chosen.keep)
        case _:
            from worker.commands.settings import show_settings  # noqa: PLC0415

            return asyncio.run(show_settings(settings, path))


def _parser() -> argparse.ArgumentParser:
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument(
        "--settings", metavar="FILE", help="YAML file (default: $NETSAGA_SETTINGS, then ./netsaga.yaml)"
    )
    shared.add_argument(
        "--log-level",
        choices=["debug", "info", "warning", "error"],
        default="info",
        help="the least that is logged (info)",
    )
    shared.add_argument(
        "--log-format", choices=get_args(LogFormat), default="auto", help="auto: plain on a terminal, JSON elsewhere"
    )
    parser = argparse.ArgumentParser(prog="python -m worker", description="netsaga's worker process")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    run = commands.add_parser(
        "run", prog="netsaga worker", parents=[shared], help="take work until SIGTERM or Ctrl-C (the default)"
    )
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
    probe = _command(commands, shared, "probe", "look at one device, read-only")
    _device(probe)
    probe.add_argument("--json", action="store_true", help="print the report as JSON")
    _platform(commands, shared)
    _transcript(commands, shared)
    _values(commands, shared)
    _diffs(commands, shared)
    _artifact(commands, shared)
    commands.add_parser("settings", parents=[shared], help="print the settings in force and check what they name")
    _overlay(commands, shared)
    return parser


def _device(command: argparse.ArgumentParser) -> None:
    """Which device is meant; see `_wanted`."""
    command.add_argument("host", help="a host of the inventory, or any name together with --platform")
    command.add_argument(
        "--inventory", metavar="NAME", help="an inventory of the settings (default: whichever has the host)"
    )
    command.add_argument(
        "--credential", metavar="NAME", help="a credential of the settings (default: the device's own)"
    )
    command.add_argument("--platform", metavar="P", help="for a host in no inventory")
    command.add_argument(
        "--address", metavar="A", help="for a host in no inventory: where it answers (default: its name)"
    )
    command.add_argument("--port", type=int, default=22, metavar="N", help="for a host in no inventory (22)")


def _wanted(chosen: argparse.Namespace) -> "Wanted":
    from worker.targets import Wanted  # noqa: PLC0415

    return Wanted(chosen.host, chosen.inventory, chosen.credential, chosen.platform, chosen.address, chosen.port)


def _platform(commands: Commands, shared: argparse.ArgumentParser) -> None:
    platform = commands.add_parser(
        "platform", prog="netsaga platform", help="how netsaga gets on with a kind of device"
    )
    more = platform.add_subparsers(dest="part", metavar="COMMAND", required=True)
    verify = more.add_parser(
        "verify",
        parents=[shared],
        help="try everything on a lab device: change it, take it back, and say what holds",
        description="Try netsaga's contract on a lab device: a harmless change is made and taken back in every way "
        "that its platform offers. It says what it would do, and asks first.",
    )
    _device(verify)
    verify.add_argument("--vlan", type=int, default=3900, metavar="N", help="to make and remove; must not exist (3900)")
    verify.add_argument("--dry-run", action="store_true", help="only say what would be done")
    verify.add_argument("--yes", action="store_true", help="do not ask")
    verify.add_argument(
        "--out",
        type=Path,
        default=Path("platform-verify.json"),
        metavar="FILE",
        help="the result, to be shared: it names neither device nor address (%(default)s)",
    )


def _command(commands: Commands, shared: argparse.ArgumentParser, name: str, about: str) -> argparse.ArgumentParser:
    """A command that people type as ``netsaga NAME``."""
    return commands.add_parser(name, prog=f"netsaga {name}", parents=[shared], help=about)


def _transcript(commands: Commands, shared: argparse.ArgumentParser) -> None:
    transcript = _command(commands, shared, "transcript", "what a run and a device said to each other, without secrets")
    transcript.add_argument("run", metavar="RUN", help="its id, or `last`")
    transcript.add_argument("host", metavar="HOST")
    transcript.add_argument("--step", metavar="STEP", help="only of this step")
    transcript.add_argument(
        "--out", type=Path, metavar="FILE", help="write it as it is kept, for `netsaga testbed --playback`; - is stdout"
    )


def _values(commands: Commands, shared: argparse.ArgumentParser) -> None:
    values = _command(
        commands, shared, "values", "what the devices of a run left under the names of `as`, without secrets"
    )
    values.add_argument("run", metavar="RUN", help="its id, or `last`: a run that has ended")
    values.add_argument("name", metavar="NAME", nargs="?", help="such as kept.config; without it, what there is")
    values.add_argument("--host", metavar="HOST", help="only of this device")
    values.add_argument("--step", metavar="STEP", help="only of this step")
    values.add_argument("--out", type=Path, metavar="FOLDER", help="write one file a device")


def _diffs(commands: Commands, shared: argparse.ArgumentParser) -> None:
    diffs = _command(commands, shared, "diffs", "every change that a run has proposed, whole, with all its devices")
    diffs.add_argument("run", metavar="RUN|FILE", help="its id, or `last`; or the file of a plan")
    diffs.add_argument("--host", metavar="HOST", help="only the change of this device")
    diffs.add_argument("--step", metavar="STEP", help="only of this gate; of a run that has ended, of this step")


def _artifact(commands: Commands, shared: argparse.ArgumentParser) -> None:
    artifact = _command(commands, shared, "artifact", "what a reference of the artifact store stands for")
    artifact.add_argument("ref", metavar="REF", help="sha256:…, as messages, records and reports name logs and diffs")
    artifact.add_argument("--out", type=Path, metavar="FILE", help="write it there; without it, to standard output")


def _overlay(commands: Commands, shared: argparse.ArgumentParser) -> None:
    overlay = commands.add_parser("overlay", parents=[shared], help="lay a file over the settings, and write the sum")
    overlay.add_argument("file", type=Path, metavar="FILE", help="of the settings' shape; what it says goes before")
    overlay.add_argument("--out", type=Path, metavar="FILE", required=True, help="where to write")
    overlay.add_argument("--keep", action="append", default=[], metavar="KEY", help="what FILE may not change")


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
    leave(main())
