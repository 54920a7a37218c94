"""Files, replacing and saving on IOS-XE."""

from collections.abc import Callable
from datetime import UTC, datetime

from activities.deviceinteraction.testbed import Testbed, TestbedDevice
from testbed_terminal import terminal

QUESTION = "Destination filename [before]? "


def effects(device: TestbedDevice) -> list[str]:
    return [str(entry["effect"]) for entry in device.commands() if entry["effect"]]


async def test_a_copy_on_flash_is_compared_and_replaced(iosxe: TestbedDevice) -> None:
    before = iosxe.running_config()
    async with terminal(iosxe) as typed:
        await typed.send("copy running-config flash:before", QUESTION)
        assert "bytes copied" in await typed.send("")
        await typed.lines("configure terminal", "vlan 120", "name lab", "interface Gi1/0/1", "description new", "end")
        differences = await typed.output("show archive config differences flash:before system:running-config")
        assert differences.split("\n") == [
            "!Contextual Config Diffs:",
            "+vlan 120",
            " +name lab",
            "interface GigabitEthernet1/0/1",
            " -description desk 1",
            " +description new",
        ]
        done = await typed.output("configure replace flash:before force")
        assert "Total number of passes: 1\nRollback Done" in done
        assert iosxe.running_config() == before
        again = await typed.output("configure replace flash:before force")
        assert "Total number of passes: 0\nRollback Done" in again
        assert "!No changes were found" in await typed.output("show archive config differences flash:before")
    assert effects(iosxe) == ["checkpoint", "running", "running", "running", "running"]


async def test_replace_without_force_asks_first(iosxe: TestbedDevice) -> None:
    async with terminal(iosxe) as typed:
        await typed.send("copy running-config flash:before", QUESTION)
        await typed.send("")
        iosxe.change(["vlan 120"])
        await typed.send("configure replace flash:before", "? [no]: ")
        await typed.send("n")
        assert 120 in iosxe.vlans()
        await typed.send("configure replace flash:before", "? [no]: ")
        assert "Rollback Done" in await typed.send("y")
    assert 120 not in iosxe.vlans()


async def test_an_existing_file_is_overwritten_only_when_confirmed(iosxe: TestbedDevice) -> None:
    async with terminal(iosxe) as typed:
        await typed.send("copy running-config flash:before", QUESTION)
        await typed.send("")
        iosxe.change(["vlan 120"])
        await typed.send("copy running-config flash:before", QUESTION)
        await typed.send("", "[confirm]")
        typed.press("n")
        await typed.read()
        assert "vlan 120" not in await typed.output("more flash:before")
        await typed.send("copy running-config flash:before", QUESTION)
        await typed.send("", "[confirm]")
        typed.press("\n")
        await typed.read()
        assert "vlan 120" in await typed.output("more flash:before")


async def test_files_are_listed_and_deleted(iosxe: TestbedDevice) -> None:
    async with terminal(iosxe) as typed:
        await typed.send("copy running-config flash:before", QUESTION)
        await typed.send("")
        assert "before" in await typed.output("dir flash:")
        assert await typed.output("delete /force flash:before") == ""
        assert "No such file" in await typed.output("delete /force flash:before")
        assert "No such file" in await typed.output("configure replace flash:before force")


async def test_saving_makes_startup_equal_to_running(iosxe: TestbedDevice) -> None:
    iosxe.change(["vlan 120"])
    assert iosxe.startup_config() != iosxe.running_config()
    async with terminal(iosxe) as typed:
        assert await typed.output("write memory") == "Building configuration...\n[OK]"
        assert iosxe.startup_config() == iosxe.running_config()
        await typed.send("wr")
        await typed.send("copy running-config startup-config", "Destination filename [startup-config]? ")
        await typed.send("")
        assert "vlan 120" in await typed.output("show startup-config")
    assert effects(iosxe) == ["running", "startup"]


class MovedClock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self._now = datetime(2026, 11, 21, tzinfo=UTC)
        self.due: list[tuple[float, Callable[[], None]]] = []

    def now(self) -> datetime:
        return self._now

    def call_later(self, delay_s: float, call: Callable[[], None]) -> "MovedClock":
        self.due.append((delay_s, call))
        return self

    def cancel(self) -> None:
        self.due.clear()


async def test_an_unconfirmed_change_goes_back_by_itself(testbed: Testbed) -> None:
    clock = MovedClock()
    async with Testbed.start(state=testbed.state / "clock", devices=1, clock=clock, enable_share=0) as other:
        device = other.device("acc-001")
        async with terminal(device) as typed:
            await typed.lines("configure terminal revert timer 5", "vlan 120", "end")
            assert [delay for delay, _ in clock.due] == [300]
            clock.due[0][1]()
            assert 120 not in device.vlans()
            await typed.lines("configure terminal revert timer 5", "vlan 121", "end", "configure confirm")
            assert "%No Rollback" in await typed.output("configure confirm")
        assert 121 in device.vlans()
    assert "reverted" in [entry.get("event") for entry in device.log()]


async def test_a_revert_timer_is_shown_and_may_be_cut_short(iosxe: TestbedDevice) -> None:
    before = iosxe.running_config()
    async with terminal(iosxe) as typed:
        assert "%No Rollback Confirmed Change pending" in await typed.output("show archive config rollback timer")
        assert "%No Rollback" in await typed.output("configure revert now")
        await typed.lines("configure terminal revert timer 5", "vlan 120", "end")
        assert "Timer value: 5 min" in await typed.output("show archive config rollback timer")
        assert "already in progress" in await typed.output("configure terminal revert timer 5")
        assert "Rollback Done" in await typed.output("configure revert now")
        assert iosxe.running_config() == before
        assert iosxe.revert_due is None


async def test_there_is_no_revert_timer_without_an_archive(iosxe: TestbedDevice) -> None:
    iosxe.change(["archive", "no path", "exit"])
    async with terminal(iosxe) as typed:
        assert await typed.output("show archive") == "Archive feature not enabled"
        assert "%Archive feature not enabled" in await typed.output("configure terminal revert timer 5")
