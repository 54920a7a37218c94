"""`python -m worker run`: take work until told to stop.

The first SIGTERM or SIGINT drains: no new work, what is under way ends, 30 s at most. A second one cuts at once; the
journal makes that safe, for a later attempt looks before it writes.
"""

import asyncio
import gc
import logging
import os
import signal
from collections.abc import Callable, Coroutine, Sequence
from typing import Final

from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.worker import Worker

from worker.build import DRAIN, build_pool_worker, build_worker, identity
from worker.health import serve_health
from worker.ports import build_activities, session_pool
from worker.server import connect, ensure_search_attributes, wait_until_polling
from worker.settings import Settings
from worker.telemetry import telemetry
from worker.versions import where_new_runs_go

_log = logging.getLogger(__name__)

PATIENCE_S: Final = 60.0


async def run(
    settings: Settings, *, only: Sequence[str] = (), patience_s: float = PATIENCE_S, say: Callable[[str], None]
) -> int:
    """Serve the task queue of the settings and its pools until a signal comes.

    Args:
        settings: All of it.
        only: Pools to serve instead, and nothing else: no workflows, no other activities.
        patience_s: How long to wait for a Temporal server that does not answer yet.
        say: Prints one line to stdout; it is told ``worker ready: QUEUE, … at ADDRESS`` once the server has seen polls.

    Returns:
        0 after a drain, 1 where the worker gave up by itself.

    Raises:
        ServerUnavailableError: No server in time.
        SettingsError: A port of the settings cannot be built.
        OSError: The health endpoint's address cannot be had.
    """
    stop = asyncio.Event()
    _listen_for_signals(stop)
    pools = tuple(dict.fromkeys(only or settings.pools))
    with telemetry(settings.telemetry, of_a_pool=bool(pools)) as measured:
        client = await _unless_stopped(stop, connect(settings.temporal, measured, patience_s=patience_s))
        if client is None:
            return 0
        pool = session_pool(settings)
        activities = build_activities(settings, search_attributes=await ensure_search_attributes(client), pool=pool)
        await _note_routing(client, settings)
        workers = [] if only else [build_worker(client, settings, activities)]
        workers += [build_pool_worker(client, settings, pool, activities) for pool in pools]
        queues = [worker.task_queue for worker in workers]
        polling = asyncio.Event()

        def announce() -> None:
            polling.set()
            say(f"worker ready: {', '.join(queues)} at {settings.temporal.address}")

        def ready() -> bool:
            return polling.is_set() and all(worker.is_running for worker in workers) and not stop.is_set()

        collect_less_often()
        try:
            async with serve_health(settings.health.address, settings.health.port, ready):
                return await _serve(client, workers, stop, announce)
        finally:
            if pool is not None:
                await pool.close()


def collect_less_often() -> None:
    """What is loaded by now stays for good: Python need not walk it again and again while hundreds of sessions open.

    Sessions and activities leave few cycles behind, and reference counting frees the rest at once; a tenth of the CPU
    of a fleet's log-ins went into looking for them.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


async def _note_routing(client: Client, settings: Settings) -> None:
    """Warn where new runs go to another build; no answer is no reason not to work."""
    try:
        note = await where_new_runs_go(client, settings.versioning)
    except RPCError:
        _log.debug("the deployment could not be described", exc_info=True)
        return
    if note is not None:
        _log.warning("%s", note)


async def _serve(client: Client, workers: Sequence[Worker], stop: asyncio.Event, announce: Callable[[], None]) -> int:
    """Poll until told to stop or until one of the workers fails."""
    serving = asyncio.create_task(_all(workers))
    seen = asyncio.create_task(_announce_polling(client, [worker.task_queue for worker in workers], announce))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not serving.done():
            _log.info(
                "draining: no new work; what is under way has %g s, a second signal cuts it", DRAIN.total_seconds()
            )
            await asyncio.gather(*(worker.shutdown() for worker in workers))
        await serving
    except Exception:  # noqa: BLE001  # whatever ends a worker belongs into its log, and its supervisor starts it anew
        _log.exception("the worker ended by itself")
        return 1
    finally:
        seen.cancel()
        stopping.cancel()
    return 0


async def _all(workers: Sequence[Worker]) -> None:
    """Runs them until they are shut down; the failure of one ends them all, for nothing would take its work."""
    running = [asyncio.create_task(worker.run()) for worker in workers]
    await asyncio.wait(running, return_when=asyncio.FIRST_EXCEPTION)
    await asyncio.gather(*(worker.shutdown() for worker in workers if worker.is_running))
    await asyncio.gather(*running)


async def _announce_polling(client: Client, task_queues: Sequence[str], announce: Callable[[], None]) -> None:
    """Say that work is taken, once the server has seen a poll of ours on each queue."""
    for task_queue in task_queues:
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


def event_loop() -> asyncio.AbstractEventLoop:
    """The loop of the worker's process: uvloop, which a worker full of sessions spends less time in.

    Workflows have loops of their own; where there is no uvloop, as on Windows, asyncio's serves.
    """
    try:
        import uvloop  # noqa: PLC0415
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def _listen_for_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()

    def asked(number: int) -> None:
        if stop.is_set():
            os._exit(128 + number)  # somebody who asks twice does not want a handler to wait for anything
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked, number)
