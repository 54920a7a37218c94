"""How a command runs: one connection, one event loop, one console."""

import argparse
import asyncio
import json
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Final

from pydantic import BaseModel
from temporalio.runtime import Runtime, TelemetryConfig

from starter.client import Orchestrator
from starter.told import talks_to
from workflows.contracts import RunResult

GOOD: Final = ("succeeded", "partial")


def with_server(options: argparse.Namespace, body: Callable[[Orchestrator], Coroutine[Any, Any, int]]) -> int:
    """Connect to the server that the options name, run ``body``, and return its exit code."""

    async def session() -> int:
        async with Orchestrator.connect(address=options.address, namespace=options.namespace) as orchestrator:
            return await body(orchestrator)

    _quiet()
    talks_to(options.address, options.namespace)
    return asyncio.run(session())


def _quiet() -> None:
    """Keeps the SDK's own log off the terminal, between the lines of a view: what fails is said by our errors."""
    with suppress(RuntimeError):  # a program that has set up the SDK itself keeps what it has set up
        Runtime.set_default(Runtime(telemetry=TelemetryConfig(logging=None)))


def exit_code(result: RunResult) -> int:
    """0 for `succeeded` and `partial`, 1 otherwise."""
    return 0 if result.verdict in GOOD else 1


def print_json(value: BaseModel | list[dict[str, object]]) -> None:
    """One JSON document on standard output."""
    text = value.model_dump_json(indent=2) if isinstance(value, BaseModel) else json.dumps(value, indent=2, default=str)
    print(text)


def note(text: str) -> None:
    """Something to know, on standard error."""
    print(f"netsaga: {text}", file=sys.stderr)
