"""Every history that was ever kept is replayed by today's interpreter; a bad one must be found out."""

import pytest
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from histories import HISTORIES, disagreeing, kept

KEPT = sorted(path.stem for path in HISTORIES.glob("*.json"))


def test_there_are_histories_of_every_way_a_run_goes() -> None:
    assert {name.partition(".")[0] for name in KEPT} >= {
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


@pytest.mark.parametrize("name", KEPT)
async def test_a_kept_history_replays(name: str, replayer: Replayer) -> None:
    result = await replayer.replay_workflow(kept(name))
    assert result.replay_failure is None


async def test_a_history_of_another_interpreter_is_found_out(replayer: Replayer) -> None:
    with pytest.raises(NondeterminismError):
        await replayer.replay_workflow(disagreeing())
