"""`netsaga quarantine` and `netsaga guard`: devices that no run changes, and who holds the others."""

import argparse
from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from starter.cli.session import note, print_json, with_server
from starter.client import Orchestrator
from starter.errors import NoWorkerError
from starter.render.words import clean, console, one_line, utc
from workflows.contracts import GuardState

NAMED = 8  # devices that a line lists


def show(options: argparse.Namespace) -> int:
    """The devices that are out of service, and why."""

    async def body(orchestrator: Orchestrator) -> int:
        state = await orchestrator.guard().state()
        if options.json:
            print_json(state.model_copy(update={"leases": (), "queue": (), "claims": (), "claim_queue": ()}))
            return 0
        if not state.quarantined and not state.flagged:
            note("No device is quarantined.")
            return 0
        console().print(_quarantined(state))
        note("When one was looked at: netsaga quarantine clear HOST --by NAME --reason TEXT")
        return 0

    return with_server(options, body)


def clear(options: argparse.Namespace) -> int:
    """Put devices back into service. Without a worker this is left with the server, and said."""

    async def body(orchestrator: Orchestrator) -> int:
        guard = orchestrator.guard()
        try:
            cleared = await guard.clear(options.devices, by=options.by, reason=options.reason)
        except NoWorkerError:
            await guard.leave(options.devices, by=options.by, reason=options.reason)
            note("No worker is up to answer. The clearing is kept by the server, and counts as soon as one is.")
            return 0
        print(f"back in service: {', '.join(cleared)}")
        return 0

    return with_server(options, body)


def guard(options: argparse.Namespace) -> int:
    """Who holds which devices, who waits, who does which work alone."""

    async def body(orchestrator: Orchestrator) -> int:
        state = await orchestrator.guard().state()
        if options.json:
            print_json(state)
            return 0
        lines = _holding(state)
        if not lines.row_count:
            note("Nobody holds a device, and nobody waits.")
            return 0
        console().print(lines)
        return 0

    return with_server(options, body)


def _quarantined(state: GuardState) -> Table:
    table = _table("Device", "Since", "Run", "Because")
    for host, one in sorted(state.quarantined.items()):
        table.add_row(
            Text(clean(host)), Text(utc(one.since)), Text(clean(one.by_run)), Text(one_line(one.because), style="red")
        )
    for host, run in sorted(state.flagged.items()):
        if host not in state.quarantined:
            why = "the run was cut off while it held the device; the next run looks at it first"
            table.add_row(Text(clean(host)), Text(""), Text(clean(run)), Text(why, style="yellow"))
    return table


def _holding(state: GuardState) -> Table:
    table = _table("Run", "State", "Since", "What")
    for lease in state.leases:
        table.add_row(
            Text(clean(lease.holder.workflow_id)), Text("holds"), Text(utc(lease.since)), Text(_some(lease.devices))
        )
    for request in state.queue:
        table.add_row(Text(clean(request.holder.workflow_id)), Text("waits"), Text(""), Text(_some(request.devices)))
    for claim in state.claims:
        work = Text(one_line(f"{claim.definition} for {claim.key}"))
        table.add_row(Text(clean(claim.holder.workflow_id)), Text("does"), Text(utc(claim.since)), work)
    for waiting in state.claim_queue:
        said = "joined" if waiting.on_duplicate == "join" else "waits"
        work = Text(one_line(f"{waiting.definition} for {waiting.key}"))
        table.add_row(Text(clean(waiting.holder.workflow_id)), Text(said), Text(""), work)
    return table


def _table(first: str, *columns: str) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column(first, overflow="fold")
    for name in columns[:-1]:
        table.add_column(name, no_wrap=True)
    table.add_column(columns[-1], overflow="fold")
    return table


def _some(devices: Sequence[str]) -> str:
    more = f" and {len(devices) - NAMED} more" if len(devices) > NAMED else ""
    return f"{', '.join(clean(device) for device in devices[:NAMED])}{more}"
