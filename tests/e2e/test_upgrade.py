"""A new build of the worker is rolled out under live runs: each run ends on the build on which it began."""

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import yaml
from temporalio.testing import WorkflowEnvironment

from programs import SCRIPTS, Programs
from starter.client import Orchestrator
from starter.dev.processes import Child
from starter.dev.server import reading
from starter.errors import NoWorkerError
from starter.handle import RunHandle
from worker_process import WorkerProcess, worker_process
from workflows.contracts import GUARD_ID, RunStatus
from workflows.converter import CONVERTER

PAGE = Path(__file__).parents[2] / "deploy" / "upgrade.md"
# A server learns every few minutes that a version has drained; here every second.
SOON = ("matching.wv.VersionDrainageStatusRefreshInterval", "matching.wv.VersionDrainageStatusVisibilityGracePeriod")
DEFINITION = """
netsaga: 1
name: add-vlan
version: 1.0.0
inputs: {gate: {type: boolean}, vlan: {type: integer}}
inventory: {source: fleet, select: "true", expect: {min: 1}}
defaults: {credential: device_rw}
steps:
  - id: agreed
    when: inputs.gate
    approve: {by: anyone}
    timeout: 1h
    on_failure: stop
  - id: set
    needs: [agreed]
    devices: inventory
    do:
      - configure: {lines: ["vlan ${{ inputs.vlan }}", " name upgraded"]}
    on_failure: {undo: failed}
"""


@asynccontextmanager
async def netsaga(folder: Path) -> AsyncIterator[Programs]:
    """A server, a device and the workers' settings; the workers are the test's."""
    testbed = [sys.executable, "-m", "activities.deviceinteraction.testbed", "--devices", "1", "--port", "0"]
    device = await Child.start("testbed", [*testbed, "--state", str(folder / "testbed")], log=folder / "testbed.log")
    try:
        await device.printed("testbed ready", within_s=60)
        extra = [part for key in SOON for part in ("--dynamic-config-value", f'{key}="1s"')]
        async with await WorkflowEnvironment.start_local(
            dev_server_existing_path=str(SCRIPTS / "temporal"),
            dev_server_log_level="error",
            dev_server_extra_args=[*reading(200), *extra],
            data_converter=CONVERTER,
        ) as server:
            address = server.client.service_client.config.target_host
            settings = {
                "temporal": {"address": address},
                "artifacts": {"path": "artifacts"},
                "inventories": {"fleet": {"kind": "yaml", "path": "testbed/inventory.yaml"}},
                "credentials": {"device_rw": {"kind": "file", "path": "testbed/credentials.yaml"}},
                "groups": {"anyone": ["*"]},
                "ssh": {"known_hosts": "testbed/known_hosts"},
            }
            (folder / "netsaga.yaml").write_text(yaml.safe_dump(settings))
            yield Programs(address)
    finally:
        await device.stop(within_s=10)


@asynccontextmanager
async def build(name: str, folder: Path, programs: Programs) -> AsyncIterator[WorkerProcess]:
    """A worker of this build, to which new runs go."""
    async with worker_process("run", "--build", name, folder=folder) as worker:
        await worker.until_it_says("worker ready")
        assert f"build {name} takes no new runs yet" in worker.errors
        async with asyncio.timeout(60):
            while (await current(programs, name)) != 0:
                await asyncio.sleep(0.2)  # the server learns of a build a moment after its first poll
        yield worker


def documented(verb: str, name: str) -> list[str]:
    """A command of the page on upgrades, for another build."""
    found = re.findall(rf"^\$ temporal (worker deployment {verb} .*)$", PAGE.read_text(), re.MULTILINE)
    return re.sub(r"--build-id \S+", f"--build-id {name}", found[0]).split()


async def current(programs: Programs, name: str) -> int:
    return (await programs.temporal(*documented("set-current-version", name))).code


async def status_of(programs: Programs, name: str) -> str:
    """Whether the server says that runs are left on a build."""
    said = await programs.temporal(*documented("describe-version", name))
    return str(json.loads(said.out)["drainageInfo"]["drainageStatus"])


async def served_by(client: Orchestrator, workflow_id: str) -> list[str]:
    """The workers that carried a workflow out, in order, each once in a row."""
    history = await client.client.get_workflow_handle(workflow_id).fetch_history()
    found: list[str] = []
    for event in history.events:
        if event.HasField("workflow_task_completed_event_attributes"):
            identity = event.workflow_task_completed_event_attributes.identity
            found += [identity] if found[-1:] != [identity] else []
    return found


async def at_its_gate(run: RunHandle) -> None:
    def waits(status: RunStatus) -> bool:
        return bool(status.gates)

    async with asyncio.timeout(60):
        while not waits(await run.status()):
            await asyncio.sleep(0.1)


def is_of(worker: WorkerProcess, identities: list[str]) -> bool:
    return {identity.startswith(f"netsaga-{worker.process.pid}@") for identity in identities} == {True}


async def test_a_run_ends_on_the_build_on_which_it_began_and_the_guard_moves_on(tmp_path: Path) -> None:
    async with netsaga(tmp_path) as programs, build("a", tmp_path, programs) as old:
        client = await Orchestrator.connect(address=programs.address)
        first = await client.start("add-vlan", {"gate": False, "vlan": 701}, source=DEFINITION)
        ended = await first.result()
        assert ended.verdict == "succeeded", ended
        assert is_of(old, await served_by(client, GUARD_ID))
        held = await client.start("add-vlan", {"gate": True, "vlan": 702}, source=DEFINITION)
        await at_its_gate(held)

        async with build("b", tmp_path, programs) as new:
            fresh = await client.start("add-vlan", {"gate": True, "vlan": 703}, source=DEFINITION)
            await at_its_gate(fresh)
            assert await status_of(programs, "a") == "draining"
            await held.approve(by="alice")
            assert (await held.result()).verdict == "succeeded"
            await fresh.approve(by="alice")
            assert (await fresh.result()).verdict == "succeeded"

            assert is_of(old, await served_by(client, held.id))
            assert is_of(old, await served_by(client, f"{held.id}/set/all/0"))
            assert is_of(new, await served_by(client, fresh.id))
            assert is_of(new, await served_by(client, f"{fresh.id}/set/all/0"))
            assert is_of(new, (await served_by(client, GUARD_ID))[-1:])
            async with asyncio.timeout(60):
                while await status_of(programs, "a") != "drained":
                    await asyncio.sleep(0.5)
            left = await client.start("add-vlan", {"gate": True, "vlan": 704}, source=DEFINITION)
            await at_its_gate(left)

        # The old build still works, and is no help to a run of the new one: what is said has to name the build.
        live, over = await asyncio.gather(left.last_status(), fresh.last_status(), return_exceptions=True)
        assert isinstance(live, NoWorkerError)
        assert live.build == "b"
        assert re.search("No worker of build b answered .* --build b", str(live))
        # Of a run that has ended the server itself has kept what matters.
        assert isinstance(over, RunStatus)
        assert (over.verdict, over.steps[-1].counts) == ("succeeded", {"changed": 1})
        assert over.result is not None
        assert over.result.record is not None
