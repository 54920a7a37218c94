"""The stage of the demonstration: a stack, a run on it, the person at the gate, and the table at the end."""

import asyncio
import getpass
import shutil
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pydantic import JsonValue
from rich.console import Console
from rich.text import Text

from starter.client import Orchestrator
from starter.demo.witness import Fleet
from starter.dev.stack import Stack
from starter.handle import RunHandle
from starter.render.diffs import gate_view
from starter.render.result import print_result
from starter.render.watch import follow, view_for
from starter.render.words import console, style, terminal
from workflows.contracts import Gate, RunResult

SITE: Final = "hq"  # campus-vlan asks people only there
VLAN_ID: Final = 120
VLAN_NAME: Final = "cameras"
REQUESTER: Final = "demo"
KEPT: Final = 5  # state folders of earlier demonstrations
INPUTS: Final[dict[str, JsonValue]] = {
    "ticket": "RITM0012345",
    "vlan_id": VLAN_ID,
    "vlan_name": VLAN_NAME,
    "subnet": "10.12.0.0/24",
    "building": SITE,
    "canary_soak": "2s",
    "pilot_soak": "2s",
}

BeforeGate = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Scene:
    """A stack with its simulated devices, and where it is told about."""

    stack: Stack
    fleet: Fleet
    orchestrator: Orchestrator
    out: Console

    @classmethod
    async def open(cls, stack: Stack, out: Console) -> "Scene":
        """Set the scene on a stack that is up."""
        orchestrator = await Orchestrator.connect(address=stack.address)
        return cls(stack, Fleet.read(stack.state / "testbed"), orchestrator, out)

    def say(self, text: str, look: str = "") -> None:
        """One line to the audience."""
        self.out.print(Text(text, style=look), soft_wrap=True)

    async def begin(self) -> RunHandle:
        """Start the run, as anybody would."""
        reason = "cameras for the new entrance"
        handle = await self.orchestrator.start("campus-vlan", INPUTS, by=REQUESTER, reason=reason)
        self.say(f"Run {handle.id} has begun: VLAN {VLAN_ID} {VLAN_NAME} for {len(self.fleet.hosts)} devices.", "bold")
        if url := self.stack.url(handle.id):
            self.say(f"Web UI: {url}", "dim")
        return handle

    async def follow(self, handle: RunHandle, *, before_gate: BeforeGate | None = None) -> RunResult:
        """Show the run to its end; at its gate, ask the person, or approve and say so where there is none."""

        async def gate_opened(gate: Gate) -> None:
            if before_gate is not None:
                await before_gate()
            await self._decide(handle, gate)

        result = await follow(
            handle, view_for(self.out, url=self.stack.url(handle.id), gates=False), on_gate=gate_opened
        )
        print_result(self.out, result, url=self.stack.url(handle.id), platforms=self.fleet.platforms)
        return result

    async def _decide(self, handle: RunHandle, gate: Gate) -> None:
        self.out.print(gate_view(gate, handle.id), soft_wrap=True)
        if terminal():
            yes = (await ask("Approve? [y/n] ")).lower() in ("y", "yes")
            by, comment = getpass.getuser(), "looked at in the demonstration"
        else:
            yes, by, comment = True, "demo-approver", "no terminal: approved by the demonstration itself"
            self.say("No terminal to ask on: the demonstration approves by itself.", "yellow")
        decide = handle.approve if yes else handle.reject
        await decide(by=by, step=gate.step, comment=comment, digest=gate.digest)

    def verdict(self, proofs: list[tuple[bool, str]]) -> int:
        """Print what was proven and return the exit code: 0 if all of it is as it should be."""
        for good, text in proofs:
            self.out.print(Text("✓ " if good else "✗ ", style=style("succeeded" if good else "failed")), end="")
            self.say(text)
        return 0 if all(good for good, _ in proofs) else 1


async def ask(question: str) -> str:
    """A line from the terminal, without a thread that would outlive a Ctrl-C. Empty at its end."""
    sys.stdout.write(question)
    sys.stdout.flush()
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(sys.stdin, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(sys.stdin)
    return sys.stdin.readline().strip()


def new_state(folder: Path) -> Path:
    """A fresh state folder below ``folder``; all but the newest of earlier ones are removed."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    earlier = sorted(path for path in folder.iterdir() if path.is_dir() and (path / "netsaga.yaml").exists())
    for path in earlier[:-KEPT]:
        shutil.rmtree(path, ignore_errors=True)
    return folder / f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}"


def stage() -> Console:
    """The console of the demonstration."""
    return console()
