"""Configuration sessions and checkpoints on EOS."""

from activities.deviceinteraction.testbed import TestbedDevice
from testbed_terminal import terminal

SESSION = "netsaga-0123456789ab"


def effects(device: TestbedDevice) -> list[tuple[str, str]]:
    return [(entry["line"], str(entry["effect"])) for entry in device.commands() if entry["effect"]]


async def test_a_session_changes_nothing_until_it_is_committed(eos: TestbedDevice) -> None:
    async with terminal(eos) as typed:
        assert (await typed.send(f"configure session {SESSION}")).endswith("acc-003(config-s-netsag)#")
        assert (await typed.send("vlan 120")).endswith("acc-003(config-s-netsag-vlan-120)#")
        await typed.send("name lab")
        diffs = await typed.output("show session-config diffs")
        assert diffs.startswith("--- system:/running-config\n+++ session:/")
        assert "+vlan 120\n+   name lab" in diffs
        assert effects(eos) == []
        assert (await typed.send("commit")).endswith("acc-003#")
        assert "completed" in await typed.output("show configuration sessions")
    assert eos.vlans()[120].name == "lab"
    assert effects(eos) == [("commit", "running")]


async def test_a_pending_session_outlives_its_login_and_can_be_aborted(eos: TestbedDevice) -> None:
    async with terminal(eos) as typed:
        await typed.lines(f"configure session {SESSION}", "vlan 120", "end")
    async with terminal(eos) as typed:
        assert "pending" in await typed.output("show configuration sessions")
        assert "+vlan 120" in await typed.output(f"show session-config named {SESSION} diffs")
        await typed.send(f"configure session {SESSION} abort")
        assert SESSION not in await typed.output("show configuration sessions")
        assert "% Cannot abort" in await typed.output(f"configure session {SESSION} abort")
    assert effects(eos) == []


async def test_a_session_that_another_login_aborted_can_not_be_committed_from_inside(eos: TestbedDevice) -> None:
    async with terminal(eos) as inside, terminal(eos) as outside:
        await inside.lines(f"configure session {SESSION}", "vlan 120")
        await outside.send(f"configure session {SESSION} abort")
        assert "% Cannot commit" in await inside.output("commit")
    assert 120 not in eos.vlans()


async def test_abort_inside_a_session_drops_it(eos: TestbedDevice) -> None:
    async with terminal(eos) as typed:
        await typed.lines(f"configure session {SESSION}", "vlan 120", "abort")
        assert SESSION not in await typed.output("show configuration sessions")
    assert 120 not in eos.vlans()


async def test_a_commit_overwrites_what_changed_since_the_session_began(eos: TestbedDevice) -> None:
    async with terminal(eos) as typed:
        await typed.lines(f"configure session {SESSION}", "vlan 120")
        eos.change(["vlan 333"])
        await typed.send("commit")
    assert 333 not in eos.vlans()
    assert 120 in eos.vlans()


async def test_a_sixth_pending_session_is_refused(eos: TestbedDevice) -> None:
    async with terminal(eos) as typed:
        for number in range(5):
            await typed.lines(f"configure session s{number}", "end")
        assert "Maximum number of pending sessions" in await typed.output("configure session s5")


async def test_a_checkpoint_is_restored_both_ways(eos: TestbedDevice) -> None:
    before = eos.running_config()
    async with terminal(eos) as typed:
        for restore in ("configure checkpoint restore before", "configure replace checkpoint:before"):
            await typed.send("configure checkpoint save before")
            eos.change(["vlan 120"])
            await typed.send(restore)
            assert eos.running_config() == before
        assert "before" in await typed.output("show configuration checkpoints")
        await typed.send("delete checkpoint:before")
        assert "does not exist" in await typed.output("configure checkpoint restore before")


async def test_a_commit_timer_is_confirmed_or_aborted(eos: TestbedDevice) -> None:
    async with terminal(eos) as typed:
        await typed.lines(f"configure session {SESSION}", "vlan 120", "commit timer 00:10:00")
        assert "pendingCommitTimer" in await typed.output("show configuration sessions")
        assert 120 in eos.vlans()
        await typed.send(f"configure session {SESSION} abort")
        assert 120 not in eos.vlans()
        await typed.lines("configure session second", "vlan 121", "commit timer 00:10:00")
        await typed.send("configure session second commit")
    assert 121 in eos.vlans()
    assert eos.revert_due is None


async def test_write_memory_saves(eos: TestbedDevice) -> None:
    eos.change(["vlan 120"])
    async with terminal(eos) as typed:
        assert await typed.output("write memory") == "Copy completed successfully."
    assert eos.startup_config() == eos.running_config()
