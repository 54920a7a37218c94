"""What can be typed after `netsaga`. Hardly more than argparse: commands are imported when they are run."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias

from starter.cli.devices import Once, hosts, names
from starter.told import NAMESPACE, usual_address

EPILOG: Final = """\
RUN is a run's id, or `last` for the newest. Commands that talk to a server take --address and --namespace.
Exit codes: 0 done (a run: succeeded or partial), 1 ended otherwise, 2 wrong command, 3 no server or worker,
130 detached with Ctrl-C; the run goes on.
"""

RUN: Final = "its id, or `last` for the newest"
INPUTS: Final = (
    "The value of -i is read as the definition's type asks for a FILE; for a NAME it is read as JSON if it is JSON "
    '(120, true, null, ["a"], "120"), and as text otherwise.'
)

# Commands of other processes: their own parsers read what follows.
FORWARDED: Final[Mapping[str, tuple[str, ...]]] = {
    "worker": ("worker", "run"),
    "probe": ("worker", "probe"),
    "platform": ("worker", "platform"),
    "transcript": ("worker", "transcript"),
    "values": ("worker", "values"),
    "diffs": ("worker", "diffs"),
    "artifact": ("worker", "artifact"),
    "testbed": ("activities.deviceinteraction.testbed",),
}


def forwarded(arguments: Sequence[str]) -> list[str] | None:
    """The command line of the process that a command stands for; None if it is not such a command."""
    if not arguments or arguments[0] not in FORWARDED:
        return None
    return [sys.executable, "-m", *FORWARDED[arguments[0]], *arguments[1:]]


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """What a command line says; a mistake in it ends the process with exit code 2.

    The devices of ``--devices`` may stand apart, as hosts do elsewhere: argparse would take a RUN behind them for one.
    """
    parser = build()
    options, left = parser.parse_known_args(arguments)
    if left:
        named = getattr(options, "devices", None)
        if not isinstance(named, tuple) or any(word.startswith("-") for word in left):
            parser.error(f"unrecognized arguments: {' '.join(left)}")
        options.devices = (*named, *(host for word in left for host in names(word)))
    return options


def build() -> argparse.ArgumentParser:
    """The parser of all commands; `entry` of what it returns names the function to call."""
    parser = argparse.ArgumentParser(
        prog="netsaga",
        description="Durable network changes: a YAML definition, run on Temporal, undone when it must be.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    client = _client_options()
    _processes(commands)
    _check(commands, client)
    _authoring(commands)
    _run(commands, client)
    _plan(commands, client)
    _inspection(commands, client)
    _decisions(commands, client)
    _operations(commands, client)
    _guard(commands, client)
    return parser


Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def _command(
    commands: Commands,
    name: str,
    *,
    about: str,
    description: str = "",
    epilog: str | None = None,
    parents: Sequence[argparse.ArgumentParser] = (),
) -> argparse.ArgumentParser:
    """Add a command; its own help begins with what the list of commands says of it, where it has no more to say."""
    said = description or f"{about[0].upper()}{about[1:]}."
    return commands.add_parser(name, help=about, description=said, epilog=epilog, parents=parents)


def _client_options(*, nested: bool = False) -> argparse.ArgumentParser:
    """Where the server is. ``nested``: of a command's command, where a default would undo what was said before."""
    options = argparse.ArgumentParser(add_help=False)
    group = options.add_argument_group("server")
    address = usual_address()
    group.add_argument(
        "--address",
        default=argparse.SUPPRESS if nested else address,
        metavar="HOST:PORT",
        help=f"of the Temporal server (default: {address}; NETSAGA_ADDRESS)",
    )
    namespace = argparse.SUPPRESS if nested else NAMESPACE
    group.add_argument("--namespace", default=namespace, help=f"of the Temporal server (default: {NAMESPACE})")
    return options


