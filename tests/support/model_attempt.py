"""One attempt of the model at one device: what the product's activities do, over devices in memory that fail as told.

It follows `activities/interact.py` and `activities/undo.py`: the same order, the same answers, the same honesty about
what is not known.
"""

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.bound import bound_of
from activities.deviceinteraction.failures import Drifted
from activities.deviceinteraction.model import Change
from activities.values import FOLD
from model_device import Call, Deed, Part, What
from model_upkeep import Upkeep, upkeep_around
from workflows import contracts
from workflows.contracts import DeviceOutcome, DeviceStatus, FailureInfo, InteractInput, UndoInfo
from workflows.errors import RETRIED_AS, FailureType, failure
from workflows.plan import ApplyAction, ConfigureAction, DevicesStep, HostName
from workflows.run.holding import stays_inside

if TYPE_CHECKING:
    from model_world import ModelWorld

# What an attempt ends with before its first line is sent, and after its last: the class, and the status.
BEFORE: Final[dict[str, FailureType]] = {
    "unreachable": "unreachable",
    "transient": "transient",
    "rejected": "rejected_by_device",
    "check_before": "check_failed",
}
STATUS: Final[dict[str, DeviceStatus]] = {"unreachable": "unreachable", "outcome_unknown": "unknown"}


class Lost(Exception):
    """This attempt dies with its worker: nobody is told anything, until the heartbeat is missed."""


