"""`netsaga diffs`: whoever approves can read every change that a gate is about, and not only the most common ones."""

from pathlib import Path

import pytest
from temporalio import activity
from temporalio.testing import WorkflowEnvironment

from activities.artifacts.documents import Documents
from activities.artifacts.local import LocalArtifactStore
from activities.artifacts.store import TEXT
from activities.folds import Fold
from plans import changing, plan, reading
from running import Server
from scripted import World
from starter.errors import StarterError
from worker.commands.diffs import show_diffs
from worker.settings import ArtifactSettings, Settings, SettingsError, TemporalSettings
from workflows import contracts
from workflows.contracts import DeviceOutcome, FoldInput, FoldResult, InteractInput
from workflows.plan import ApproveStep, Constant, StepId

HOSTS = tuple(f"sw{number:02}" for number in range(1, 31))
LONG = "".join(f"+interface Ethernet{number}\n" for number in range(200))


class Stored(World):
    """Each device needs a change of its own; outcomes and diffs lie in a real store."""

    documents: Documents

    @activity.defn(name=contracts.INTERACT)
    async def interact(self, call: InteractInput) -> DeviceOutcome:
        """Proposes."""
        text = f"+hostname \x1b[2J{call.host}\n{LONG}"
        ref = await self.documents.store.put(text.encode(), TEXT)
        digest = ref.removeprefix("sha256:")
        return DeviceOutcome(
            host=call.host, status="succeeded", changed=True, diff=digest, diff_ref=ref, diff_made="modelled"
        )

    @activity.defn(name=contracts.FOLD)
    async def fold(self, call: FoldInput) -> FoldResult:
        """As the product does."""
        return await Fold(self.documents).fold(call)


async def test_all_changes_that_a_gate_is_about_can_be_read_whole(
    server: WorkflowEnvironment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    look = StepId("look")
    gate = ApproveStep(id=StepId("consent"), needs=(look,), by="*", timeout=Constant(value=600), binds_step=look)
    world = Stored(plan(reading("look"), gate, changing("deploy", needs=("consent",))), HOSTS, groups={"*": ("*",)})
    world.search_attributes = False
    world.documents = Documents(LocalArtifactStore(tmp_path))
    address = server.client.service_client.config.target_host
    settings = Settings(artifacts=ArtifactSettings(path=tmp_path), temporal=TemporalSettings(address=address))
    async with Server(server, server.client.service_client).run(world) as live:
        status = await live.until(lambda status: bool(status.gates))
        assert status.gates[0].diffs_omitted == 10
        assert await show_diffs(settings, live.handle.id, host=None, step=None) == 0
        shown = capsys.readouterr().out
        assert shown.startswith("consent: 30 kinds of change, 30 devices\n\n  1 device (modelled, ")
        assert all(f"): {host}\n    +hostname \N{REPLACEMENT CHARACTER}[2J{host}\n" in shown for host in HOSTS)
        assert shown.count("    +interface Ethernet199\n") == 30
        await show_diffs(settings, live.handle.id, host="sw07", step="consent")
        assert capsys.readouterr().out.count("1 device (modelled") == 1
        with pytest.raises(SettingsError, match="nothing was proposed for 'sw7'; did you mean"):
            await show_diffs(settings, live.handle.id, host="sw7", step=None)
        with pytest.raises(SettingsError, match="nothing was proposed at 'look'; there are `consent`"):
            await show_diffs(settings, live.handle.id, host=None, step="look")
        await live.handle.execute_update(contracts.SIGNAL_REJECT, {"by": "ann"})
        await live.result()
    with pytest.raises(StarterError, match="no-such-run"):
        await show_diffs(settings, "no-such-run", host=None, step=None)
