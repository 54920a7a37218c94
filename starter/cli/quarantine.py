"""`netsaga quarantine` and `netsaga guard`: devices that no run changes, who put some back, who holds the others."""

import argparse
from collections.abc import Collection, Sequence
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from starter.cli.session import note, print_json, with_server
from starter.client import Orchestrator
from starter.errors import NoWorkerError
from starter.render.words import clean, console, one_line, utc
from workflows.contracts import ClearAnswer, GuardState, Lease, LeaseRequest, RunId
from workflows.guard.waits import of_one_line
from workflows.wording import some

NAMED: Final = 8  # devices that a line lists
GONE: Final = "this run is closed, and the next one that asks takes over"
NEXT_LOOKS: Final = "the next run that would change them looks at them first"
HAS_THEM: Final = "run {run} has them now: it looks at them before it changes them, and tells the guard when it is done"
OF_QUARANTINE: Final = {"quarantined", "flagged", "lost", "failures", "cleared"}


def show(options: argparse.Namespace) -> int:
    """The devices that are out of service, and why."""

    async def body(orchestrator: Orchestrator) -> int:
        state = await orchestrator.guard().state()
        if options.json:
            print(state.model_dump_json(indent=2, include=OF_QUARANTINE))
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
        guard, devices = orchestrator.guard(), [host for named in options.devices for host in named]
        try:
            cleared = await guard.clear(devices, by=options.by, reason=options.reason)
        except NoWorkerError:
            await guard.leave(devices, by=options.by, reason=options.reason)
            note("No worker is up to answer. The clearing is kept by the server, and counts as soon as one is.")
            return 0
        if options.json:
            print_json(ClearAnswer(cleared=cleared))
        else:
            print(f"back in service: {', '.join(cleared)}")
        return 0

    return with_server(options, body)


def log(options: argparse.Namespace) -> int:
    """Who has put which devices back into service, the newest last."""

    async def body(orchestrator: Orchestrator) -> int:
        state = await orchestrator.guard().state()
        if options.json:
            print(state.model_dump_json(indent=2, include={"cleared"}))
        elif not state.cleared:
            note("Nobody has put a device back into service.")
        else:
            console().print(_cleared(state))
        return 0

    return with_server(options, body)


def guard(options: argparse.Namespace) -> int:
    """Who holds which devices, who waits, who does which work alone."""

    async def body(orchestrator: Orchestrator) -> int:
        state = await orchestrator.guard().state()
        if options.json:
            print_json(state)
            return 0
        holders = (*(lease.holder for lease in state.leases), *(claim.holder for claim in state.claims))
        closed = await orchestrator.guard().closed(holders)
        lines = _holding(state, closed)
        if not lines.row_count:
            note("Nobody holds a device, and nobody waits.")
            return 0
        console().print(lines)
        return 0

    return with_server(options, body)


def _quarantined(state: GuardState) -> Table:
    table = _table("Devices", "Since", "Run", "Because")
    for host, one in sorted(state.quarantined.items()):
        table.add_row(
            Text(clean(host)), Text(utc(one.since)), Text(clean(one.by_run)), Text(one_line(one.because), style="red")
        )
    for lost in state.lost:
        since = "" if lost.since is None else utc(lost.since)
        for then, hosts in _looked_at_by(state, [host for host in lost.devices if host not in state.quarantined]):
            run, why = Text(clean(lost.holder.workflow_id)), f"the run was cut off while it held them; {then}"
            table.add_row(Text(_some(hosts)), Text(since), run, Text(why, style="yellow"))
    return table


def _looked_at_by(state: GuardState, hosts: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Devices that a run has left behind, by who looks at them: the run that has them by now, or the next one."""
    found: dict[str, list[str]] = {}
    for host in hosts:
        holders = [lease.holder.workflow_id for lease in state.leases if host in lease.devices]
        found.setdefault(HAS_THEM.format(run=clean(holders[0])) if holders else NEXT_LOOKS, []).append(host)
    return list(found.items())


def _cleared(state: GuardState) -> Table:
    table = _table("When", "By", "Devices", "Reason")
    for record in state.cleared:
        by = Text(one_line(record.by))
        table.add_row(Text(utc(record.at)), by, Text(_some(record.devices)), Text(one_line(record.reason)))
    return table


def _holding(state: GuardState, closed: Collection[RunId]) -> Table:
    table = _table("Run", "State", "Since", "What")
    for lease in state.leases:
        what = Text(_some(lease.devices))
        if lease.holder.run in closed:
            what.append(f"; {GONE}", style="yellow")
        table.add_row(Text(clean(lease.holder.workflow_id)), Text("holds"), Text(utc(lease.since)), what)
    for request in state.queue:
        held_by = [lease.holder.workflow_id for lease in state.leases if _is_behind(request, lease)]
        held = f", held by {_some(held_by)}" if held_by else ", behind those who came before"
        what = Text(f"{_some(request.devices)}{held}")
        table.add_row(Text(clean(request.holder.workflow_id)), Text("waits"), Text(""), what)
    for claim in state.claims:
        work = Text(one_line(f"{claim.definition} for {claim.key}"))
        if claim.holder.run in closed:
            work.append(f"; {GONE}", style="yellow")
        table.add_row(Text(clean(claim.holder.workflow_id)), Text("does"), Text(utc(claim.since)), work)
    does = {(claim.definition, claim.key): claim.holder.workflow_id for claim in state.claims}
    for waiting in state.claim_queue:
        said = "joined" if waiting.on_duplicate == "join" else "waits"
        doing = does.get((waiting.definition, waiting.key), "nobody")
        work = Text(one_line(f"{waiting.definition} for {waiting.key}, which {doing} does"))
        table.add_row(Text(clean(waiting.holder.workflow_id)), Text(said), Text(""), work)
    return table


def _is_behind(request: LeaseRequest, lease: Lease) -> bool:
    apart = not of_one_line(request.holder, lease.holder)
    return apart and not set(request.devices).isdisjoint(lease.devices)


def _table(first: str, *columns: str) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column(first, overflow="fold")
    for name in columns[:-1]:
        table.add_column(name, no_wrap=True)
    table.add_column(columns[-1], overflow="fold")
    return table


def _some(devices: Sequence[str]) -> str:
    return some([clean(device) for device in devices], NAMED)