class Attempt:
    """One attempt at one device."""

    def __init__(self, world: "ModelWorld", call: InteractInput, deed: Deed) -> None:
        self._world, self._lab, self._given = world, world.lab, call
        self._deed: Deed = "plan" if call.mode == "plan" else deed
        info = activity.info()
        self._attempt, self._batch, self._at = info.attempt, info.workflow_id or "", info.started_time
        step = world.step(call.step)
        assert isinstance(step, DevicesStep), "only a step over devices is carried out on one"
        self._step = step
        self._confirm = next(
            (one.confirm for one in self._step.do if isinstance(one, ConfigureAction | ApplyAction)), None
        )
        self._call = Call(Part(call.scope.run, call.step, call.host), call.generation)
        self._fault = world.fault(call.step, call.host, "undo" if deed == "leave" else self._deed)
        wrapped = self._deed in {"do", "undo", "leave"} or (self._deed == "confirm" and stays_inside(step))
        maintained = step.maintenance is not None and wrapped
        self._upkeep = Upkeep(self._lab, self._call, self._note) if maintained else None
        self._ticket = world.lock(self._call.part)
        self._lab.pass_time(call.scope.run, self._at)
        self._note("begin", self._unexpected(info.task_queue))

    def _unexpected(self, queue: str) -> str:
        """What is wrong with how the attempt came here; nothing, most of the time."""
        expected = contracts.pool_queue(self._world.queue, self._world.pools.get(self._host))
        return "" if queue == expected else f"on the queue {queue} and not on {expected}"

    # ------------------------------------------------------------------------------------------------------- do

    async def carry_out(self) -> DeviceOutcome:
        """As `activities/interact.py` does it, in the same order."""
        try:
            await self._between()
            outcome = await self._actions()
        except asyncio.CancelledError:
            raise self._cancelled() from None
        except Lost:
            self._note("end", "lost")
            self._hang_up()
            activity.raise_complete_async()
        self._note("end", "changed" if outcome.changed else "unchanged")
        return outcome

    async def _actions(self) -> DeviceOutcome:
        if self._deed == "plan":
            return await self._planned()
        if self._fault in {"lost_before", "confirm_lost_before"}:
            raise Lost
        if self._fault in {"outage", "confirm_outage"}:
            raise self._outage()
        if self._fault in {"unreachable", "transient"}:
            raise self._failed(BEFORE[self._fault])
        fails = self._fault == "enter_fails"
        if self._upkeep is not None and self._deed == "do" and not self._upkeep.enter(fails=fails):
            raise self._failed("check_failed")
        if self._fault in BEFORE and self._deed == "do":
            raise self._failed(BEFORE[self._fault])
        if self._step.do[0].kind == "propose":
            return await self._shown()
        changed = False
        if self._step.changes and self._deed == "do":
            changed = await self._change()
        if self._deed == "confirm" and self._call in self._lab.journal and self._lab.journal[self._call].reverted:
            raise self._failed("reverted")
        if self._fault in {"check_after", "again", "confirm_fails"} and self._step.do[-1].kind == "check":
            raise self._failed("check_failed")
        await self._between()
        if self._deed == "confirm" or (changed and self._confirm is not None and self._confirm.hold == "device"):
            await self._keep()
        if self._upkeep is not None and not self._waits and not self._upkeep.leave(fails=self._fault == "leave_fails"):
            raise self._failed("check_failed")
        changed = changed or self._deed != "do"
        return DeviceOutcome(host=self._host, status="succeeded", changed=changed, touched=self._touched())

    async def _planned(self) -> DeviceOutcome:
        """What would be changed; a device that is only read is read."""
        if self._fault == "unplannable":
            raise self._failed("unreachable")
        if self._step.do[0].kind == "propose":
            return await self._shown()
        if not self._step.changes:
            return DeviceOutcome(host=self._host, status="succeeded")
        change = self._lab.proposed(self._call.part)
        await self._as_shown(change)
        return await self._with(change, changed=not change.empty)

    async def _shown(self) -> DeviceOutcome:
        """The change as it would be, for the step that is to make it."""
        part = self._call.part
        change = self._lab.proposed(part._replace(step=self._world.scenario.place(part.step)[0].change_of(part.step)))
        self._lab.shown[part] = change.digest
        return await self._with(change, changed=False)

    async def _with(self, change: Change, *, changed: bool) -> DeviceOutcome:
        return DeviceOutcome(
            host=self._host,
            status="succeeded",
            changed=changed,
            diff=change.digest,
            diff_ref=await self._world.documents.save_text(change.diff),
            diff_made=change.made,
        )

    async def _as_shown(self, now: Change) -> None:
        """Insists on the change that an earlier step has proposed, where this one applies that."""
        action = self._step.do[0]
        if not isinstance(action, ApplyAction) or action.step is None:
            return
        ref = self._given.values.get(action.step)
        fold = await self._world.documents.load(ref, FOLD) if ref is not None else {}
        proposed = fold.get(self._host)
        if proposed is None or proposed.status != "succeeded":
            raise self._failed("invalid_input")  # that step left nothing for this device
        if self._call in self._lab.journal:
            return  # an attempt before this one has begun with it
        if now.digest != proposed.diff:
            self._lab.moved.append((self._call, now.digest))
            raise self._failed("drifted")
        self._lab.applied.append((self._call, now.digest))

    async def _held(self) -> None:
        """Insists on the change that was planned, where the run carries out a plan."""
        bound = await bound_of(self._world.documents, self._given)
        if bound is None:
            return
        try:
            bound.check(self._found())
        except Drifted:
            raise self._failed("drifted") from None

    def _found(self) -> Change:
        """What is to be changed on the device as it is now."""
        empty = Change(lines=(), diff="", digest="", made="modelled", empty=True)
        return empty if self._fault == "same" else self._lab.proposed(self._call.part)

    async def _change(self) -> bool:
        """The effect, or what an earlier attempt has left of it. Whether the device was changed."""
        call, lab = self._call, self._lab
        begun = call in lab.journal
        if begun and lab.journal[call].reverted:
            raise self._failed("reverted")  # by its own timer, while nobody was there
        if begun and lab.holds(call.part) == "some":
            raise self._failed("partially_applied")
        if begun and lab.holds(call.part) == "all":
            return True  # committed by an attempt whose answer was lost
        if not begun:
            if self._fault == "drifts":
                self._lab.foreign[call.part.host] += 1
            await self._held()
        await self._as_shown(self._found())
        if self._fault == "same" and not begun:
            return False  # an empty change
        if lab.intend(call) is None:
            return False
        if self._fault == "unknown_before":
            raise self._failed("outcome_unknown")
        if self._fault in {"partial", "lost_halfway"}:
            self._send(most=1)
            await self._moment()
            if self._fault == "lost_halfway":
                raise Lost
            raise self._failed("partially_applied")
        self._send()
        await self._moment()
        match self._fault:
            case "unknown_after":
                raise self._failed("outcome_unknown")
            case "lost_after":
                raise Lost
            case "garbled":
                raise ApplicationError("an answer without an outcome", type="permanent", non_retryable=True)
        return True

    def _send(self, most: int = 2) -> None:
        if not self._world.owns(self._call.part, self._ticket):
            raise Lost  # a stale attempt closes its session and ends; nobody waits for it any more
        until = None
        hold = self._confirm.hold if self._confirm is not None else ""
        if self._confirm is not None and (self._kind == "device" or (hold, self._kind) == ("device", "session")):
            until = self._at + timedelta(seconds=self._confirm.within_s)
        self._lab.send(self._call, self._batch, self._attempt, most, until)

    # ------------------------------------------------------------------------------------------------- confirming

    async def _keep(self) -> None:
        """The device keeps what it has, unless it has taken it back meanwhile."""
        if not self._world.owns(self._call.part, self._ticket):
            raise Lost
        if self._call not in self._lab.journal:
            return  # an empty change
        self._lab.keep(self._call, self._batch, self._attempt)
        await self._moment()
        if self._fault == "confirm_lost_after":
            raise Lost

    def _hang_up(self) -> None:
        """The session ends: a timer that lives on it fires."""
        if self._kind == "session" and self._deed == "do" and self._call in self._lab.journal:
            self._lab.revert(self._call)

    def _outage(self) -> ApplicationError:
        """The device cannot be reached for longer than any timer runs."""
        found = self._failed("unreachable")
        retry = None if found.non_retryable else timedelta(minutes=30)
        return ApplicationError(
            found.message, *found.details, type=found.type, non_retryable=found.non_retryable, next_retry_delay=retry
        )

    @property
    def _kind(self) -> str:
        return self._world.scenario.confirms(self._call.part.host, self._call.part.step)

    # ----------------------------------------------------------------------------------------------------- undo

    async def take_back(self) -> DeviceOutcome:
        """As `activities/undo.py` does it."""
        try:
            outcome = await self._take_back()
        except asyncio.CancelledError:  # the worker stops; the next one goes on
            raise self._undo_failed("transient", retry=True) from None
        except Lost:
            self._note("end", "lost")
            activity.raise_complete_async()
        self._note("end", outcome.status)
        return outcome

    async def _take_back(self) -> DeviceOutcome:
        begun = self._deed == "undo" and self._call in self._lab.journal
        maintained = self._upkeep is not None
        upkeep = upkeep_around(self._lab, self._call, self._note, undoes=begun) if maintained else None
        if not begun and upkeep is None:
            return DeviceOutcome(host=self._host, status="succeeded")
        if begun and not self._step.undo:
            raise self._undo_failed("undo_failed", retry=False)
        await self._between()
        match self._fault:
            case "undo_transient" | "undo_unreachable":
                raise self._undo_failed("transient" if self._fault == "undo_transient" else "unreachable", retry=True)
            case "undo_permanent":
                raise self._undo_failed("undo_failed", retry=False)
            case "undo_lost_before":
                raise Lost
        if not self._world.owns(self._call.part, self._ticket):
            raise Lost
        if self._deed == "leave" and self._waits:
            return DeviceOutcome(host=self._host, status="succeeded")  # whoever takes it back leads it out
        if upkeep is not None and begun and not self._inside:
            upkeep.enter()
        there = begun and self._lab.take_back(self._call, self._batch, self._attempt)
        await self._moment()
        if upkeep is not None and not upkeep.leave(fails=self._fault == "undo_leave_fails"):
            raise self._undo_failed("undo_failed", retry=False)
        if self._fault == "undo_lost_after":
            raise Lost
        if not there:
            return DeviceOutcome(host=self._host, status="succeeded")
        return DeviceOutcome(host=self._host, status="undone", touched=True, undo=UndoInfo(method="native"))

    # ------------------------------------------------------------------------------------------------ how it ends

    @property
    def _host(self) -> HostName:
        return HostName(self._call.part.host)

    @property
    def _inside(self) -> bool:
        """Whether the step itself has led the device in, and nobody has led it out."""
        return self._upkeep is not None and self._upkeep.inside

    @property
    def _waits(self) -> bool:
        """Whether leading the device out would settle a change that it has still to take back by itself."""
        intent = self._lab.journal.get(self._call)
        return stays_inside(self._step) and intent is not None and intent.until is not None

    def _note(self, what: What, said: str = "") -> None:
        self._lab.note(self._deed, what, self._call, self._batch, self._attempt, said, self._at)

    def _touched(self) -> bool:
        return self._call in self._lab.journal

    def _failed(self, kind: FailureType) -> ApplicationError:
        failed = self._lab.failed.setdefault(self._call, set())
        failed.add(self._attempt)
        wanted = any(kind in RETRIED_AS.get(name, ()) for name in self._step.retry.on)
        return self._failure(kind, STATUS.get(kind, "failed"), wanted and len(failed) < self._step.retry.attempts)

    def _undo_failed(self, kind: FailureType, *, retry: bool) -> ApplicationError:
        return self._failure(kind, "undo_failed", retry, touched=True)

    def _failure(
        self, kind: FailureType, status: DeviceStatus, retry: bool, *, touched: bool | None = None
    ) -> ApplicationError:
        said = f"{self._host} says {kind}"
        outcome = DeviceOutcome(
            host=self._host,
            status=status,
            touched=self._touched() if touched is None else touched,
            failure=FailureInfo(type=kind, message=said),
        )
        self._note("end", f"{kind}{', to be tried again' if retry else ''}")
        self._hang_up()
        return failure(kind, said, outcome.model_dump(mode="json"), retry=retry)

    def _cancelled(self) -> BaseException:
        details = activity.cancellation_details()
        if details is not None and details.worker_shutdown:
            return self._failure("transient", "unknown", True)
        touched = self._touched()
        if not touched and not self._inside and self._fault != "slow":
            self._note("end", "cancelled before it began")
            return asyncio.CancelledError()
        return self._failure("cancelled", "failed" if touched else "skipped", False)

    # -------------------------------------------------------------------------------------------------- moments

    async def _moment(self) -> None:
        if self._world.moment is not None:
            await self._world.moment()

    async def _between(self) -> None:
        """Between two actions, where a cancel is honoured."""
        await self._world.between(slow=self._fault == "slow")
