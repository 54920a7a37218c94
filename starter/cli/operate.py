"""`netsaga pause`, `resume`, `retry`, `skip`, `undo`, `stop`, `concurrency`: what an operator asks of a live run."""

import argparse

from starter.cli.session import with_server
from starter.client import Orchestrator

_DONE = {
    "pause": "paused: what is under way ends, nothing new starts. Go on with: netsaga resume {run}",
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
        print(
            f"{handle.id} {_DONE[options.operation].format(run=handle.id)}{answer.message and f'; {answer.message}'}."
        )
        return 0

    return with_server(options, body)
