"""Long output stops at the page's end until paging is off."""

import pytest

from activities.deviceinteraction.testbed import Testbed
from testbed_terminal import terminal


@pytest.mark.parametrize(
    ("name", "command", "more"),
    [
        ("acc-001", "show running-config", " --More-- "),
        ("acc-002", "show running-config", "--More--"),
        ("acc-003", "show running-config", " --More-- "),
        ("acc-004", "show configuration", "---(more)---"),
    ],
)
async def test_a_key_turns_the_page_and_q_stops(testbed: Testbed, name: str, command: str, more: str) -> None:
    async with terminal(testbed.device(name), paging=True) as typed:
        first = await typed.send(command, more)
        assert first.count("\n") == 24  # the echo's line and 23 of the page
        typed.press(" ")
        second = await typed.read(more)
        assert second.count("\n") == 23
        typed.press("\r")
        assert (await typed.read(more)).count("\n") == 1
        typed.press("q")
        await typed.read()


async def test_without_paging_everything_comes_at_once(testbed: Testbed) -> None:
    async with terminal(testbed.device("acc-004")) as typed:
        assert "more" not in await typed.output("show configuration")
