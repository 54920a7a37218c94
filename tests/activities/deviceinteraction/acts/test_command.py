"""Commands are for machines that run them: a device with a command line of its own says what to use instead."""

import pytest

from activities.deviceinteraction.failures import InvalidInput, Permanent
from devicelab import Lab, MemoryJournal


async def test_a_device_with_a_command_line_of_its_own_runs_no_commands(lab: Lab) -> None:
    journal = MemoryJournal()
    async with lab.session() as session:
        lines = len(lab.device.commands())
        with pytest.raises(Permanent, match="use `show`, `configure` or `interact`"):
            await session.run("reboot", journal)
        with pytest.raises(InvalidInput, match="cannot be split"):
            await session.run("echo 'half")
        assert len(lab.device.commands()) == lines
    assert journal.entries == {}, "nothing was begun, and a later attempt must not think so"
