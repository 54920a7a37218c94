"""Activities that obey the contracts and do as a test says: the interpreter's own tests need no device.

The workflow, the server and the converter are real. What devices do is proven elsewhere, against real sessions.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from pydantic import JsonValue
from temporalio import activity

from activities.cancels import Cancels
from activities.claims import Claiming
from activities.outcomes import status_of
from plans import ref
from workflows import contracts
from workflows.contracts import (
    ArtifactRef,
    CancelInput,
    DeviceOutcome,
    DiffGroup,
    Divided,
    DivideInput,
    FailureInfo,
    FoldInput,
    FoldResult,
    GuardPolicy,
    Holder,
    HttpInput,
    HttpResult,
    InteractInput,
    KeepInput,
    KeepResult,
    LeaseAnswer,
    LeaseInput,
    LeaseRequest,
    LoadStateInput,
    LookInput,
    LookResult,
    NotifyInput,
    NotifyResult,
    PoolInput,
    PoolState,
    Prepared,
    PrepareInput,
    ReleaseInput,
    RunRequest,
    SaveStateInput,
    ScriptInput,
    ScriptResult,
    SealInput,
    SealResult,
    StatePiece,
    StateRef,
    UndoInfo,
    WindowInput,
    WindowResult,
)
from workflows.errors import EvaluationError, FailureType, failure
from workflows.plan import (
    DevicesStep,
    HostName,
    Plan,
)
from workflows.run.division import divide_by_facts

Script = Callable[[InteractInput], Awaitable[DeviceOutcome]]


@dataclass
class World:
    """What the devices do, and what was asked of them."""

    plan: Plan
    hosts: tuple[str, ...]
    inputs: Mapping[str, JsonValue] = field(default_factory=dict)
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    skipped: Mapping[str, str] = field(default_factory=dict)
    scripts: dict[tuple[str, str], Script] = field(default_factory=dict)
    undo_scripts: dict[tuple[str, str], Script] = field(default_factory=dict)
    confirm_scripts: dict[tuple[str, str], Script] = field(default_factory=dict)
    touched: set[tuple[str, str]] = field(default_factory=set)
    calls: list[tuple[str, str, str]] = field(default_factory=list)  # kind, step, host
    told: list[NotifyInput] = field(default_factory=list)
    sealed: list[SealInput] = field(default_factory=list)
    prepare_failure: Exception | None = None
    search_attributes: bool = True
    store_fails: bool = False
    cancel_fails: bool = False  # a run cannot ask for its own cancel
    facts: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    windows: list[WindowResult] = field(default_factory=list)  # what the clock of change windows says, in order
    answers: dict[str, HttpResult | ScriptResult | Exception] = field(default_factory=dict)  # by step
    called: list[HttpInput | ScriptInput] = field(default_factory=list)
    plans: dict[str, Plan] = field(default_factory=dict)  # of definitions that are called
    requests: list[RunRequest] = field(default_factory=list)
    kept: list[KeepInput] = field(default_factory=list)
    free: bool = True  # whether the guard grants devices at once
    leases: list[LeaseRequest] = field(default_factory=list)
    refuses: str = ""  # in the workflow id of a run to which the guard gives nothing
    released: list[Holder] = field(default_factory=list)
    reports: list[ReleaseInput] = field(default_factory=list)
    pools: Mapping[str, str] = field(default_factory=dict)  # of devices that only the workers of a pool reach
    pools_served: set[str] = field(default_factory=set)
    pools_dying: list[str] = field(default_factory=list)
    pools_asked: list[str] = field(default_factory=list)
    prepare_waits_for: asyncio.Event | None = None
    load_waits_for: asyncio.Event | None = None
    loading: asyncio.Event = field(default_factory=asyncio.Event)  # set when a state is read
    history_events: int = 3_000  # how long a history may become
    saved: dict[ArtifactRef, str] = field(default_factory=dict)  # states of runs that continue as new
    guard_policy: GuardPolicy = field(default_factory=GuardPolicy)
    left: LookResult = field(default_factory=LookResult)  # what lost runs are found to have left behind
    looks: list[LookInput] = field(default_factory=list)

    def fails(self, step: str, host: str, kind: FailureType = "check_failed", *, touched: bool = False) -> None:
        """This device fails this step."""

        async def script(call: InteractInput) -> DeviceOutcome:
            if touched:
                self.touched.add((call.step, call.host))
            raise failed(call, kind, touched=touched)

        self.scripts[step, host] = script

    def undo_fails(self, step: str, host: str) -> None:
        """This device cannot be taken back."""

        async def script(call: InteractInput) -> DeviceOutcome:
            raise failed(call, "undo_failed", touched=True)

        self.undo_scripts[step, host] = script

    def asked(self, kind: str, step: str) -> list[str]:
        """The hosts of which something was asked, in order."""
        return [host for asked, name, host in self.calls if (asked, name) == (kind, step)]

    # ------------------------------------------------------------------------------------------------- activities

    @activity.defn(name=contracts.PREPARE)
    async def prepare(self, call: PrepareInput) -> Prepared:
        """Hands out the test's plan."""
        if self.prepare_waits_for is not None:
            await self.prepare_waits_for.wait()
        if self.prepare_failure is not None:
            raise self.prepare_failure
        self.requests.append(call.request)
        return Prepared(
            ref=ref("prepared"),
            plan=self.plans.get(call.request.definition, self.plan),
            inputs=self.inputs,
            hosts=tuple(HostName(host) for host in self.hosts),
            skipped={HostName(host): why for host, why in self.skipped.items()},
            groups=self.groups,
            pools={HostName(host): pool for host, pool in self.pools.items()},
            search_attributes=self.search_attributes,
            guard=self.guard_policy,
            history_events=self.history_events,
        )

    @activity.defn(name=contracts.INTERACT)
    async def interact(self, call: InteractInput) -> DeviceOutcome:
        """One device's part of a step."""
        self.calls.append(("do", call.step, call.host))
        step = self.plan.step(call.step)
        assert isinstance(step, DevicesStep)
        script = self.scripts.get((call.step, call.host))
        if script is not None:
            return await script(call)
        if step.changes:
            self.touched.add((call.step, call.host))
        digest = hashlib.sha256(call.host[-1:].encode()).hexdigest()
        return DeviceOutcome(
            host=call.host, status="succeeded", changed=step.changes, touched=step.changes, diff=digest, values={}
        )

    @activity.defn(name=contracts.CONFIRM)
    async def confirm(self, call: InteractInput) -> DeviceOutcome:
        """Confirms one device's change."""
        self.calls.append(("confirm", call.step, call.host))
        script = self.confirm_scripts.get((call.step, call.host))
        if script is not None:
            return await script(call)
        return DeviceOutcome(host=call.host, status="succeeded", changed=True, touched=True)

    @activity.defn(name=contracts.UNDO)
    async def undo(self, call: InteractInput) -> DeviceOutcome:
        """Takes one device back; one that was not touched needs nothing."""
        self.calls.append(("undo", call.step, call.host))
        script = self.undo_scripts.get((call.step, call.host))
        if script is not None:
            return await script(call)
        if (call.step, call.host) not in self.touched:
            return DeviceOutcome(host=call.host, status="succeeded")
        self.touched.discard((call.step, call.host))
        return DeviceOutcome(host=call.host, status="undone", touched=True, undo=UndoInfo(method="native"))

    @activity.defn(name=contracts.FOLD)
    async def fold(self, call: FoldInput) -> FoldResult:
        """Keeps outcomes."""
        if self.store_fails:
            raise failure("permanent", "the store is full")
        hosts = ",".join(f"{outcome.host}={outcome.diff}" for outcome in call.outcomes)
        group = DiffGroup(
            digest="e" * 64,
            made="modelled",
            devices=len(call.outcomes),
            example=call.outcomes[0].host,
            text="+vlan 120",
        )
        return FoldResult(
            ref=ref(hosts),
            proposal=ref(hosts).removeprefix("sha256:"),
            diffs=(group,),
            made={"modelled": len(call.outcomes)},
        )

    @activity.defn(name=contracts.DIVIDE)
    async def divide(self, call: DivideInput) -> Divided:
        """Divides by the world's facts, as the product does."""
        step = self.plan.step(call.step)
        assert isinstance(step, DevicesStep)
        try:
            return divide_by_facts(step, call.hosts, {HostName(k): v for k, v in self.facts.items()}, self.inputs)
        except EvaluationError as error:
            raise failure("invalid_input", f"step `{call.step}`: the waves cannot be made: {error}") from None

    @activity.defn(name=contracts.WINDOW)
    async def window(self, call: WindowInput) -> WindowResult:
        """What the test says; an open window where it says nothing."""
        return self.windows.pop(0) if self.windows else WindowResult(start=call.at)

    @activity.defn(name=contracts.HTTP)
    async def http(self, call: HttpInput) -> HttpResult:
        """A system."""
        self.called.append(call)
        answer = self.answers[call.step]
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, HttpResult)
        return answer

    @activity.defn(name=contracts.SCRIPT)
    async def script(self, call: ScriptInput) -> ScriptResult:
        """A program; one that would fail runs until the run is cancelled."""
        self.called.append(call)
        answer = self.answers[call.step]
        if isinstance(answer, Exception):
            await _until_cancelled()
            raise answer
        assert isinstance(answer, ScriptResult)
        return answer

    @activity.defn(name=contracts.SERVED)
    async def served(self, call: PoolInput) -> PoolState:
        """What the server knows of a pool, as the test says."""
        self.pools_asked.append(call.pool)
        if call.pool in self.pools_dying:  # it lives for one more look
            self.pools_dying.remove(call.pool)
            return PoolState(served=True)
        return PoolState(served=call.pool in self.pools_served)

    @activity.defn(name=contracts.LEASE)
    async def lease(self, call: LeaseInput) -> LeaseAnswer:
        """Grants everything, unless the test holds it back."""
        self.leases.append(call.request)
        if self.refuses and self.refuses in call.request.holder.workflow_id:
            raise failure("invalid_input", "runs would wait for each other")
        return LeaseAnswer(granted=self.free, held_by=() if self.free else ("another-run",))

    @activity.defn(name=contracts.RELEASE)
    async def release(self, call: ReleaseInput) -> None:
        """Takes everything back."""
        self.released.append(call.holder)
        self.reports.append(call)

    @activity.defn(name=contracts.LOOK)
    async def look(self, call: LookInput) -> LookResult:
        """Finds what the test says; every other device is clean."""
        self.looks.append(call)
        others = {*self.left.taken_back, *self.left.dirty, *self.left.unseen}
        clean = tuple(host for host in call.lost.devices if host not in others)
        return self.left.model_copy(update={"clean": clean})

    @activity.defn(name=contracts.KEEP)
    async def keep(self, call: KeepInput) -> KeepResult:
        """Keeps outputs for the test."""
        self.kept.append(call)
        return KeepResult(ref=ref("kept"))

    @activity.defn(name=contracts.SAVE_STATE)
    async def save_state(self, call: SaveStateInput) -> StateRef:
        """Keeps a piece of a run's state."""
        self.saved[ref(call.text)] = call.text
        return StateRef(ref=ref(call.text))

    @activity.defn(name=contracts.LOAD_STATE)
    async def load_state(self, call: LoadStateInput) -> StatePiece:
        """Reads a piece of a run's state."""
        self.loading.set()
        if self.load_waits_for is not None:
            await self.load_waits_for.wait()
        return StatePiece(text=self.saved[call.ref])

    @activity.defn(name=contracts.NOTIFY)
    async def notify(self, call: NotifyInput) -> NotifyResult:
        """Tells nobody but the test."""
        if call.to == "nowhere":
            raise failure("permanent", "there is no such target")
        self.told.append(call)
        return NotifyResult(delivered=f"to {call.to}")

    @activity.defn(name=contracts.REQUEST_CANCEL)
    async def request_cancel(self, call: CancelInput) -> None:
        """Asks the server, as the product does."""
        if self.cancel_fails:
            raise failure("permanent", "the server refuses")
        await Cancels().request_cancel(call)

    @activity.defn(name=contracts.SEAL)
    async def seal(self, call: SealInput) -> SealResult:
        """Keeps the record for the test."""
        if self.store_fails:
            raise failure("permanent", "the store is full")
        self.sealed.append(call)
        return SealResult(record=ref("record"), report="report.html")

    @property
    def activities(self) -> list[Callable[..., Any]]:
        """All of them, for a worker."""
        devices: list[Callable[..., Any]] = [self.interact, self.confirm, self.undo, self.fold, self.keep, self.divide]
        return [
            self.prepare,
            self.save_state,
            self.load_state,
            self.lease,
            self.release,
            self.look,
            self.served,
            *devices,
            self.window,
            self.http,
            self.script,
            self.notify,
            self.request_cancel,
            Claiming().follow,
            self.seal,
        ]


