"""The entity workflow that leases devices, keeps those out of service that failed, and knows who does which work.

It has no clock for leases: a run keeps them until it ends. Whether a holder is still alive is asked of Temporal, and
only while somebody waits for it. The guard continues as new by itself, and moves to new builds of the worker: old
builds would never drain otherwise.
"""

from collections import deque
from datetime import timedelta
from typing import Final, Literal

from temporalio import workflow
from temporalio.common import VersioningBehavior
from temporalio.exceptions import ApplicationError, FailureError

from workflows import contracts
from workflows.arrivals import arrived, asked
from workflows.contracts import (
    ClaimAnswer,
    ClaimRequest,
    ClearAnswer,
    ClearRequest,
    GuardState,
    Holder,
    LeaseAnswer,
    LeaseRequest,
    ReleaseAnswer,
    ReleaseInput,
    RunId,
)
from workflows.guard import looking
from workflows.guard.claims import Claims
from workflows.guard.leases import Leases
from workflows.guard.looking import Closed
from workflows.guard.quarantine import Quarantine
from workflows.guard.waits import told
from workflows.wording import some

EXAMPLE: Final = '{"by": "NAME", "devices": ["HOST"], "reason": "TEXT"}'
LOOK_EVERY: Final = timedelta(seconds=15)
# Its history is replayed by whichever worker takes it up; the server's own suggestion comes only at 4,096 events.
LONGEST_HISTORY: Final = contracts.HISTORY_EVENTS


