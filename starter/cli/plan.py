"""`netsaga plan`: what a definition would change, shown and kept as a file, and nothing changed."""

import argparse
import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime

from pydantic import JsonValue

from starter.cli.run import asked, worker_for
from starter.cli.session import GOOD, exit_code, note, print_json, with_server
from starter.client import Orchestrator, Request, RunHandle
from starter.planfile import FORMAT, PlanFile, PlannedFile, write
from starter.planned import as_planned
from starter.reading import own_version
from starter.render.plan import changed, in_doubt, print_plan
from starter.render.words import console
from starter.told import told
from workflows.contracts import ProposalRef, ProposalSummary, RunResult
from workflows.plan import HostName

WOULD_CHANGE = 2  # with --exit-code


def plan(options: argparse.Namespace) -> int:
    """Plan; the exit code is 0, also where something would be changed, unless --exit-code asks for more."""
    name, inputs, request, definition = asked(options)
    file = None if definition is None else as_planned(definition)
    request["mode"] = "plan"

    async def body(orchestrator: Orchestrator) -> int:
        handle = await orchestrator.start(name, inputs, **request)
        note(f"planning as run {handle.id}; nothing is changed")
        await worker_for(orchestrator, handle, wait=True)
        result = await _result(handle)
        if options.json:
            print_json(result)
        else:
            print_plan(console(), result)
        if result.proposal is None or result.verdict not in GOOD:
            note("the plan failed; there is nothing to apply" + (", and no file was written" if options.out else ""))
            return exit_code(result) or 1
        if options.out is not None:
            write(options.out, _file(name, inputs, request, result, result.proposal, file))
            note(f"written; carry it out with `{told(f'netsaga apply {options.out}')}`")
        would = changed(result.proposal) or in_doubt(result.proposal)
        return WOULD_CHANGE if options.exit_code and would else 0

    return with_server(options, body)


async def _result(handle: RunHandle) -> RunResult:
    try:
        return await handle.result()
    except asyncio.CancelledError:
        shows = told(f"netsaga status {handle.id}")
        note(f"detached; the run goes on, and changes nothing. Its end is shown by `{shows}`.")
        raise


def _file(
    name: str,
    inputs: Mapping[str, JsonValue],
    request: Request,
    result: RunResult,
    proposal: ProposalSummary,
    file: PlannedFile | None,
) -> PlanFile:
    source = request.get("source")
    return PlanFile(
        netsaga_plan=FORMAT,
        written_by=own_version(),
        name=name,
        definition=f"{result.definition}@{result.version}" if source is None else None,
        source=source,
        file=file,
        templates=dict(request.get("templates", {})),
        inputs=dict(inputs),
        limit=tuple(HostName(host) for host in request.get("limit", ())),
        plan_digest=result.plan_digest,
        proposal=ProposalRef(digest=proposal.digest, ref=proposal.ref),
        run=result.id,
        by=result.requester,
        created=datetime.now(UTC),
    )
