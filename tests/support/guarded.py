"""A world of scripted devices whose runs talk to a real guard, one for each test."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from activities.claims import Claiming
from activities.leases import Leasing
from running import REQUEST, Live, Server
from scripted import Holding, World
from workflows import contracts
from workflows.contracts import ClearAnswer, ClearRequest, DeviceOutcome, GuardState, InteractInput, RunResult
from workflows.plan import HostName, Plan


class Guarded(World):
    """A world whose devices are leased by a real guard."""

    guard = ""

    @property
    def activities(self) -> list[Callable[..., Any]]:
        """All, the real ways to the guard among them."""
        leasing, claiming = Leasing(self.guard), Claiming(self.guard)
        ours = {self.lease.__name__, self.release.__name__, claiming.follow.__name__}
        plain = [one for one in super().activities if one.__name__ not in ours]
        looking: list[Callable[..., Any]] = [leasing.holder, leasing.holders]
        return [*plain, leasing.lease, leasing.release, *looking, claiming.claim, claiming.follow]


def guarded(plan: Plan, hosts: tuple[str, ...], **changes: Any) -> Guarded:
    """A world with a guard of its own."""
    made = Guarded(plan, hosts, **changes)
    made.guard = f"guard-{uuid.uuid4().hex[:8]}"
    return made


class AtWork(Holding):
    """A device in the middle of an action, that a cancel does not cut short."""

    async def __call__(self, call: InteractInput) -> DeviceOutcome:
        """Brings its action to the end."""
        working = asyncio.ensure_future(super().__call__(call))
        while not working.done():
            with suppress(asyncio.CancelledError):
                await asyncio.shield(working)
        return working.result()


@dataclass
class Serving:
    """One worker for several runs, one after the other: the guard lives on its queue."""

    server: Server
    world: Guarded
    queue: str

    async def start(self, definition: str = "test") -> Live:
        """A run of the world's plan, or of another of its definitions."""
        request = {**REQUEST, "definition": definition}
        handle = await self.server.client.start_workflow(
            contracts.RUN, request, id=f"run-{uuid.uuid4().hex[:8]}", task_queue=self.queue, result_type=RunResult
        )
        return Live(handle, self.world)

    async def at_work(self, step: str, host: str) -> tuple[Live, Holding]:
        """A run that has begun with a device, which goes on when it is told to."""
        holding = Holding(self.world)
        self.world.scripts[step, host] = holding
        live = await self.start()
        await asyncio.wait_for(holding.begun.wait(), 20)
        return live, holding

    async def outcome(self) -> RunResult:
        """A run, to its end."""
        return await (await self.start()).result()

    async def keep(self, live: Live) -> None:
        """Keeps the run's history, where histories are recorded."""
        if self.server.keep_as is not None:
            await self.server.keep(live.handle, self.server.keep_as)


@asynccontextmanager
async def serving(server: Server, world: Guarded) -> AsyncIterator[Serving]:
    """A worker over the world's activities."""
    queue = f"test-{uuid.uuid4().hex[:8]}"
    async with server.worker(world, queue):
        yield Serving(server, world, queue)


async def known(server: Server, world: Guarded) -> GuardState:
    """All that the guard knows."""
    handle = server.client.get_workflow_handle(world.guard)
    found: GuardState = await handle.query(contracts.QUERY_LEASES, result_type=GuardState)
    return found


async def clear(server: Server, world: Guarded, *devices: str, id_: str | None = None) -> ClearAnswer:
    """An operator puts devices back into service."""
    request = ClearRequest(by="olga", devices=tuple(HostName(device) for device in devices), reason="replaced")
    handle = server.client.get_workflow_handle(world.guard)
    answer: ClearAnswer = await handle.execute_update(contracts.SIGNAL_CLEAR, request, id=id_, result_type=ClearAnswer)
    return answer


async def until_waiting(live: Live, what: str = "waits for devices") -> None:
    """Waits until a run says that it waits."""
    await live.until(lambda status: what in status.message or any(what in step.message for step in status.steps))
