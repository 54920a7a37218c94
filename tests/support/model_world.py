"""The activities of the model: the product's contracts, over devices and systems that fail as a scenario says.

Whatever else is asked for is scripted (`scripted.World`), except for what decides: leases are the product's own, at a
guard of their own; so are plans and proposals, over a store in memory, and change windows, by a clock that the scenario
sets.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, assert_never

from temporalio import activity

from activities.artifacts.documents import Documents
from activities.artifacts.store import ref_of
from activities.claims import Claiming
from activities.folds import Fold
from activities.leases import Leasing
from activities.proposals import Proposals
from activities.values import BUNDLE
from activities.windows import earliest
from model_attempt import Attempt
from model_device import Deed, Lab, Part
from model_scenario import CONFIRM_FAULTS, SYSTEM_FAULTS, UNDO_FAULTS, FaultSpec, Scenario
from model_systems import Request
from scripted import World
from workflows import contracts
from workflows.contracts import (
    ArtifactRef,
    AskInput,
    AskResult,
    Bundle,
    CompareInput,
    CompareResult,
    Device,
    DeviceOutcome,
    Divided,
    DivideInput,
    FoldInput,
    FoldResult,
    HttpInput,
    HttpResult,
    InteractInput,
    PoolInput,
    PoolState,
    Prepared,
    PrepareInput,
    ProposalsInput,
    ProposalsResult,
    ScriptInput,
    ScriptResult,
    WindowInput,
    WindowResult,
)
from workflows.errors import failure
from workflows.plan import DevicesStep, HostName, Plan, Step, StepId
from workflows.run.division import divide_by_facts

BREATH_S: Final = 0.01  # between two actions
WHILE_CUT_S: Final = 1.0  # how long somebody slow waits for a cancel that is on its way
SHORT: Final = 60  # events, so that a step or two fill a history
OPENS: Final = datetime(2030, 1, 7, 2, tzinfo=UTC)  # the change window of `model_text`, on one of its days
REQUESTER: Final = "rita"  # who asks for the runs
STALE: Final = "0" * 64  # the digest of another proposal
Happens = Callable[[], Awaitable[None]]


@dataclass
class ModelWorld(World):
    """What one scenario's workers do. One world serves all of its runs and outlives its workers."""

    scenario: Scenario = field(default_factory=lambda: Scenario(1, ()))
    lab: Lab = field(default_factory=lambda: Lab(()))
    guard: str = "guard"
    queue: str = ""
    moment: Happens | None = None  # told of each thing that happens on a device, or with a system
    cut: bool = False  # a cancel is on its way
    began: datetime | None = None  # when the first run did
    _faults: dict[tuple[str, str, str], deque[str]] = field(default_factory=lambda: defaultdict(deque))
    _newest: dict[Part, int] = field(default_factory=dict)  # the attempt that holds the device's lock
    _tickets: int = 0

    def __post_init__(self) -> None:
        """Opens the store, and sets the traps."""
        for fault in self.scenario.faults:
            self._arm(fault)
        self.documents = Documents(Store())
        self._leasing = Leasing(self.guard)
        self._proposes = self.scenario.mode != "apply" or bool(self.scenario.ids(frozenset({"propose"})))
        self._system = deque(self.scenario.system)
        self._claiming = Claiming(self.guard)
        self._folds, self._proposals = Fold(self.documents), Proposals(self.documents)
        self.history_events = SHORT if self.scenario.short else contracts.HISTORY_EVENTS

    def _arm(self, fault: FaultSpec) -> None:
        struck = self.scenario.struck(fault)
        if struck is not None:
            self._faults[(*struck, _deed_of(fault))].extend([fault.kind] * fault.times)

    def fault(self, step: str, host: str, deed: Deed) -> str:
        """What goes wrong this time; nothing, most of the time."""
        queue = self._faults[step, host, deed]
        return queue.popleft() if queue else ""

    def step(self, name: StepId) -> Step:
        """A step of any of the definitions."""
        return next(step for plan in self.plans.values() for step in plan.steps if step.id == name)

    @property
    def activities(self) -> list[Callable[..., Any]]:
        """All of them, for a worker."""
        ours = self._leasing
        leasing: list[Callable[..., Any]] = [ours.lease, ours.release, ours.holder, ours.holders]
        mine = [one for one in super().activities if one.__name__ not in {"lease", "release", "follow"}]
        claiming: list[Callable[..., Any]] = [self._claiming.claim, self._claiming.follow]
        return [*mine, *leasing, *claiming, self.proposals, self.compare, self.ask]

    @property
    def of_devices(self) -> list[Callable[..., Any]]:
        """Those of a pool's workers."""
        return [self.interact, self.confirm, self.undo]

    # ------------------------------------------------------------------------------------------------- activities

    @activity.defn(name=contracts.PREPARE)
    async def prepare(self, call: PrepareInput) -> Prepared:
        """The plan that is asked for, by its name."""
        self.began = self.began or activity.info().started_time
        prepared = await super().prepare(call)
        plan = self._plan(call.request.definition)
        devices = {host: Device(name=host, platform="eos", address="127.0.0.1") for host in prepared.hosts}
        bundle = Bundle(plan=plan, inputs={}, devices=devices)
        return prepared.model_copy(update={"plan": plan, "ref": await self.documents.save(bundle, BUNDLE)})

    def _plan(self, definition: str) -> Plan:
        return self.plans[definition.partition("@")[0]]

    @activity.defn(name=contracts.DIVIDE)
    async def divide(self, call: DivideInput) -> Divided:
        """Divides by the facts, whatever definition the step is of."""
        step = self.step(call.step)
        assert isinstance(step, DevicesStep), "only devices are divided"
        facts = {HostName(host): of_host for host, of_host in self.facts.items()}
        return divide_by_facts(step, call.hosts, facts, self.inputs)

    @activity.defn(name=contracts.FOLD)
    async def fold(self, call: FoldInput) -> FoldResult:
        """Keeps outcomes."""
        return await (self._folds.fold(call) if self._proposes else World.fold(self, call))

    @activity.defn(name=contracts.PROPOSALS)
    async def proposals(self, call: ProposalsInput) -> ProposalsResult:
        """As the product does."""
        return await self._proposals.proposals(call)

    @activity.defn(name=contracts.COMPARE)
    async def compare(self, call: CompareInput) -> CompareResult:
        """As the product does."""
        return await self._proposals.compare(call)

    @activity.defn(name=contracts.WINDOW)
    async def window(self, call: WindowInput) -> WindowResult:
        """As the product does, by the scenario's clock."""
        ahead = self.ahead
        found = earliest(call.window, call.at + ahead, timedelta(seconds=call.needs_s))
        return WindowResult(start=found.start and found.start - ahead, until=found.until and found.until - ahead)

    @property
    def ahead(self) -> timedelta:
        """By how much the scenario's clock is ahead: its first run began an hour after the window opened, or before."""
        assert self.began is not None, "asked before the first run had begun"
        return OPENS + timedelta(hours=1 if self.scenario.night else -1) - self.began

    @activity.defn(name=contracts.SERVED)
    async def served(self, call: PoolInput) -> PoolState:
        """What the server knows of a pool."""
        return PoolState(served=call.pool in self.pools_served)

    @activity.defn(name=contracts.HTTP)
    async def http(self, call: HttpInput) -> HttpResult:
        """A system."""
        return HttpResult(status=200, json_=await Request(self, call).carry_out())

    @activity.defn(name=contracts.SCRIPT)
    async def script(self, call: ScriptInput) -> ScriptResult:
        """A program, as honest about a repetition as a system is."""
        return ScriptResult(result=await Request(self, call).carry_out())

    @activity.defn(name=contracts.ASK)
    async def ask(self, call: AskInput) -> AskResult:
        """A system that decides about gates."""
        said = self._system.popleft() if self._system else "unanswered"
        self.lab.asked.append((call.scope.run, call.step, said))
        match said:
            case "unreachable":
                raise failure("block_unavailable", "nobody answers")
            case "approved" | "rejected" | "unanswered":
                return AskResult(answer=said, by="itsm's people", digest=call.digest)
            case "stale":
                return AskResult(answer="approved", digest=STALE)
            case "requester":
                return AskResult(answer="approved", by=REQUESTER, digest=call.digest)
            case other:
                assert_never(other)

    @activity.defn(name=contracts.INTERACT)
    async def interact(self, call: InteractInput) -> DeviceOutcome:
        """One device's part of a step."""
        return await Attempt(self, call, "check" if call.only == "after" else "do").carry_out()

    @activity.defn(name=contracts.CONFIRM)
    async def confirm(self, call: InteractInput) -> DeviceOutcome:
        """Lets a device keep what it has."""
        return await Attempt(self, call, "confirm").carry_out()

    @activity.defn(name=contracts.UNDO)
    async def undo(self, call: InteractInput) -> DeviceOutcome:
        """Takes one device's part of a step back, or only leads it out of its maintenance."""
        return await Attempt(self, call, "leave" if call.only == "leave" else "undo").take_back()

    # -------------------------------------------------------------------------------------------------- for attempts

    def lock(self, part: Part) -> int:
        """Takes a device's lock from whoever had it: an older attempt that is still alive writes no more."""
        self._tickets += 1
        self._newest[part] = self._tickets
        return self._tickets

    def owns(self, part: Part, ticket: int) -> bool:
        """Whether an attempt still has the lock."""
        return self._newest[part] == ticket

    async def between(self, *, slow: bool) -> None:
        """Between two actions, where a cancel is honoured; somebody slow gives one time to come."""
        if self.moment is not None:
            await self.moment()
        activity.heartbeat()
        await asyncio.sleep(BREATH_S)
        waited = BREATH_S
        while slow and self.cut and waited < WHILE_CUT_S:
            activity.heartbeat()
            await asyncio.sleep(5 * BREATH_S)
            waited += 5 * BREATH_S


