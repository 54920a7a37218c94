"""Devices whose changes can be planned: scripted, over a real artifact store, folds and proposals."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from temporalio import activity

from activities.artifacts.documents import Documents
from activities.artifacts.local import LocalArtifactStore
from activities.bound import bound_of
from activities.deviceinteraction.failures import Drifted
from activities.deviceinteraction.model import Change
from activities.folds import Fold
from activities.proposals import Proposals
from activities.values import BUNDLE
from plans import plan
from running import REQUEST
from scripted import World, failed
from workflows import contracts
from workflows.contracts import (
    Bundle,
    CompareInput,
    CompareResult,
    Device,
    DeviceOutcome,
    FoldInput,
    FoldResult,
    InteractInput,
    Prepared,
    PrepareInput,
    ProposalsInput,
    ProposalsResult,
    ProposalSummary,
    RunResult,
)
from workflows.plan import DevicesStep, HostName, Plan, Step

HOSTS = ("sw1", "sw2", "sw3", "sw4")
PLAN = {**REQUEST, "mode": "plan"}


@dataclass
class PlanWorld(World):
    """A world whose devices say what would change on them.

    Attributes:
        wants: By step and device the diff that the step would make; ``""`` where nothing is to do.
        would: By step, what it would do besides.
        interacted: Every call for a device.
    """

    folder: Path = Path()
    wants: dict[tuple[str, str], str] = field(default_factory=dict)
    would: dict[str, tuple[str, ...]] = field(default_factory=dict)
    interacted: list[InteractInput] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Opens the store."""
        self.documents = Documents(LocalArtifactStore(self.folder))

    def modes(self, step: str) -> set[str]:
        """How the devices of a step were asked."""
        return {call.mode for call in self.interacted if call.step == step}

    def change(self, step: str, host: str) -> Change:
        """What a step would change."""
        diff = self.wants.get((step, host), f"+vlan {step}")
        digest = hashlib.sha256(diff.encode()).hexdigest()
        return Change(lines=(), diff=diff, digest=digest, made="modelled", empty=not diff)

    def _plan_of(self, call: InteractInput) -> Plan:
        plans = (self.plan, *self.plans.values())
        return next(plan for plan in plans if plan.name == call.scope.definition)

    @activity.defn(name=contracts.PREPARE)
    async def prepare(self, call: PrepareInput) -> Prepared:
        """Hands out the test's plan, and keeps the bundle."""
        prepared = await super().prepare(call)
        devices = {
            host: Device(name=host, platform="arista_eos", address="127.0.0.1") for host in map(HostName, self.hosts)
        }
        bundle = Bundle(plan=prepared.plan, inputs=self.inputs, devices=devices)
        return prepared.model_copy(update={"ref": await self.documents.save(bundle, BUNDLE)})

    @activity.defn(name=contracts.INTERACT)
    async def interact(self, call: InteractInput) -> DeviceOutcome:
        """Proposes in plan mode; held to what was planned otherwise."""
        self.interacted.append(call)
        self.calls.append((call.mode, call.step, call.host))
        script = self.scripts.get((call.step, call.host))
        if script is not None:
            return await script(call)
        step = self._plan_of(call).step(call.step)
        assert isinstance(step, DevicesStep)
        if not step.changes:
            return DeviceOutcome(host=call.host, status="succeeded")
        change = self.change(call.step, call.host)
        bound = await bound_of(self.documents, call)
        try:
            if bound is not None:
                bound.check(change)
        except Drifted:
            raise failed(call, "drifted", touched=False) from None
        applies = call.mode == "apply" and not change.empty
        if applies:
            self.touched.add((call.step, call.host))
        return DeviceOutcome(
            host=call.host,
            status="succeeded",
            changed=not change.empty,
            touched=applies,
            diff=change.digest,
            diff_ref=await self.documents.save_text(change.diff),
            diff_made=change.made,
            would=self.would.get(call.step, ()) if call.mode == "plan" else (),
        )

    @activity.defn(name=contracts.FOLD)
    async def fold(self, call: FoldInput) -> FoldResult:
        """As the product does."""
        return await Fold(self.documents).fold(call)

    @activity.defn(name=contracts.PROPOSALS)
    async def proposals(self, call: ProposalsInput) -> ProposalsResult:
        """As the product does."""
        return await Proposals(self.documents).proposals(call)

    @activity.defn(name=contracts.COMPARE)
    async def compare(self, call: CompareInput) -> CompareResult:
        """As the product does."""
        return await Proposals(self.documents).compare(call)

    @property
    def activities(self) -> list[Any]:
        """All of them, for a worker."""
        return [*super().activities, self.proposals, self.compare]


def world(folder: Path, *steps: Step, **changes: Any) -> PlanWorld:
    return PlanWorld(plan(*steps, last=changes.pop("last", ())), changes.pop("hosts", HOSTS), folder=folder, **changes)


def proposal(result: RunResult) -> ProposalSummary:
    assert result.proposal is not None
    return result.proposal


def bound(planned: RunResult) -> dict[str, Any]:
    """The request that carries out what was planned."""
    return {**REQUEST, "proposal": proposal(planned).model_dump(include={"digest", "ref"})}
