"""Operators who answer runs that are paused on a failure, and devices that are out of service before they begin."""

from collections.abc import Callable
from datetime import UTC, datetime

from temporalio import activity

from running import Live
from scripted import World
from workflows import contracts
from workflows.contracts import LeaseAnswer, LeaseInput, OperationAnswer, Quarantined, RunId, RunStatus
from workflows.plan import HostName


class OutOfService(World):
    """Its devices sw3 and sw4 are quarantined."""

    @activity.defn(name=contracts.LEASE)
    async def lease(self, call: LeaseInput) -> LeaseAnswer:
        """Grants everything, and says what is out of service."""
        why = Quarantined(since=datetime(2026, 1, 1, tzinfo=UTC), because="it failed", by_run="r", run=RunId("r"))
        return LeaseAnswer(granted=True, quarantined=dict.fromkeys((HostName("sw3"), HostName("sw4")), why))


async def ask(live: Live, kind: str, **operation: object) -> None:
    """One operation, by olga."""
    await live.handle.execute_update(kind, {"by": "olga", **operation}, result_type=OperationAnswer)


def asks(what: str) -> Callable[[RunStatus], bool]:
    """Whether the run is paused on a question that begins so."""
    return lambda status: status.phase == "paused" and any(step.message.startswith(what) for step in status.steps)
