"""`compare` on simulated devices of four platforms: what it judges, what it lets pass, and what it says."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from activities.deviceinteraction.testbed.model import Fault
from activities.values import VALUE, seen
from activity_bench import Bench, bench, call, call_of, outcome_in, refused
from workflows.contracts import ArtifactRef, DeviceOutcome, Prepared

HOSTS = ("acc-001", "acc-002", "acc-003", "acc-004")
HEAD = """
netsaga: 1
name: change
version: 1.0.0
inputs:
  vlan: {type: integer, default: 120}
inventory: {source: lab}
defaults: {timeout: 20s, retry: {attempts: 3, delay: 10ms, on: [transient]}}
steps:
"""
LIFE = (
    HEAD
    + """
  - id: look
    devices: inventory
    do:
      - snapshot: [config, vlans, interfaces]
      - propose: {template: vlan.j2, vars: {vlan: "${{ inputs.vlan }}"}}
        as: change
    on_failure: stop
  - id: deploy
    devices: steps.look.succeeded
    do:
      - apply: steps.look.change
    on_failure: {undo: wave}
  - id: validate
    devices: steps.deploy.changed
    do:
      - snapshot: [config, vlans, interfaces]
      - compare: {before: steps.look, ignore: ["interfaces.*.counters"]}
        expect: {config: only_change, vlans: {added: ["${{ inputs.vlan }}"]}, interfaces: unchanged}
        as: difference
    on_failure: {undo: failed, of: deploy}
"""
)
TEMPLATE = """
{% if device.platform == "juniper_junos" %}
set vlans cameras vlan-id {{ vlan }}
{% else %}
vlan {{ vlan }}
 name cameras
{% endif %}
"""


def other_vlan(host: str, number: int, name: str) -> list[str]:
    """Lines with which somebody else adds a VLAN."""
    return [f"set vlans {name} vlan-id {number}"] if host == "acc-004" else [f"vlan {number}", f" name {name}"]


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench(tmp_path) as found:
        yield found


async def _deployed(lab: Bench, prepared: Prepared, host: str) -> dict[str, ArtifactRef]:
    looked = {"look": await lab.fold("look", await call(lab.interact.interact, call_of(prepared, "look", host)))}
    outcome = await call(lab.interact.interact, call_of(prepared, "deploy", host, looked))
    assert outcome.changed
    return looked


async def _kept(lab: Bench, outcome: DeviceOutcome, name: str) -> object:
    return seen(await lab.documents.load(outcome.values[name], VALUE))


@pytest.mark.parametrize("host", HOSTS)
async def test_the_applied_change_and_nothing_else_passes(lab: Bench, host: str) -> None:
    prepared = await lab.prepared(LIFE, {"vlan.j2": TEMPLATE})
    looked = await _deployed(lab, prepared, host)
    outcome = await call(lab.interact.interact, call_of(prepared, "validate", host, looked))
    assert outcome.status == "succeeded"
    found = await _kept(lab, outcome, "difference")
    assert isinstance(found, dict)
    assert found["vlans"] == {"added": [120], "removed": [], "changed": []}
    assert found["config"]["added"]
    assert set(found) == {"config", "vlans", "interfaces"}


@pytest.mark.parametrize("host", HOSTS)
async def test_what_somebody_else_changed_besides_is_named(lab: Bench, host: str) -> None:
    prepared = await lab.prepared(LIFE, {"vlan.j2": TEMPLATE})
    looked = await _deployed(lab, prepared, host)
    lab.testbed.device(host).change(other_vlan(host, 130, "doors"))
    error = await refused(lab.interact.interact, call_of(prepared, "validate", host, looked))
    assert (error.type, error.non_retryable) == ("check_failed", True)
    assert f"{host}: config: expected the applied change alone, found besides" in error.message
    assert "doors" in error.message
    assert "vlans: expected added 120 alone, found added 130" in error.message
    outcome = outcome_in(error)
    found = await _kept(lab, outcome, "difference")  # the evidence is kept of what failed
    assert isinstance(found, dict)
    assert found["vlans"]["added"] == [120, 130]
    assert outcome.transcript is not None
    assert "compare: vlans added: 120, 130" in await lab.documents.text(outcome.transcript)


@pytest.mark.parametrize("host", HOSTS)
async def test_a_change_that_was_taken_back_is_missing(lab: Bench, host: str) -> None:
    prepared = await lab.prepared(LIFE, {"vlan.j2": TEMPLATE})
    looked = await _deployed(lab, prepared, host)
    lab.testbed.device(host).change(["delete vlans cameras"] if host == "acc-004" else ["no vlan 120"])
    error = await refused(lab.interact.interact, call_of(prepared, "validate", host, looked))
    assert "config: expected the applied change alone, missing is" in error.message
    assert "vlans: expected added 120, and it is not" in error.message


async def test_a_change_of_a_second_generation_is_found_and_one_that_was_undone_is_not(lab: Bench) -> None:
    prepared = await lab.prepared(LIFE, {"vlan.j2": TEMPLATE})
    looked = await _deployed(lab, prepared, "acc-001")
    undone = await call(lab.undo.undo, call_of(prepared, "deploy", "acc-001", looked))
    assert undone.status == "undone"
    error = await refused(lab.interact.interact, call_of(prepared, "validate", "acc-001", looked))
    assert "config" not in error.message  # it is as before, and nothing of this run holds
    again = await call(lab.interact.interact, call_of(prepared, "deploy", "acc-001", looked, generation=7))
    assert again.changed
    assert (await call(lab.interact.interact, call_of(prepared, "validate", "acc-001", looked))).status == "succeeded"


WITHIN = (
    HEAD
    + """
  - id: both
    devices: inventory
    do:
      - snapshot: [config, interfaces]
        as: before
      - configure: {lines: ["interface GigabitEthernet1/0/3", " description lobby", " shutdown"]}
      - snapshot: [config, interfaces]
      - compare: {before: before, ignore: [IGNORE]}
        expect: {config: only_change, interfaces: EXPECT, uplinks: unchanged}
    on_failure: {undo: wave}
