"""Where a run stands, between two executions of its workflow."""

from pathlib import Path

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.artifacts.documents import Documents
from activities.artifacts.local import LocalArtifactStore
from activities.states import States
from workflows.contracts import ArtifactRef, LoadStateInput, RunId, SaveStateInput, Scope

SCOPE = Scope(workflow_id="run-1", run=RunId("r1"))


async def test_a_piece_comes_back_as_it_was(tmp_path: Path) -> None:
    states = States(Documents(LocalArtifactStore(tmp_path)))
    environment = ActivityEnvironment()
    saved = await environment.run(states.save, SaveStateInput(scope=SCOPE, text="eJyrVg=="))
    again = await environment.run(states.save, SaveStateInput(scope=SCOPE, text="eJyrVg=="))
    assert saved == again, "the same state has the same name, so a repeated attempt leaves nothing behind"
    piece = await environment.run(states.load, LoadStateInput(scope=SCOPE, ref=saved.ref))
    assert piece.text == "eJyrVg=="


async def test_a_piece_that_is_not_there_is_asked_for_again(tmp_path: Path) -> None:
    states = States(Documents(LocalArtifactStore(tmp_path)))
    lost = LoadStateInput(scope=SCOPE, ref=ArtifactRef("sha256:" + "0" * 64))
    with pytest.raises(ApplicationError) as error:
        await ActivityEnvironment().run(states.load, lost)
    assert error.value.type == "block_unavailable"
    assert not error.value.non_retryable
