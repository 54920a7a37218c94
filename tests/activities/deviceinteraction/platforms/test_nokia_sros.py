"""What is SR OS's own: the exclusive candidate and what is typed in it, saved files, a timer bound to its session."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from activities.deviceinteraction.failures import (
    CheckFailed,
    ConfigLocked,
    Drifted,
    InvalidInput,
    Permanent,
    RejectedByDevice,
)
from activities.deviceinteraction.model import Hold
from activities.deviceinteraction.probing import probe
from activities.deviceinteraction.testbed import Fault
from activities.deviceinteraction.verifying import verify
from devicelab import NAMES, NEW_VLAN, OTHER_VLAN, Lab, MemoryJournal, lab_of

LINES, THEIRS = NEW_VLAN["nokia_sros"], OTHER_VLAN["nokia_sros"]
LO = '/configure router "Base" interface "lo120"'
NO_SAVE = "/configure system management-interface cli md-cli auto-config-save false"


@pytest.fixture
async def router(tmp_path: Path) -> AsyncIterator[Lab]:
    async with lab_of("nokia_sros", tmp_path) as made:
        yield made


async def test_a_router_says_what_it_is_and_in_which_state_its_ports_are(router: Lab) -> None:
    async with router.session() as session:
        facts = await session.facts()
        found = (await session.snapshot(["interfaces"])).interfaces
        with pytest.raises(InvalidInput, match="services"):
            await session.snapshot(["vlans"])
    assert (facts.hostname, facts.vendor, facts.version, facts.model) == ("acc-001", "Nokia", "C-23.10.R1", "7750 SR-1")
    assert facts.serial == "NS21480000001"
    assert found is not None
    desk, dark, uplink = found["1/1/c1/1"], found["1/1/c4/1"], found["1/1/c5/1"]
    assert (desk.admin, desk.oper, desk.mode, desk.description) == ("up", "up", None, "desk 1")
    assert (dark.admin, dark.oper, uplink.mode) == ("down", "down", "routed")


async def test_a_proposal_leaves_neither_candidate_nor_lock_behind(router: Lab) -> None:
    async with router.session() as session:
        change = await session.propose(LINES, NAMES)
        assert session.transport.prompt == "[/]\nA:netsaga@acc-001#"
        router.device.change(THEIRS)
    assert '+       interface "lo120" {' in change.diff.splitlines()
    assert change.inverse == (f"delete {LO}",)


async def test_what_is_deleted_is_named_from_the_root_wherever_the_lines_before_it_led(router: Lab) -> None:
    before = router.device.running_config()
    async with router.session() as session:
        port = "/configure port 1/1/c1/1"
        lines = (*LINES, '/configure router "Base" interface "lo121"', f"delete {port} description", f"{port} ethernet")
        change, journal = await session.propose(lines, NAMES), MemoryJournal()
        await session.apply(change, NAMES, journal, save=False)
        assert (await session.undo(NAMES, journal, methods=["inverse"])).method == "inverse"
    assert change.inverse == (
        'delete /configure router "Base" interface "lo121"',
        f"delete {LO}",
        f'{port} description "desk 1"',
    )
    assert router.device.running_config() == before


async def test_a_lock_that_a_colleague_holds_is_config_locked(router: Lab) -> None:
    async with router.session() as theirs, router.session() as ours:
        await theirs.transport.send("edit-config global")
        with pytest.raises(ConfigLocked, match="editing global candidate"):
            await ours.propose(LINES, NAMES)
        await theirs.transport.send("quit-config")
        assert not (await ours.propose(LINES, NAMES)).empty


async def test_a_candidate_that_a_colleague_left_is_neither_committed_nor_dropped(router: Lab) -> None:
    router.device.change(THEIRS, commit=False)
    async with router.session() as session:
        with pytest.raises(ConfigLocked):
            await session.propose(LINES, NAMES)
    router.device.change([])
    assert router.has(333, "theirs")


async def test_what_moved_since_the_proposal_is_drift(router: Lab) -> None:
    async with router.session() as session:
        change = await session.propose(LINES, NAMES)
        router.device.change([f"{LO} admin-state enable"])
        with pytest.raises(Drifted):
            await session.apply(change, NAMES, MemoryJournal(), save=True)


async def test_what_only_the_validation_finds_is_a_refusal_without_a_trace(router: Lab) -> None:
    before = router.device.running_config()
    async with router.session() as session:
        with pytest.raises(RejectedByDevice, match="service-id - Missing mandatory element"):
            await session.propose(['/configure service vpls "new" admin-state enable'], NAMES)
        with pytest.raises(RejectedByDevice, match="Unknown element - 'vlan'"):
            await session.propose(["/configure vlan 120"], NAMES)
        assert session.transport.prompt == "[/]\nA:netsaga@acc-001#"
    assert router.device.running_config() == before


async def test_a_commit_that_saved_itself_is_not_saved_again(router: Lab) -> None:
    journal = MemoryJournal()
    async with router.session() as session:
        assert (await session.apply(await session.propose(LINES, NAMES), NAMES, journal, save=True)).saved
        assert (await session.undo(NAMES, journal, methods=["native"])).saved
    assert "/admin save" not in [entry["line"] for entry in router.device.commands()]
    assert "rollback 1" in [entry["line"] for entry in router.device.commands()]


async def test_where_commits_do_not_save_themselves_ours_is_saved_and_taken_back_by_its_inverse(router: Lab) -> None:
    router.device.change([NO_SAVE])
    before, journal = router.device.running_config(), MemoryJournal()
    async with router.session() as session:
        await session.apply(await session.propose(LINES, NAMES), NAMES, journal, save=False)
        with pytest.raises(CheckFailed, match="auto-config-save"):
            await session.undo(NAMES, journal.survived(), methods=["native"])
        assert (await session.undo(NAMES, journal.survived(), methods=["native", "inverse"])).method == "inverse"
        assert router.device.running_config() == before
        await session.apply(await session.propose(LINES, NAMES), NAMES, MemoryJournal(), save=True)
    assert "120" in router.device.startup_config()


async def test_a_configuration_that_was_cut_short_starts_no_change(router: Lab) -> None:
    router.device.inject(Fault(kind="garbage", match="admin show configuration", times=0))
    async with router.session() as session:
        with pytest.raises(CheckFailed, match="# Finished"):
            await session.propose(LINES, NAMES)


@pytest.mark.parametrize("line", ['router "Base" interface "lo1"', 'delete router "Base"', "/show version"])
async def test_a_line_that_is_not_a_whole_path_is_refused_before_anything_is_typed(router: Lab, line: str) -> None:
    async with router.session() as session:
        with pytest.raises(InvalidInput, match="begin lines with"):
            await session.propose((line,), NAMES)
    assert not [entry for entry in router.device.commands() if entry["line"].startswith("edit-config")]


async def test_a_timer_is_refused_with_the_way_that_has_one(router: Lab) -> None:
    async with router.session() as session:
        change = await session.propose(LINES, NAMES)
        with pytest.raises(Permanent, match="`netconf`"):
            await session.apply(change, NAMES, MemoryJournal(), save=True, hold=Hold(timedelta(minutes=5)))
    report = await probe(router.target, host_keys=router.host_keys)
    assert (report.usable, report.confirm.state) == (True, "missing")


async def test_a_hostname_change_does_not_lose_the_prompt(router: Lab) -> None:
    journal = MemoryJournal()
    async with router.session() as session:
        change = await session.propose(['/configure system name "other"'], NAMES)
        await session.apply(change, NAMES, journal, save=False)
        assert session.transport.prompt == "[/]\nA:netsaga@other#"
        assert (await session.undo(NAMES, journal, methods=["native"])).method == "native"


async def test_secrets_leave_the_session_nowhere(router: Lab) -> None:
    async with router.session() as session:
        shown = await session.show("admin show configuration")
    assert "$2y$" not in shown
    assert "community <redacted>" in shown


async def test_the_contract_can_be_verified(router: Lab) -> None:
    before = router.device.running_config()
    result = await verify(router.target, host_keys=router.host_keys)
    assert {part.name for part in result.parts if part.state != "ok"} == {"confirm under a timer"}, result
    assert router.device.running_config() == before


async def test_it_is_restarted_and_comes_up_with_what_was_saved(router: Lab) -> None:
    async with router.session() as session:
        await session.reboot(MemoryJournal(), timedelta(seconds=20))
        assert (await session.facts()).hostname == "acc-001"