def _processes(commands: Commands) -> None:
    dev = _command(commands, "dev", about="server, Web UI, worker and simulated devices on this machine, until Ctrl-C")
    dev.add_argument("--port", type=_port, default=7233, help="of the server; 0 takes a free one (%(default)s)")
    dev.add_argument("--ui-port", type=_port, help="of the Web UI; 0 takes a free one (--port + 1000)")
    dev.add_argument("--no-ui", action="store_true", help="without the Web UI")
    kept = "where settings, state and logs are kept (%(default)s)"
    dev.add_argument("--state", type=Path, default=Path(".netsaga/dev"), metavar="DIR", help=kept)
    dev.add_argument("--devices", type=_count, default=24, metavar="N", help="simulated devices (%(default)s)")
    dev.add_argument("--site", default="hq", help="the devices' site (%(default)s)")
    dev.add_argument("--testbed-port", type=_port, default=0, help="of the devices' SSH (a free one)")
    laid_over = "a part of a worker's settings (groups, systems, scripts, credentials, pools …), laid over those of dev"
    dev.add_argument("--settings", type=Path, metavar="FILE", help=laid_over)
    dev.set_defaults(entry="starter.cli.dev:dev")

    demo = _command(commands, "demo", about="a campus VLAN change over simulated devices, from start to end")
    story = "failure: a device refuses the change; crash: the worker is killed in the middle (%(default)s)"
    demo.add_argument("--scenario", choices=("success", "failure", "crash"), default="success", help=story)
    demo.add_argument(
        "--devices", type=_demo_count, default=24, metavar="N", help="simulated devices, at least 24 (%(default)s)"
    )
    demo.add_argument("--state", type=Path, default=Path(".netsaga/demo"), metavar="DIR", help=kept)
    demo.set_defaults(entry="starter.cli.demo:demo")

    for name, help_text in (
        ("worker", "the process that does the work: netsaga worker --settings FILE"),
        ("testbed", "simulated devices over SSH: netsaga testbed --devices N"),
        ("probe", "look at a device, change nothing: netsaga probe HOST"),
        ("platform", "try everything on a lab device: netsaga platform verify HOST"),
        ("transcript", "what a run and a device said to each other: netsaga transcript RUN HOST"),
        ("values", "what the devices of a run left, a backup, say: netsaga values RUN NAME"),
        ("diffs", "every change that a gate or a plan is about: netsaga diffs RUN"),
        ("artifact", "the log or diff that a message or a record names: netsaga artifact sha256:…"),
    ):
        commands.add_parser(name, help=help_text, add_help=False)  # see `forwarded`


def _check(commands: Commands, client: argparse.ArgumentParser) -> None:
    check = _command(commands, "check", about="read definitions and report their mistakes; needs no server")
    check.add_argument("paths", nargs="+", type=Path, metavar="FILE|FOLDER")
    check.add_argument(
        "--format",
        choices=("full", "concise", "json", "github", "sarif"),
        default="full",
        help="for people (full, concise), for programs (json), for forges (github, sarif); %(default)s",
    )
    check.set_defaults(entry="starter.cli.check:check")

    explain = _command(commands, "explain", about="what a diagnostic means, and what to write instead")
    explain.add_argument("code", nargs="?", metavar="CODE", help="as NS201")
    explain.add_argument("--list", action="store_true", help="all codes")
    explain.set_defaults(entry="starter.cli.explain:explain")

    graph = _command(
        commands,
        "graph",
        parents=[client],
        about="a definition, or a run with its states, as a Mermaid flowchart",
        description="A definition in a FILE as a Mermaid flowchart, which needs no server; or a RUN as it stands.",
    )
    graph.add_argument("subject", metavar="FILE|RUN")
    graph.add_argument("--plan", action="store_true", help="of a FILE: with waves, gates, undo paths and ends")
    graph.add_argument("--json", action="store_true", help="of a RUN: its nodes as JSON, for programs")
    graph.set_defaults(entry="starter.cli.graph:graph")


def _authoring(commands: Commands) -> None:
    init = _command(commands, "init", about="write a commented definition to start from")
    init.add_argument("name", nargs="?", default="first-change", metavar="NAME", help="of the definition (%(default)s)")
    init.add_argument("--folder", type=Path, default=Path(), metavar="DIR", help="where (this one)")
    init.set_defaults(entry="starter.cli.init:init")

    fmt = _command(commands, "fmt", about="put definitions in canonical form; comments stay")
    fmt.add_argument("paths", nargs="+", type=Path, metavar="FILE|FOLDER")
    fmt.add_argument("--check", action="store_true", help="change nothing; exit code 1 if a file would change")
    fmt.set_defaults(entry="starter.cli.fmt:fmt")

    schema = _command(commands, "schema", about="the JSON Schema of definitions, for editors")
    schema.set_defaults(entry="starter.cli.schema:schema")


def _run(commands: Commands, client: argparse.ArgumentParser) -> None:
    run = _command(
        commands,
        "run",
        parents=[client],
        about="start a definition",
        description="Start a definition: one that the worker knows by NAME or NAME@VERSION, or a FILE.",
        epilog=INPUTS,
    )
    _what_to_run(run)
    _who_asks(run)
    run.add_argument("--wait", action="store_true", help="follow the run to its end; the exit code tells its verdict")
    run.set_defaults(entry="starter.cli.run:run")


