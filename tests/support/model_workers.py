"""The workers of a scenario: one that does everything, and one of a pool; they may die, and others take their place."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

from temporalio.worker import Worker

from model_scenario import POOL
from model_world import ModelWorld
from running import Server
from sandboxed import sandboxed
from worker.build import STICKY_TIMEOUT, WORKFLOWS
from workflows import contracts

HEARTBEATS: Final = timedelta(milliseconds=50)


class Workers:
    """Of one scenario."""

    def __init__(self, server: Server, world: ModelWorld) -> None:
        self._server, self._world = server, world
        self._main: _Working | None = None
        self._pool: _Working | None = None
        self._changes: list[asyncio.Task[None]] = []

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """They work."""
        self._main = _Working(self._new())
        if self._world.scenario.pool == "served":
            await self._pool_returns()
        try:
            yield
        finally:
            await asyncio.gather(*self._changes, return_exceptions=True)
            for one in (self._main, self._pool):
                if one is not None:
                    await one.end()

    async def change(self, deed: str) -> None:
        """One dies or returns, soon: whoever asks for it may be at work in it."""
        self._changes.append(asyncio.create_task(self._after(deed, self._changes[-1:])))

    async def _after(self, deed: str, earlier: Sequence["asyncio.Task[None]"]) -> None:
        await asyncio.gather(*earlier)
        match deed:
            case "restart":
                assert self._main is not None, "it is at work all the time"
                await self._main.end()
                self._main = _Working(self._new())
            case "pool_dies":
                await self._pool_dies()
            case "pool_returns":
                await self._pool_returns()

    async def settled(self) -> None:
        """Waits for what is still to be changed."""
        await asyncio.gather(*self._changes)

    async def _pool_dies(self) -> None:
        self._world.pools_served.discard(POOL)
        if self._pool is not None:
            pool, self._pool = self._pool, None
            await pool.end()

    async def _pool_returns(self) -> None:
        if self._pool is None and self._world.pools:
            queue = contracts.pool_queue(self._world.queue, POOL)
            self._pool = _Working(Worker(self._server.client, task_queue=queue, activities=self._world.of_devices))
            self._world.pools_served.add(POOL)

    def _new(self) -> Worker:
        return Worker(
            self._server.client,
            task_queue=self._world.queue,
            workflows=WORKFLOWS,
            activities=self._world.activities,
            identity="netsaga-model",
            workflow_runner=sandboxed(),
            max_workflow_task_external_storage_concurrency=1,
            max_cached_workflows=0 if self._world.scenario.cold else 100,
            sticky_queue_schedule_to_start_timeout=STICKY_TIMEOUT,
            max_heartbeat_throttle_interval=HEARTBEATS,
            default_heartbeat_throttle_interval=HEARTBEATS,
        )


class _Working:
    """A worker that polls."""

    def __init__(self, worker: Worker) -> None:
        self._worker, self._polling = worker, asyncio.create_task(worker.run())

    async def end(self) -> None:
        """It ends, with what it was about."""
        await self._worker.shutdown()
        await self._polling
