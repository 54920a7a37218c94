"""Devices do wrong what they were told to do wrong, and the log says which lines took effect."""

import asyncio
from collections.abc import Awaitable

import asyncssh
import pytest

from activities.deviceinteraction.testbed import Fault, Testbed, TestbedDevice
from activities.deviceinteraction.testbed.faults import FaultBox
from testbed_terminal import connection, terminal

INDENTED = ["acc-001", "acc-002", "acc-003"]


def results(device: TestbedDevice, line: str) -> list[tuple[str, object]]:
    return [(entry["result"], entry["effect"]) for entry in device.commands() if entry["line"] == line]


async def closed(reading: Awaitable[str]) -> None:
    """Wait until the device has cut the session."""
    with pytest.raises((EOFError, OSError, asyncssh.Error)):
        await reading


async def test_a_closed_port_refuses_and_opens_again(eos: TestbedDevice) -> None:
    eos.inject(Fault(kind="refuse_connection", times=0))
    with pytest.raises(ConnectionRefusedError):
        async with connection(eos):
            pass
    eos.clear()
    async with connection(eos):
        pass


async def test_a_connection_is_reset_once(eos: TestbedDevice) -> None:
    eos.inject("refuse_connection")
    with pytest.raises((asyncssh.Error, OSError)):
        async with connection(eos):
            pass
    async with connection(eos):
        pass


async def test_a_right_password_is_refused_twice(eos: TestbedDevice) -> None:
    eos.inject("refuse_login*2")
    for _ in range(2):
        with pytest.raises(asyncssh.PermissionDenied):
            async with connection(eos):
                pass
    async with connection(eos):
        pass
    assert [entry.get("event") for entry in eos.log()][:3] == ["login_refused", "login_refused", "login"]


async def test_a_login_hangs(eos: TestbedDevice) -> None:
    eos.inject("hang_login")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3), connection(eos):
            pass


@pytest.mark.parametrize("name", INDENTED)
async def test_a_rejected_line_has_no_effect_and_works_the_next_time(testbed: Testbed, name: str) -> None:
    device = testbed.device(name)
    device.inject("reject:^vlan 120")
    async with terminal(device) as typed:
        await typed.send("configure terminal")
        assert "% Invalid" in await typed.output("vlan 120")
        assert 120 not in device.vlans()
        await typed.send("vlan 120")
    assert 120 in device.vlans()
    assert results(device, "vlan 120") == [("rejected", None), ("ok", "running")]


async def test_a_dropped_line_has_an_effect_only_after_it_took_one(iosxe: TestbedDevice) -> None:
    iosxe.inject("drop@before:vlan 120")
    iosxe.inject("drop@after:vlan 120")
    for _ in range(2):
        async with terminal(iosxe) as typed:
            await typed.send("configure terminal")
            await closed(typed.send("vlan 120"))
    assert results(iosxe, "vlan 120") == [("dropped", None), ("dropped", "running")]
    assert "dropped" in [entry.get("event") for entry in iosxe.log()]


async def test_a_link_dies_in_the_middle_of_an_answer(junos: TestbedDevice) -> None:
    junos.inject("drop@middle:show configuration")
    async with terminal(junos) as typed:
        typed.press("show configuration\n")
        with pytest.raises((EOFError, asyncssh.Error, OSError)) as ended:
            await typed.read()
    if isinstance(ended.value, EOFError):
        assert "host-name acc-004" in str(ended.value)


async def test_a_line_hangs_before_or_after_its_effect(eos: TestbedDevice) -> None:
    eos.inject("hang@after:^vlan 120")
    async with terminal(eos) as typed:
        await typed.send("configure terminal")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await typed.send("vlan 120")
    assert results(eos, "vlan 120") == [("hung", "running")]


async def test_a_slow_device_answers_in_the_end(eos: TestbedDevice) -> None:
    eos.inject(Fault(kind="slow", match="show clock", seconds=0.2))
    async with terminal(eos) as typed:
        assert "Timezone" in await typed.output("show clock")
    assert eos.pending_faults() == []


@pytest.mark.parametrize("kind", ["empty", "garbage"])
async def test_an_answer_is_empty_or_noise(eos: TestbedDevice, kind: str) -> None:
    eos.inject(f"{kind}:show vlan")
    async with terminal(eos) as typed:
        answer = await typed.output("show vlan")
    assert "users" not in answer
    assert (answer == "") is (kind == "empty")


@pytest.mark.parametrize(
    ("name", "line", "words"),
    [
        ("acc-001", "copy running-config flash:x", "No space left on device"),
        ("acc-002", "checkpoint x", "No space left on device"),
        ("acc-003", "configure checkpoint save x", "No space left on device"),
        ("acc-004", "configure", "No space left on device"),
    ],
)
async def test_a_full_disk_is_said_in_the_platforms_words(testbed: Testbed, name: str, line: str, words: str) -> None:
    device = testbed.device(name)
    device.inject(Fault(kind="no_space", match=line))
    async with terminal(device) as typed:
        assert words in await typed.output(line)
    assert results(device, line) == [("rejected", None)]


async def test_a_fault_without_limit_stays_until_it_is_cleared(eos: TestbedDevice) -> None:
    eos.inject(Fault(kind="empty", match="show", times=0))
    async with terminal(eos) as typed:
        for _ in range(3):
            assert await typed.output("show clock") == ""
        eos.clear()
        assert "Timezone" in await typed.output("show clock")


@pytest.mark.parametrize("text", ["", "explode", "drop@sometimes", "reject:(", "drop*x"])
def test_a_fault_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Fault.parse(text)


async def test_a_link_dies_once_a_question_was_answered(iosxe: TestbedDevice) -> None:
    iosxe.inject("drop@after:Destination filename")
    async with terminal(iosxe) as typed:
        await typed.send("copy running-config flash:before", "Destination filename [before]? ")
        await closed(typed.send(""))
    entry = iosxe.commands()[-1]
    assert (entry["mode"], entry["result"], entry["effect"]) == ("answer", "dropped", "checkpoint")


def test_a_fault_may_let_lines_pass_before_it_shows() -> None:
    box = FaultBox()
    box.inject(Fault.parse("drop@after*2+1:show"))
    met = [box.take("drop", line=line) is not None for line in ("show a", "vlan 1", "show b", "show c", "show d")]
    assert met == [False, False, True, True, False]
