"""What `prepare` freezes for gates and waits: who is reminded, what devices can fall back on; and what it refuses."""

from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from activities.artifacts.documents import Documents
from activities.artifacts.local import LocalArtifactStore
from activities.definitions import Definitions
from activities.inventory.yaml_file import YamlInventory
from activities.prepare import Knowledge, Prepare
from activities.systems import System, Systems
from activity_bench import SCOPE, call, refused
from workflows.contracts import Prepared, PrepareInput, RunRequest

INVENTORY = """
hosts:
  sw1: {address: 192.0.2.1, platform: arista_eos}
  sw2: {address: 192.0.2.2, platform: cisco_nxos}
  sw3: {address: 192.0.2.3, platform: arista_eos}
"""
DEFINITION = """
netsaga: 1
name: change
version: 1.0.0
inventory: {source: lab, expect: {max: 9}}
defaults: {credential: rw}
steps:
  - id: look
    devices: inventory
    do: [{propose: {lines: ["vlan 120"]}, as: change}]
  - id: gate
    approve: {by: leads, not_by: [requester], binds: steps.look.change, VIA}
    timeout: 5m
  - id: deploy
    devices: steps.look.succeeded
    do: [{apply: steps.look.change}]
    deadline: 1h
    on_deadline: escalate
    on_failure: stop
"""
PLAIN = DEFINITION.replace(", VIA", "")
ASKING = DEFINITION.replace("VIA", "via: itsm")
WAITING = """
netsaga: 1
name: change
version: 1.0.0
inventory: {source: lab, expect: {max: 9}}
steps:
  - id: back
    wait: {devices: inventory}
    timeout: 5m
"""


@pytest.fixture
def knowledge(tmp_path: Path) -> Knowledge:
    (tmp_path / "inventory.yaml").write_text(INVENTORY)
    return Knowledge(
        inventories={"lab": YamlInventory(tmp_path / "inventory.yaml")},
        groups={"leads": ("alice",)},
        targets=frozenset({"leads", "operators", "people"}),
        credentials=frozenset({"rw"}),
        systems=Systems({"itsm": System(url="https://itsm.example")}),
    )


def given(source: str, by: str = "carol", mode: Literal["apply", "plan"] = "apply") -> PrepareInput:
    return PrepareInput(scope=SCOPE, request=RunRequest(source=source, by=by, mode=mode))


def activity(tmp_path: Path, knowledge: Knowledge) -> Prepare:
    return Prepare(Documents(LocalArtifactStore(tmp_path / "store")), Definitions(), knowledge)


async def prepared(tmp_path: Path, knowledge: Knowledge, source: str) -> Prepared:
    return await call(activity(tmp_path, knowledge).prepare, given(source))


async def test_groups_and_operators_are_reminded_where_a_target_has_their_name(
    tmp_path: Path, knowledge: Knowledge
) -> None:
    assert (await prepared(tmp_path, knowledge, PLAIN)).reminded == ("leads", "operators")
    quiet = replace(knowledge, targets=frozenset({"people"}))
    assert (await prepared(tmp_path, quiet, PLAIN)).reminded == ()


async def test_each_device_stands_under_what_its_platform_can_do(tmp_path: Path, knowledge: Knowledge) -> None:
    found = await prepared(tmp_path, knowledge, PLAIN)
    assert [one.platform for one in found.safety] == ["arista_eos", "cisco_nxos"]
    assert found.safety_of == "010"
    assert "native" in found.safety[0].undo
    assert (found.safety[0].confirm, found.safety[1].confirm) == ("device", "none")


async def test_a_system_that_takes_no_questions_cannot_decide(tmp_path: Path, knowledge: Knowledge) -> None:
    error = await refused(activity(tmp_path, knowledge).prepare, given(ASKING))
    assert "step `gate`: the system `itsm` takes no questions; give it `approval: {path: /…}`" in error.message
    named = Systems({"itsm": System(url="https://itsm.example", approval="/approvals")})
    asked = await prepared(tmp_path, replace(knowledge, systems=named), ASKING)
    assert asked.plan.name == "change"


async def test_a_system_that_nobody_knows_cannot_decide(tmp_path: Path, knowledge: Knowledge) -> None:
    error = await refused(activity(tmp_path, knowledge).prepare, given(ASKING.replace("via: itsm", "via: itms")))
    assert "the system `itms` is not under `systems`" in error.message
    assert "itsm" in error.message


@pytest.mark.parametrize("by", ["", " "])
async def test_a_gate_that_excludes_whoever_asked_needs_to_know_who_that_is(
    tmp_path: Path, knowledge: Knowledge, by: str
) -> None:
    prepare = activity(tmp_path, knowledge).prepare
    error = await refused(prepare, given(PLAIN, by=by))
    assert error.type == "invalid_input"
    assert error.message.startswith("step `gate` is not for the one who asks (`not_by: [requester]`), and the request")
    assert "`by: NAME` in the input" in error.message
    assert "`--by NAME`" in error.message
    assert (await call(prepare, given(PLAIN.replace("not_by: [requester], ", ""), by=by))).plan.name == "change"
    assert (await call(prepare, given(PLAIN, by=by, mode="plan"))).plan.name == "change"  # nobody is asked


@pytest.mark.parametrize("perhaps", ["when: steps.look.total > 2", "auto: bound.devices <= 2"])
async def test_a_gate_that_may_not_ask_anybody_is_left_to_the_run(
    tmp_path: Path, knowledge: Knowledge, perhaps: str
) -> None:
    key, _, _ = perhaps.partition(":")
    old, new = (
        ("    timeout: 5m", f"    {perhaps}\n    timeout: 5m")
        if key == "when"
        else ("{by: leads", f"{{{perhaps}, by: leads")
    )
    assert (
        await call(activity(tmp_path, knowledge).prepare, given(PLAIN.replace(old, new), by=""))
    ).plan.name == "change"


async def test_a_wait_for_devices_needs_something_to_log_in_with(tmp_path: Path, knowledge: Knowledge) -> None:
    error = await refused(activity(tmp_path, knowledge).prepare, given(WAITING))
    assert "step `back` names no credential" in error.message
