"""`netsaga status`, `devices`, `report`, `list`: commands that only look."""

import argparse
import dataclasses
from typing import Final, get_args

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from starter.cli.session import note, print_json, with_server
from starter.client import Orchestrator
from starter.errors import UsageError
from starter.render.cells import WORDS
from starter.render.diffs import gate_view
from starter.render.result import device_table, line_table, summary
from starter.render.status import status_view
from starter.render.words import clean, console, lasted, utc, word
from starter.runs import RunLine
from workflows.contracts import DeviceResult
from workflows.suggest import did_you_mean

# Where a device may stand while its run lives, and where it may end.
STATUSES: Final = tuple(dict.fromkeys((*WORDS.values(), *get_args(DeviceResult.model_fields["status"].annotation))))


def status(options: argparse.Namespace) -> int:
    """A run as it stands, and its result once it has one."""

    async def body(orchestrator: Orchestrator) -> int:
        found = await (await orchestrator.find(options.run)).last_status()
        if options.json:
            print_json(found)
            return 0
        console().print(status_view(found))
        for gate in found.gates if options.diffs else ():
            console().print(gate_view(gate, found.id))
        if found.result is not None:
            console().print(summary(found.result), soft_wrap=True)
        return 0

    return with_server(options, body)


def devices(options: argparse.Namespace) -> int:
    """A table of the run's devices; of a finished run, where each ended."""
    for name in options.status:
        if name not in STATUSES:
            raise UsageError(f"no device is ever {name!r}; {did_you_mean(name, STATUSES, 'it may be')}")

    async def body(orchestrator: Orchestrator) -> int:
        handle = await orchestrator.find(options.run)
        if options.step:
            steps = [step.id for step in (await handle.status()).steps]
            if options.step not in steps:
                near = did_you_mean(options.step, steps, "there are")
                raise UsageError(f"run {handle.id} has no step {options.step!r}; {near}")
        ask = handle.live_devices if options.live else handle.all_devices
        page = await ask(status=options.status, step=options.step)
        if options.json:
            print_json(page)
            return 0
        result = None if options.live or options.step else (await handle.status()).result
        if result is not None and not result.devices_omitted:
            ended = tuple(one for one in result.devices if not options.status or one.status in options.status)
            console().print(device_table(ended))
        else:
            console().print(line_table(page.devices))
        return 0

    return with_server(options, body)


def report(options: argparse.Namespace) -> int:
    """Where the report of a finished run is; exit code 1 while there is none."""

    async def body(orchestrator: Orchestrator) -> int:
        handle = await orchestrator.find(options.run)
        status = await handle.last_status()
        result = status.result
        if result is None and status.phase == "closed":
            begun = "" if status.steps else "nothing was begun. "
            note(f"Run {handle.id} has no report: {begun}{status.message}")
            return 1
        if result is None:
            note(f"Run {handle.id} has not ended; its report is written at its end. Wait: netsaga watch {handle.id}")
            return 1
        if result.report is None:
            note(f"Run {handle.id} ended as {result.verdict} without a report: {result.message}")
            return 1
        print(result.report)
        return 0

    return with_server(options, body)


def recent(options: argparse.Namespace) -> int:
    """The runs that the server lists, the open ones first."""

    async def body(orchestrator: Orchestrator) -> int:
        lines = [line async for line in orchestrator.recent(options.number)]
        if options.json:
            print_json([dataclasses.asdict(line) for line in lines])
        elif lines:
            console().print(_table(lines))
        else:
            note("There is no run yet. Start one: netsaga run campus-vlan -i KEY=VALUE …")
        return 0

    return with_server(options, body)


def _table(lines: list[RunLine]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("Run", overflow="fold")
    for name in ("State", "Ticket", "Started", "Took"):
        table.add_column(name, no_wrap=True)
    for line in lines:
        took = "" if line.closed is None else lasted((line.closed - line.started).total_seconds())
        state = word(line.phase or line.status)  # the phase of an ended run is its verdict
        table.add_row(Text(clean(line.id)), state, Text(clean(line.ticket)), Text(utc(line.started)), Text(took))
    return table
