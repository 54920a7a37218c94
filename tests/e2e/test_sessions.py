"""Sessions over the steps of a run, by the devices' own word."""

from pathlib import Path

import pytest

from lab import Lab, lab

pytestmark = pytest.mark.timeout(120)

STEP = """\
  - id: {name}
    devices: inventory
    do: [{{show: show version, as: version}}]
    accept: all
    on_failure: stop
"""
THREE_STEPS = """\
netsaga: 1
name: three-looks
version: 1.0.0
inventory: {source: nautobot}
defaults: {credential: device_rw}
steps:
""" + "".join(STEP.format(name=name) for name in ("first", "second", "third"))


def logins(found: Lab, host: str) -> int:
    return sum(entry.get("event") == "login" for entry in found.control.log(host))


async def test_three_steps_log_in_to_each_device_once(tmp_path: Path) -> None:
    async with lab(tmp_path, devices=8) as found:
        result = await found.client.run("three-looks", source=THREE_STEPS, by="rita", wait=True)
        assert result.verdict == "succeeded", result.message
        assert {host: logins(found, host) for host in found.names} == dict.fromkeys(found.names, 1)