def _plan(commands: Commands, client: argparse.ArgumentParser) -> None:
    plan = _command(
        commands,
        "plan",
        parents=[client],
        about="show what a definition would change, and change nothing",
        description="Do everything of a definition that reads, and propose everything that it would change: a NAME or "
        "NAME@VERSION that the worker knows, or a FILE. Prints the diffs, equal ones together, and the waves.",
        epilog=INPUTS,
    )
    _what_to_run(plan)
    _who_asks(plan)
    plan.add_argument("--out", type=Path, metavar="FILE", help="write the plan, for `netsaga apply`")
    plan.add_argument("--exit-code", action="store_true", help="2 if something would or may be changed, instead of 0")
    plan.add_argument("--json", action="store_true", help="as JSON, for programs")
    plan.set_defaults(entry="starter.cli.plan:plan")

    apply = _command(
        commands,
        "apply",
        parents=[client],
        about="carry out a plan, exactly as it was shown",
        description="Carry out a plan that `netsaga plan --out FILE` wrote. Everything is planned anew first; where "
        "the definition, the inventory or a device's diff has moved, nothing is changed, and what has moved is said.",
    )
    apply.add_argument("plan", type=Path, metavar="FILE")
    _who_asks(apply)
    apply.add_argument("--wait", action="store_true", help="follow the run to its end; the exit code tells its verdict")
    apply.set_defaults(entry="starter.cli.apply:apply")


def _what_to_run(command: argparse.ArgumentParser) -> None:
    command.add_argument("definition", metavar="NAME|FILE")
    command.add_argument("-i", "--input", action="append", default=[], metavar="KEY=VALUE", help="may be repeated")
    command.add_argument("--inputs", type=Path, metavar="FILE", help="inputs from a YAML or JSON file; -i wins over it")
    limit = "only these devices of the selection"
    command.add_argument("--limit", action=Once, type=hosts, default=(), metavar="HOST,…", help=limit)


def _who_asks(command: argparse.ArgumentParser) -> None:
    command.add_argument("--by", type=_person, help="who asks (this user)")
    command.add_argument("--reason", default="", help="why; kept in the record")
    command.add_argument("--id", help="of the run (made from name and time)")


def _inspection(commands: Commands, client: argparse.ArgumentParser) -> None:
    for name, entry, help_text in (
        ("status", "starter.cli.inspect:status", "a run as it stands"),
        ("devices", "starter.cli.inspect:devices", "a run's devices as they stand"),
        ("report", "starter.cli.inspect:report", "where a finished run's report is"),
        ("watch", "starter.cli.watch:watch", "follow a run to its end; Ctrl-C leaves it alone"),
    ):
        command = _command(commands, name, parents=[client], about=help_text)
        command.add_argument("run", metavar="RUN", help=RUN)
        if name in ("status", "devices"):
            command.add_argument("--json", action="store_true", help="as JSON, for programs")
        if name == "status":
            command.add_argument("--diffs", action="store_true", help="with the changes that open gates are about")
        if name == "devices":
            command.add_argument("--status", type=names, default=(), metavar="WORD,…", help="as failed,unreachable")
            command.add_argument("--step", metavar="STEP", help="as they stand in this step")
            command.add_argument("--live", action="store_true", help="ask the open batches too: since when, attempts")
        command.set_defaults(entry=entry)
    recent = _command(commands, "list", parents=[client], about="recent runs")
    recent.add_argument("-n", type=_count, default=20, metavar="N", dest="number", help="at most (%(default)s)")
    recent.add_argument("--json", action="store_true", help="as JSON, for programs")
    recent.set_defaults(entry="starter.cli.inspect:recent")


