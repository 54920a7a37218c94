"""The shipped upgrade where a switch does not come back: real activities and devices, on a clock that skips the waits.

The definition is the shipped one but for two of its words: a restart may take a second instead of twenty minutes, as
devices here live in real time, and nobody needs to be asked.
"""

import asyncio
import hashlib
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pytest
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

from activities.claims import Claiming
from activities.deviceinteraction.testbed import DeviceSpec
from activities.deviceinteraction.testbed.model import Fault
from activities.files import Files
from activities.journal import journal_of
from activities.leases import Leasing
from activities.registry import NAMES, Activities
from activity_bench import Bench, bench
from running import PATIENCE_S, Server
from sandboxed import sandboxed
from worker.build import WORKFLOWS
from workflows import contracts
from workflows.contracts import ArtifactRef, InteractInput, RunId, RunResult, Scope
from workflows.plan import HostName, StepId

LIBRARY: Final = Path(__file__).parents[3] / "workflows" / "library"
IMAGE: Final = "cat9k_lite.17.12.1.bin"
DATA: Final = b"image" * 1_000
HOSTS: Final = ("acc-001", "acc-002")  # without `data.mlag_pair`: each may go alone


@dataclass(frozen=True)
class Upgrades:
    """Upgrades of two switches."""

    server: Server
    lab: Bench
    queue: str

    async def result(self, *, once_given_up: Callable[[], None] | None = None) -> RunResult:
        """What an upgrade comes to, where something may happen once the first attempt at a switch has failed."""
        source = (LIBRARY / "firmware-upgrade.yaml").read_text()
        for shipped, here in (("within: 20m", "within: 1s"), ("on_timeout: reject", "on_timeout: approve")):
            assert source.count(shipped) == 1
            source = source.replace(shipped, here)
        inputs = {
            "site": "b1", "platform": "cisco_iosxe", "image": IMAGE, "sha256": hashlib.sha256(DATA).hexdigest(),
            "release": "17.12.1", "soak": "0s",
        }  # fmt: skip
        templates = {"boot.j2": (LIBRARY / "templates" / "boot.j2").read_text()}
        request = {"source": source, "templates": templates, "inputs": inputs, "by": "rita", "reason": "17.9 ends"}
        handle = await self.server.client.start_workflow(
            contracts.RUN, request, id=f"run-{self.queue}", task_queue=self.queue, result_type=RunResult
        )
        # Time is skipped while somebody waits for the result.
        ending: asyncio.Future[RunResult] = asyncio.ensure_future(asyncio.wait_for(handle.result(), PATIENCE_S))
        if once_given_up is not None:
            await self._given_up(RunId(str(handle.first_execution_run_id)))
            once_given_up()
        try:
            return await ending
        except WorkflowFailureError as error:
            details = error.cause.details if isinstance(error.cause, ApplicationError) else [error.cause]
            return RunResult.model_validate(details[0])

    async def _given_up(self, run: RunId) -> None:
        call = InteractInput(
            scope=Scope(workflow_id=self.queue, run=run, definition="firmware-upgrade"),
            prepared=ArtifactRef("sha256:" + "0" * 64),  # not read: only where the attempts are counted matters
            step=StepId("upgrade"),
            host=HostName(HOSTS[0]),
            generation=1,
        )
        journal = journal_of(self.lab.documents.store, call, "attempts")
        async with asyncio.timeout(PATIENCE_S):
            while await journal.read("failed-1") is None:
                await asyncio.sleep(0.02)

    def events(self, host: str, event: str) -> int:
        """How often a device noted something."""
        return sum(entry.get("event") == event for entry in self.lab.testbed.device(host).log())


@pytest.fixture
async def upgrades(server: Server, tmp_path: Path) -> AsyncIterator[Upgrades]:
    specs = [DeviceSpec(name=host, platform="cisco_iosxe", number=n) for n, host in enumerate(HOSTS, start=1)]
    async with bench(tmp_path, devices=specs) as lab:
        (tmp_path / "files").mkdir()
        (tmp_path / "files" / IMAGE).write_bytes(DATA)
        sessions = replace(lab.interact._sessions, files=Files(tmp_path / "files"))
        activities = Activities(lab.documents.store, lab.prepare._definitions, lab.knowledge, sessions)
        queue = f"upgrade-{uuid.uuid4().hex[:8]}"
        leasing, claiming = Leasing(f"guard-{queue}"), Claiming(f"guard-{queue}")  # the server has other tests, too
        own: dict[str, Callable[..., Any]] = {
            contracts.LEASE: leasing.lease,
            contracts.RELEASE: leasing.release,
            contracts.CLAIM: claiming.claim,
            contracts.FOLLOW: claiming.follow,
        }
        shipped = zip(NAMES, activities.callables(), strict=True)
        async with Worker(
            server.client,
            task_queue=queue,
            workflows=WORKFLOWS,
            activities=[own.get(name, found) for name, found in shipped],
            workflow_runner=sandboxed(),
        ):
            lab.testbed.device("acc-001").inject(Fault(kind="no_boot"))
            yield Upgrades(server, lab, queue)


async def test_a_switch_that_never_comes_back_is_named_with_what_to_do_and_the_others_are_left(
    upgrades: Upgrades,
) -> None:
    result = await upgrades.result()
    assert (result.verdict, result.counts) == ("failed_dirty", {"undo_failed": 1, "unchanged": 1})
    assert result.message.startswith("step upgrade: 1 of 2 devices failed; accepted is all; NOT undone: acc-001")
    said = "it had failed with: acc-001 was told to restart and is not back after 1 s: look at its console."
    assert result.causes[0].message.startswith(f"not undone: it cannot be reached; {said}")
    (read_before_the_next_run,) = result.quarantined.values()
    assert said in read_before_the_next_run
    assert [upgrades.events(host, "rebooted") for host in HOSTS] == [1, 0]


async def test_a_switch_that_is_back_later_than_it_may_is_found_so_and_not_restarted_again(upgrades: Upgrades) -> None:
    device = upgrades.lab.testbed.device("acc-001")
    result = await upgrades.result(once_given_up=device.clear)
    assert (result.verdict, result.counts) == ("succeeded", {"changed": 2})
    assert [upgrades.events(host, "rebooted") for host in HOSTS] == [1, 1]
    assert f"boot system flash:{IMAGE}" in device.startup_config()
