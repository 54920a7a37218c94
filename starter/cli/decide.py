"""`netsaga approve`, `reject`, `signal`, `cancel`: what a person says to a run."""

import argparse

from starter.cli.session import note, with_server
from starter.client import Orchestrator, user
from starter.errors import NoWorkerError
from starter.inputs import given
from starter.told import told
from workflows.contracts import DecisionAnswer


def decide(options: argparse.Namespace) -> int:
    """Approve or reject. Without a worker the decision is left with the server, and this is said."""

    async def body(orchestrator: Orchestrator) -> int:
        handle = await orchestrator.find(options.run)
        said = {"by": options.by, "step": options.step, "comment": options.comment, "digest": options.digest}
        act = handle.approve if options.decision == "approve" else handle.reject
        try:
            answer = await act(**said)
        except NoWorkerError as missing:
            await handle.leave(options.decision, **said)
            which = f" of build {missing.build}" if missing.build else ""
            note(
                f"No worker{which} is up to answer. The decision is kept with run {handle.id} and judged when one is; "
                f"`{told(f'netsaga status {handle.id}')}` then tells whether it counted."
            )
            return 0
        print(_answer(answer))
        return 0

    return with_server(options, body)


def signal(options: argparse.Namespace) -> int:
    """Send a run the signal that one of its steps waits for."""
    fields = given(options.data, None, flag="--data")

    async def body(orchestrator: Orchestrator) -> int:
        handle = await orchestrator.find(options.run)
        await handle.signal(options.name, fields, by=options.by or user())
        print(f"{handle.id} has taken the signal {options.name}.")
        return 0

    return with_server(options, body)


def cancel(options: argparse.Namespace) -> int:
    """Ask a run to stop."""

    async def body(orchestrator: Orchestrator) -> int:
        handle = await orchestrator.find(options.run)
        await handle.cancel(options.reason, by=options.by or user())
        follow = told(f"netsaga watch {handle.id}")
        print(f"{handle.id} was asked to stop; it undoes as its definition says. Follow it: {follow}")
        return 0

    return with_server(options, body)


def _answer(answer: DecisionAnswer) -> str:
    match answer.gate:
        case "open":
            return f"{answer.step}: counted, {answer.approvals} of {answer.quorum}; the gate stays open."
        case "approved":
            return f"{answer.step}: approved ({answer.approvals} of {answer.quorum})."
        case "rejected":
            return f"{answer.step}: rejected."
