"""The target configuration, leaving it, and commits on IOS XR, as somebody at a terminal sees them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from activities.deviceinteraction.testbed import DeviceSpec, Testbed, TestbedDevice
from testbed_terminal import terminal

ASKS = "[cancel]:"


@pytest.fixture
async def router(tmp_path: Path) -> AsyncIterator[TestbedDevice]:
    spec = DeviceSpec(name="r-001", platform="cisco_iosxr", number=1)
    async with Testbed.start(state=tmp_path, devices=[spec]) as testbed:
        yield testbed.device("r-001")


async def test_nothing_holds_before_the_commit(router: TestbedDevice) -> None:
    before = router.running_config()
    async with terminal(router) as typed:
        await typed.lines("configure", "interface Loopback7", "description seven", "root")
        assert "+description seven" in await typed.output("show commit changes diff")
        assert router.running_config() == before
        assert "Loopback7" in await typed.output("show configuration merge")
        await typed.lines("commit", "end")
        assert "interface Loopback7\n description seven" in router.running_config()


@pytest.mark.parametrize(("answer", "holds"), [("yes", True), ("no", False)])
async def test_leaving_with_uncommitted_changes_asks(router: TestbedDevice, answer: str, holds: bool) -> None:
    async with terminal(router) as typed:
        await typed.lines("configure", "hostname other")
        await typed.send("end", ASKS)
        assert (await typed.send("cancel")).endswith("(config)#")
        await typed.send("end", ASKS)
        await typed.send(answer)
    assert ("hostname other" in router.running_config()) == holds


async def test_what_was_not_committed_goes_with_its_session_and_so_does_the_lock(router: TestbedDevice) -> None:
    before = router.running_config()
    async with terminal(router) as typed:
        await typed.lines("configure exclusive", "hostname other")
        async with terminal(router) as colleague:
            assert "locked by another agent" in await colleague.output("configure exclusive")
    assert router.running_config() == before
    router.change(["interface Loopback9", " description nine"])


async def test_a_rollback_takes_the_last_commits_back(router: TestbedDevice) -> None:
    before = router.running_config()
    async with terminal(router) as typed:
        for number in (1, 2):
            await typed.lines("configure", f"interface Loopback{number}", "description x", "commit", "end")
        assert "not available" in await typed.output("rollback configuration last 3")
        assert "successfully rolled back 2 commits" in await typed.output("rollback configuration last 2")
    assert router.running_config() == before


async def test_the_time_stands_above_answers_until_it_is_switched_off(router: TestbedDevice) -> None:
    async with terminal(router) as typed:
        assert "UTC" in (await typed.output("show version")).splitlines()[0]
        await typed.send("terminal exec prompt no-timestamp")
        assert (await typed.output("show version")).startswith("Cisco IOS XR")
