"""What happened in a scenario: what `model_drive` tells, and `model_rules` judges."""

from dataclasses import dataclass, field
from datetime import timedelta

from temporalio.client import WorkflowHistory

from model_device import Lab
from model_scenario import Definition, Scenario
from model_text import told as as_text
from workflows.contracts import Gate, GuardState, RunResult, SealInput
from workflows.plan import Plan


@dataclass
class Told:
    """What one run said at its end."""

    id: str
    run: str
    definition: Definition
    plan: Plan
    result: RunResult
    sealed: SealInput
    closed: str  # how the workflow itself ended: completed, a failure's type, cancelled
    cancels: bool  # whether a cancel was asked for, of it or of the run that called it
    answered: bool  # whether an operator has answered something
    parent: "Told | None" = None  # whose step called it, or planned it anew

    @property
    def root(self) -> str:
        """Under whose name it holds devices."""
        return self.id.partition("/")[0]

    @property
    def plans(self) -> bool:
        """Whether it only planned."""
        return self.sealed.mode == "plan"


@dataclass(frozen=True)
class Unsealed:
    """A run that wrote no record: it was refused, or another run did its work."""

    id: str
    closed: str
    result: RunResult | None


@dataclass(frozen=True)
class Sent:
    """A signal that somebody sent."""

    n: int | None  # what it says; None where that is not what was asked for
    taken: bool | None = None  # what the answer was; None where there is none


@dataclass
class Story:
    """What happened in a scenario."""

    scenario: Scenario
    lab: Lab
    runs: list[Told] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)  # runs that ended before they began, and as what
    backs: list[Told] = field(default_factory=list)  # runs that took back what a called one had changed
    unsealed: list[Unsealed] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    seen: list[tuple[str, Gate]] = field(default_factory=list)  # runs, and gates as people saw them
    guard: GuardState = field(default_factory=GuardState)
    histories: dict[str, WorkflowHistory] = field(default_factory=dict)
    operations: list[str] = field(default_factory=list)
    notified: list[str] = field(default_factory=list)  # the runs that told somebody something
    ahead: timedelta = timedelta()  # what the scenario's clock is ahead of the batches'

    @property
    def applied(self) -> list[Told]:
        """The runs that carried something out."""
        return [told for told in self.runs if not told.plans]

    def __str__(self) -> str:
        said = [as_text(self.scenario), ""]
        said += [f"  {entry}" for entry in self.lab.log]
        said += [f"  people: {operation}" for operation in self.operations]
        for told in [*self.runs, *self.backs]:
            mode = ", a plan," if told.plans else ""
            said.append(f"run {told.id} ({told.run[:8]}){mode} closed as {told.closed}: {told.result.verdict}")
            said.append(f"  {told.result.message}")
            said += [f"  {step.id}: {step.state} {dict(step.counts)} {step.message}" for step in told.result.steps]
            said += [f"  {one.name}: {one.status} ({one.step}) {one.message}" for one in told.result.devices]
        said += [f"run {one.id} wrote no record, closed as {one.closed}: {one.result}" for one in self.unsealed]
        said += [f"run {name} was refused: {why}" for name, why in self.refused.items()]
        for host in self.scenario.names:
            said.append(f"  {host} now has {sorted(self.lab.running[host])}")
        return "\n".join(said)