class _Guard:
    """Leases devices to runs."""

    def __init__(self, state: GuardState | None = None) -> None:
        kept = state or GuardState()
        self._quarantine = Quarantine(kept)
        self._claims = Claims(kept)
        self._leases = Leases(kept, self._claims, _by_lines)
        self._heard: dict[RunId, None] = {}  # who has asked for something since a look began

    async def live(self) -> None:
        """Lives for ever; looks after holders while somebody waits."""
        while not _is_long():
            await workflow.wait_condition(lambda: self._somebody_waits or _is_long())
            if self._somebody_waits:
                await self._look()
                if self._somebody_waits or not looking.together():
                    await workflow.sleep(LOOK_EVERY, summary="somebody waits for devices, or for another run")
        await workflow.wait_condition(workflow.all_handlers_finished)
        self._quarantine.prune(workflow.now())
        workflow.continue_as_new(self._state)

    @property
    def _state(self) -> GuardState:
        """All that it knows. Each part fills the fields of its own."""
        parts = (self._leases.state, self._quarantine.state, self._claims.state)
        return GuardState.model_validate(
            {name: getattr(part, name) for part in parts for name in GuardState.model_fields if getattr(part, name)}
        )

    @property
    def _somebody_waits(self) -> bool:
        return self._leases.somebody_waits or self._claims.somebody_waits

    # --------------------------------------------------------------------------------------------------- from runs

    @workflow.update(name=contracts.UPDATE_ACQUIRE, description="From a run: all devices that it may change.")
    async def acquire(self, request: LeaseRequest) -> LeaseAnswer:
        """Answers at once: ten updates that wait would fill the server's limit, and block every release."""
        self._heard[request.holder.run] = None
        answer = self._leases.acquire(request, workflow.now())
        answer = answer.model_copy(update={"quarantined": self._quarantine.among(request.devices)})
        if not answer.granted:
            await self._tell(self._leases.advance(workflow.now()))  # whom this one waits for goes first
        return answer

    @acquire.validator
    def validate_acquire(self, request: LeaseRequest) -> None:
        """Refuses what would never be granted: in the validator, so that a guard of before replays as it was."""
        self._refuse(request)

    @workflow.update(name=contracts.UPDATE_RENEW, description="From a run that was reset: what it still holds.")
    def renew(self, request: LeaseRequest) -> LeaseAnswer:
        """Answers what stands, and grants nothing: whoever has given devices back must not take them for untouched."""
        self._heard[request.holder.run] = None
        return self._leases.renew(request)

    @workflow.signal(name=contracts.SIGNAL_RELEASE, description="From a run: it has ended.")
    async def release_signal(self, *said: object) -> None:
        """The same as the update, without an answer."""
        call = arrived(ReleaseInput, said)
        if call is not None:
            await self._release(call)

    @workflow.update(name=contracts.SIGNAL_RELEASE, description="From a run: it has ended, and which devices failed.")
    async def release(self, call: ReleaseInput) -> ReleaseAnswer:
        """Gives devices back, counts failures, and tells those whose turn it is."""
        return await self._release(call)

    async def _release(self, call: ReleaseInput) -> ReleaseAnswer:
        now = workflow.now()
        answer = self._quarantine.report(call, now)
        if self._leases.holds(call.holder):  # said twice, it may be another run that has left them behind since
            self._leases.clear(call.looked_at)
        if not self._leases.has_asked_since(call.holder, call.number):
            await self._tell(self._leases.release(call.holder, now))
        if call.claim:
            await self._tell_claims(call.holder)
        return answer

    @workflow.update(name=contracts.UPDATE_CLAIM, description="From a run: it would do some work alone (`dedup`).")
    async def claim(self, request: ClaimRequest) -> ClaimAnswer:
        """Grants, or says who does that work; answers at once."""
        self._heard[request.holder.run] = None
        if request.gone is not None:
            self._claims.withdraw(request.holder)
            await self._forget(Closed(request.gone.holder, request.gone.state))
            if self._leases.circle(request) and _by_lines():
                self._refuse(request)  # somebody has asked meanwhile
        answer = self._claims.claim(request, workflow.now())
        if not answer.granted:
            await self._tell(self._leases.advance(workflow.now()))
        return answer

    @claim.validator
    def validate_claim(self, request: ClaimRequest) -> None:
        """Refuses a wait that would never end."""
        self._refuse(request)

    def _refuse(self, request: LeaseRequest | ClaimRequest) -> None:
        circle = self._leases.circle(request)
        if circle:
            concerned = [wait.behind.model_dump(mode="json") for wait in circle]
            raise ApplicationError(told(circle), *concerned, type=contracts.CIRCLE, non_retryable=True)

    # ---------------------------------------------------------------------------------------------- from operators

    @workflow.update(
        name=contracts.SIGNAL_CLEAR, description='Back into service: {"by": …, "devices": […], "reason": …}'
    )
    def clear(self, *said: object) -> ClearAnswer:
        """An operator has looked. An update repeated with the same id is answered as it was."""
        info = workflow.current_update_info()
        id_ = info.id if info is not None else ""
        earlier = self._quarantine.answered(id_)
        return earlier if earlier is not None else self._clear(asked(ClearRequest, said, EXAMPLE), "update", id_)

    def _clear(self, request: ClearRequest, how: Literal["update", "signal"], id_: str) -> ClearAnswer:
        out = {**self._leases.flagged, **self._quarantine.among(request.devices)}
        cleared = tuple(host for host in dict.fromkeys(request.devices) if host in out)
        if cleared:
            self._quarantine.clear(request.model_copy(update={"devices": cleared}), workflow.now(), how, id_)
            self._leases.clear(cleared)
        return ClearAnswer(cleared=cleared)

    @clear.validator
    def validate_clear(self, *said: object) -> None:
        """Refuses devices that need no clearing: most likely a name is misspelt."""
        request = asked(ClearRequest, said, EXAMPLE)
        info = workflow.current_update_info()
        if info is not None and self._quarantine.answered(info.id) is not None:
            return
        out = {**self._leases.flagged, **self._quarantine.among(request.devices)}
        strangers = [host for host in request.devices if host not in out]
        if strangers:
            raise ApplicationError(
                f"neither quarantined nor flagged: {some(strangers, 5)}; "
                "nothing was cleared. `netsaga quarantine` lists those that are.",
                type="invalid_input",
            )

    @workflow.signal(name=contracts.SIGNAL_CLEAR, description='Back into service: {"by": …, "devices": […]}')
    def clear_signal(self, *said: object) -> None:
        """The same without an answer; devices that need no clearing are passed over."""
        request = arrived(ClearRequest, said)
        if request is not None:
            self._clear(request, "signal", "")

    @workflow.query(
        name=contracts.QUERY_LEASES,
        description="Who holds which devices, who waits, what is quarantined or flagged, who cleared what.",
    )
    def leases(self) -> GuardState:
        """All that it knows."""
        return self._state

    # ------------------------------------------------------------------------------------------------ who is alive

    async def _look(self) -> None:
        """Asks Temporal whether those in the way are still alive."""
        holders = {holder.run: holder for holder in (*self._leases.in_the_way(), *self._claims.in_the_way())}
        self._heard.clear()
        if len(holders) < 2 or not looking.together():
            await looking.one_by_one(list(holders.values()), self._found_closed)
            return
        closed = [one for one in await looking.closed_among(list(holders.values())) if not self._has_asked(one)]
        for one in closed:  # first of all, or it would be their turn
            self._leases.withdraw(one.holder)
            self._claims.withdraw(one.holder)
        for one in closed:
            await self._forget(one)

    async def _found_closed(self, closed: Closed) -> None:
        if not self._has_asked(closed):
            await self._forget(closed)

    def _has_asked(self, closed: Closed) -> bool:
        """Whether a run has asked for something since it was looked at: it was reset, and the next look will know."""
        return closed.holder.run in self._heard and workflow.patched("heard-since-the-look")

    async def _forget(self, closed: Closed) -> None:
        """A run is closed: what it held goes to the next."""
        cut_off = closed.how == "cut_off"
        await self._tell(self._leases.release(closed.holder, workflow.now(), cut_off=cut_off))
        await self._tell_claims(closed.holder)

    async def _tell(self, holders: list[Holder]) -> None:
        left = deque(holders)
        while left:
            holder = left.popleft()
            lease = self._leases.lease_of(holder)
            if lease is None and workflow.patched("tells-those-who-hold"):
                continue  # it has given its devices back meanwhile, and may wait for them anew
            devices, number = (lease.devices, lease.number) if lease is not None else ((), None)
            told = {"quarantined": self._quarantine.among(devices), "to": holder.run, "number": number}
            answer = self._leases.answer(devices).model_copy(update=told)
            # By workflow id alone: the run may have continued as new since it asked.
            handle = workflow.get_external_workflow_handle(holder.workflow_id)
            try:
                await handle.signal(contracts.SIGNAL_LEASED, answer)
            except FailureError:
                # It is gone already: its devices go to the next.
                left.extendleft(reversed(self._leases.release(holder, workflow.now())))

    async def _tell_claims(self, ended: Holder) -> None:
        left = deque(self._claims.release(ended, workflow.now()))
        while left:
            holder, answer = left.popleft()
            handle = workflow.get_external_workflow_handle(holder.workflow_id)
            try:
                await handle.signal(contracts.SIGNAL_CLAIMED, answer)
            except FailureError:
                left.extendleft(reversed(self._claims.release(holder, workflow.now())))  # gone already


def _by_lines() -> bool:
    """Whether runs share devices along a line of calls, and nobody waits before one that he waits for anyhow."""
    return workflow.patched("devices-by-lines-of-calls")


def _is_long() -> bool:
    info = workflow.info()
    return info.is_continue_as_new_suggested() or info.get_current_history_length() >= LONGEST_HISTORY


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
