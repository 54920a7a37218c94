"""`netsaga apply`: carry out a plan exactly as it was shown, or say what has moved since."""

import argparse

from starter.cli.run import after_start
from starter.cli.session import note, with_server
from starter.client import Orchestrator, Request
from starter.errors import StarterError
from starter.planfile import PlanFile, read
from starter.planned import moved, refusal


def apply(options: argparse.Namespace) -> int:
    """Start the run of a plan; with --wait follow it, and tell its verdict by the exit code."""
    plan = read(options.plan)
    match moved(plan):
        case "gone":
            path = plan.file.path if plan.file is not None else plan.name
            note(f"{path} is not there, from which it was planned; what the plan holds of it is carried out")
        case ():
            pass
        case parts:
            raise StarterError(refusal(options.plan, plan, parts))
    request = _request(plan, options)

    async def body(orchestrator: Orchestrator) -> int:
        handle = await orchestrator.start(plan.definition or plan.name, plan.inputs, **request)
        print(handle.id, flush=True)
        return await after_start(orchestrator, handle, wait=options.wait)

    return with_server(options, body)


def _request(plan: PlanFile, options: argparse.Namespace) -> Request:
    request = Request(
        limit=plan.limit,
        reason=options.reason or f"as planned by {plan.run}",
        plan_digest=plan.plan_digest,
        proposal=plan.proposal,
    )
    if plan.source is not None:
        request["source"], request["templates"] = plan.source, plan.templates
    if options.by is not None:
        request["by"] = options.by
    if options.id is not None:
        request["id"] = options.id
    return request
