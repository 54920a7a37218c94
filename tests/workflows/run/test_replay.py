"""Every history that was ever kept is replayed by today's interpreter; a bad one must be found out."""

import json
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

HISTORIES = Path(__file__).parents[2] / "histories"
KEPT = sorted(HISTORIES.glob("*.json"))


def kept(history: dict[str, Any]) -> WorkflowHistory:
    """A history with its own workflow id: the names of children are made from it."""
    workflow_id = history["events"][0]["workflowExecutionStartedEventAttributes"]["workflowId"]
    return WorkflowHistory.from_json(workflow_id, history)


def test_there_are_histories_of_every_way_a_run_goes() -> None:
    assert {path.name.partition(".")[0] for path in KEPT} >= {
        "success",
        "rejection",
        "escalation",
        "undo-wave",
        "undo-step",
        "undo-run",
        "undo-failed",
        "cancel-in-wave",
        "cancel-at-gate",
        "cancel-in-soak",
        "cancel-at-once",
        "cancel-while-undoing",
        "cancel-while-paused",
        "cancel-in-finally",
        "pause-retry",
        "pause-undo",
        "undo-again",
        "held-broken",
        "call-undone",
        "call-undone-again",
        "call-cancelled-directly",
        "continued",
        "upgrade-before",
        "upgrade-after",
        "bad-request",
        "failed-dirty",
        "batches",
    }


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
async def test_a_kept_history_replays(path: Path, replayer: Replayer) -> None:
    result = await replayer.replay_workflow(kept(json.loads(path.read_text())))
    assert result.replay_failure is None


async def test_a_history_of_another_interpreter_is_found_out(replayer: Replayer) -> None:
    history = json.loads((HISTORIES / "success.run.json").read_text())
    for event in history["events"]:
        attributes = event.get("activityTaskScheduledEventAttributes")
        if attributes and attributes["activityType"]["name"] == "seal":
            attributes["activityType"]["name"] = "bury"
    with pytest.raises(NondeterminismError):
        await replayer.replay_workflow(kept(history))
