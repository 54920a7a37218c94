"""The run's side of leases: all devices before the first change, given back at the end, whatever that is."""

from collections.abc import Callable

from temporalio import workflow
from temporalio.exceptions import ActivityError

from workflows import contracts
from workflows.contracts import Holder, LeaseAnswer, LeaseInput, LeaseRequest, ReleaseInput
from workflows.errors import EvaluationError
from workflows.run import calls
from workflows.run.state import RunState, StepRun


class DeviceLeases:
    """What this run holds."""

    def __init__(self, state: RunState, changed: Callable[[], None]) -> None:
        self._state = state
        self._changed = changed
        self._asked = False
        self._held = False
        self._refused = ""

    def granted(self) -> None:
        """The guard's signal: it is this run's turn."""
        self._held = True

    async def hold(self, run: StepRun) -> bool:
        """Asks once for all devices of the run, and waits for its turn. False where the run is cut meanwhile.

        Raises:
            EvaluationError: The guard cannot be asked; no device was touched.
        """
        if not self._asked:
            self._asked = True
            await self._ask(run)
        await workflow.wait_condition(lambda: self._held or bool(self._refused) or self._stopped(run))
        if self._refused:
            raise EvaluationError(self._refused)
        run.state = "running"
        return self._held and not self._stopped(run)

    async def release(self) -> None:
        """Gives everything back. A guard that cannot be told finds out by itself that this run has ended."""
        if not self._asked:
            return
        self._asked = self._held = False  # a step of `finally` that changes devices asks anew
        try:
            await workflow.execute_activity(
                contracts.RELEASE,
                ReleaseInput(holder=self._holder),
                activity_id="release",
                start_to_close_timeout=calls.STORE_TIMEOUT,
                retry_policy=calls.STORE_RETRY,
                summary="give the devices back",
            )
        except ActivityError as error:
            workflow.logger.warning("the leases could not be given back: %s", error.cause)

    async def _ask(self, run: StepRun) -> None:
        devices = tuple(host for host in self._state.plan_ready.hosts if host not in self._state.plan_ready.skipped)
        try:
            answer: LeaseAnswer = await workflow.execute_activity(
                contracts.LEASE,
                LeaseInput(request=LeaseRequest(holder=self._holder, devices=devices)),
                activity_id="lease",
                result_type=LeaseAnswer,
                start_to_close_timeout=calls.STORE_TIMEOUT,
                retry_policy=calls.STORE_RETRY,
                summary=f"lease {len(devices)} devices",
            )
        except ActivityError as error:
            self._refused = f"the devices could not be leased: {error.cause}"
            return
        if answer.granted:
            self._held = True
        elif not self._held:
            run.state = "waiting"
            run.message = f"waits for devices that are held by {', '.join(answer.held_by[:3])}"
            self._changed()

    def _stopped(self, run: StepRun) -> bool:
        return self._state.cut or self._state.stopping or run.overdue

    @property
    def _holder(self) -> Holder:
        info = workflow.info()
        root = info.root.workflow_id if info.root else info.workflow_id
        return Holder(workflow_id=info.workflow_id, run=self._state.scope.run, root=root)
