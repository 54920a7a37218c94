"""Plan mode on real sessions: the change is shown, nothing is altered; and what was planned is insisted on."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from activities.proposals import Proposals
from activity_bench import Bench, bench, call, call_of, outcome_in, refused
from workflows.contracts import (
    ArtifactRef,
    CompareInput,
    DeviceOutcome,
    InteractInput,
    Prepared,
    ProposalRef,
    ProposalsInput,
    ProposalsResult,
    ProposedStep,
)
from workflows.plan import StepId

HOSTS = ("acc-001", "acc-002", "acc-003", "acc-004")
DEFINITION = """
netsaga: 1
name: change
version: 1.0.0
inventory: {source: lab}
defaults: {timeout: 20s, retry: {attempts: 1}}
steps:
  - id: look
    devices: inventory
    do:
      - propose: {template: vlan.j2, vars: {vlan: 120}}
        as: change
    on_failure: stop
  - id: deploy
    devices: steps.look.succeeded
    do:
      - snapshot: [vlans]
        as: before
      - check:
          free: 120 not in before.vlans
      - apply: steps.look.change
        save: true
      - snapshot: [vlans]
        as: after
      - check:
          there: 120 in after.vlans
      - configure: {template: vlan.j2, vars: {vlan: 121}}
    on_failure: {undo: wave}
  - id: direct
    devices: inventory
    do:
      - configure: {template: vlan.j2, vars: {vlan: 130}}
    on_failure: {undo: wave}
"""
TEMPLATE = """
{% if device.platform == "juniper_junos" %}
set vlans v{{ vlan }} vlan-id {{ vlan }}
{% else %}
vlan {{ vlan }}
 name v{{ vlan }}
{% endif %}
"""


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench(tmp_path) as found:
        yield found


async def _prepared(lab: Bench) -> Prepared:
    return await lab.prepared(DEFINITION, {"vlan.j2": TEMPLATE})


def _planning(asked: InteractInput) -> InteractInput:
    return asked.model_copy(update={"mode": "plan"})


def _effects(lab: Bench, host: str) -> list[str]:
    return [entry.get("line", "") for entry in lab.testbed.device(host).log() if entry.get("effect")]


async def _proposal(lab: Bench, prepared: Prepared, step: str, *outcomes: DeviceOutcome) -> ProposalsResult:
    made = ProposedStep(step=StepId(step), folds=(await lab.fold(step, *outcomes),))
    return await call(Proposals(lab.documents).proposals, ProposalsInput(prepared=prepared.ref, steps=(made,)))


@pytest.mark.parametrize("host", HOSTS)
async def test_a_change_is_shown_and_nothing_is_altered(lab: Bench, host: str) -> None:
    prepared = await _prepared(lab)
    looked = await call(lab.interact.interact, call_of(prepared, "look", host))
    values = {"look": await lab.fold("look", looked)}
    outcome = await call(lab.interact.interact, _planning(call_of(prepared, "deploy", host, values)))
    assert (outcome.status, outcome.changed, outcome.touched) == ("succeeded", True, False)
    assert outcome.diff == looked.diff
    assert outcome.would == ("configure another change, known only after the first",)
    assert outcome.diff_ref is not None
    assert "120" in await lab.documents.text(outcome.diff_ref)
    assert _effects(lab, host) == []


async def test_a_device_that_needs_no_change_says_so(lab: Bench) -> None:
    prepared = await _prepared(lab)
    lab.testbed.device("acc-001").change(["vlan 130", " name v130"])
    outcome = await call(lab.interact.interact, _planning(call_of(prepared, "direct", "acc-001")))
    assert (outcome.status, outcome.changed) == ("succeeded", False)


async def test_a_check_before_the_change_fails_the_plan(lab: Bench) -> None:
    prepared = await _prepared(lab)
    looked = await call(lab.interact.interact, call_of(prepared, "look", "acc-002"))
    values = {"look": await lab.fold("look", looked)}
    lab.testbed.device("acc-002").change(["vlan 120", " name theirs"])
    error = await refused(lab.interact.interact, _planning(call_of(prepared, "deploy", "acc-002", values)))
    assert (error.type, outcome_in(error).touched) == ("check_failed", False)


@pytest.mark.parametrize("host", HOSTS)
async def test_what_was_planned_is_made_and_anything_else_is_refused_untouched(lab: Bench, host: str) -> None:
    prepared = await _prepared(lab)
    asked = call_of(prepared, "direct", host)
    shown = await call(lab.interact.interact, _planning(asked))
    proposal = await _proposal(lab, prepared, "direct", shown)
    bound = asked.model_copy(update={"proposal": proposal.ref, "generation": 2})
    device = lab.testbed.device(host)
    theirs = ["set vlans v130 vlan-id 130"] if host == "acc-004" else ["vlan 130", " name other"]
    before = device.running_config()
    device.change(theirs)
    error = await refused(lab.interact.interact, bound)
    assert error.type == "drifted"
    assert outcome_in(error).touched is False
    assert "is not the one that was planned" in error.message or "plan again" in error.message
    device.change(["delete vlans v130"] if host == "acc-004" else ["no vlan 130"])
    assert device.running_config() == before
    outcome = await call(lab.interact.interact, bound.model_copy(update={"generation": 3}))
    assert (outcome.status, outcome.changed) == ("succeeded", True)
    assert 130 in device.vlans()


async def test_a_device_for_which_nothing_was_planned_is_refused(lab: Bench) -> None:
    prepared = await _prepared(lab)
    shown = await call(lab.interact.interact, _planning(call_of(prepared, "direct", "acc-001")))
    proposal = await _proposal(lab, prepared, "direct", shown)
    bound = call_of(prepared, "direct", "acc-002").model_copy(update={"proposal": proposal.ref})
    error = await refused(lab.interact.interact, bound)
    assert (error.type, _effects(lab, "acc-002")) == ("drifted", [])
    assert "could not be planned" in error.message


async def test_a_proposal_is_the_same_for_the_same_and_names_what_has_moved(lab: Bench) -> None:
    prepared = await _prepared(lab)
    shown = [
        await call(lab.interact.interact, _planning(call_of(prepared, "direct", host)))
        for host in ("acc-001", "acc-002")
    ]
    first = await _proposal(lab, prepared, "direct", *shown)
    assert first == await _proposal(lab, prepared, "direct", *shown)
    (step,) = first.steps
    assert (step.changed, step.unchanged, sum(group.devices for group in step.diffs)) == (2, 0, 2)
    lab.testbed.device("acc-002").change(["vlan 130", " name v130"])
    again = await call(lab.interact.interact, _planning(call_of(prepared, "direct", "acc-002", generation=2)))
    second = await _proposal(lab, prepared, "direct", shown[0], again)
    assert second.digest != first.digest
    compare = Proposals(lab.documents).compare
    found = await call(compare, CompareInput(planned=_ref(first), now=_ref(second)))
    assert found.moved == ("acc-002 (step direct): it needs no change any more",)
    forged = ProposalRef(digest="0" * 64, ref=ArtifactRef(first.ref))
    error = await refused(compare, CompareInput(planned=forged, now=_ref(second)))
    assert error.type == "invalid_input"


def _ref(made: ProposalsResult) -> ProposalRef:
    return ProposalRef(digest=made.digest, ref=made.ref)
