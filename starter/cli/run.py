"""`netsaga run`: start a run, and follow it if asked to."""

import argparse

from pydantic import JsonValue

from starter.cli.session import note, with_server
from starter.cli.watch import to_the_end
from starter.client import Orchestrator, Request, RunHandle
from starter.definitions import Definition, is_file, load, printed
from starter.errors import NoWorkerError, UsageError
from starter.inputs import from_file, given
from starter.told import told

WORKER_WAIT_S = 30.0
NO_WORKER = (
    "No worker polls the task queue, so the run waits. It is kept by the server and begins when a worker comes: "
    "netsaga worker --settings FILE"
)


def run(options: argparse.Namespace) -> int:
    """Start a run; with --wait follow it, and tell its verdict by the exit code."""
    name, inputs, request, _ = asked(options)

    async def body(orchestrator: Orchestrator) -> int:
        handle = await orchestrator.start(name, inputs, **request)
        print(handle.id, flush=True)
        return await after_start(orchestrator, handle, wait=options.wait)

    return with_server(options, body)


def asked(options: argparse.Namespace) -> tuple[str, dict[str, JsonValue], Request, Definition | None]:
    """The definition's name, its inputs, what else a command asks for, and the definition where it is a file.

    Raises:
        UsageError: The definition has errors, or an input cannot be read.
    """
    name, request, declared = options.definition, Request(), None
    definition: Definition | None = None
    if is_file(options.definition):
        definition = load(options.definition)
        compiled = definition.compiled
        if compiled.diagnostics:
            note(f"{options.definition}:\n{printed([definition])}".rstrip())
        if compiled.plan is None:
            raise UsageError(f"{options.definition} has errors; nothing was started.")
        name, declared = compiled.plan.name, compiled.plan.inputs
        request["source"], request["templates"] = definition.source.text, definition.source.templates
    inputs = {**from_file(options.inputs), **given(options.input, declared)}
    request["reason"] = options.reason
    request["limit"] = options.limit
    if options.by is not None:
        request["by"] = options.by
    if options.id is not None:
        request["id"] = options.id
    return name, inputs, request, definition


async def after_start(orchestrator: Orchestrator, handle: RunHandle, *, wait: bool) -> int:
    """What becomes of a command whose run has been started: it follows the run, or says how to."""
    await worker_for(orchestrator, handle, wait=wait)
    if wait:
        return await to_the_end(handle)
    note(f"started; follow it with `{told(f'netsaga watch {handle.id}')}`")
    return 0


async def worker_for(orchestrator: Orchestrator, handle: RunHandle, *, wait: bool) -> None:
    """Says so where no worker is up; with ``wait``, gives one some time to come.

    Raises:
        NoWorkerError: None came. The run is kept.
    """
    if not await orchestrator.has_worker():
        note(NO_WORKER)
        if wait and not await orchestrator.worker_comes(within_s=WORKER_WAIT_S):
            raise NoWorkerError(
                f"No worker came within {WORKER_WAIT_S:.0f} s. Run {handle.id} is kept and begins when one does; "
                f"come back with `{told(f'netsaga watch {handle.id}')}`, or drop it with "
                f"`{told(f'netsaga cancel {handle.id} --reason …')}`."
            )