def _decisions(commands: Commands, client: argparse.ArgumentParser) -> None:
    for name, help_text in (("approve", "say yes at a run's gate"), ("reject", "say no at a run's gate")):
        command = _command(commands, name, parents=[client], about=help_text)
        command.add_argument("run", metavar="RUN", help=RUN)
        command.add_argument("step", nargs="?", metavar="STEP", help="may be left out while one gate is open")
        command.add_argument("--by", type=_person, required=True, help="who decides; a claim, and recorded as such")
        command.add_argument("--comment", default="", help="kept in the record")
        command.add_argument("--digest", help="of the proposal that was seen; another one is refused")
        command.set_defaults(entry="starter.cli.decide:decide", decision=name)
    signal = _command(
        commands,
        "signal",
        parents=[client],
        about="send a run the signal that a step of it waits for",
        epilog="A value that is JSON (true, 7, [1]) is sent as JSON, any other as text; the run checks it.",
    )
    signal.add_argument("run", metavar="RUN", help=RUN)
    signal.add_argument("name", metavar="NAME", help="as the definition's `wait` names it")
    signal.add_argument("-d", "--data", action="append", default=[], metavar="KEY=VALUE", help="may be repeated")
    signal.add_argument("--by", type=_person, help="who sends it; a claim, and recorded as such (this user)")
    signal.set_defaults(entry="starter.cli.decide:signal")
    cancel = _command(commands, "cancel", parents=[client], about="stop a run; it undoes as its definition says")
    cancel.add_argument("run", metavar="RUN", help=RUN)
    cancel.add_argument("--by", type=_person, help="who asks; a claim, and recorded as such (this user)")
    cancel.add_argument("--reason", required=True, help="kept in the record")
    cancel.set_defaults(entry="starter.cli.decide:cancel")


def _operations(commands: Commands, client: argparse.ArgumentParser) -> None:
    for name, help_text in (
        ("pause", "let what is under way end and start nothing new"),
        ("resume", "go on after a pause"),
        ("retry", "a step that paused on a failure: take failed devices back and try them again"),
        ("skip", "a step that paused on a failure: take failed devices back and go on without them"),
        ("undo", "a step that paused on a failure: undo"),
        ("stop", "a step that paused on a failure: take failed devices back and stop"),
        ("concurrency", "change how many devices may be under way at once"),
    ):
        command = _command(commands, name, parents=[client], about=help_text)
        command.add_argument("run", metavar="RUN", help=RUN)
        if name == "concurrency":
            command.add_argument("number", type=_concurrency, metavar="N", help="devices, 1 to 2000")
        if name not in {"pause", "resume"}:
            command.add_argument("--step", metavar="STEP", help="may be left out while there is one such step")
        if name in {"retry", "skip", "undo", "stop"}:
            some = "only these of the failed ones, with commas or apart; the others are asked about again"
            command.add_argument("--devices", action=Once, type=hosts, metavar="NAME,…", help=some)
        if name == "undo":
            scopes = ("failed", "wave", "step", "run")
            command.add_argument("--scope", choices=scopes, default="failed", help="how much is undone (%(default)s)")
        command.add_argument("--by", type=_person, required=True, help="who asks; a claim, and recorded as such")
        command.add_argument("--reason", default="", help="kept in the record")
        operation = "set_concurrency" if name == "concurrency" else name
        command.set_defaults(entry="starter.cli.operate:operate", operation=operation)


def _guard(commands: Commands, client: argparse.ArgumentParser) -> None:
    quarantine = _command(commands, "quarantine", parents=[client], about="devices that no run changes, and why")
    quarantine.add_argument("--json", action="store_true", help="as JSON, for programs")
    quarantine.set_defaults(entry="starter.cli.quarantine:show")
    more = quarantine.add_subparsers(title="commands", metavar="[COMMAND]")
    nested = _client_options(nested=True)
    nested.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="as JSON, for programs")
    _command(more, "list", parents=[nested], about="these devices; the same without a command")
    clear = _command(more, "clear", parents=[nested], about="put devices back into service")
    clear.add_argument("devices", nargs="+", type=names, metavar="HOST", help="several apart, or with commas")
    clear.add_argument("--by", type=_person, required=True, help="who has looked; a claim, and recorded as such")
    clear.add_argument("--reason", default="", help="kept in the record")
    clear.set_defaults(entry="starter.cli.quarantine:clear")
    log = _command(more, "log", parents=[nested], about="who put which devices back, when and why")
    log.set_defaults(entry="starter.cli.quarantine:log")
    guard = _command(commands, "guard", parents=[client], about="who holds which devices, and who waits")
    guard.add_argument("--json", action="store_true", help="as JSON, for programs")
    guard.set_defaults(entry="starter.cli.quarantine:guard")


def _person(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("nobody is named")
    return text


def _concurrency(text: str) -> int:
    return _number(text, 1, 2000)


def _number(text: str, least: int, most: int) -> int:
    if not text.isdecimal() or not least <= int(text) <= most:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from {least} to {most}")
    return int(text)


def _port(text: str) -> int:
    return _number(text, 0, 65535)


def _count(text: str) -> int:
    return _number(text, 1, 1000)


def _demo_count(text: str) -> int:
    return _number(text, 24, 1000)