"""
)


@pytest.mark.parametrize(
    ("ignore", "expect", "said"),
    [
        ("", "{changed: [GigabitEthernet1/0/3]}", None),
        ("", "unchanged", "found changed GigabitEthernet1/0/3 (admin up → down, oper up → down, description"),
        ("interfaces.*.description, interfaces.Gi*.admin, interfaces.Gi*.oper", "unchanged", None),
        ("interfaces", "unchanged", None),
        ("", "any", None),
        ("", "{changed: [GigabitEthernet1/0/3], removed: [Vlan99]}", "interfaces: expected removed Vlan99, and it is"),
    ],
)
async def test_two_snapshots_of_one_step_with_expectations_and_ignored_paths(
    lab: Bench, ignore: str, expect: str, said: str | None
) -> None:
    source = WITHIN.replace("IGNORE", ignore).replace("EXPECT", expect).replace(", uplinks: unchanged", "")
    asked = call_of(await lab.prepared(source), "both", "acc-001")
    if said is None:
        assert (await call(lab.interact.interact, asked)).changed
        return
    error = await refused(lab.interact.interact, asked)
    assert said in error.message
    assert outcome_in(error).touched


async def test_interfaces_that_the_inventory_lists_are_judged_by_themselves(tmp_path: Path) -> None:
    async with bench(tmp_path, devices=1) as lab:
        inventory = lab.testbed.inventory
        text = inventory.read_text()
        source = WITHIN.replace("IGNORE", "").replace("EXPECT", "any")
        error = await refused(lab.interact.interact, call_of(await lab.prepared(source), "both", "acc-001"))
        assert "`device.data.uplinks` is not a list of interfaces" in error.message
        cases = (
            ('["GigabitEthernet9/9/9"]', "the device has no interface GigabitEthernet9/9/9"),
            ('["GigabitEthernet1/0/3"]', "uplinks: expected nothing changed, found changed GigabitEthernet1/0/3"),
        )
        for generation, (listed, said) in enumerate(cases, start=2):
            lab.testbed.device("acc-001").reset()
            inventory.write_text(text.replace('"data": {', f'"data": {{"uplinks": {listed}, ', 1))
            prepared = await lab.prepared(source)
            error = await refused(lab.interact.interact, call_of(prepared, "both", "acc-001", generation=generation))
            assert said in error.message


async def test_a_retry_after_the_effect_compares_with_the_snapshot_of_the_first_attempt(lab: Bench) -> None:
    source = WITHIN.replace("IGNORE", "").replace("EXPECT", "any").replace(", uplinks: unchanged", "")
    asked = call_of(await lab.prepared(source), "both", "acc-001")
    lab.testbed.device("acc-001").inject(Fault(kind="drop", match="shutdown", phase="after"))
    assert (await refused(lab.interact.interact, asked)).type == "outcome_unknown"
    outcome = await call(lab.interact.interact, asked, attempt=2)
    found = await _kept(lab, outcome, "3-compare")
    assert isinstance(found, dict)
    assert found["interfaces"]["changed"] == ["GigabitEthernet1/0/3"]


async def test_a_device_that_the_earlier_step_did_not_take_up_has_nothing_to_be_compared_with(lab: Bench) -> None:
    prepared = await lab.prepared(LIFE, {"vlan.j2": TEMPLATE})
    values = {"look": await lab.fold("look", DeviceOutcome(host=lab.hosts[0], status="failed"))}
    error = await refused(lab.interact.interact, call_of(prepared, "validate", "acc-001", values))
    assert (error.type, "step `look` left no snapshot" in error.message) == ("invalid_input", True)
