"""Runs real activities against real simulated devices: a store in a folder, a testbed on loopback, Temporal's own
activity environment. Tests of `activities/` share it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from pydantic import JsonValue
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.artifacts.documents import Documents
from activities.artifacts.local import LocalArtifactStore
from activities.confirm import Confirm
from activities.definitions import Definitions
from activities.deviceinteraction.model import HostKeys
from activities.deviceinteraction.testbed.device import Clock
from activities.deviceinteraction.testbed.model import DeviceSpec
from activities.deviceinteraction.testbed.platforms.registry import build
from activities.deviceinteraction.testbed.playback import Make
from activities.deviceinteraction.testbed.testbed import Testbed
from activities.folds import Fold
from activities.interact import Interact
from activities.inventory.yaml_file import YamlInventory
from activities.prepare import Knowledge, Prepare
from activities.secrets.file import FileSecret
from activities.secrets.store import NamedSecrets
from activities.sessions import Sessions
from activities.undo import Undo
from workflows.contracts import (
    ArtifactRef,
    DeviceOutcome,
    FoldInput,
    InteractInput,
    Prepared,
    PrepareInput,
    RunId,
    RunRequest,
    Scope,
)
from workflows.plan import HostName, StepId

In = TypeVar("In")
Out = TypeVar("Out")

SCOPE = Scope(workflow_id="change-1", run=RunId("run-1"), definition="change")
HEARTBEAT = timedelta(minutes=1)  # so long that a busy machine does not look frozen


def environment(attempt: int = 1, heartbeat: timedelta = HEARTBEAT) -> ActivityEnvironment:
    """An activity environment as a worker would give it."""
    env = ActivityEnvironment()
    env.info = replace(
        env.info, attempt=attempt, heartbeat_timeout=heartbeat, start_to_close_timeout=timedelta(minutes=5)
    )
    return env


async def call(activity: Callable[[In], Awaitable[Out]], argument: In, attempt: int = 1) -> Out:
    """Run an activity as a worker would."""
    return await environment(attempt).run(activity, argument)


async def refused(activity: Callable[[In], Awaitable[Out]], argument: In, attempt: int = 1) -> ApplicationError:
    """Run an activity that must fail; returns how it failed."""
    try:
        result = await call(activity, argument, attempt)
    except ApplicationError as error:
        return error
    raise AssertionError(f"it should have failed, and returned {result!r}")


def outcome_in(error: ApplicationError) -> DeviceOutcome:
    """The outcome that a failed call carries."""
    return DeviceOutcome.model_validate(error.details[0])


@dataclass(frozen=True)
class Bench:
    """Activities with their ports, and the devices that they meet."""

    documents: Documents
    testbed: Testbed
    knowledge: Knowledge
    prepare: Prepare
    interact: Interact
    undo: Undo
    confirm: Confirm

    @property
    def hosts(self) -> list[HostName]:
        """All devices, in the inventory's order."""
        return [HostName(name) for name in self.testbed.devices]

    async def prepared(self, source: str, templates: Mapping[str, str] | None = None, **inputs: JsonValue) -> Prepared:
        """Prepare a definition given as text."""
        request = RunRequest(definition="change.yaml", source=source, templates=templates or {}, inputs=inputs)
        return await call(self.prepare.prepare, PrepareInput(scope=SCOPE, request=request))

    async def fold(self, step: str, *outcomes: DeviceOutcome) -> ArtifactRef:
        """Fold outcomes as a batch does."""
        folded = FoldInput(scope=SCOPE, step=StepId(step), outcomes=outcomes)
        return (await call(Fold(self.documents).fold, folded)).ref


def call_of(
    prepared: Prepared, step: str, host: str, values: Mapping[str, ArtifactRef] | None = None, generation: int = 1
) -> InteractInput:
    """The argument of `interact` and `undo`."""
    return InteractInput(
        scope=SCOPE,
        prepared=prepared.ref,
        step=StepId(step),
        host=HostName(host),
        generation=generation,
        values={StepId(name): ref for name, ref in (values or {}).items()},
    )


@asynccontextmanager
async def bench(
    folder: Path, devices: int | Sequence[DeviceSpec] = 4, clock: Clock | None = None, make: Make = build
) -> AsyncIterator[Bench]:
    """A bench with devices of the four platforms in turn."""
    async with Testbed.start(devices=devices, state=folder / "testbed", port=0, clock=clock, make=make) as testbed:
        documents = Documents(LocalArtifactStore(folder / "artifacts"))
        secrets = NamedSecrets({"device_rw": FileSecret(testbed.credentials, "device_rw")})
        sessions = Sessions(secrets, HostKeys(known_hosts=str(testbed.known_hosts)))
        knowledge = Knowledge(
            inventories={"lab": YamlInventory(testbed.inventory), "nautobot": YamlInventory(testbed.inventory)},
            groups={"netops-leads": ("alice", "bob"), "netops-managers": ("maria",)},
            targets=frozenset({"netops"}),
            credentials=frozenset({"device_rw"}),
        )
        yield Bench(
            documents,
            testbed,
            knowledge,
            Prepare(documents, Definitions(), knowledge),
            Interact(documents, sessions),
            Undo(documents, sessions),
            Confirm(documents, sessions),
        )


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that is bound to happen."""
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.01)
