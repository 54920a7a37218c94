"""`python -m worker run`: take work until told to stop.

The first SIGTERM or SIGINT drains: no new work, what is under way ends, 30 s at most. A second one cuts at once; the
journal makes that safe, for a later attempt looks before it writes.
"""

import asyncio
import logging
import os
import signal
from collections.abc import Callable, Coroutine
from typing import Final

from temporalio.client import Client
from temporalio.worker import Worker

from worker.build import DRAIN, build_worker, identity
from worker.health import serve_health
from worker.ports import build_activities
from worker.server import connect, ensure_search_attributes, wait_until_polling
from worker.settings import Settings
from worker.telemetry import telemetry

_log = logging.getLogger(__name__)

PATIENCE_S: Final = 60.0


async def run(settings: Settings, *, patience_s: float = PATIENCE_S, say: Callable[[str], None]) -> int:
    """Serve the task queue of the settings until a signal comes.

    Args:
        settings: All of it.
        patience_s: How long to wait for a Temporal server that does not answer yet.
        say: Prints one line to stdout; it is told ``worker ready: QUEUE at ADDRESS`` once the server has seen a poll.

    Returns:
        0 after a drain, 1 where the worker gave up by itself.

    Raises:
        ServerUnavailableError: No server in time.
        SettingsError: A port of the settings cannot be built.
        OSError: The health endpoint's address cannot be had.
    """
    stop = asyncio.Event()
    _listen_for_signals(stop)
    with telemetry(settings.telemetry) as measured:
        client = await _unless_stopped(stop, connect(settings.temporal, measured, patience_s=patience_s))
        if client is None:
            return 0
        activities = build_activities(settings, search_attributes=await ensure_search_attributes(client))
        worker = build_worker(client, settings, activities)
        polling = asyncio.Event()

        def announce() -> None:
            polling.set()
            say(f"worker ready: {settings.temporal.task_queue} at {settings.temporal.address}")

        def ready() -> bool:
            return polling.is_set() and worker.is_running and not stop.is_set()

        async with serve_health(settings.health.address, settings.health.port, ready):
            return await _serve(client, worker, settings, stop, announce)


async def _serve(
    client: Client, worker: Worker, settings: Settings, stop: asyncio.Event, announce: Callable[[], None]
) -> int:
    """Poll until told to stop or until the worker fails."""
    serving = asyncio.create_task(worker.run())
    seen = asyncio.create_task(_announce_polling(client, settings.temporal.task_queue, announce))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not serving.done():
            _log.info(
                "draining: no new work; what is under way has %g s, a second signal cuts it", DRAIN.total_seconds()
            )
            await worker.shutdown()
        await serving
    except Exception:  # noqa: BLE001  # whatever ends a worker belongs into its log, and its supervisor starts it anew
        _log.exception("the worker ended by itself")
        return 1
    finally:
        seen.cancel()
        stopping.cancel()
    return 0


async def _announce_polling(client: Client, task_queue: str, announce: Callable[[], None]) -> None:
    """Say that work is taken, once the server has seen a poll of ours."""
    if not await wait_until_polling(client, task_queue, identity()):
        _log.warning("the server does not list this worker on %s yet; it goes on polling", task_queue)
    announce()


async def _unless_stopped(stop: asyncio.Event, connecting: Coroutine[object, object, Client]) -> Client | None:
    """The client, or ``None`` where a signal came first."""
    attempt = asyncio.create_task(connecting)
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({attempt, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if attempt.done():
        return attempt.result()
    attempt.cancel()
    return None


def _listen_for_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()

    def asked(number: int) -> None:
        if stop.is_set():
            os._exit(128 + number)  # somebody who asks twice does not want a handler to wait for anything
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked, number)
