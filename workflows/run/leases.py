"""The run's side of leases: all devices that it may change, before the first change; given back at the end.

What the guard knows of the devices comes along: those out of service are barred from the steps that change, and those
that a lost run left behind are looked at first. What it has to know goes along with the release.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from workflows import contracts
from workflows.contracts import (
    Holder,
    LeaseAnswer,
    Quarantined,
    ReleaseAnswer,
    ReleaseInput,
)
from workflows.errors import failure
from workflows.plan import HostName
from workflows.run import calls, renewal, reports
from workflows.run.aftermath import look
from workflows.run.named import NotLeasedError, devices_named
from workflows.run.state import RunState, StepRun
from workflows.run.verdict import UNTOLD
from workflows.run.waiting import until
from workflows.wording import to_the_minute


class DeviceLeases:
    """What this run holds."""

    def __init__(self, state: RunState, changed: Callable[[], None]) -> None:
        self._state = state
        self._changed = changed
        self._looking = self._asking = False
        self._given_up = False  # after a reset: what waited for devices was cut, and none came

    def granted(self, answer: LeaseAnswer | None = None) -> None:
        """The guard's signal: it is this run's turn. One that means another run or request is passed over."""
        if answer is not None and answer.to not in {None, self._state.scope.run}:
            return
        lease, number = self._state.lease, answer.number if answer is not None else None
        if number != lease.releases + 1 and (number is not None or lease.counted):
            return
        if not lease.asked and workflow.patched("leased-when-asked"):
            return  # the request was taken back meanwhile; a step of `finally` asks anew, and waits for that answer
        if answer is not None and not lease.held:
            self._take(answer)
        lease.held = True

    def was_reset(self) -> None:
        """The run goes on from an earlier point of its history, and may have given everything back since."""
        self._state.lease.doubted = True

    async def watch(self) -> None:
        """After a reset finds out what the run still holds, where it has asked: before it touches a device."""
        while True:
            await workflow.wait_condition(lambda: self._in_doubt)
            lease = self._state.lease
            if not renewal.asks(self._state):
                lease.doubted = False
                continue
            answer = await renewal.renewed(renewal.call_of(self._state, lease.devices), lambda: self._given_up)
            lease.execution = answer.execution
            if answer.held_by and not answer.granted:  # it waits, and what waited for that was cut: as it is known
                lease.doubted = self._given_up = False
                continue
            if not answer.granted:
                lease.forfeited = renewal.gone(self._state.scope.workflow_id)
                return
            self._take(answer)
            lease.counted = answer.number is not None
            lease.held, lease.doubted = True, False

    @property
    def _in_doubt(self) -> bool:
        lease = self._state.lease
        return lease.doubted and lease.asked and not self._asking

    async def while_held(self, part: "asyncio.Task[None]") -> None:
        """Waits for a part of the run, unless the run has lost its devices by a reset.

        Raises:
            ApplicationError: ``invalid_input``: it has, and goes no further.
        """
        await workflow.wait_condition(lambda: part.done() or bool(self._state.lease.forfeited))
        if not part.done():
            raise failure("invalid_input", self._state.lease.forfeited, UNTOLD)

    async def hold(
        self, run: StepRun, devices: Sequence[HostName] | None = None, *, begin_by: datetime | None = None
    ) -> bool:
        """Asks once for all devices that the run may change, and waits its turn. False where it is cut meanwhile.

        Args:
            run: The step that shows the waiting.
            devices: Those that are asked for; otherwise what changing steps name (`devices_named`).
            begin_by: When the waiting ends, in any case: the devices would come too late to be changed.

        Raises:
            NotLeasedError: The guard cannot be asked, or refuses; this step has touched no device.
        """
        lease = self._state.lease
        if lease.refused and workflow.patched("asks-for-devices-again"):
            lease.asked, lease.refused = False, ""  # an earlier step was refused; that may be over
        lease.users += [run.id] if run.id not in lease.users else []
        if not lease.asked:
            names = devices is None and workflow.patched("leases-what-its-steps-name")
            lease.devices = devices_named(self._state, run) if names else None
            lease.asked = True
            if not renewal.asks(self._state):
                await self._ask(run, lease.devices if names else devices)
        over = None if begin_by is None else f"window {run.id}"
        await until(self._state, lambda: lease.held or bool(lease.refused) or self._state.stopped(run), begin_by, over)
        self._given_up = not lease.held
        await renewal.settled(self._state)
        if lease.refused:
            raise NotLeasedError(lease.refused)
        if lease.held:
            run.state, run.message = "running", ""
        if lease.held and not self._state.stopped(run) and (begin_by is None or workflow.now() < begin_by):
            await self._look(run)
        return lease.held and not self._state.stopped(run)

    async def release(self) -> None:
        """Gives everything back. A guard that cannot be told finds out by itself that this run has ended."""
        lease = self._state.lease
        if not lease.asked:
            return
        await renewal.settled(self._state)
        lease.users = []
        lease.asked = lease.held = lease.counted = False  # a step of `finally` that changes devices asks anew
        lease.releases += 1
        mended = reports.mended(self._state)
        failed = reports.failed(self._state)
        answer = await self._give_back(
            ReleaseInput(
                holder=self.holder,
                id=f"{self._state.scope.run}/release-{lease.releases}",
                failed=failed,
                looked_at=tuple(lease.looked_at),
                policy=self._state.plan_ready.guard,
                number=lease.releases,
                mended=mended,
                mends=tuple(self._state.mends) if mended else (),
            )
        )
        if answer is not None:
            lease.quarantined.update(answer.quarantined)
            self._state.message += reports.in_service(answer)
        reports.note_alerts(self._state, answer.quarantined if answer is not None else {})
        lease.lost, lease.looked, lease.looked_at = (), False, []

    async def put_back(self, run: StepRun) -> None:
        """Gives back devices that have come too late for a step, or asks for them no longer.

        Not where another step counts on them: then the run has them to its end.
        """
        lease = self._state.lease
        lease.users = [user for user in lease.users if user != run.id]
        if not lease.asked or lease.users or any(one.changes and one.begun for one in self._state.all_steps()):
            return
        reported = list(lease.reported)
        await self.release()
        lease.reported, lease.barred = reported, {}  # what fails in a later turn is told then, and so is who is barred
        self._given_up = False

    async def finish_claim(self) -> None:
        """Tells the guard that the work of this run is done, where it has claimed it."""
        claim = self._state.claim
        if claim.state in {"held", "asked", "waiting", "joining"}:
            await self._give_back(ReleaseInput(holder=self.holder, claim=True))

    async def _give_back(self, call: ReleaseInput) -> ReleaseAnswer | None:
        try:
            # No `result_type`: runs of before were answered nothing.
            found: Any = await workflow.execute_activity(
                contracts.RELEASE,
                call,
                activity_id="release-claim" if call.claim else "release",
                **calls.STORE,
                summary="say that the work is done" if call.claim else "give the devices back",
            )
        except ActivityError as error:
            workflow.logger.warning("the guard could not be told: %s", error.cause)
            return None
        return ReleaseAnswer.model_validate(found or {})

    async def _ask(self, run: StepRun, only: Sequence[HostName] | None) -> None:
        state, lease = self._state, self._state.lease
        hosts, skipped = state.plan_ready.hosts, state.plan_ready.skipped
        devices = tuple(host for host in hosts if host not in skipped) if only is None else tuple(only)
        call = renewal.call_of(state)
        asks_for = {"devices": devices, "prepared": state.plan_ready.ref, "effects": state.effects}
        self._asking = True
        try:
            answer: LeaseAnswer = await workflow.execute_activity(
                contracts.LEASE,
                call.model_copy(update={"request": call.request.model_copy(update=asks_for)}),
                activity_id="lease",
                result_type=LeaseAnswer,
                **calls.STORE,
                summary=f"lease {len(devices)} devices",
            )
        except ActivityError as error:
            cause = error.cause
            lease.circle = isinstance(cause, ApplicationError) and cause.type == "invalid_input"
            lease.refused = (
                f"the devices were not leased, and this step has changed none: {cause.message}"
                if isinstance(cause, ApplicationError) and lease.circle
                else f"executor: the guard could not be asked for the devices, and this step has changed none: {cause}"
            )
            return
        finally:
            self._asking = False
        if answer.execution:  # carried out after a reset, it asked for nothing: `watch` finds out what stands
            lease.doubted = True
            return
        lease.counted = answer.number is not None
        if answer.granted and not lease.held:
            self._take(answer)
            lease.held = True
        elif not lease.held:
            run.state = "waiting"
            run.message = f"waits for devices that are held by {', '.join(answer.held_by[:3])}"
            self._changed()

    def _take(self, answer: LeaseAnswer) -> None:
        lease = self._state.lease
        lease.lost = answer.lost
        lease.barred.update(_barred(answer.quarantined))

    async def _look(self, run: StepRun) -> None:
        """Looks at what lost runs have left behind, once, before anything is changed."""
        lease = self._state.lease
        if lease.looked or not lease.lost:
            return
        if self._looking:
            await until(self._state, lambda: lease.looked or self._state.stopped(run))
            return
        self._looking = True
        run.message = f"looks at devices that {lease.lost[0].holder.workflow_id} left behind"
        self._changed()
        await look(self._state)
        self._looking, lease.looked = False, True
        run.message = ""

    @property
    def holder(self) -> Holder:
        """This run, as the guard knows it."""
        return renewal.holder_of(self._state)


def _barred(quarantined: Mapping[HostName, Quarantined]) -> dict[HostName, str]:
    return {
        host: f"quarantined since {to_the_minute(one.since)} because {one.because}; "
        f"clear it with `netsaga quarantine clear {host} --by NAME`"
        for host, one in quarantined.items()
    }
