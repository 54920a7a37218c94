"""`netsaga transcript` prints what a run and a device said, and `netsaga testbed --playback` says it again."""

import asyncio
import sys
from pathlib import Path

import pytest

from activities.deviceinteraction.model import Credential, HostKeys, HostName, Target
from activities.deviceinteraction.session import open_session
from activities.deviceinteraction.testbed.control import TestbedControl
from activities.deviceinteraction.testbed.fleet import CREDENTIAL
from activities.inventory.yaml_file import YamlInventory
from activities.secrets.file import FileSecret
from lab import lab

DEFINITION = """
netsaga: 1
name: look
version: 1.0.0
inventory: {source: nautobot}
defaults: {credential: device_rw}
steps:
  - id: look
    devices: inventory
    do:
      - snapshot: [vlans]
        as: state
    on_failure: stop
"""


async def netsaga(*arguments: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "starter", *arguments,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, stdin=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    out, _ = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode or 0, out.decode()


@pytest.mark.timeout(120)
async def test_a_run_s_transcript_is_printed_written_and_played_back(tmp_path: Path) -> None:
    source = tmp_path / "look.yaml"
    source.write_text(DEFINITION)
    async with lab(tmp_path / "dev", devices=4) as found:
        code, said = await netsaga("run", str(source), "--address", found.stack.address, "--id", "look-1", "--wait")
        assert code == 0, said
        settings = ("--settings", str(found.stack.settings))
        code, said = await netsaga("transcript", "look-1", "acc-003", *settings)
        assert code == 0, said
        assert "step look\nsession with acc-003 (arista_eos)" in said
        assert "> show vlan" in said
        kept = tmp_path / "acc-003.transcript"
        code, said = await netsaga("transcript", "last", "acc-003", "--step", "look", "--out", str(kept), *settings)
        assert code == 0, said
        for arguments, message in (
            (("look-2", "acc-003"), "run 'look-2' has neither a record nor a transcript"),
            (("look-1", "acc-03"), "did you mean `acc-003`?"),
            (("look-1", "acc-003", "--step", "lok"), "did you mean `look`?"),
        ):
            code, said = await netsaga("transcript", *arguments, *settings)
            assert (code, message in said) == (2, True), said
        vlans = found.control.vlans("acc-003")
    await played(kept, tmp_path / "again", {number: one["name"] for number, one in vlans.items()})


async def played(transcript: Path, state: Path, vlans: dict[int, str]) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "starter", "testbed", "--playback", str(transcript), "--state", str(state), "--port", "0",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        ready = (await asyncio.wait_for(process.stdout.readline(), 30)).decode()
        assert ready.startswith("testbed ready: 1 devices"), ready
        assert [entry.name for entry in TestbedControl(state).devices()] == ["acc-003"]
        (device,) = await YamlInventory(state / "inventory.yaml").devices()
        credential: Credential = await FileSecret(state / "credentials.yaml", CREDENTIAL).load()
        target = Target(HostName(device.name), device.address, device.platform, credential, device.port)
        async with open_session(target, host_keys=HostKeys(known_hosts=str(state / "known_hosts"))) as session:
            seen = (await session.snapshot(["vlans"])).vlans
        assert seen is not None
        assert {number: vlan.name for number, vlan in seen.items()} == vlans
    finally:
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 30) == 0
