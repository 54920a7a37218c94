"""The journal: write-once entries that survive attempts, and a name of its own for each action."""

from pathlib import Path

import pytest

from activities.artifacts.local import LocalArtifactStore
from activities.journal import JournalConflictError, journal_of
from workflows.contracts import ArtifactRef, InteractInput, RunId, Scope
from workflows.plan import HostName, StepId


def _call(host: str = "sw1", generation: int = 1, run: str = "run-1") -> InteractInput:
    return InteractInput(
        scope=Scope(workflow_id="w", run=RunId(run)),
        prepared=ArtifactRef("sha256:" + "0" * 64),
        step=StepId("deploy"),
        host=HostName(host),
        generation=generation,
    )


async def test_a_later_attempt_reads_what_an_earlier_one_wrote(tmp_path: Path) -> None:
    await journal_of(LocalArtifactStore(tmp_path), _call(), "0-apply").write("intent", {"lines": ["vlan 120"]})
    later = journal_of(LocalArtifactStore(tmp_path), _call(), "0-apply")
    assert await later.read("intent") == {"lines": ["vlan 120"]}
    assert await later.read("outcome") is None


async def test_the_same_value_twice_is_fine_and_another_one_is_refused(tmp_path: Path) -> None:
    journal = journal_of(LocalArtifactStore(tmp_path), _call(), "0-apply")
    await journal.write("intent", {"a": 1, "b": 2})
    await journal.write("intent", {"b": 2, "a": 1})
    with pytest.raises(JournalConflictError, match="another value"):
        await journal.write("intent", {"a": 2})
    assert await journal.read("intent") == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    "other",
    [_call(host="sw2"), _call(generation=2), _call(run="run-2"), _call(host="sw1/x")],
    ids=["host", "generation", "run", "slash"],
)
async def test_entries_of_another_call_are_not_seen(tmp_path: Path, other: InteractInput) -> None:
    store = LocalArtifactStore(tmp_path)
    await journal_of(store, _call(), "0-apply").write("intent", {})
    assert await journal_of(store, other, "0-apply").read("intent") is None
    assert await journal_of(store, _call(), "1-apply").read("intent") is None