def _deed_of(fault: FaultSpec) -> Deed:
    if fault.kind in SYSTEM_FAULTS:
        return "call"
    if fault.kind in UNDO_FAULTS:
        return "undo"
    if fault.kind in CONFIRM_FAULTS:
        return "confirm"
    return "plan" if fault.kind == "unplannable" else "check" if fault.kind == "again" else "do"


class Store:
    """An artifact store in memory (`activities.artifacts.store.ArtifactStore`): content by its hash, keys once."""

    def __init__(self) -> None:
        self._content: dict[ArtifactRef, bytes] = {}
        self._keys: dict[str, bytes] = {}

    async def put(self, data: bytes, media_type: str) -> ArtifactRef:  # nobody asks for it
        """Keeps content."""
        self._content[ref_of(data)] = data
        return ref_of(data)

    async def get(self, ref: ArtifactRef) -> bytes:
        """Content."""
        return self._content[ref]

    async def create(self, key: str, data: bytes) -> bool:
        """Writes a key once."""
        return self._keys.setdefault(key, data) is data

    async def read(self, key: str) -> bytes | None:
        """What is under a key."""
        return self._keys.get(key)

    async def publish(self, key: str, data: bytes) -> str:
        """A file for people."""
        self._keys[key] = data
        return key

    async def append(self, key: str, line: bytes) -> None:
        """A line of a log."""
        self._keys[key] = self._keys.get(key, b"") + line
