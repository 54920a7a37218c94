"""What a lost run has left on devices: told from its journal, and taken back where it was cut in two."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from activities.aftermath import Aftermath
from activities.deviceinteraction.testbed.model import Fault
from activity_bench import SCOPE, Bench, bench, call, call_of, refused
from vlan_change import COMMIT, TEMPLATE
from workflows.contracts import Holder, LookInput, LookResult, Lost, Prepared, RunId, Scope
from workflows.plan import HostName

HOSTS = ("acc-001", "acc-002", "acc-003", "acc-004")
HEAD = """
netsaga: 1
name: change
version: 1.0.0
inventory: {source: lab}
defaults: {timeout: 20s, retry: {attempts: 3, delay: 10ms}}
steps:
"""
DEFINITION = (
    HEAD
    + """\
  - id: look
    devices: inventory
    do: [{snapshot: [vlans], as: before}]
  - id: deploy
    devices: inventory
    do:
      - configure: {template: vlan.j2, vars: {vlan: 120, name: cameras}}
    on_failure: {undo: wave}
"""
)
BACKWARDS = (
    HEAD
    + """\
  - id: second
    needs: [first]
    devices: inventory
    do: [{configure: {lines: ["vlan 120", " name cams"]}}]
    on_failure: {undo: run}
  - id: first
    needs: []
    devices: inventory
    do: [{configure: {lines: ["vlan 120", " name cameras"]}}]
    on_failure: {undo: run}
"""
)
DRAINED = (
    HEAD
    + """\
  - id: deploy
    devices: inventory
    maintenance:
      enter: [{configure: {lines: ["vlan 999", " name drained"]}}]
      leave: [{configure: {lines: ["no vlan 999"]}}]
    do: [{configure: {lines: ["vlan 120", " name cameras"]}}]
    on_failure: {undo: wave}