def failed(call: InteractInput, kind: FailureType, *, touched: bool) -> Exception:
    """A failed call as `interact` reports it."""
    status = status_of(kind, touched=touched) if kind in {"unreachable", "cancelled"} else "failed"
    outcome = DeviceOutcome(
        host=call.host,
        status=status,
        touched=touched,
        failure=FailureInfo(type=kind, message=f"{call.host} says {kind}"),
    )
    detail = outcome.model_dump(mode="json")
    return failure(kind, f"{call.host} says {kind}", detail, retry=kind in {"transient", "unreachable"})


async def _until_cancelled() -> None:
    with suppress(asyncio.CancelledError):
        while True:
            activity.heartbeat()
            await asyncio.sleep(0.05)


class Holding:
    """A device that answers only when the test lets it: for runs that are looked at in the middle."""

    def __init__(self, world: World, *, touches: bool = False) -> None:
        self.world = world
        self.touches = touches
        self.begun = asyncio.Event()
        self.go_on = asyncio.Event()

    async def __call__(self, call: InteractInput) -> DeviceOutcome:
        """Waits, between two actions; a cancel is answered with what it leaves."""
        if self.touches:
            self.world.touched.add((call.step, call.host))
        self.begun.set()
        try:
            while not self.go_on.is_set():
                activity.heartbeat()
                await asyncio.sleep(0.05)
        except asyncio.CancelledError:
            raise failed(call, "cancelled", touched=self.touches) from None
        step = self.world.plan.step(call.step)
        changes = isinstance(step, DevicesStep) and step.changes
        return DeviceOutcome(host=call.host, status="succeeded", changed=changes, touched=changes)
