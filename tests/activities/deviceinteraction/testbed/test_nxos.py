"""Checkpoints and rollback on NX-OS."""

from activities.deviceinteraction.testbed import TestbedDevice
from testbed_terminal import terminal


async def test_a_checkpoint_is_compared_and_rolled_back_to(nxos: TestbedDevice) -> None:
    before = nxos.running_config()
    async with terminal(nxos) as typed:
        assert await typed.output("checkpoint before") == ".Done"
        await typed.lines("configure terminal", "vlan 120", "name lab", "interface Eth1/1", "shutdown", "end")
        patch = await typed.output("show diff rollback-patch checkpoint before running-config")
        assert "\nvlan 120\n  name lab" in patch
        assert "\ninterface Ethernet1/1\n  shutdown" in patch
        back = await typed.output("show diff rollback-patch running-config checkpoint before")
        assert "\nno vlan 120" in back
        done = await typed.output("rollback running-config checkpoint before atomic")
        assert "Rollback completed successfully." in done
        assert nxos.running_config() == before
        again = await typed.output("rollback running-config checkpoint before atomic")
        assert "Rollback Patch is Empty" in again
    effects = [entry["effect"] for entry in nxos.commands() if entry["effect"]]
    assert effects == ["checkpoint", "running", "running", "running", "running"]


async def test_ten_checkpoints_fit_and_names_are_unique(nxos: TestbedDevice) -> None:
    async with terminal(nxos) as typed:
        for number in range(10):
            assert await typed.output(f"checkpoint c{number}") == ".Done"
        assert "ERROR" in await typed.output("checkpoint c10")
        assert "c9:" in await typed.output("show checkpoint summary")
        await typed.send("no checkpoint c0")
        assert "ERROR" in await typed.output("no checkpoint c0")
        assert "already exists" in await typed.output("checkpoint c1")
        assert await typed.output("checkpoint c10") == ".Done"
        assert "ERROR" in await typed.output("rollback running-config checkpoint c0 atomic")


async def test_saving_copies_running_to_startup(nxos: TestbedDevice) -> None:
    nxos.change(["vlan 120"])
    async with terminal(nxos) as typed:
        assert (await typed.output("copy running-config startup-config")).endswith("Copy complete.")
        assert "120" in await typed.output("show startup-config | include vlan")
    assert nxos.startup_config() == nxos.running_config()
