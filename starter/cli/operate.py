"""`netsaga pause`, `resume`, `retry`, `skip`, `undo`, `stop`, `concurrency`: what an operator asks of a live run."""

import argparse

from starter.cli.session import with_server
from starter.client import Orchestrator
from starter.told import told, told_in
from workflows.contracts import OperationAnswer

_DONE = {
    "pause": "paused: what is under way ends, nothing new starts",
    "resume": "goes on",
    "retry": "tries again",
    "skip": "goes on without what failed",
    "undo": "undoes",
    "stop": "stops",
    "set_concurrency": "has another concurrency from now on",
}


def operate(options: argparse.Namespace) -> int:
    """Asks for one operation and says what came of it."""

    async def body(orchestrator: Orchestrator) -> int:
        handle = await orchestrator.find(options.run)
        answer = await handle.operate(
            options.operation,
            by=options.by,
            reason=options.reason,
            step=getattr(options, "step", None),
            devices=getattr(options, "devices", None) or (),
            scope=getattr(options, "scope", "failed"),
            concurrency=getattr(options, "number", None),
        )
        print(done(options.operation, handle.id, answer))
        return 0

    return with_server(options, body)


def done(operation: str, run: str, answer: OperationAnswer) -> str:
    """What came of an operation, in a sentence or two."""
    undoes = operation == "pause" and answer.phase == "undoing"
    what = "is undoing, and nothing else is to start" if undoes else _DONE[operation]
    then = f" Go on with: {told(f'netsaga resume {run}')}" if operation == "pause" and not undoes else ""
    return f"{run} {what}{answer.message and f'; {told_in(answer.message)}'}.{then}"
