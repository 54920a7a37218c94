"""`netsaga status`, `devices`, `report`, `list`: commands that only look."""

import argparse
import dataclasses
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final, get_args

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from starter.cli.session import note, print_json, with_server
from starter.client import Orchestrator
from starter.errors import NoWorkerError, UsageError
from starter.render.cells import WORDS
from starter.render.diffs import gate_view
from starter.render.result import device_table, line_table, summary
from starter.render.status import status_view
from starter.render.words import clean, console, lasted, utc, word
from starter.runs import RunLine
from starter.told import told, told_in
from workflows.contracts import DeviceResult, RunResult
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
        try:
            page = await ask(status=options.status, step=options.step)
        except NoWorkerError:
            kept = None if options.live or options.step or options.json else await handle.kept_result()
            if kept is None or kept.devices_omitted:
                raise
            console().print(_ended_table(kept, options.status))
            return 0
        if options.json:
            print_json(page)
            return 0
        result = None if options.live or options.step else (await handle.status()).result
        if result is not None and not result.devices_omitted:
            console().print(_ended_table(result, options.status))
        else:
            console().print(line_table(page.devices))
        return 0

    return with_server(options, body)


def _ended_table(result: RunResult, statuses: Sequence[str]) -> Table:
    """Where each device of a run has ended, or those that have ended with one of some statuses."""
    return device_table(tuple(one for one in result.devices if not statuses or one.status in statuses))


def report(options: argparse.Namespace) -> int:
    """Where the report of a finished run is; exit code 1 while there is none, or where it or its record was changed."""

    async def body(orchestrator: Orchestrator) -> int:
        handle = await orchestrator.find(options.run)
        status = await handle.last_status()
        result = status.result
        if result is None and status.phase == "closed":
            begun = "" if status.steps else "nothing was begun. "
            note(f"Run {handle.id} has no report: {begun}{told_in(status.message)}")
            return 1
        if result is None:
            wait = told(f"netsaga watch {handle.id}")
            note(f"Run {handle.id} has not ended; its report is written at its end. Wait: {wait}")
            return 1
        if result.report is None:
            note(f"Run {handle.id} ended as {result.verdict} without a report: {told_in(result.message)}")
            return 1
        print(result.report)
        if result.record is not None and (changed := changed_paper(result.report, result.record)) is not None:
            path, ref = changed
            note(
                f"{path} is not what run {handle.id} has sealed: somebody has changed it. What was sealed is {ref}; "
                f"`netsaga artifact {ref}` prints it."
            )
            return 1
        return 0

    return with_server(options, body)


def changed_paper(report: str, record: str) -> tuple[Path, str] | None:
    """The copy of a record beside a report, or else the report, where it is not the one that was sealed.

    Args:
        report: Where the report is, as the run's worker says; perhaps on another machine, and then nothing is known.
        record: ``sha256:`` and the hash that the record has; the record names that of the report, unless it is older.

    Returns:
        The file, and the name of what was sealed.
    """
    page = Path(report)
    copy = page.with_name("record.json")
    try:
        text = copy.read_bytes()
        if _name_of(text) != record:
            return copy, record
        sealed: str | None = json.loads(text).get("report")
        return None if sealed is None or _name_of(page.read_bytes()) == sealed else (page, sealed)
    except OSError:
        return None


def _name_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


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
