"""A plan from the command line to the devices: shown, written, carried out; refused where anything has moved."""

import json
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
import yaml

from activities.deviceinteraction.testbed.control import TestbedControl
from programs import Finished, Programs
from starter.dev.stack import Stack

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIBRARY = Path(__file__).parents[2] / "workflows" / "library"
INPUTS = ("-i", "ticket=RITM0012345", "-i", "subnet=10.12.0.0/24", "-i", "building=b1", "-i", "canary_soak=0s")


@dataclass(frozen=True)
class Site:
    """Four devices, and a definition and an inventory that somebody may edit."""

    definition: Path
    inventory: Path
    control: TestbedControl
    programs: Programs
    settings: Path

    async def plan(self, vlan: int, *more: str) -> Finished:
        """Plans a VLAN of its own for each case."""
        vlans = ("-i", f"vlan_id={vlan}", "-i", f"vlan_name=v{vlan}", "-i", "pilot_soak=0s")
        return await self.programs.netsaga("plan", "campus-vlan", *INPUTS, *vlans, "--by", "rita", *more)

    async def apply(self, plan: Path) -> Finished:
        """Carries a plan out, to its end."""
        return await self.programs.netsaga("apply", str(plan), "--by", "rita", "--wait")

    def holders(self, vlan: int) -> int:
        """How many devices have a VLAN."""
        return sum(vlan in self.control.vlans(entry.name) for entry in self.control.devices())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """One stack for all cases."""
    folder = tmp_path_factory.mktemp("plan")
    definitions = folder / "definitions"
    shutil.copytree(LIBRARY, definitions)
    async with Stack.start(state=folder / "state", devices=4, site="b1", ui_port=None, worker=False) as stack:
        settings = yaml.safe_load(stack.settings.read_text())
        settings["definitions"] = [str(definitions)]
        stack.settings.write_text(yaml.safe_dump(settings))
        await stack.start_worker()
        inventory = Path(settings["inventories"]["nautobot"]["path"])
        if not inventory.is_absolute():
            inventory = stack.settings.parent / inventory
        yield Site(
            definitions / "campus-vlan.yaml",
            inventory,
            TestbedControl(stack.control_path),
            Programs(stack.address),
            stack.settings,
        )


async def test_a_plan_is_shown_written_and_carried_out(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    shown = await site.plan(501, "--out", str(file))
    assert shown.code == 0, shown.err
    for said in (
        "deploy: 4 devices would change",
        "+vlan 501",
        "report (notify, at the end): would tell netops",
        "validate (devices): what it finds is known only after the change of step deploy",
        "Plan: succeeded  something would be changed",
    ):
        assert said in shown.out
    assert site.holders(501) == 0
    report = next(line.split()[-1] for line in shown.out.splitlines() if line.startswith("Report:"))
    assert "A plan: nothing was changed" in Path(report).read_text()
    assert "Plan mode: nothing is changed" in (await site.programs.netsaga("status", "last")).out
    assert file.stat().st_mode & 0o077 == 0
    assert json.loads(file.read_text())["definition"] == "campus-vlan@1.0.0"
    whole = await site.programs.netsaga("diffs", str(file), "--step", "deploy", "--settings", str(site.settings))
    assert whole.out.startswith("deploy: "), whole.err
    assert whole.out.count("+vlan 501") >= 1
    assert all(entry.name in whole.out for entry in site.control.devices())

    done = await site.apply(file)
    assert done.code == 0, done.out + done.err
    assert site.holders(501) == 4
    last = (await site.programs.netsaga("status", "last", "--json")).json
    assert (last["id"], last["mode"]) == (done.out.split()[0], "apply")  # and not the run that planned anew for it

    again = await site.plan(501, "--exit-code", "--json")
    assert (again.code, again.json["proposal"]["steps"][0]["unchanged"]) == (0, 4)
    moved = await site.apply(file)
    assert moved.code == 1
    assert "it needs no change any more" in moved.err


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def planned(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plan of VLAN 502, which the cases below refuse for what has moved since."""
    file = tmp_path_factory.mktemp("planned") / "plan.json"
    assert (await site.plan(502, "--out", str(file))).code == 0
    return file


async def test_a_definition_that_was_edited_refuses_the_plan(site: Site, planned: Path) -> None:
    text = site.definition.read_text()
    site.definition.write_text(text.replace("concurrency: 50", "concurrency: 49"))
    try:
        refused = await site.apply(planned)
    finally:
        site.definition.write_text(text)
    assert refused.code == 1
    assert "the definition has moved" in refused.err
    assert site.holders(502) == 0


async def test_an_inventory_that_has_changed_refuses_the_plan(site: Site, planned: Path) -> None:
    text = site.inventory.read_text()
    inventory = yaml.safe_load(text)
    gone = max(inventory["hosts"])
    del inventory["hosts"][gone]
    site.inventory.write_text(yaml.safe_dump(inventory))
    try:
        refused = await site.apply(planned)
    finally:
        site.inventory.write_text(text)
    assert refused.code == 1
    assert f"the inventory: {gone} was selected, and is not now" in refused.err
    assert site.holders(502) == 0


async def test_a_device_that_was_changed_by_hand_refuses_the_plan(site: Site, planned: Path) -> None:
    cisco = next(entry.name for entry in site.control.devices() if entry.platform == "cisco_iosxe")
    site.control.line(cisco, ["vlan 502", " name v502"])

    refused = await site.apply(planned)

    assert refused.code == 1
    assert "What was planned no longer holds, and nothing was changed" in refused.err
    assert f"{cisco} (step deploy): it needs no change any more" in refused.err
    assert site.holders(502) == 1


async def test_a_plan_of_what_fails_is_no_plan(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    for entry in site.control.devices():
        site.control.line(entry.name, _named(entry.platform, 505))
    shown = await site.plan(505, "--out", str(file))
    assert shown.code == 1
    assert "there is nothing to apply, and no file was written" in shown.err
    assert "VLAN 505 is called theirs here" in shown.out
    assert not file.exists()


def _named(platform: str, vlan: int) -> list[str]:
    if platform == "juniper_junos":
        return [f"set vlans theirs vlan-id {vlan}"]
    return [f"vlan {vlan}", " name theirs"]
