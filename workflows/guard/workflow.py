"""The entity workflow that leases devices. It has no clock for leases: a run keeps them until it ends.

Whether a holder is still alive is asked of Temporal, and only while somebody waits for it. The guard continues as new
by itself, and moves to new builds of the worker: old builds would never drain otherwise.
"""

from datetime import timedelta
from typing import Final

from temporalio import workflow
from temporalio.common import VersioningBehavior
from temporalio.exceptions import ActivityError, FailureError

from workflows import contracts
from workflows.contracts import (
    ClearRequest,
    GuardState,
    Holder,
    HolderInput,
    HolderState,
    LeaseAnswer,
    LeaseRequest,
    ReleaseInput,
)
from workflows.guard.leases import Leases
from workflows.run import calls

LOOK_EVERY: Final = timedelta(seconds=15)


class _Guard:
    """Leases devices to runs."""

    def __init__(self, state: GuardState | None = None) -> None:
        self._leases = Leases(state or GuardState())

    async def live(self) -> None:
        """Lives for ever; looks after holders while somebody waits."""
        while not workflow.info().is_continue_as_new_suggested():
            await workflow.wait_condition(
                lambda: self._leases.somebody_waits or workflow.info().is_continue_as_new_suggested()
            )
            if self._leases.somebody_waits:
                await self._look()
                await workflow.sleep(LOOK_EVERY, summary="somebody waits for devices")
        await workflow.wait_condition(workflow.all_handlers_finished)
        workflow.continue_as_new(self._leases.state)

    @workflow.update(name=contracts.UPDATE_ACQUIRE, description="From a run: all devices that it may change.")
    def acquire(self, request: LeaseRequest) -> LeaseAnswer:
        """Answers at once: ten updates that wait would fill the server's limit, and block every release."""
        return self._leases.acquire(request, workflow.now())

    @workflow.signal(name=contracts.SIGNAL_RELEASE, description="From a run: it has ended.")
    async def release(self, request: ReleaseInput) -> None:
        """Gives devices back and tells those whose turn it is."""
        await self._tell(self._leases.release(request.holder, workflow.now()))

    @workflow.signal(name=contracts.SIGNAL_CLEAR, description='Flagged devices were looked at: {"by": …, "devices": …}')
    def clear(self, request: ClearRequest) -> None:
        """An operator has looked."""
        self._leases.clear(request.devices)

    @workflow.query(name=contracts.QUERY_LEASES, description="Who holds which devices, who waits, what is flagged.")
    def leases(self) -> GuardState:
        """All that it knows."""
        return self._leases.state

    async def _look(self) -> None:
        """Asks Temporal whether those in the way are still alive."""
        for holder in self._leases.in_the_way():
            try:
                found = await workflow.execute_activity(
                    contracts.HOLDER,
                    HolderInput(holder=holder),
                    result_type=HolderState,
                    start_to_close_timeout=calls.STORE_TIMEOUT,
                    retry_policy=calls.STORE_RETRY,
                    summary=f"is {holder.workflow_id} alive?",
                )
            except ActivityError:
                continue  # not to know means to go on waiting
            if found.state != "open":
                await self._tell(self._leases.release(holder, workflow.now(), cut_off=found.state == "cut_off"))

    async def _tell(self, holders: list[Holder]) -> None:
        for holder in holders:
            handle = workflow.get_external_workflow_handle(holder.workflow_id, run_id=holder.run)
            try:
                await handle.signal(contracts.SIGNAL_LEASED)
            except FailureError:
                # It is gone already: its devices go to the next.
                await self._tell(self._leases.release(holder, workflow.now()))


@workflow.defn(name=contracts.GUARD)
class GuardWorkflow(_Guard):
    """The guard of workers without versions."""

    @workflow.init
    def __init__(self, state: GuardState | None = None) -> None:
        super().__init__(state)

    @workflow.run
    async def run(self, state: GuardState | None = None) -> None:  # noqa: ARG002  # taken by __init__
        """Lives for ever."""
        await self.live()


@workflow.defn(name=contracts.GUARD, versioning_behavior=VersioningBehavior.AUTO_UPGRADE)
class VersionedGuardWorkflow(_Guard):
    """The same where workers have versions: the server accepts a versioning behaviour from such workers only."""

    @workflow.init
    def __init__(self, state: GuardState | None = None) -> None:
        super().__init__(state)

    @workflow.run
    async def run(self, state: GuardState | None = None) -> None:  # noqa: ARG002  # taken by __init__
        """Lives for ever."""
        await self.live()
