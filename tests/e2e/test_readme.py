"""README is true: its commands are run as they stand there, in its order, from a folder like a fresh clone's."""

import asyncio
import contextlib
import os
import re
import sys
import sysconfig
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from starter.client import Orchestrator
from starter.errors import RunNotFoundError

pytestmark = pytest.mark.timeout(240)

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
SCRIPTS = sysconfig.get_path("scripts")
# These stay up until Ctrl-C, and what they print when they are ready.
STAYING = {"netsaga dev": "Ctrl-C", "netsaga testbed": "testbed ready", "netsaga worker": "worker ready"}
MADE_BY_SETUP = {"make setup", ". .venv/bin/activate"}


def section(title: str) -> str:
    """What stands under a heading, up to the next of its level; code blocks have no headings."""
    level = title.partition(" ")[0]
    found: list[str] = []
    inside = fenced = False
    for line in README.splitlines():
        fenced ^= line.startswith("```")
        if not fenced and line.startswith("#") and len(line.partition(" ")[0]) <= len(level):
            inside = line == title
        elif inside:
            found.append(line)
    assert found, f"README has no heading {title!r}"
    return "\n".join(found) + "\n"


def commands(text: str) -> list[str]:
    """The commands of its console blocks."""
    blocks = re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    return [line.removeprefix("$ ") for block in blocks for line in block.splitlines() if line.startswith("$ ")]


def block(text: str, language: str, containing: str) -> str:
    """The one code block of a language that contains something."""
    found = [code for code in re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL) if containing in code]
    assert len(found) == 1
    return str(found[0])


@dataclass
class Reader:
    """Somebody who types what README says."""

    folder: Path

    def environment(self) -> dict[str, str]:
        plain = {name: value for name, value in os.environ.items() if not name.startswith("NETSAGA")}
        return {**plain, "PATH": f"{SCRIPTS}:{plain['PATH']}", "NO_COLOR": "1", "PYTHONPATH": str(ROOT)}

    async def type(self, command: str, *, within_s: float = 90) -> str:
        """A command that ends; it must succeed."""
        process = await asyncio.create_subprocess_shell(
            command,
            cwd=self.folder,
            env=self.environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        out, _ = await asyncio.wait_for(process.communicate(), within_s)
        assert process.returncode == 0, f"$ {command}\n{out.decode()}"
        return out.decode()

    async def until(self, command: str, text: str) -> str:
        """Types a command again until it says something."""
        said = ""
        for _ in range(100):
            said = await self.type(command)
            if text in said:
                return said
            await asyncio.sleep(0.3)
        raise AssertionError(f"$ {command}\nnever said {text!r}:\n{said}")

    @asynccontextmanager
    async def staying(self, command: str, ready: str) -> AsyncIterator[None]:
        """A command that stays up, ended by Ctrl-C."""
        if command.startswith(("netsaga dev", "temporal server")):
            await _until_free(7233)
        process = await asyncio.create_subprocess_shell(
            f"exec {command}",
            cwd=self.folder,
            env=self.environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        assert process.stdout is not None
        said = ""
        try:
            async with asyncio.timeout(60):
                while ready not in said:
                    line = await process.stdout.readline()
                    assert line, f"$ {command}\nended before it was ready:\n{said}"
                    said += line.decode()
            drain = asyncio.create_task(process.stdout.read())
            yield
            drain.cancel()
        finally:
            if process.returncode is None:
                process.send_signal(2)
                await asyncio.wait_for(process.wait(), 60)


async def _until_free(port: int) -> None:
    """Waits until nobody listens on a port any more: what was started last may outlive its parent for a moment."""
    async with asyncio.timeout(60):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                return
            writer.close()
            await asyncio.sleep(0.2)


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    """A folder that holds what README names of a clone."""
    (tmp_path / "workflows").symlink_to(ROOT / "workflows")
    return Reader(tmp_path)


def without(lines: Sequence[str], *starts: str) -> list[str]:
    return [line for line in lines if not line.startswith(starts) and line not in MADE_BY_SETUP]


async def test_the_first_walk_the_temporal_way_and_the_python_way(reader: Reader) -> None:
    walk = section("## A first walk")
    ours = commands(walk.split("\n### ")[0])
    assert "netsaga dev" in ours
    theirs = commands(section("### The same with Temporal's command line"))
    sample = block(section("### The same from Python"), "python", "Orchestrator")
    (reader.folder / "sample.py").write_text(sample)
    async with reader.staying("netsaga dev", STAYING["netsaga dev"]):
        for command in without(ours, "netsaga dev"):
            if command.startswith("netsaga approve"):
                await _asks()
            said = await reader.type(command)
            if command.startswith("netsaga watch"):
                assert "succeeded" in said
        for command in commands(section("### Writing definitions")):
            await reader.type(command)
        for command in commands(section("### Plan first, then apply")):
            assert "succeeded" in await reader.type(command)
        await _the_temporal_way(reader, theirs)
        await asyncio.gather(reader.type(f"{sys.executable} sample.py"), _approve_the_sample(reader))


async def _the_temporal_way(reader: Reader, theirs: Sequence[str]) -> None:
    start, query, update, result, signal = theirs
    await reader.type(start)
    await reader.until(query, "netops-leads")
    await reader.until(f"{query} -o json", '"gates":')
    await _gate(reader, query)
    await reader.type(update)
    assert "succeeded" in await reader.type(result)
    again = [line.replace("cameras", "doors-too").replace("121", "123") for line in (start, query, signal, result)]
    await reader.type(again[0])
    await _gate(reader, again[1])
    await reader.type(again[2])
    assert "succeeded" in await reader.type(again[3])


async def _asks(reason: str = "") -> None:
    """Waits until the newest run, with this in its reason, asks for an approval. (A command costs a second a look.)"""
    async with Orchestrator.connect() as orchestrator, asyncio.timeout(90):
        while True:
            with contextlib.suppress(RunNotFoundError):  # the server lists a run a moment after it began
                status = await (await orchestrator.find("last")).status()
                if reason in status.reason and status.gates:
                    return
            await asyncio.sleep(0.2)


async def _gate(reader: Reader, query: str) -> None:
    await reader.until(query, "waits for 1 of netops-leads")


async def _approve_the_sample(reader: Reader) -> None:
    await _asks("sensors")
    assert "netsaga approve" in await reader.type("netsaga status last --diffs")
    await reader.type("netsaga approve last --by bob")


async def test_your_own_devices_in_ten_minutes(reader: Reader) -> None:
    text = section("## Your own devices in ten minutes")
    prepare, testbed, probe, verify, server, worker, run, transcript = commands(text)
    await reader.type(prepare)
    (reader.folder / "lab" / "netsaga.yaml").write_text(block(text, "yaml", "temporal:"))
    async with reader.staying(testbed, "testbed ready"):
        assert "cisco_iosxe" in await reader.type(probe)
        assert "the contract holds" in await reader.type(verify)
        async with reader.staying(server, "Temporal Server"), reader.staying(worker, "worker ready"):
            said = await reader.type(run)
            assert "acc-001" in said
            assert "succeeded" in said
            assert "play it back" in await reader.type(transcript)
            checked = re.search(r"`(python -m worker settings [^`]*)`", text)
            assert checked is not None
            await reader.type(checked[1])


def test_every_command_of_readme_is_run_by_a_test() -> None:
    tested = (
        commands(section("## A first walk"))
        + commands(section("## Your own devices in ten minutes"))
        + ["make demo", "make test", "make check"]  # the two commands, and what CI runs
    )
    assert set(commands(README)) <= set(tested)
