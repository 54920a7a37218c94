"""The interpreter has changed under live runs: what an older one began, today's carries on as it was begun.

``upgrade-before`` was recorded by the interpreter as it was before the patch ``unasked-are-taken-back``, on the very
path that the patch changes; ``upgrade-after`` is the same run by an interpreter that has it. ``guard-before`` is a
guard as it was before ``devices-by-lines-of-calls``, ``finally-over-devices-before`` a run whose end kept the fan-outs
of ``finally`` back, ``finally-dirty-before`` one whose verdict did not count what ``finally`` had left in between, and
``cancel-by-operator-before`` one that an operator cancelled and that closed as failed.
"""

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest
from temporalio import workflow
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from histories import HISTORIES, kept
from plans import at_most, changing, plan
from running import Server
from scripted import World
from workflows.plan import OnFailure

ROOT = Path(__file__).parents[3]
PATCHES = sorted(
    {
        name
        for path in (ROOT / "workflows").rglob("*.py")
        for name in re.findall(r"\bpatched\(\"([^\"]+)\"\)", path.read_text())
    }
)


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.history("upgrade-after")
async def test_a_device_whose_failure_is_accepted_is_taken_back_though_nobody_was_asked(server: Server) -> None:
    step = changing("deploy", accept=at_most(1), on_failure=OnFailure(action="pause"))
    world = World(plan(step), ("sw01", "sw02", "sw03"))
    world.fails("deploy", "sw02", "partially_applied", touched=True)
    result = await server.outcome(world)
    assert result.counts == {"changed": 2, "undone": 1}
    assert world.asked("undo", "deploy") == ["sw02"]


BEFORE = (
    "upgrade-before.run",
    "guard-before.run",
    "finally-over-devices-before.run",
    "finally-dirty-before.run",
    "cancel-by-operator-before.run",
)


@pytest.mark.parametrize("name", BEFORE)
async def test_what_an_older_build_began_goes_on_as_it_was_begun(name: str, replayer: Replayer) -> None:
    result = await replayer.replay_workflow(kept(name))
    assert result.replay_failure is None


@pytest.mark.parametrize("name", BEFORE)
async def test_without_its_patch_the_change_would_break_it(
    name: str, replayer: Replayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workflow, "patched", lambda _: True)
    with pytest.raises(NondeterminismError):
        await replayer.replay_workflow(kept(name))


@pytest.fixture(scope="module")
def marked() -> set[str]:
    """The names of the patches that kept histories have gone through."""
    return {patch for path in HISTORIES.glob("*.json") for patch in patches_of(json.loads(path.read_text()))}


@pytest.mark.parametrize("patch", PATCHES)
def test_each_patch_has_a_history_that_has_gone_through_it(patch: str, marked: set[str]) -> None:
    assert patch in marked, f"no kept history has gone through the patch {patch!r}; mark a test of it with `history`"


def patches_of(history: dict[str, Any]) -> set[str]:
    """The names of the patches that a history has gone through."""
    markers = [event.get("markerRecordedEventAttributes", {}) for event in history["events"]]
    return {
        json.loads(base64.b64decode(payload["data"]))["id"]
        for marker in markers
        if marker.get("markerName") == "core_patch"
        for payload in marker["details"]["patch-data"]["payloads"]
    }