"""
)


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench(tmp_path) as found:
        yield found


async def _prepared(lab: Bench) -> Prepared:
    return await lab.prepared(DEFINITION, {"vlan.j2": TEMPLATE})


async def _look(lab: Bench, prepared: Prepared, *hosts: str) -> LookResult:
    holder = Holder(workflow_id=SCOPE.workflow_id, run=SCOPE.run, root=SCOPE.workflow_id)
    lost = Lost(holder=holder, prepared=prepared.ref, devices=tuple(HostName(host) for host in hosts))
    mine = Scope(workflow_id="change-2", run=RunId("run-2"), definition="change")
    return await call(Aftermath(lab.documents, lab.undo).look, LookInput(scope=mine, lost=lost))


def _logins(lab: Bench, host: str) -> int:
    return sum(entry.get("event") == "login" for entry in lab.testbed.device(host).log())


@pytest.mark.parametrize("host", HOSTS)
async def test_a_change_that_was_cut_in_two_is_taken_back(lab: Bench, host: str) -> None:
    device, prepared = lab.testbed.device(host), await _prepared(lab)
    before = device.running_config()
    device.inject(Fault(kind="drop", match=COMMIT[host], phase="after"))
    await refused(lab.interact.interact, call_of(prepared, "deploy", host))
    assert 120 in device.vlans(), "the run was cut off right after the device took it"
    assert await _look(lab, prepared, host) == LookResult(taken_back=(HostName(host),))
    assert device.running_config() == before
    logins = _logins(lab, host)
    assert (await _look(lab, prepared, host)).clean == (host,), "a second look finds it settled"
    assert _logins(lab, host) == logins


async def test_what_a_lost_run_was_taking_back_is_looked_at_in_the_name_of_the_run_that_has_changed_it(
    lab: Bench,
) -> None:
    device, prepared = lab.testbed.device(HOSTS[0]), await _prepared(lab)
    before = device.running_config()
    device.inject(Fault(kind="drop", match=COMMIT[HOSTS[0]], phase="after"))
    await refused(lab.interact.interact, call_of(prepared, "deploy", HOSTS[0]))
    undo = Holder(workflow_id="change/undo-1", run=RunId("undo-run"), root=SCOPE.workflow_id)
    lost = Lost(holder=undo, prepared=prepared.ref, devices=(HostName(HOSTS[0]),), effects=SCOPE)
    mine = Scope(workflow_id="change-2", run=RunId("run-2"), definition="change")
    found = await call(Aftermath(lab.documents, lab.undo).look, LookInput(scope=mine, lost=lost))
    assert found == LookResult(taken_back=(HostName(HOSTS[0]),))
    assert device.running_config() == before


async def test_where_nothing_was_begun_or_all_was_finished_nobody_logs_in(lab: Bench) -> None:
    prepared = await _prepared(lab)
    await call(lab.interact.interact, call_of(prepared, "deploy", "acc-001"))
    logins = [_logins(lab, host) for host in HOSTS]
    assert (await _look(lab, prepared, "acc-001", "acc-002")).clean == ("acc-001", "acc-002")
    assert [_logins(lab, host) for host in HOSTS] == logins
    assert 120 in lab.testbed.device("acc-001").vlans(), "what is finished stays"


async def test_what_cannot_be_looked_at_or_taken_back_is_named(lab: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("activities.aftermath.PAUSES_S", (0.0,))
    prepared = await _prepared(lab)
    for host in ("acc-001", "acc-002"):
        lab.testbed.device(host).inject(Fault(kind="drop", match=COMMIT[host], phase="after"))
        await refused(lab.interact.interact, call_of(prepared, "deploy", host))
    lab.testbed.device("acc-001").inject(Fault(kind="refuse_connection", times=0))
    refuses = r"configure replace|^rollback|no vlan|delete|restore|copy checkpoint"
    lab.testbed.device("acc-002").inject(Fault(kind="reject", match=refuses, times=0))
    found = await _look(lab, prepared, "acc-001", "acc-002", "acc-003")
    assert (found.clean, list(found.unseen), list(found.dirty)) == (("acc-003",), ["acc-001"], ["acc-002"])


async def test_of_a_run_of_which_nothing_is_known_nothing_is_said(lab: Bench) -> None:
    prepared = (await _prepared(lab)).model_copy(update={"ref": None})
    assert (await _look(lab, prepared, "acc-001")).unseen == {"acc-001": "nothing is known of what it did"}


@pytest.mark.parametrize("cut", [True, False], ids=["cut in two", "not begun"])
async def test_what_an_operators_retry_left_is_found_behind_an_attempt_that_never_began(lab: Bench, cut: bool) -> None:
    device, prepared = lab.testbed.device(HOSTS[0]), await _prepared(lab)
    before = device.running_config()
    device.inject(Fault(kind="refuse_connection", times=1))
    assert (await refused(lab.interact.interact, call_of(prepared, "deploy", HOSTS[0]))).type == "unreachable"
    if cut:
        device.inject(Fault(kind="drop", match=COMMIT[HOSTS[0]], phase="after"))
        await refused(lab.interact.interact, call_of(prepared, "deploy", HOSTS[0], generation=3))
    found = await _look(lab, prepared, HOSTS[0])
    assert (found.taken_back, found.clean) == ((HOSTS[0],), ()) if cut else ((), (HOSTS[0],))
    assert device.running_config() == before


async def test_of_two_steps_on_a_device_the_one_that_needs_the_other_is_taken_back_first(lab: Bench) -> None:
    device, prepared = lab.testbed.device(HOSTS[0]), await lab.prepared(BACKWARDS)
    before = device.running_config()
    for step in ("first", "second"):
        device.inject(Fault(kind="drop", match=r"^ ?name c", phase="after", times=1))
        await refused(lab.interact.interact, call_of(prepared, step, HOSTS[0]))
    assert (await _look(lab, prepared, HOSTS[0])).taken_back == (HOSTS[0],)
    assert device.running_config() == before


@pytest.mark.parametrize("at", ["entering", "leaving"])
async def test_a_device_that_was_left_in_its_maintenance_is_led_out(lab: Bench, at: str) -> None:
    device, prepared = lab.testbed.device(HOSTS[0]), await lab.prepared(DRAINED)
    match = "^ ?name drained" if at == "entering" else "^no vlan 999"
    device.inject(Fault(kind="drop", match=match, phase="after" if at == "entering" else "before", times=1))
    await refused(lab.interact.interact, call_of(prepared, "deploy", HOSTS[0]))
    assert 999 in device.vlans()
    assert await _look(lab, prepared, HOSTS[0]) == LookResult(taken_back=(HostName(HOSTS[0]),))
    assert {120, 999} & set(device.vlans()) == ({120} if at == "leaving" else set())
    assert (await _look(lab, prepared, HOSTS[0])).clean == (HOSTS[0],)
