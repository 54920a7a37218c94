"""A whole netsaga on this machine, as `netsaga dev` keeps it: real server, real worker, real simulated devices."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest
import yaml

from starter.__main__ import execute
from starter.client import Orchestrator
from starter.demo.witness import Fleet
from starter.dev.stack import Stack
from starter.errors import StackError


async def dev(state: Path, *more: str) -> asyncio.subprocess.Process:
    arguments = ("dev", "--port", "0", "--no-ui", "--devices", "4", "--state", str(state), *more)
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "starter", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def ready(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    text = ""
    async with asyncio.timeout(60):
        while "Ctrl-C stops everything" not in text:
            line = await process.stdout.readline()
            assert line, f"it ended before it was ready: {text}"
            text += line.decode()
    return text


def children_of(state: Path) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_text()
        except OSError:
            continue
        if str(state) in command and int(folder.name) != os.getpid() and "\0dev\0" not in command:
            found.append(int(folder.name))
    return found


async def nothing_left(state: Path) -> None:
    async with asyncio.timeout(60):
        while sys.platform == "linux" and children_of(state):
            await asyncio.sleep(0.05)


async def test_a_stack_is_up_works_and_leaves_nothing_behind(tmp_path: Path) -> None:
    async with Stack.start(state=tmp_path, devices=4, ui_port=None) as stack:
        orchestrator = await Orchestrator.connect(address=stack.address)
        assert await orchestrator.has_worker()
        fleet = Fleet.read(stack.state / "testbed")
        assert len(set(fleet.platforms.values())) == 4
        assert all((await fleet.vlan_lines(1, fleet.platforms)).values())
        assert not any((await fleet.vlan_lines(120, fleet.platforms)).values())
        assert stack.url("x") is None
        with pytest.raises(StackError, match="is in use by process"):
            async with Stack.start(state=tmp_path):
                pass
        first = stack.worker
        await first.kill()
        await stack.start_worker()
        assert stack.worker.pid != first.pid
    assert not any(child.alive for child in (stack.worker, stack.testbed, stack.server))
    await nothing_left(tmp_path)


async def test_dev_says_what_is_up_and_stops_all_of_it_on_sigint(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("groups: {netops-leads: [bob], cabling: [carol]}\ndefinitions: [changes]\npools: [dc1]\n")
    process = await dev(tmp_path / "state", "--settings", str(mine))
    text = await ready(process)
    assert f"{tmp_path}/state/netsaga.yaml, with {mine} laid over" in text
    settings = yaml.safe_load((tmp_path / "state" / "netsaga.yaml").read_text())
    assert settings["groups"] == {"netops-leads": ["bob"], "netops-managers": ["*"], "cabling": ["carol"]}
    assert settings["definitions"] == [str(tmp_path / "changes")]
    worker = (tmp_path / "state" / "logs" / "worker.log").read_text()
    assert "dc1" in worker
    assert "Web UI           off" in text
    assert "4 simulated, site hq" in text
    assert "netsaga run campus-vlan --address 127.0.0.1:" in text
    process.send_signal(signal.SIGINT)
    _, said = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0
    assert "stopping: worker, testbed, server" in said.decode()
    await nothing_left(tmp_path)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("mine.yaml", "mine.yaml:2: `temporal.address` cannot be set here, it is '127.0.0.1:"),
        ("state/netsaga.yaml", "is written anew at every start. Copy it"),
    ],
)
def test_settings_that_dev_cannot_use_are_said_before_anything_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, said: str
) -> None:
    (tmp_path / "mine.yaml").write_text("pools: [dc1]\ntemporal: {address: '10.0.0.1:7233'}\n")
    state = ("--port", "0", "--no-ui", "--state", str(tmp_path / "state"))
    assert execute(["dev", *state, "--settings", str(tmp_path / name)]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "state" / "temporal.db").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
async def test_dev_names_the_process_that_died_and_stops_the_others(tmp_path: Path) -> None:
    process = await dev(tmp_path)
    await ready(process)
    victims = [pid for pid in children_of(tmp_path) if "testbed" in Path(f"/proc/{pid}/cmdline").read_text()]
    os.kill(max(victims, key=lambda pid: Path(f"/proc/{pid}/statm").read_text().split()[1]), signal.SIGKILL)
    for pid in victims:
        if Path(f"/proc/{pid}").exists():
            os.kill(pid, signal.SIGKILL)
    _, said = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 1
    assert "The testbed was ended by SIGKILL" in said.decode()
    await nothing_left(tmp_path)
